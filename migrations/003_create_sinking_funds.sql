-- Migration: create sinking funds
-- Date: 2021-05-15
-- Author: Mara Lindqvist
-- Purpose: Save a little each month for the roof, the car and the holidays.

CREATE TABLE sinking_funds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    name TEXT COLLATE NOCASE NOT NULL,
    target_amount REAL NOT NULL,
    target_date DATE,
    monthly_contribution DECIMAL(10,2),
    is_active BOOLEAN NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, name)
);

CREATE TABLE sinking_fund_transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fund_id INTEGER NOT NULL REFERENCES sinking_funds (id) ON DELETE CASCADE,
    transaction_id INTEGER REFERENCES transactions (id) ON DELETE SET NULL,
    date DATE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount > 0),
    kind TEXT NOT NULL DEFAULT 'contribution' CHECK (kind IN ('contribution', 'withdrawal')),
    note TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_sinking_fund_transactions_fund ON sinking_fund_transactions (fund_id, date);
CREATE INDEX idx_sinking_fund_transactions_transaction
    ON sinking_fund_transactions (transaction_id) WHERE transaction_id IS NOT NULL;
