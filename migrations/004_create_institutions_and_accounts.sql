-- Migration: create institutions and accounts
-- Date: 2021-09-04
-- Author: Jonas Weber
-- Purpose: Connect to banks: an institution is one connection, with its accounts and its log.

CREATE TABLE institutions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    name TEXT COLLATE NOCASE NOT NULL,
    plaid_item_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'connected'
        CHECK (status IN ('connected', 'login_required', 'disconnected')),
    last_synced_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    institution_id INTEGER NOT NULL
        REFERENCES institutions (id) ON DELETE CASCADE ON UPDATE CASCADE,
    plaid_account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('checking', 'savings', 'credit', 'loan')),
    mask INTEGER,
    currency TEXT,
    balance DECIMAL(10,2) NOT NULL DEFAULT 0,
    is_hidden BOOLEAN NOT NULL DEFAULT 0 CHECK (is_hidden IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE UNIQUE INDEX idx_accounts_plaid_account ON accounts (plaid_account_id);
CREATE INDEX idx_accounts_institution ON accounts (institution_id);

CREATE TABLE account_connection_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    institution_id INTEGER NOT NULL REFERENCES institutions (id) ON DELETE CASCADE,
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    event TEXT NOT NULL CHECK (event IN ('linked', 'synced', 'failed', 'relinked', 'removed')),
    detail TEXT,
    logged_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_account_connection_log_institution
    ON account_connection_log (institution_id, logged_at DESC);
CREATE INDEX idx_account_connection_log_account ON account_connection_log (account_id);
