DROP VIEW IF EXISTS monthly_spending;
CREATE VIEW monthly_spending AS
SELECT strftime('%Y-%m', date) AS month, category, SUM(-amount) AS spent
FROM transactions
WHERE is_income = 0 AND trip_tag IS NULL
GROUP BY 1, 2;
