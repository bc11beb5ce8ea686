"""One line of insight for each month and week that is already closed.

Migration: add buddy insights
Date: 2023-01-14
Author: Mara Lindqvist
Purpose: Buddy says one sentence about each closed month and week.
"""

from __future__ import annotations

from typing import Any


def migrate(db: Any) -> None:
    """Add `buddy_insights` to both tables and write the sentence for the rows there are."""
    for table in ("monthly_reflections", "weekly_summaries"):
        db[table].add_column("buddy_insights", str)
    db.execute(
        "UPDATE monthly_reflections SET buddy_insights ="
        " printf('You spent %.2f in %s.', total_spent, month)"
    )
    db.execute(
        "UPDATE weekly_summaries SET buddy_insights ="
        " printf('%d purchases, most of them %s.', transaction_count, top_category)"
        " WHERE top_category IS NOT NULL"
    )
