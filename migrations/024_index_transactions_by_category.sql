-- Migration: index transactions by household and category
-- Date: 2026-05-23
-- Author: Jonas Weber
-- Purpose: A category's page read every household's rows.

DROP INDEX idx_transactions_category;
CREATE INDEX idx_transactions_household_category
    ON transactions (household, category, date DESC);
