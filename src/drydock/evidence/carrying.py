"""The SQL that carries rows of one database into another: which rows, found again by which key.

The connection is the target's; the source is attached as ``was``, and ``since`` is what the source
was before its new rows were written. It writes nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.evidence import inventory, pairing
from drydock.names import fold, quote

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.evidence.inventory import Shape, Table
    from drydock.evidence.pairing import Pair


class CarryImpossible(DrydockError):
    """The rows asked for cannot be carried; nothing was changed."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Carrying:
    """The SQL of one carrying: the rows before are the source's, those after the target's."""

    pair: Pair
    chosen: str
    may_update: bool
    is_theirs: str
    """Whether a row's key meant that row in ``since``, so that an update is of the same row."""

    @classmethod
    def read(
        cls, connection: sqlite3.Connection, table: str, where: str, *, with_since: bool
    ) -> Carrying:
        """Find out how the rows of `table` that `where` chooses are carried.

        Raises:
            CarryImpossible: No such table, no key that both databases share, or a bad condition.
        """
        (old, old_shape), (new, new_shape) = (
            _table(connection, schema, table) for schema in ("was", "main")
        )
        found = pairing.columns(old_shape, new_shape)
        stored = pairing.Columns(
            tuple(p for p in found.common if not (p[0].is_generated or p[1].is_generated)),
            found.dropped,
            tuple(column for column in found.added if not column.is_generated),
        )
        is_lasting = (
            old_shape.alias is not None
            and new_shape.alias is not None
            and fold(old_shape.alias) == fold(new_shape.alias)
        )
        keys = pairing.key_identities((old, old_shape), (new, new_shape), stored)
        first = pairing.by_rowid((old, old_shape), (new, new_shape), stored)
        pair = first if is_lasting or not keys else keys[0]
        if pair is None:
            raise CarryImpossible(
                f"{table} has no key that both databases share; nothing was changed",
                cause="without one, a row cannot be found again",
            )
        try:
            connection.execute(f"SELECT 1 FROM was.{quote(old.name)} WHERE ({where}\n) LIMIT 0")
        except sqlite3.Error as error:
            raise CarryImpossible(
                f"the condition does not fit {table}; nothing was changed",
                cause=str(error),
                at=where,
            ) from error
        named = ", ".join(quote(name) for name, _ in pair.on)
        qualified = ", ".join(f"o.{quote(name)}" for name, _ in pair.on)
        chosen = f"({qualified}) IN (SELECT {named} FROM was.{quote(old.name)} WHERE ({where}\n))"
        is_theirs = "1"
        if with_since:
            chosen += f" AND NOT {_is_known(connection, pair, old_shape)}"
            is_theirs = _has_key(connection, pair)
        return cls(pair, chosen, is_lasting or not pair.by_rowid, is_theirs)

    def statements(self) -> tuple[str, ...]:
        """Return what carrying runs, in its order: updates before inserts."""
        update = self.update() if self.may_update else ""
        return (update, self.insert()) if update else (self.insert(),)

    def insert(self) -> str:
        """Return the statement that inserts the rows that the target does not have."""
        common = self.pair.columns.common
        names = [(old.name, new.name) for old, new in common]
        if self.pair.by_rowid and self.pair.on[0] not in names:
            names.append(self.pair.on[0])
        return (
            f"INSERT INTO main.{quote(self.pair.after.name)}"
            f"({', '.join(quote(new) for _, new in names)}) "
            f"SELECT {', '.join(f'o.{quote(old)}' for old, _ in names)} "
            f"FROM {pairing.source(self.pair)} "
            f"WHERE {self.chosen} AND {pairing.is_gone(self.pair)}"
        )

    def update(self) -> str:
        """Return the statement that updates the rows that differ; nothing where none can."""
        keys = {new for _, new in self.pair.on}
        values = ", ".join(
            f"{quote(new.name)} = o.{quote(old.name)}"
            for old, new in self.pair.columns.common
            if new.name not in keys
        )
        same = pairing.is_same_row(self.pair)
        on = " AND ".join(f"n.{quote(new)} = +o.{quote(old)}" for old, new in self.pair.on)
        if not values:
            return ""
        return (
            f"UPDATE main.{quote(self.pair.after.name)} AS n SET {values} "
            f"FROM was.{quote(self.pair.before.name)} AS o "
            f"WHERE {on} AND {self.chosen} AND NOT {same} AND {self.is_theirs}"
        )


def attach(connection: sqlite3.Connection, source: Path, since: Path | None) -> None:
    """Attach the source, and what it was, to the target's connection; both only to be read."""
    for schema, path in (("was", source), ("since", since)):
        if path is not None:
            connection.execute(f"ATTACH ? AS {schema}", (f"{path.absolute().as_uri()}?mode=ro",))


def _table(connection: sqlite3.Connection, schema: str, name: str) -> tuple[Table, Shape]:
    table = inventory.read(connection, schema).tables.get(fold(name))
    if table is None or table.kind != "table":
        where = "the database carried from" if schema == "was" else "the database carried into"
        raise CarryImpossible(f"there is no table {name} in {where}; nothing was changed")
    return table, inventory.shape(connection, schema, table)


def _is_known(connection: sqlite3.Connection, pair: Pair, shape: Shape) -> str:
    """Whether a row of the source is the same in the database ``since``."""
    table, known = _table(connection, "since", pair.before.name)
    names = [(known.column(column.name), column) for column in shape.columns]
    on = " AND ".join(f"n.{quote(old)} = +o.{quote(old)}" for old, _ in pair.on)
    same = pairing.all_of([pairing.is_same(old, new) for new, old in names if new is not None])
    return f"EXISTS (SELECT 1 FROM since.{quote(table.name)} AS n WHERE {on} AND {same})"


def _has_key(connection: sqlite3.Connection, pair: Pair) -> str:
    """Whether a row's key is in the database ``since``: else the target's row is another one."""
    table, _ = _table(connection, "since", pair.before.name)
    on = " AND ".join(f"k.{quote(old)} = +o.{quote(old)}" for old, _ in pair.on)
    return f"EXISTS (SELECT 1 FROM since.{quote(table.name)} AS k WHERE {on})"
