-- Migration: Add income and savings to monthly reflections
-- Date: 2025-06-01

ALTER TABLE monthly_reflections ADD COLUMN total_income DECIMAL(10,2) DEFAULT 0;
ALTER TABLE monthly_reflections ADD COLUMN total_savings DECIMAL(10,2) DEFAULT 0;

UPDATE monthly_reflections SET total_income = (
    SELECT coalesce(sum(amount), 0) FROM monthly_income
    WHERE monthly_income.month = monthly_reflections.month
);
UPDATE monthly_reflections SET total_savings = total_income - total_spent;
