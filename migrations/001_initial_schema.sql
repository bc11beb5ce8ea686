-- Migration: initial schema
-- Date: 2021-01-09
-- Author: Mara Lindqvist
-- Purpose: Transactions, budgets and income of a household, as they left the spreadsheet.

CREATE TABLE transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    date DATE NOT NULL,
    description TEXT NOT NULL,
    merchant TEXT COLLATE NOCASE,
    amount DECIMAL(10,2) NOT NULL CHECK (amount <> 0), -- below zero is spent
    category TEXT COLLATE NOCASE NOT NULL DEFAULT 'Uncategorized',
    is_income BOOLEAN NOT NULL DEFAULT 0 CHECK (is_income IN (0, 1)),
    notes TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_transactions_household_date ON transactions (household, date DESC);
CREATE INDEX idx_transactions_category ON transactions (category);

CREATE TABLE budget_allocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    category TEXT COLLATE NOCASE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
    rollover BOOLEAN NOT NULL DEFAULT 0 CHECK (rollover IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, month, category)
);

CREATE TABLE monthly_income (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    source TEXT NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
    received_on DATE,
    spreadsheet_row INTEGER UNIQUE, -- where the importer found it
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_monthly_income_month ON monthly_income (household, month);
