-- Migration: link transactions to accounts
-- Date: 2021-09-18
-- Author: Jonas Weber
-- Purpose: A synced transaction knows its account; one made by hand has none.

ALTER TABLE transactions
    ADD COLUMN account_id INTEGER REFERENCES accounts (id) ON DELETE SET NULL;
ALTER TABLE transactions ADD COLUMN plaid_transaction_id TEXT;
ALTER TABLE transactions
    ADD COLUMN pending BOOLEAN NOT NULL DEFAULT 0 CHECK (pending IN (0, 1));

CREATE INDEX idx_transactions_account ON transactions (account_id, date)
    WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX idx_transactions_plaid ON transactions (plaid_transaction_id)
    WHERE plaid_transaction_id IS NOT NULL;
