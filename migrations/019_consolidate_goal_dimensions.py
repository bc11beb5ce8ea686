"""A goal's dimension is one column, 'category:Groceries', where there were two.

Migration: consolidate goal dimensions
Date: 2025-08-16
Author: Aiko Tanaka
Purpose: The chat wrote half a dimension now and then; one column cannot be half there.
"""

# drydock: allow drop-column: both columns live on in dimension, as kind:detail

from __future__ import annotations

from typing import Any


def migrate(db: Any) -> None:
    """Write both columns into `dimension`, then drop them."""
    db["chat_goals"].add_column("dimension", str)
    db.execute(
        "UPDATE chat_goals SET dimension = lower(trim(dimension_kind)) || ':'"
        " || coalesce(nullif(trim(dimension_detail), ''), '*')"
    )
    db["chat_goals"].transform(drop={"dimension_kind", "dimension_detail"}, not_null={"dimension"})
