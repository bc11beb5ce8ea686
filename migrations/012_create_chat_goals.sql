-- Migration: create chat goals
-- Date: 2023-06-11
-- Author: Aiko Tanaka
-- Purpose: Goals that a user set in the chat: spend less on, save for, stop paying.

CREATE TABLE chat_goals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    title TEXT NOT NULL,
    dimension_kind TEXT NOT NULL DEFAULT 'category',
    dimension_detail TEXT,
    target_amount DECIMAL(10,2) CHECK (target_amount > 0),
    due DATE,
    status TEXT NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'reached', 'abandoned')),
    source_message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_chat_goals_active ON chat_goals (household, due) WHERE status = 'active';
