"""Sample rows and values as short text: fit for a terminal, secrets left out.

Shows a bounded number of bounded texts. Control characters are written as escapes, so that no
data can drive the terminal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.evidence import pairing
from drydock.evidence.facts import Sample, SampleValue
from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.inventory import Column
    from drydock.evidence.pairing import Pair

_LONGEST = 40
_MOST_COLUMNS = 12
_MOST_SEEN = 600  # columns of a row that are looked at: three results each, of 2,000
_SECRET = re.compile(
    r"passw|passphrase|secret|token|api_?key|private_?key|credential|salt|hash", re.IGNORECASE
)


def text(value: object, column: str = "") -> str:
    """One value as SQL would write it, at most about 40 characters, or ``(hidden)``.

    Values of columns whose name speaks of a password, token or key are hidden.
    """
    if value is None:
        return "NULL"
    if _SECRET.search(column):
        return "(hidden)"
    if isinstance(value, bytes):
        head = value[: _LONGEST // 2].hex()
        return f"x'{head}'" if len(value) <= _LONGEST // 2 else f"x'{head}…'"
    if isinstance(value, str):
        head = "".join(
            letter if letter.isprintable() else letter.encode("unicode_escape").decode()
            for letter in value[:_LONGEST]
        ).replace("'", "''")
        return f"'{head}'" if len(value) <= _LONGEST else f"'{head}…'"
    return repr(value)


def changed(
    connection: sqlite3.Connection, pair: Pair, where: str, limit: int
) -> tuple[Sample, ...]:
    """Up to `limit` changed rows of a stretch, each with the columns that changed."""
    common = pair.columns.common[:_MOST_SEEN]
    asked = [
        *(f"o.{quote(old)}" for old, _ in pair.on),
        *(f"NOT {pairing.is_same(old, new)}" for old, new in common),
        *(_short(f"o.{quote(old.name)}") for old, _ in common),
        *(_short(f"n.{quote(new.name)}") for _, new in common),
    ]
    rows = connection.execute(
        f"SELECT {', '.join(asked)} FROM {pairing.source(pair)} WHERE {where} "
        f"AND NOT ({pairing.is_gone(pair)}) AND NOT {pairing.is_same_row(pair)} LIMIT {limit}"
    )
    found = []
    for row in rows:
        key, rest = row[: len(pair.on)], row[len(pair.on) :]
        width = len(common)
        differs, before, after = rest[:width], rest[width : 2 * width], rest[2 * width :]
        values = [
            SampleValue(new.name, text(before[at], old.name), text(after[at], new.name))
            for at, (old, new) in enumerate(common)
            if differs[at]
        ]
        found.append(Sample("changed", _key(pair, key), tuple(values[:_MOST_COLUMNS])))
    return tuple(found)


def gone(connection: sqlite3.Connection, pair: Pair, where: str, limit: int) -> tuple[Sample, ...]:
    """Up to `limit` rows of a stretch that are not there any more, with their first values."""
    common = pair.columns.common[:_MOST_COLUMNS]
    asked = [
        *(f"o.{quote(old)}" for old, _ in pair.on),
        *(_short(f"o.{quote(old.name)}") for old, _ in common),
    ]
    rows = connection.execute(
        f"SELECT {', '.join(asked)} FROM {pairing.source(pair)} WHERE {where} "
        f"AND {pairing.is_gone(pair)} LIMIT {limit}"
    )
    names = [old.name for old, _ in common]
    width = len(pair.on)
    return tuple(_removed(_key(pair, row[:width]), names, row[width:]) for row in rows)


def removed(pair: Pair, rows: list[tuple[object, ...]]) -> tuple[Sample, ...]:
    """Samples of rows that have no identity but their values."""
    names = [old.name for old, _ in pair.columns.common[:_MOST_COLUMNS]]
    return tuple(_removed("", names, row[:_MOST_COLUMNS]) for row in rows)


def values(
    connection: sqlite3.Connection, table: str, column: Column, limit: int
) -> tuple[str, ...]:
    """Up to `limit` values, not NULL, of a column of a table before."""
    name = quote(column.name)
    rows = connection.execute(
        f"SELECT {_short(name)} FROM was.{quote(table)} WHERE {name} IS NOT NULL LIMIT {limit}"
    )
    return tuple(text(value, column.name) for (value,) in rows)


def rows_of(
    connection: sqlite3.Connection, table: str, columns: list[Column], limit: int
) -> tuple[Sample, ...]:
    """Up to `limit` rows of a table that is gone, its first columns."""
    shown = columns[:_MOST_COLUMNS]
    asked = ", ".join(_short(quote(column.name)) for column in shown)
    rows = connection.execute(f"SELECT {asked} FROM was.{quote(table)} LIMIT {limit}")
    names = [column.name for column in shown]
    return tuple(_removed("", names, row) for row in rows)


def _key(pair: Pair, row: tuple[object, ...]) -> str:
    named = zip((old for old, _ in pair.on), row, strict=True)
    return ", ".join(f"{name}={text(value, name)}" for name, value in named)


def _removed(key: str, names: list[str], row: tuple[object, ...]) -> Sample:
    values = (
        SampleValue(name, text(value, name), None) for name, value in zip(names, row, strict=True)
    )
    return Sample("removed", key, tuple(values))


def _short(expression: str) -> str:
    """A long value cut inside SQLite: a sample of a 1 GB blob must not be read into memory."""
    return (
        f"CASE WHEN length({expression}) > 1000 AND typeof({expression}) IN ('text', 'blob') "
        f"THEN substr({expression}, 1, 1000) ELSE {expression} END"
    )
