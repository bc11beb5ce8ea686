-- Migration: create weekly summaries
-- Date: 2022-01-16
-- Author: Mara Lindqvist
-- Purpose: The Sunday page: what the week cost, and on what.

CREATE TABLE weekly_summaries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    total_spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    total_income DECIMAL(10,2) NOT NULL DEFAULT 0,
    top_category TEXT COLLATE NOCASE,
    transaction_count INTEGER NOT NULL DEFAULT 0 CHECK (transaction_count >= 0),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, week_start)
);
