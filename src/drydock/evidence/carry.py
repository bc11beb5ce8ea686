"""Rows carried from one database into another: `restore-rows`, and `rollback --keep-new-rows`.

`plan` tells what would be carried and what cannot be; `apply` does exactly that, in one
transaction, or nothing. Rows are found again by a key of both tables. It deletes no row, replaces
none (REPLACE would cascade to children), and never updates a row that only a hidden rowid names:
that may be another row by now (F22). Triggers of the target fire, as for any other write, or are
kept silent, where what they did has been written down in the rows that are carried.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection as opening
from drydock.evidence import inventory, pairing, samples, triggers
from drydock.evidence.carrying import CarryImpossible, Carrying, attach
from drydock.names import fold, quote

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.evidence.facts import Sample
    from drydock.evidence.inventory import Table
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
        inserts: Rows that the target does not have.
        updates: Rows that the target has with other values.
        same: Chosen rows that are there already.
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
    inserts: int
    updates: int
    same: int
    defaulted: tuple[str, ...]
    left_behind: tuple[LeftBehind, ...]
    triggers: tuple[Trigger, ...]
    inserted: tuple[Sample, ...]
    updated: tuple[Sample, ...]


def plan(
    source: Path, target: Path, table: str, *, where: str = "1", since: Path | None = None
) -> RowPlan:
    """Tell which rows of `source` would go into `target`; reads only.

    Args:
        source: A backup, or the database that the application wrote to; at rest.
        target: The database to carry into; may be live.
        table: The table's name, the same in both.
        where: SQL that chooses rows of the source, by its columns.
        since: Leave out the rows that are the same in this database (what was published).

    Raises:
        CarryImpossible: No such table, no key that both tables share, or a bad condition.
    """
    with closing(opening.read(target)) as connection:
        connection.execute("PRAGMA trusted_schema=ON")  # as for the one that `apply` is given
        attach(connection, source, since)
        carrying = Carrying.read(connection, table, where, with_since=since is not None)
        pair, chosen = carrying.pair, carrying.chosen
        gone, same = pairing.is_gone(pair), pairing.is_same_row(pair)
        differs = f"NOT ({gone}) AND NOT {same}"
        try:
            inserts, updates, others, alike = connection.execute(
                f"SELECT count(*) FILTER (WHERE {gone}), "
                f"count(*) FILTER (WHERE {differs} AND {carrying.is_theirs}), "
                f"count(*) FILTER (WHERE {differs} AND NOT {carrying.is_theirs}), "
                f"count(*) FILTER (WHERE NOT ({gone}) AND {same}) "
                f"FROM {pairing.source(pair)} WHERE {chosen}"
            ).fetchone()
        except sqlite3.Error as error:
            raise CarryImpossible(
                f"the rows of {table} cannot be read from {source}; nothing was changed",
                cause=str(error),
            ) from error
        left = _left_behind(connection, carrying, updates, others)
        fired = _fired(connection, carrying)
        return RowPlan(
            source=source,
            since=since,
            table=pair.after.name,
            where=where,
            key=tuple(new for _, new in pair.on),
            columns=tuple(new.name for _, new in pair.columns.common),
            inserts=inserts,
            updates=updates if carrying.may_update else 0,
            same=alike,
            defaulted=tuple(new.name for new in pair.columns.added),
            left_behind=left,
            triggers=fired,
            inserted=samples.gone(connection, pair, chosen, _SAMPLES),
            updated=samples.changed(connection, pair, chosen, _SAMPLES)
            if carrying.may_update
            else (),
        )


def apply(planned: RowPlan, connection: sqlite3.Connection, *, silent: bool = False) -> None:
    """Carry the rows of `planned` into the main database of `connection`, or change nothing.

    Args:
        planned: What `plan` told.
        connection: In autocommit mode, outside a transaction.
        silent: No trigger that writes to ordinary tables fires; one that only keeps a virtual
            table, such as a full-text index, does.

    Raises:
        CarryImpossible: A constraint refuses a row, a foreign key would be broken, or the rows
            are not those that were planned any more. Everything is rolled back.
    """
    # 1. The source is attached read-only; SQLite allows that outside a transaction only.
    attach(connection, planned.source, planned.since)
    try:
        carrying = Carrying.read(
            connection, planned.table, planned.where, with_since=planned.since is not None
        )
        # 2. One transaction that nobody else writes in. Keys are looked at in the end (step 4):
        #    rows of one table may name each other.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        broken_before = _violations(connection, carrying.pair.after)
        silenced = _silence(connection, carrying) if silent else ()
        # 3. Updates before inserts: an inserted row must not count as one to update.
        updates = _run(connection, carrying.update()) if carrying.may_update else 0
        inserts = _run(connection, carrying.insert())
        triggers.end_silence(connection, silenced)
        # 4. What was planned was done, and no key is broken that was whole.
        if (inserts, updates) != (planned.inserts, planned.updates):
            raise CarryImpossible(
                f"{planned.table} was changed since the rows were shown; nothing was carried",
                cause=f"{inserts} to insert and {updates} to update, "
                f"not {planned.inserts} and {planned.updates}",
            )
        broken = _violations(connection, carrying.pair.after) - broken_before
        if broken:
            raise CarryImpossible(
                f"the rows of {planned.table} would break foreign keys; nothing was carried",
                cause=[
                    f"{child}: rowid {rowid} names a row of {parent} that is not there"
                    for child, rowid, parent, _ in sorted(broken, key=str)[:_SAMPLES]
                ],
                hint="carry the rows that they name first",
            )
        # 5. All of it, or nothing.
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise CarryImpossible(
            f"the rows of {planned.table} cannot be carried; nothing was changed",
            cause=str(error),
        ) from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA writable_schema = RESET")  # triggers silenced until now
        for schema in ("was", "since") if planned.since else ("was",):
            connection.execute(f"DETACH {schema}")


def _fired(connection: sqlite3.Connection, carrying: Carrying) -> tuple[Trigger, ...]:
    try:
        return triggers.fired_by(connection, carrying.statements())
    except sqlite3.Error as error:  # a trigger of the application's own functions
        raise CarryImpossible(
            f"the rows of {carrying.pair.after.name} cannot be carried; nothing was changed",
            cause=str(error),
        ) from error


def _silence(connection: sqlite3.Connection, carrying: Carrying) -> tuple[triggers.Entry, ...]:
    """Keep triggers from writing what has been written; return what `end_silence` puts back.

    Raises:
        CarryImpossible: One of them still writes to an ordinary table.
    """
    entries = triggers.silence(connection, _fired(connection, carrying))
    if still := _fired(connection, carrying):
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
    connection: sqlite3.Connection, carrying: Carrying, differing: int, others: int
) -> tuple[LeftBehind, ...]:
    pair = carrying.pair
    left = []
    if others:
        reason = f"another row of {pair.after.name} stands under their key"
        left.append(LeftBehind("new row", others, reason))
    for column in pair.columns.dropped:
        (count,) = connection.execute(
            f"SELECT count(o.{quote(column.name)}) FROM was.{quote(pair.before.name)} AS o "
            f"WHERE {carrying.chosen}"
        ).fetchone()
        if count:
            reason = f"{pair.after.name} has no column {column.name}"
            left.append(LeftBehind(f"value of {column.name}", count, reason))
    if differing and not carrying.may_update:
        reason = "another row may stand under their rowid, and the table has no key"
        left.append(LeftBehind("differing row", differing, reason))
    return tuple(left)


def _run(connection: sqlite3.Connection, statement: str) -> int:
    return connection.execute(statement).rowcount if statement else 0


def _violations(
    connection: sqlite3.Connection, table: Table
) -> set[tuple[str, int | None, str, int]]:
    """The broken keys of the table and of those that refer to it."""
    children = {table.name}
    for other in inventory.read(connection, "main").tables.values():
        if "references" in fold(other.sql):
            keys = connection.execute(f"PRAGMA main.foreign_key_list({quote(other.name)})")
            if any(fold(row[2]) == fold(table.name) for row in keys):
                children.add(other.name)
    return {
        row
        for child in children
        for row in connection.execute(f"PRAGMA main.foreign_key_check({quote(child)})")
    }
