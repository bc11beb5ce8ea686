"""Every account has a currency; what was linked before currencies existed is in US dollars.

Migration: require the account's currency
Date: 2026-01-17
Author: Jonas Weber
Purpose: A total over accounts was wrong wherever one of them had no currency.
"""

from __future__ import annotations

from typing import Any

CHANGED_AT = "2026-01-17 00:00:00"
"""Written to updated_at, so that a rehearsal and the run itself leave the same rows."""


def migrate(db: Any) -> None:
    """Fill in the missing ones, then make the column NOT NULL."""
    db.execute(
        "UPDATE accounts SET currency = 'USD', updated_at = ? WHERE currency IS NULL",
        (CHANGED_AT,),
    )
    db["accounts"].transform(not_null={"currency"}, defaults={"currency": "USD"})
