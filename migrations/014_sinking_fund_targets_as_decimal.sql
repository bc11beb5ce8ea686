-- Migration: sinking fund targets as decimal
-- Date: 2024-02-17
-- Author: Jonas Weber
-- Purpose: Targets were REAL, and one was 0: a decimal above zero, by the 12 steps of SQLite's manual.
-- drydock: allow change-type: a target is money; 2400.0 and 2400 are the same amount

-- 1. sinking_fund_transactions points here ON DELETE CASCADE: with keys on, the DROP would empty it.
PRAGMA foreign_keys = OFF;
-- 2.
BEGIN;
-- 3. The view and the trigger are written down again in step 8; the trigger goes with its table.
DROP VIEW sinking_fund_balances;
-- 4.
CREATE TABLE new_sinking_funds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    name TEXT COLLATE NOCASE NOT NULL,
    target_amount DECIMAL(10,2) NOT NULL CHECK (target_amount > 0),
    target_date DATE,
    monthly_contribution DECIMAL(10,2),
    is_active BOOLEAN NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, name)
);
-- 5. A target of nothing becomes the smallest one; the user sees it and sets it right.
INSERT INTO new_sinking_funds (id, household, name, target_amount, target_date,
                               monthly_contribution, is_active, created_at, updated_at)
SELECT id, household, name, max(round(target_amount, 2), 0.01), target_date,
       monthly_contribution, is_active, created_at, updated_at
FROM sinking_funds;
-- The next id goes on from where it was, also where the newest fund has been deleted.
UPDATE sqlite_sequence
SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'sinking_funds')
WHERE name = 'new_sinking_funds'
  AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'sinking_funds');
-- 6.
DROP TABLE sinking_funds;
-- 7.
ALTER TABLE new_sinking_funds RENAME TO sinking_funds;
-- 8.
CREATE TRIGGER sinking_funds_updated_at
AFTER UPDATE OF name, target_amount, target_date, monthly_contribution, is_active ON sinking_funds
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE sinking_funds SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;
-- 9.
CREATE VIEW sinking_fund_balances AS
SELECT f.id, f.household, f.name, f.target_amount,
       round(coalesce(sum(CASE t.kind WHEN 'withdrawal' THEN -t.amount ELSE t.amount END), 0), 2)
           AS saved
FROM sinking_funds AS f
LEFT JOIN sinking_fund_transactions AS t ON t.fund_id = f.id
GROUP BY f.id;
-- 10.
PRAGMA foreign_key_check;
-- 11.
COMMIT;
-- 12.
PRAGMA foreign_keys = ON;
