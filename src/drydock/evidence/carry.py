"""Rows carried from one database into another: `restore-rows`, and `rollback --keep-new-rows`.

`plan` tells what would be carried and what cannot be; `apply` does exactly that, in one
transaction, or nothing. Rows are found again by what `anchor` says. It deletes no row, replaces
none (REPLACE would cascade to children), never updates a row that only a hidden rowid names (F22),
and changes no child by its foreign key's action. Triggers of the target fire, as for any other
write, or are kept silent, where what they did has been written down in the rows that are carried.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection as opening
from drydock.evidence import anchor, inventory, samples, triggers
from drydock.evidence.anchor import ALL, CarryImpossible
from drydock.names import fold, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from drydock.evidence.carrying import Carrying, Counts
    from drydock.evidence.facts import Sample
    from drydock.evidence.triggers import Trigger

_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Something of the chosen rows that the target has no place for; `what` in the singular."""

    what: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Which rows of `source` go into `table` of the target, and how.

    Attributes:
        source: The database they come from.
        since: Only rows that are not the same in this database are carried; None: all chosen.
        table: The table, by its name in the target.
        where: The condition that chooses rows of the source, as SQL.
        key: The columns by which a row is found again.
        columns: The columns carried.
        counts: How many of the rows are to be inserted, to be updated, or there already.
        returned: Rows that the source has no more, though it had them in `since`, and that the
            target has: no deletion is carried.
        defaulted: Columns that only the target has: inserted rows get their default.
        left_behind: What cannot be carried.
        triggers: Those that the carrying fires, and that write to tables.
        inserted: Samples of the rows to insert (as ``removed`` from the target's point of view).
        updated: Samples of the rows to update; ``before`` is the source's value.
    """

    source: Path
    since: Path | None
    table: str
    where: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Counts
    returned: int
    defaulted: tuple[str, ...]
    left_behind: tuple[LeftBehind, ...]
    triggers: tuple[Trigger, ...]
    inserted: tuple[Sample, ...]
    updated: tuple[Sample, ...]

    @property
    def inserts(self) -> int:
        """How many rows the target does not have."""
        return self.counts.inserts

    @property
    def updates(self) -> int:
        """How many rows the target has with other values."""
        return self.counts.updates

    @property
    def same(self) -> int:
        """How many of the rows are there already."""
        return self.counts.same


def plan(
    source: Path, target: Path, table: str, *, where: str = ALL, since: Path | None = None
) -> RowPlan:
    """Tell which rows of `source` would go into `target`; reads only.

    Args:
        source: A backup, or the database that the application wrote to; at rest.
        target: The database to carry into; may be live.
        table: The table's name, the same in both.
        where: SQL that chooses rows of the source; it sees nothing but the source.
        since: Leave out the rows and values that are the same in this database (what was
            published).

    Raises:
        CarryImpossible: No such table, nothing to find a row again by, or a bad condition.
    """
    with closing(opening.read(target)) as connection:
        connection.execute("PRAGMA trusted_schema=ON")  # as for the one that `apply` is given
        connection.text_factory = lambda data: data.decode(errors="replace")  # F21
        anchor.attach(connection, source, since)
        carrying = anchor.carrying(
            connection, table, source=source, where=where, with_since=since is not None
        )
        pair = carrying.pair
        try:
            counts = carrying.counts(connection)
            left = tuple(_left_behind(connection, carrying, counts))
            return RowPlan(
                source=source,
                since=since,
                table=pair.after.name,
                where=where,
                key=tuple(new for _, new in pair.on) if carrying.has_key else (),
                columns=tuple(new.name for _, new in pair.columns.common),
                counts=counts,
                returned=carrying.returned(connection),
                defaulted=tuple(new.name for new in pair.columns.added),
                left_behind=left,
                triggers=_fired(connection, carrying, counts),
                inserted=samples.gone(connection, pair, carrying.where, _SAMPLES),
                updated=samples.changed(connection, pair, carrying.where, _SAMPLES)
                if carrying.has_key
                else (),
            )
        except sqlite3.Error as error:
            raise CarryImpossible(
                f"the rows of {table} cannot be read from {source}; nothing was changed",
                cause=str(error),
            ) from error


def apply(
    planned: Sequence[RowPlan], connection: sqlite3.Connection, *, silent: bool = False
) -> None:
    """Carry the rows of all that is `planned`, of one source and target, or change nothing.

    Args:
        planned: What `plan` told, a table each.
        connection: The target's: in autocommit mode, outside a transaction.
        silent: No trigger that writes to ordinary tables fires; one that only keeps a virtual
            table, such as a full-text index, does.

    Raises:
        CarryImpossible: A constraint refuses a row, a foreign key would be broken, or the rows
            are not those that were planned any more. Everything is rolled back.
    """
    first = planned[0]
    # 1. The source is attached read-only, and foreign keys act on nothing: SQLite allows both
    #    outside a transaction only. Keys are looked at in the end (step 6).
    (enforced,) = connection.execute("PRAGMA foreign_keys").fetchone()
    connection.execute("PRAGMA foreign_keys = OFF")
    anchor.attach(connection, first.source, first.since)
    try:
        carryings = [
            anchor.carrying(
                connection,
                each.table,
                source=each.source,
                where=each.where,
                with_since=each.since is not None,
            )
            for each in planned
        ]
        # 2. One transaction that nobody else writes in; what was shown is what is there.
        connection.execute("BEGIN IMMEDIATE")
        for each, carrying in zip(planned, carryings, strict=True):
            _require_as_shown(each, carrying.counts(connection))
        tables = _reached(connection, planned)
        broken_before = _violations(connection, tables)
        for each, carrying in zip(planned, carryings, strict=True):
            _carry(connection, each, carrying, silent=silent)
        # 6. No key is broken that was whole.
        _require_whole(_violations(connection, tables) - broken_before, planned)
        # 7. All of it, or nothing.
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise CarryImpossible(
            f"the rows of {_named(planned)} cannot be carried; nothing was changed",
            cause=str(error),
        ) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA writable_schema = RESET")  # triggers silenced until now
        for schema in ("was", "since") if first.since else ("was",):
            connection.execute(f"DETACH {schema}")
        anchor.forget(connection)
        connection.execute(f"PRAGMA foreign_keys = {enforced}")


def _carry(
    connection: sqlite3.Connection, planned: RowPlan, carrying: Carrying, *, silent: bool
) -> None:
    """Write the rows of one table, and see that they are what they are to be."""
    table = f"main.{quote(planned.table)}"
    (before,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    # 3. Triggers, as long as the rows are written.
    silenced = _silence(connection, carrying, planned.counts) if silent else ()
    # 4. Updates before inserts: an inserted row must not count as one to update.
    for statement in carrying.statements(planned.counts):
        connection.execute(statement)
    triggers.end_silence(connection, silenced)
    # 5. Each row is there as it was asked for, and no other one came or went; where a trigger
    #    writes to the table itself, only it can know.
    if not silent and any(planned.table in each.writes for each in planned.triggers):
        return
    (after,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    if after != before + planned.inserts:
        raise CarryImpossible(
            f"the rows of {planned.table} cannot be carried; nothing was changed",
            cause=f"of {planned.inserts} rows to insert, {after - before} arrived: a trigger or a "
            "conflict clause passed over the others",
        )
    counts = carrying.counts(connection)
    if carrying.has_key and (counts.inserts or counts.updates):
        raise CarryImpossible(
            f"the rows of {planned.table} cannot be carried; nothing was changed",
            cause=f"{counts.inserts + counts.updates} of them would not be there as they are in "
            f"{planned.source.name}: the column's type, or a trigger, makes other values of theirs",
        )


def _require_as_shown(planned: RowPlan, now: Counts) -> None:
    if now != planned.counts:
        raise CarryImpossible(
            f"{planned.table} was changed since the rows were shown; nothing was carried",
            cause=f"{now.inserts} to insert and {now.updates} to update, "
            f"not {planned.inserts} and {planned.updates}",
        )


def _require_whole(
    broken: set[tuple[str, int | None, str, int]], planned: Sequence[RowPlan]
) -> None:
    if not broken:
        return
    raise CarryImpossible(
        f"the rows of {_named(planned)} would break foreign keys; nothing was carried",
        cause=[
            f"{child}: rowid {rowid} names a row of {parent} that is not there"
            for child, rowid, parent, _ in sorted(broken, key=str)[:_SAMPLES]
        ],
        hint="carry the rows that they name first",
    )


def _named(planned: Sequence[RowPlan]) -> str:
    return " and ".join(each.table for each in planned)


def _fired(
    connection: sqlite3.Connection, carrying: Carrying, counts: Counts
) -> tuple[Trigger, ...]:
    try:
        return triggers.fired_by(connection, carrying.statements(counts))
    except sqlite3.Error as error:  # a trigger of the application's own functions
        raise CarryImpossible(
            f"the rows of {carrying.pair.after.name} cannot be carried; nothing was changed",
            cause=str(error),
        ) from error


def _silence(
    connection: sqlite3.Connection, carrying: Carrying, counts: Counts
) -> tuple[triggers.Entry, ...]:
    """Keep triggers from writing what has been written; return what `end_silence` puts back.

    Raises:
        CarryImpossible: One of them still writes to an ordinary table.
    """
    entries = triggers.silence(connection, _fired(connection, carrying, counts))
    if still := _fired(connection, carrying, counts):
        raise CarryImpossible(
            f"the rows of {carrying.pair.after.name} cannot be carried; nothing was changed",
            cause=[
                f"the trigger {each.name} cannot be kept from writing to "
                f"{', '.join(each.writes)}, which has that already"
                for each in still
            ],
        )
    return entries


def _left_behind(
    connection: sqlite3.Connection, carrying: Carrying, counts: Counts
) -> Iterator[LeftBehind]:
    table = carrying.pair.after.name
    if counts.others:
        yield LeftBehind("new row", counts.others, f"another row of {table} stands under their key")
    for at, column in enumerate(carrying.pair.columns.dropped):
        if count := carrying.left(connection, at):
            yield LeftBehind(
                f"value of {column.name}", count, f"{table} has no column {column.name}"
            )


def _reached(connection: sqlite3.Connection, planned: Sequence[RowPlan]) -> set[str]:
    """Return the tables that the rows, or the triggers that they fire, may break a key of."""
    written = {each.table for each in planned}
    written |= {name for each in planned for one in each.triggers for name in one.writes}
    parents = {fold(name) for name in written}
    children = set()
    for other in inventory.read(connection, "main").tables.values():
        if "references" in fold(other.sql):
            keys = connection.execute(f"PRAGMA main.foreign_key_list({quote(other.name)})")
            if any(fold(row[2]) in parents for row in keys):
                children.add(other.name)
    return written | children


def _violations(
    connection: sqlite3.Connection, tables: set[str]
) -> set[tuple[str, int | None, str, int]]:
    return {
        row
        for name in tables
        for row in connection.execute(f"PRAGMA main.foreign_key_check({quote(name)})")
    }
