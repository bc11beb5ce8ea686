-- Migration: create monthly reflections
-- Date: 2021-02-27
-- Author: Mara Lindqvist
-- Purpose: A page at the end of each month: what went well, what to improve, and the mood.

CREATE TABLE monthly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    mood INTEGER CHECK (mood BETWEEN 1 AND 5),
    went_well TEXT,
    to_improve TEXT,
    total_spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, month)
);
