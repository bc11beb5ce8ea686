"""An account's mask is text: the card that ends in 0042 was shown as 42.

Migration: account masks as text
Date: 2025-09-27
Author: Jonas Weber
Purpose: A mask is four characters, not a number; leading zeros come back.
"""

# drydock: allow change-type: a mask is a label; every stored number becomes its four digits

from __future__ import annotations

from typing import Any


def migrate(db: Any) -> None:
    """Change the type, then write the four digits; transactions keep pointing at their account."""
    db["accounts"].transform(types={"mask": str})
    db.execute("UPDATE accounts SET mask = printf('%04d', mask) WHERE mask IS NOT NULL")
