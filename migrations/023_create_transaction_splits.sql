-- Migration: create transaction splits
-- Date: 2026-03-07
-- Author: Aiko Tanaka
-- Purpose: One receipt, several categories: the warehouse run is groceries and household.

CREATE TABLE transaction_splits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    category TEXT COLLATE NOCASE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount <> 0),
    note TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (transaction_id, category)
);

-- What households wrote into the notes by hand until now, as in 'split: 40 household'.
INSERT INTO transaction_splits (transaction_id, category, amount, note, created_at)
SELECT id, 'Household', -CAST(substr(notes, 8) AS REAL), notes, '2026-03-07 00:00:00'
FROM transactions
WHERE notes LIKE 'split: %' AND CAST(substr(notes, 8) AS REAL) > 0
ORDER BY id;
