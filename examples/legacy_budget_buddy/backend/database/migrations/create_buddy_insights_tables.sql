-- Migration: Create Buddy Insights tables
-- Date: 2025-02-02
-- Author: mara
-- Purpose: weekly reflections for the Buddy page

CREATE TABLE IF NOT EXISTS weekly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    week_start DATE NOT NULL,
    reflection TEXT,
    mood INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX IF NOT EXISTS idx_weekly_reflections_week ON weekly_reflections(week_start);
