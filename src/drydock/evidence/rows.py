"""The comparison of two tables' rows, inside SQLite: counts by table and by column.

Each function is one or two SELECTs over a stretch of the table; memory stays flat whatever the
rows. It decides nothing: which rows belong together is `pairing`'s, what it means is `loss`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.evidence import pairing
from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from drydock.evidence.inventory import Column, Table
    from drydock.evidence.pairing import Pair

_STRETCH = 250_000
"""Rows compared in one go: about 0.1 s, so progress moves and two threads end together."""

_WIDE = 400
"""Aggregates asked for in one SELECT; SQLite allows 2,000 result columns."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows of a pair with rowids from `low` to `high`; None: all of them."""

    pair: Pair
    low: int | None = None
    high: int | None = None
    rows: int = 0

    @property
    def where(self) -> str:
        """The condition for a row before to be of this stretch."""
        if self.low is None:
            return "1"
        return f"o.{quote(self.pair.on[0][0])} BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a stretch's rows showed: how many differ, how many are gone, changes by column."""

    changed: int
    gone: int
    by_column: tuple[int, ...]

    def __add__(self, other: Tally) -> Tally:
        """The tally of both stretches together."""
        pairs = zip(self.by_column, other.by_column, strict=True)
        return Tally(
            self.changed + other.changed,
            self.gone + other.gone,
            tuple(one + two for one, two in pairs),
        )


@dataclass(frozen=True, slots=True)
class Detail:
    """Of one column's changed values: how many got another class, digits lost, became NULL."""

    storage_class: int
    irreversible: int
    emptied: int

    def __add__(self, other: Detail) -> Detail:
        """The detail of both stretches together."""
        return Detail(
            self.storage_class + other.storage_class,
            self.irreversible + other.irreversible,
            self.emptied + other.emptied,
        )


def count(connection: sqlite3.Connection, schema: str, table: Table) -> int:
    """The number of rows of a table."""
    found = connection.execute(f"SELECT count(*) FROM {schema}.{quote(table.name)}").fetchone()
    return int(found[0])


def stretches(connection: sqlite3.Connection, pair: Pair, rows: int) -> Iterator[Stretch]:
    """Cut a pair into stretches of rowids, where it is matched by rowid and long."""
    parts = rows // _STRETCH + 1
    if parts == 1 or not pair.by_rowid or pair.before.kind == "virtual":
        yield Stretch(pair, rows=rows)
        return
    rowid, table = quote(pair.on[0][0]), quote(pair.before.name)
    # Two SELECTs: with both in one, SQLite reads the whole table.
    low, high = (
        connection.execute(f"SELECT {end}({rowid}) FROM was.{table} NOT INDEXED").fetchone()[0]
        for end in ("min", "max")
    )
    width = (high - low) // parts + 1
    for first in range(low, high + 1, width):
        yield Stretch(pair, first, min(first + width - 1, high), rows // parts)


def tally(connection: sqlite3.Connection, stretch: Stretch) -> Tally:
    """Compare the rows of a stretch."""
    pair = stretch.pair
    gone, same = pairing.is_gone(pair), pairing.is_same_row(pair)
    body = f"FROM {pairing.source(pair)} WHERE {stretch.where} AND ({gone} OR NOT {same})"
    differing = [
        f"count(*) FILTER (WHERE NOT ({gone}) AND NOT {pairing.is_same(old, new)})"
        for old, new in pair.columns.common
    ]
    by_column: list[int] = []
    total = left = 0
    for at in range(0, max(1, len(differing)), _WIDE):
        asked = ["count(*)", f"count(*) FILTER (WHERE {gone})", *differing[at : at + _WIDE]]
        total, left, *found = connection.execute(f"SELECT {', '.join(asked)} {body}").fetchone()
        by_column += found
    return Tally(total - left, left, tuple(by_column))


def detail(
    connection: sqlite3.Connection, stretch: Stretch, columns: list[tuple[Column, Column]]
) -> list[Detail]:
    """Look closer at the values that changed in `columns`, within a stretch."""
    pair = stretch.pair
    same = pairing.all_of([pairing.is_same(old, new) for old, new in columns])
    found = []
    step = _WIDE // 3
    for at in range(0, len(columns), step):
        asked = [ask for old, new in columns[at : at + step] for ask in _details(old, new)]
        values = connection.execute(
            f"SELECT {', '.join(asked)} FROM {pairing.source(pair)} WHERE {stretch.where} "
            f"AND NOT ({pairing.is_gone(pair)}) AND NOT {same}"
        ).fetchone()
        found += [Detail(*values[first : first + 3]) for first in range(0, len(values), 3)]
    return found


def _details(old: Column, new: Column) -> tuple[str, str, str]:
    one, two = f"o.{quote(old.name)}", f"n.{quote(new.name)}"
    other_class = f"{one} IS NOT NULL AND {two} IS NOT NULL AND typeof({one}) IS NOT typeof({two})"
    return (
        f"count(*) FILTER (WHERE {other_class})",
        f"count(*) FILTER (WHERE {other_class} AND NOT ({pairing.comes_back(old, new)}))",
        f"count(*) FILTER (WHERE {one} IS NOT NULL AND {two} IS NULL)",
    )


def is_renamed(connection: sqlite3.Connection, pair: Pair, old: Column, new: Column) -> bool:
    """Whether the column `new` holds in every row what `old` held; ends at the first that not."""
    differs = connection.execute(
        f"SELECT EXISTS(SELECT 1 FROM {pairing.source(pair)} "
        f"WHERE NOT ({pairing.is_gone(pair)}) AND NOT {pairing.is_same(old, new)})"
    ).fetchone()
    return not differs[0]


def is_identity(connection: sqlite3.Connection, pair: Pair) -> bool:
    """Whether a key tells the rows apart: no NULL in it, no two rows before for one after.

    Two keys may be one under another collation ('a', 'A') or another type ('1', '01').
    """
    if pair.by_rowid:
        return True
    if has_null(connection, pair):
        return False
    if pair.is_exact:
        return True
    names = [f"n.{quote(new)}" for _, new in pair.on]
    groups = [part for name in names for part in (f"+{name} COLLATE BINARY", f"typeof({name})")]
    (meet,) = connection.execute(
        f"SELECT EXISTS(SELECT 1 FROM {pairing.source(pair)} WHERE NOT {pairing.is_gone(pair)} "
        f"GROUP BY {', '.join(groups)} HAVING count(*) > 1)"
    ).fetchone()
    return not meet


def has_null(connection: sqlite3.Connection, pair: Pair) -> bool:
    """Whether a row before has a NULL in the key: it could not be found again by it."""
    nulls = " OR ".join(f"{quote(old)} IS NULL" for old, _ in pair.on)
    return bool(
        connection.execute(
            f"SELECT EXISTS(SELECT 1 FROM was.{quote(pair.before.name)} WHERE {nulls})"
        ).fetchone()[0]
    )


def filled(connection: sqlite3.Connection, table: Table, columns: tuple[Column, ...]) -> list[int]:
    """For each of a table's columns before, the number of values that are not NULL."""
    found: list[int] = []
    for at in range(0, len(columns), _WIDE):
        asked = ", ".join(f"count({quote(column.name)})" for column in columns[at : at + _WIDE])
        found += connection.execute(f"SELECT {asked} FROM was.{quote(table.name)}").fetchone()
    return found
