-- Migration: add income and savings to reflections
-- Date: 2025-01-11
-- Author: Mara Lindqvist
-- Purpose: The month's page shows what came in and what was kept.

ALTER TABLE monthly_reflections ADD COLUMN total_income DECIMAL(10,2) NOT NULL DEFAULT 0;
ALTER TABLE monthly_reflections ADD COLUMN total_saved DECIMAL(10,2) NOT NULL DEFAULT 0;

UPDATE monthly_reflections
SET total_income = income.total, total_saved = round(income.total - total_spent, 2)
FROM (
    SELECT household, month, round(sum(amount), 2) AS total
    FROM monthly_income
    GROUP BY household, month
) AS income
WHERE income.household = monthly_reflections.household
  AND income.month = monthly_reflections.month;
