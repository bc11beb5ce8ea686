-- Migration: create spending views
-- Date: 2023-09-30
-- Author: Aiko Tanaka
-- Purpose: One definition of spent and of saved for the pages, the chat and the export.

CREATE VIEW monthly_spending AS
SELECT household, strftime('%Y-%m', date) AS month, category,
       round(-sum(amount), 2) AS spent, count(*) AS transactions
FROM transactions
WHERE is_income = 0
GROUP BY household, month, category;

CREATE VIEW sinking_fund_balances AS
SELECT f.id, f.household, f.name, f.target_amount,
       round(coalesce(sum(CASE t.kind WHEN 'withdrawal' THEN -t.amount ELSE t.amount END), 0), 2)
           AS saved
FROM sinking_funds AS f
LEFT JOIN sinking_fund_transactions AS t ON t.fund_id = f.id
GROUP BY f.id;
