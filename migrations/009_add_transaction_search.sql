-- Migration: add transaction search
-- Date: 2022-08-07
-- Author: Jonas Weber
-- Purpose: Full-text search over descriptions and merchants, kept current by triggers.

CREATE VIRTUAL TABLE transactions_fts USING fts5(
    description,
    merchant,
    content='transactions',
    content_rowid='id'
);

CREATE TRIGGER transactions_fts_insert AFTER INSERT ON transactions
BEGIN
    INSERT INTO transactions_fts (rowid, description, merchant)
    VALUES (NEW.id, NEW.description, NEW.merchant);
END;

CREATE TRIGGER transactions_fts_delete AFTER DELETE ON transactions
BEGIN
    INSERT INTO transactions_fts (transactions_fts, rowid, description, merchant)
    VALUES ('delete', OLD.id, OLD.description, OLD.merchant);
END;

CREATE TRIGGER transactions_fts_update AFTER UPDATE OF description, merchant ON transactions
BEGIN
    INSERT INTO transactions_fts (transactions_fts, rowid, description, merchant)
    VALUES ('delete', OLD.id, OLD.description, OLD.merchant);
    INSERT INTO transactions_fts (rowid, description, merchant)
    VALUES (NEW.id, NEW.description, NEW.merchant);
END;

INSERT INTO transactions_fts (transactions_fts) VALUES ('rebuild');
