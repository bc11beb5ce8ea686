-- Migration: create subscription patterns
-- Date: 2022-04-23
-- Author: Jonas Weber
-- Purpose: Charges that come back: streaming, the gym, insurance.

CREATE TABLE subscription_patterns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    merchant TEXT NOT NULL,
    account_id INTEGER REFERENCES accounts (id) ON DELETE SET NULL,
    typical_amount DECIMAL(10,2) NOT NULL CHECK (typical_amount > 0),
    frequency TEXT NOT NULL DEFAULT 'monthly'
        CHECK (frequency IN ('weekly', 'monthly', 'yearly')),
    first_seen DATE NOT NULL,
    last_seen DATE NOT NULL,
    confidence REAL NOT NULL DEFAULT 0.5 CHECK (confidence BETWEEN 0 AND 1),
    is_active BOOLEAN NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CHECK (last_seen >= first_seen)
);

-- The bank writes NETFLIX.COM one month and Netflix.com the next.
CREATE UNIQUE INDEX idx_subscription_patterns_merchant
    ON subscription_patterns (household, lower(merchant));
CREATE INDEX idx_subscription_patterns_account ON subscription_patterns (account_id);
