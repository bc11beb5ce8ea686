-- Migration: one allocation per month and category
-- (sqlite can't add a constraint so we rebuild)

PRAGMA foreign_keys=OFF;

BEGIN TRANSACTION;

CREATE TABLE budget_allocations_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    month TEXT NOT NULL,
    category TEXT NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (month, category)
);

INSERT INTO budget_allocations_new (id, month, category, amount, created_at)
SELECT id, month, category, amount, created_at FROM budget_allocations;

DROP TABLE budget_allocations;
ALTER TABLE budget_allocations_new RENAME TO budget_allocations;

COMMIT;

PRAGMA foreign_keys=ON;
