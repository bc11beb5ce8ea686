"""The category 'Dining Out' becomes 'Going Out', wherever it is written.

Migration: migrate Dining Out to Going Out
Date: 2025-05-10
Author: Mara Lindqvist
Purpose: Concerts and museums had no home; the category is now about evenings, not restaurants.
"""

from __future__ import annotations

from typing import Any

OLD, NEW = "Dining Out", "Going Out"
CHANGED_AT = "2025-05-10 00:00:00"
"""Written to updated_at, so that a rehearsal and the run itself leave the same rows."""


def migrate(db: Any) -> None:
    """Rename the category; where a month has both, the new one takes the old one's amounts."""
    merge(db, "budget_allocations", ("amount",))
    merge(db, "transaction_aggregations", ("spent", "income", "transaction_count"))
    changed = (NEW, CHANGED_AT, OLD)
    db.execute(
        "UPDATE transactions SET category = ?, updated_at = ? WHERE category = ?", changed
    )
    db.execute(
        "UPDATE budget_allocations SET category = ?, updated_at = ? WHERE category = ?", changed
    )
    names = (NEW, OLD)
    db.execute("UPDATE transaction_aggregations SET category = ? WHERE category = ?", names)
    db.execute("UPDATE weekly_summaries SET top_category = ? WHERE top_category = ?", names)
    db.execute("UPDATE weekly_plans SET focus_category = ? WHERE focus_category = ?", names)
    db.execute("UPDATE chat_goals SET dimension_detail = ? WHERE dimension_detail = ?", names)


def merge(db: Any, table: str, amounts: tuple[str, ...]) -> None:
    """Add the old category's row to the new one's, where a household's month has both."""
    pairs = db.execute(
        f"SELECT old.id, new.id FROM {table} AS old JOIN {table} AS new USING (household, month)"
        " WHERE old.category = ? AND new.category = ?",
        (OLD, NEW),
    ).fetchall()
    for old, new in pairs:
        for amount in amounts:
            db.execute(
                f"UPDATE {table} SET {amount} = round({amount} +"
                f" (SELECT {amount} FROM {table} WHERE id = ?), 2) WHERE id = ?",
                (old, new),
            )
        db.execute(f"DELETE FROM {table} WHERE id = ?", (old,))
