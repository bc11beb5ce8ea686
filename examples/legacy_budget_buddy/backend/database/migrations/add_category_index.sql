-- speeds up the budgets page
CREATE INDEX IF NOT EXISTS idx_transactions_category ON transactions(category);
