-- Migration: leave transfers out of spending
-- Date: 2026-07-18
-- Author: Aiko Tanaka
-- Purpose: Paying off the credit card is not spending; what a journey cost is its own column.

DROP VIEW monthly_spending;

CREATE VIEW monthly_spending AS
SELECT household, strftime('%Y-%m', date) AS month, category,
       round(-sum(amount), 2) AS spent,
       round(-sum(CASE WHEN trip_tag IS NULL THEN 0 ELSE amount END), 2) AS spent_on_trips,
       count(*) AS transactions
FROM transactions
WHERE is_income = 0 AND category <> 'Transfer'
GROUP BY household, month, category;
