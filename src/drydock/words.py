"""Numbers as they stand in a sentence. Pure."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return ``1 row``, ``20,000 rows``; `noun` is the singular, and takes an s."""
    first, of, rest = noun.partition(" of ")
    return f"{count:,} {first}{'s' * (count != 1)}{of}{rest}"
