"""The SQL that carries rows of one database into another; pure text.

The connection is the target's, whose rows are ``n``; the source is attached as ``was``, its rows
are ``o``; ``since`` is what the source was before its new rows were written, its rows are ``s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from drydock.evidence import pairing
from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.inventory import Column, Table
    from drydock.evidence.pairing import Pair


class Counts(NamedTuple):
    """What the chosen rows are to the target.

    `inserts` are not there, `updates` are there with other values, under the key of `others`
    another row stands, `same` are there as they are. Of the `updates`, `doubtful` have a value
    that is neither the one that was published nor that of the target's own row.
    """

    inserts: int
    updates: int
    others: int
    same: int
    doubtful: int


@dataclass(frozen=True, slots=True)
class Known:
    """The table as it was in ``since``: its column for each that is carried, or cannot be."""

    table: Table
    columns: tuple[Column | None, ...]
    dropped: tuple[Column | None, ...]


@dataclass(frozen=True, slots=True)
class Carrying:
    """The SQL of one carrying: the rows before are the source's, those after the target's.

    Attributes:
        pair: The two tables, the columns that are carried, and the key.
        chosen: The condition on ``o`` that chooses rows.
        known: What the source was; None: every chosen row is carried.
        has_key: Whether a row is found again by a key; else new rows are only added.
        resolves: Whether the table may drop, replace or pass over rows in a conflict.
    """

    pair: Pair
    chosen: str
    known: Known | None
    has_key: bool
    resolves: bool

    def counts(self, connection: sqlite3.Connection) -> Counts:
        """Count what the chosen rows are to the target."""
        gone = pairing.is_gone(self.pair)
        if not self.has_key and self.known is not None:
            asked = f"SELECT count(*), 0, 0, 0, 0 FROM {self._source} WHERE {self._is_carried}"
            return Counts(*connection.execute(asked).fetchone())
        right = self._is_right
        found = connection.execute(
            f"SELECT count(*) FILTER (WHERE {gone}), "
            f"count(*) FILTER (WHERE NOT ({gone}) AND {self._is_theirs} AND NOT {right}), "
            f"count(*) FILTER (WHERE NOT ({gone}) AND NOT {self._is_theirs} AND NOT {right}), "
            f"count(*) FILTER (WHERE NOT ({gone}) AND {right}), "
            f"count(*) FILTER (WHERE NOT ({gone}) AND {self._is_theirs} AND {self._is_doubtful}) "
            f"FROM {self._joined} WHERE {self._is_carried}"
        ).fetchone()
        return Counts(*found)

    def returned(self, connection: sqlite3.Connection) -> int:
        """Count the rows of ``since`` that the source has no more, and the target has."""
        if self.known is None:
            return 0
        table = f"since.{quote(self.known.table.name)}"
        there = pairing.is_found(self.pair)
        kept = pairing.is_found(self.pair, "w", by_old=True)
        (count,) = connection.execute(
            f"SELECT count(*) FROM {table} AS o JOIN main.{quote(self.pair.after.name)} AS n "
            f"ON {there} WHERE NOT EXISTS "
            f"(SELECT 1 FROM was.{quote(self.pair.before.name)} AS w WHERE {kept})"
        ).fetchone()
        return int(count)

    def left(self, connection: sqlite3.Connection, at: int) -> int:
        """Count the values that the target has no column for: of the dropped one at `at`."""
        column = self.pair.columns.dropped[at]
        new = f"o.{quote(column.name)} IS NOT NULL"
        if self.known is not None:
            kept = _is_as_before(column, self.known.dropped[at])
            new += f" AND NOT ({self._is_theirs} AND {kept})"
        (count,) = connection.execute(
            f"SELECT count(*) FROM {self._source} WHERE {self._is_carried} AND {new}"
        ).fetchone()
        return int(count)

    @property
    def where(self) -> str:
        """The condition on ``o`` for a row that is carried, where ``since`` is not joined."""
        if self.known is None:
            return self.chosen
        seen = f"SELECT 1 FROM since.{quote(self.known.table.name)} AS s WHERE {self._meets}"
        return f"{self.chosen} AND NOT EXISTS ({seen} AND {self._is_unchanged})"

    def statements(self, counts: Counts) -> tuple[str, ...]:
        """Return what carrying runs, in its order: updates before inserts."""
        return tuple(
            statement
            for statement, count in (
                (self.update(), counts.updates),
                (self.insert(), counts.inserts),
            )
            if count and statement
        )

    def insert(self) -> str:
        """Return the statement that inserts the rows that the target does not have."""
        common = self.pair.columns.common
        names = [(old.name, new.name) for old, new in common]
        gone, source = pairing.is_gone(self.pair), self._joined
        if not self.has_key and self.known is not None:
            gone, source = "1", self._source  # a fresh rowid, in the order of the old ones
        elif self.pair.by_rowid and self.pair.on[0] not in names:
            names.append(self.pair.on[0])
        order = f" ORDER BY o.{quote(self.pair.on[0][0])}" if self.pair.by_rowid else ""
        return (
            f"INSERT{self._or} INTO main.{quote(self.pair.after.name)}"
            f"({', '.join(quote(new) for _, new in names)}) "
            f"SELECT {', '.join(f'o.{quote(old)}' for old, _ in names)} "
            f"FROM {source} WHERE {self._is_carried} AND {gone}{order}"
        )

    def update(self) -> str:
        """Return the statement that updates the rows that differ; nothing where none can.

        Where the source is known from before, only what was changed in it since is carried.
        """
        keys = {new for _, new in self.pair.on} if self.pair.is_exact else set()
        values = []
        for at, (old, new) in enumerate(self.pair.columns.common):
            if new.name in keys:
                continue
            value = f"o.{quote(old.name)}"
            if self.known is not None:
                kept = f"n.{quote(new.name)}"
                value = f"CASE WHEN {self._is_kept(at)} THEN {kept} ELSE {value} END"
            values.append(f"{quote(new.name)} = {value}")
        if not values or not self.has_key:
            return ""
        return (
            f"UPDATE{self._or} main.{quote(self.pair.after.name)} AS n SET {', '.join(values)} "
            f"FROM {self._source} WHERE {pairing.is_found(self.pair)} AND {self._is_carried} "
            f"AND {self._is_theirs} AND NOT {self._is_right}"
        )

    @property
    def _or(self) -> str:
        # A conflict clause of the table's own would delete rows, or pass them over, untold.
        return " OR ABORT" if self.resolves else ""

    @property
    def _source(self) -> str:
        source = f"was.{quote(self.pair.before.name)} AS o"
        if self.known is None:
            return source
        return f"{source} LEFT JOIN since.{quote(self.known.table.name)} AS s ON {self._meets}"

    @property
    def _joined(self) -> str:
        target = f"main.{quote(self.pair.after.name)} AS n"
        return f"{self._source} LEFT JOIN {target} ON {pairing.is_found(self.pair)}"

    @property
    def _meets(self) -> str:
        return pairing.is_found(self.pair, "s", by_old=True)

    @property
    def _is_theirs(self) -> str:
        """Whether a row's key meant that row in ``since``, so that an update is of the same row."""
        return "1" if self.known is None else f"s.{quote(self.pair.on[0][0])} IS NOT NULL"

    @property
    def _is_carried(self) -> str:
        if self.known is None:
            return self.chosen
        return f"{self.chosen} AND NOT ({self._is_theirs} AND {self._is_unchanged})"

    @property
    def _is_unchanged(self) -> str:
        assert self.known is not None
        kept = [self._is_kept(at) for at in range(len(self.pair.columns.common))]
        pairs = zip(self.pair.columns.dropped, self.known.dropped, strict=True)
        return pairing.all_of([*kept, *(_is_as_before(old, known) for old, known in pairs)])

    def _is_kept(self, at: int) -> str:
        """Whether the value of a column is the one that it was in ``since``."""
        assert self.known is not None
        return _is_as_before(self.pair.columns.common[at][0], self.known.columns[at])

    @property
    def _is_right(self) -> str:
        """Whether the target's row holds all that is to be carried into it."""
        conditions = []
        for at, (old, new) in enumerate(self.pair.columns.common):
            fits = _fits(old, new)
            if self.known is not None:
                fits = f"({fits} OR ({self._is_theirs} AND {self._is_kept(at)}))"
            conditions.append(fits)
        return pairing.all_of(conditions)

    @property
    def _is_doubtful(self) -> str:
        if self.known is None:
            return "0"
        clear = []
        for at, (old, new) in enumerate(self.pair.columns.common):
            known = self.known.columns[at]
            if known is not None:
                own = f"s.{quote(known.name)} COLLATE BINARY IS n.{quote(new.name)}"
                clear.append(f"({self._is_kept(at)} OR {_fits(old, new)} OR {own})")
        return f"NOT {pairing.all_of(clear)}"


def _fits(old: Column, new: Column) -> str:
    """Whether the target holds a value, in another form only where it comes back from it."""
    same = pairing.is_same(old, new)
    return same if old.storage == new.storage else f"({same} OR {pairing.comes_back(old, new)})"


def _is_as_before(old: Column, known: Column | None) -> str:
    return pairing.is_same(old, known, "s") if known is not None else "0"
