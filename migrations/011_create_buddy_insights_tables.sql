-- Migration: create buddy insights tables
-- Date: 2023-01-28
-- Author: Mara Lindqvist
-- Purpose: Weekly reflections, and the plan that a reflection leads to.

CREATE TABLE IF NOT EXISTS weekly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    proud_of TEXT,
    surprised_by TEXT,
    mood INTEGER CHECK (mood BETWEEN 1 AND 5),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE UNIQUE INDEX IF NOT EXISTS idx_weekly_reflections_week
    ON weekly_reflections (household, week_start);

CREATE TABLE IF NOT EXISTS weekly_plans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    reflection_id INTEGER REFERENCES weekly_reflections (id) ON DELETE SET NULL,
    focus_category TEXT COLLATE NOCASE,
    spending_limit DECIMAL(10,2) CHECK (spending_limit > 0),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'kept', 'missed')),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, week_start)
);

CREATE INDEX IF NOT EXISTS idx_weekly_plans_reflection ON weekly_plans (reflection_id);
