"""Income no longer remembers the row of the spreadsheet that it came from.

Migration: drop the spreadsheet's row
Date: 2025-11-08
Author: Mara Lindqvist
Purpose: The importer went in 2023, and the last spreadsheet with it.
"""

# drydock: allow drop-column: the spreadsheet is gone, so its row numbers point at nothing

from __future__ import annotations

from typing import Any


def migrate(db: Any) -> None:
    """Drop the column and its UNIQUE with it, which SQLite's own DROP COLUMN refuses."""
    db["monthly_income"].transform(drop={"spreadsheet_row"}, cascade={"UNIQUE"})
