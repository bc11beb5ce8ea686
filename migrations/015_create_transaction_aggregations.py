"""Totals by household, month and category, so that the charts need not read every transaction.

Migration: create transaction aggregations
Date: 2024-08-03
Author: Aiko Tanaka
Purpose: The year chart took four seconds on a large household; now it reads 400 rows.
"""

from __future__ import annotations

from typing import Any


def migrate(db: Any) -> None:
    """Create `transaction_aggregations` and fill it from the transactions there are."""
    db.execute(
        """\
CREATE TABLE transaction_aggregations (
    id INTEGER PRIMARY KEY,
    household TEXT COLLATE NOCASE NOT NULL,
    month TEXT NOT NULL,
    category TEXT COLLATE NOCASE NOT NULL,
    spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    income DECIMAL(10,2) NOT NULL DEFAULT 0,
    transaction_count INTEGER NOT NULL DEFAULT 0 CHECK (transaction_count >= 0),
    UNIQUE (household, month, category)
)"""
    )
    db.execute(
        "INSERT INTO transaction_aggregations"
        " (household, month, category, spent, income, transaction_count)"
        " SELECT household, strftime('%Y-%m', date) AS month, category,"
        " round(-sum(CASE WHEN is_income THEN 0 ELSE amount END), 2),"
        " round(sum(CASE WHEN is_income THEN amount ELSE 0 END), 2), count(*)"
        " FROM transactions GROUP BY household, month, category ORDER BY 1, 2, 3"
    )
