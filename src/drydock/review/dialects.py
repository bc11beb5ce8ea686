"""Forms that SQLite has never had, and what to write instead, with the user's own names.

They come by habit from other databases. It knows what stands in its table; for anything else
there is no advice, rather than a wrong one.
"""

from __future__ import annotations

import re

from drydock.tokens import unquote

_NAME = r"(?:\w+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
_ALTER = rf"alter\s+table\s+(?P<table>{_NAME})\s+"
_CHANGE = r"(alter|modify|change)\s+(column\s+)?"
_ADD = rf"add\s+(constraint\s+{_NAME}\s+)?"
_ONE = rf"\(\s*(?P<column>{_NAME})\s*\)"
_LINE = r"(?:\A|\n)[ \t]*"
_FORMS: tuple[tuple[str, str], ...] = (
    (rf"{_LINE}#", "a comment begins with -- in SQL, not with #"),
    (
        rf"{_LINE}(go|/)[ \t]*;?[ \t]*(?:\n|\Z)",
        "end every statement with ; instead of a line GO or /",
    ),
    (r"\A\s*delimiter\b", "leave DELIMITER out: SQLite knows where a trigger ends"),
    (r"\A\s*\\\w", "leave it out: it is a command of psql, not SQL"),
    (
        r"add\s+(column\s+)?if\s+not\s+exists",
        "leave IF NOT EXISTS out: a migration runs once, the ledger sees to it",
    ),
    (r"drop\s+column\s+if\s+exists", "leave IF EXISTS out"),
    (
        rf"{_ALTER}{_CHANGE}(?P<column>{_NAME})\s+(set\s+data\s+)?type\s+(?P<type>.+?)\s*;?\s*\Z",
        "in a .py migration: db[{table!r}].transform(types={{{column!r}: {type!r}}})",
    ),
    (
        rf"{_ALTER}{_CHANGE}(?P<column>{_NAME})\s+set\s+not\s+null",
        "in a .py migration: db[{table!r}].transform(not_null={{{column!r}}})",
    ),
    (
        rf"{_ALTER}{_CHANGE}(?P<column>{_NAME})",
        "in a .py migration: db[{table!r}].transform(types={{{column!r}: …}})",
    ),
    (
        rf"{_ALTER}{_ADD}foreign\s+key\s*{_ONE}\s*references\s+(?P<parent>{_NAME})",
        "in a .py migration: db[{table!r}].add_foreign_key({column!r}, {parent!r})",
    ),
    (
        rf"{_ALTER}{_ADD}unique\s*{_ONE}",
        'CREATE UNIQUE INDEX "{table}_{column}" ON "{table}"("{column}");',
    ),
    (
        rf"{_ALTER}(add|drop)\s+(constraint|primary|check|foreign|unique)",
        "in a .py migration: db[{table!r}].transform(…)",
    ),
    (rf"{_ALTER}add\b.*,\s*add\b", "one ALTER TABLE for each column"),
    (rf"^\s*truncate\s+(table\s+)?(?P<table>{_NAME})", 'DELETE FROM "{table}";'),
    (r"create\s+or\s+replace", "DROP … IF EXISTS …; then CREATE …"),
    (r"\bauto_increment\b", "INTEGER PRIMARY KEY gives ids by itself"),
    (r"^\s*comment\s+on\b", "write the comment inside CREATE TABLE; SQLite keeps its text"),
    (r"\)\s*engine\s*=", "leave ENGINE=… out"),
)


def instead_of(statement: str) -> str | None:
    """Return what to write instead of a form of another database; None for an unknown one."""
    for pattern, advice in _FORMS:
        if found := re.search(pattern, statement, re.IGNORECASE | re.DOTALL):
            names = {key: unquote(value) for key, value in found.groupdict().items() if value}
            return advice.format(**names) if names else advice
    return None
