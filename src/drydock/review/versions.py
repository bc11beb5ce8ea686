"""Which release of SQLite each newer piece of syntax came with.

For an application that runs on an older SQLite than the one that reviews. It knows what stands
in this table and refuses to guess at the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Newer:
    """A piece of syntax that the application's SQLite does not have yet."""

    feature: str
    since: Version
    runs_on: Version


_FEATURES: tuple[tuple[str, Version, str], ...] = (
    ("UPSERT", (3, 24, 0), r"\bon\s+conflict\s*(\(|do\b)"),
    ("RENAME COLUMN", (3, 25, 0), r"\balter\s+table\b.*\brename\s+(column\s+)?\S+\s+to\b.+"),
    ("window functions", (3, 25, 0), r"\bover\s*(\(|\w)"),
    ("NULLS FIRST and NULLS LAST", (3, 30, 0), r"\bnulls\s+(first|last)\b"),
    ("generated columns", (3, 31, 0), r"\bgenerated\s+always\b|\)\s*(stored|virtual)\b"),
    ("UPDATE … FROM", (3, 33, 0), r"^\s*update\b.*\bset\b.*\bfrom\s+\w+\s+(as\b|where\b)"),
    ("DROP COLUMN", (3, 35, 0), r"\balter\s+table\b.*\bdrop\s+column\b"),
    ("RETURNING", (3, 35, 0), r"\breturning\b"),
    ("MATERIALIZED", (3, 35, 0), r"\bas\s+(not\s+)?materialized\b"),
    ("STRICT", (3, 37, 0), r"\)\s*(without\s+rowid\s*,\s*)?strict\b"),
    ("-> and ->>", (3, 38, 0), r"->"),
    ("RIGHT and FULL JOIN", (3, 39, 0), r"\b(right|full)\s+(outer\s+)?join\b"),
    ("IS DISTINCT FROM", (3, 39, 0), r"\bis\s+(not\s+)?distinct\s+from\b"),
    ("unhex()", (3, 41, 0), r"\bunhex\s*\("),
    ("concat() and string_agg()", (3, 44, 0), r"\b(concat|concat_ws|string_agg)\s*\("),
    ("jsonb", (3, 45, 0), r"\bjsonb\w*\s*\("),
)
_TEXT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)


def newer_than(statement: str, runs_on: Version) -> tuple[Newer, ...]:
    """Return what in a statement the SQLite `runs_on` does not know yet."""
    asked = [each for each in _FEATURES if each[1] > runs_on]
    bare = _TEXT.sub(" ", statement) if asked else ""
    return tuple(
        Newer(feature, since, runs_on)
        for feature, since, pattern in asked
        if re.search(pattern, bare, re.IGNORECASE | re.DOTALL)
    )
