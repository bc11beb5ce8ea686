"""Running a planned change in one transaction, and proving it before the commit.

`transaction` owns the settings and the transaction; `run` executes a plan's statements and proves
that the schema is the rehearsed one, every row arrived, and nothing is damaged that was sound. It
plans nothing, and whatever fails leaves the table as it was.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.census import count_rows
from drydock.rebuild.refusals import (
    ChangeFailedError,
    ConnectionForbidsError,
    ForeignKeysOnError,
    OffendingRowsError,
    TableBusyError,
    UnprovenChangeError,
)
from drydock.rebuild.shape import read_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.rebuild.outcome import Plan

_SAVEPOINT = "_drydock_change"
_SETTINGS = ("legacy_alter_table", "ignore_check_constraints", "writable_schema")
Violations = Counter[tuple[object, ...]]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in a transaction, or a savepoint of the caller's, and restore every setting.

    Outside a transaction foreign keys are off for the block: SQLite ignores that switch inside
    one, and a dropped table would then take its children along (F15).
    """
    settings = {name: _pragma(connection, name) for name in _SETTINGS}
    inside = connection.in_transaction
    keys = _pragma(connection, "foreign_keys")
    try:
        # 1. Foreign keys off, before BEGIN.
        if not inside and keys:
            connection.execute("PRAGMA foreign_keys = OFF")
        # 2. The write lock first: what is judged next stays true.
        _begin(connection, inside=inside)
        try:
            connection.execute("PRAGMA legacy_alter_table = OFF")
            # 3. Judge, run, prove.
            yield
            # 4. Keep it; where a reader or a full disk does not let us (F37), undo it.
            connection.execute(f"RELEASE {_SAVEPOINT}" if inside else "COMMIT")
        except BaseException:
            _undo(connection, inside=inside)
            raise
    finally:
        for name, value in settings.items():
            connection.execute(f"PRAGMA {name} = {value}")
        if not inside and keys:
            connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: sqlite3.Connection, *, inside: bool) -> None:
    try:
        connection.execute(f"SAVEPOINT {_SAVEPOINT}" if inside else "BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise TableBusyError(
            "the database cannot be written now",
            cause=[f"SQLite says: {error}"],
            hint="stop what else writes to it, and try again",
        ) from error


def _undo(connection: sqlite3.Connection, *, inside: bool) -> None:
    if not connection.in_transaction:
        return  # RAISE(ROLLBACK) or a full disk has ended it already (F13)
    if inside:
        connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
        connection.execute(f"RELEASE {_SAVEPOINT}")
    else:
        connection.execute("ROLLBACK")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    return int(row[0]) if row else 0


def run(connection: sqlite3.Connection, plan: Plan) -> int | None:
    """Run and prove the plan inside an open transaction; return how many rows were written.

    Raises:
        ForeignKeysOnError: Foreign keys are on and the rows of other tables hang on this one.
        OffendingRowsError: Rows break a key or a UNIQUE that the change brings.
        UnprovenChangeError: What came out is not what was rehearsed.
    """
    _refuse_live_keys(connection, plan)
    _refuse_frozen_schema(connection, plan)
    violations = _violations(connection, plan)
    breaking = [count_rows(connection, plan.table, f"NOT ({old})") for old, _ in plan.rules]
    rows = count_rows(connection, plan.table) if plan.copies else None
    written = _execute(connection, plan)
    counts = plan.changed.values()
    if plan.copies and written != rows:
        raise UnprovenChangeError(
            f"table {plan.table} did not arrive whole", cause=[f"{written} of {rows} rows copied"]
        )
    # Fewer may be written: a row older than its column takes the converted default by itself.
    if plan.way == "update" and written > sum(counts):
        raise UnprovenChangeError(
            f"table {plan.table} was not converted as counted",
            cause=[f"{written} rows written, {dict(plan.changed)} values to convert"],
        )
    _prove_schema(connection, plan)
    if new := _violations(connection, plan) - violations:
        samples = [_violation_line(one) for one in list(new)[:3]]
        raise OffendingRowsError(
            f"table {plan.table} cannot be changed so: {new.total()} rows refer to nothing",
            count=new.total(),
            cause=samples,
            hint="delete or repair these rows first: PRAGMA foreign_key_check shows them all",
        )
    for (_, rule), were in zip(plan.rules, breaking, strict=True):
        if (now := count_rows(connection, plan.table, f"NOT ({rule})")) > were:
            raise OffendingRowsError(
                f"table {plan.table} cannot be changed so: {now - were} rows would break a CHECK",
                count=now - were,
                cause=[f"CHECK ({rule})"],
                hint="change the rule in the same call: drop_check=…, add_check=…",
            )
    _prove_soundness(connection, plan)
    return written if plan.way == "update" else rows


def _execute(connection: sqlite3.Connection, plan: Plan) -> int:
    """Run the statements; return how many rows the one wrote that writes rows."""
    written = 0
    for statement in plan.statements:
        try:
            cursor = connection.execute(statement)
        except sqlite3.IntegrityError as error:
            raise OffendingRowsError(
                f"table {plan.table} cannot be changed so: its rows would clash",
                count=1,
                cause=[f"SQLite says: {error}", statement],
                hint="make the values unique first, or give a conversion that does",
            ) from error
        except sqlite3.Error as error:
            raise ChangeFailedError(
                f"table {plan.table} could not be changed",
                cause=[f"SQLite says: {error}", statement],
            ) from error
        if statement.startswith(("INSERT OR ABORT", "UPDATE OR ABORT")):
            written = cursor.rowcount
    return written


def _refuse_live_keys(connection: sqlite3.Connection, plan: Plan) -> None:
    """F15: the switch is a no-op inside a transaction, so only its owner can turn it."""
    others = sorted({one for one in plan.children if fold(one) != fold(plan.table)})
    if plan.way != "rebuild" or not others or not _pragma(connection, "foreign_keys"):
        return
    raise ForeignKeysOnError(
        f"table {plan.table} cannot be rebuilt in this transaction: foreign keys are on",
        cause=[f"dropping the old table would delete or orphan rows of {', '.join(others)}"],
        hint="PRAGMA foreign_keys = OFF before BEGIN, or call transform() outside the transaction",
    )


def _refuse_frozen_schema(connection: sqlite3.Connection, plan: Plan) -> None:
    if not any("writable_schema" in statement for statement in plan.statements):
        return
    connection.execute("PRAGMA writable_schema = ON")
    allowed = _pragma(connection, "writable_schema")
    connection.execute("PRAGMA writable_schema = OFF")
    if not allowed:
        raise ConnectionForbidsError(
            f"table {plan.table} cannot be changed on this connection",
            cause=["SQLITE_DBCONFIG_DEFENSIVE is on: its schema cannot be edited"],
            hint="use a connection that is not defensive",
        )


def _prove_schema(connection: sqlite3.Connection, plan: Plan) -> None:
    """Every object of the schema is the rehearsed one, to the byte, and none is besides."""
    try:
        found = set(read_schema(connection).objects)
    except sqlite3.DatabaseError as error:
        raise UnprovenChangeError(
            f"table {plan.table} did not come out as planned", cause=[f"SQLite says: {error}"]
        ) from error
    odd = sorted({one.name for one in found ^ plan.expected})
    if odd:
        raise UnprovenChangeError(
            f"table {plan.table} did not come out as planned", cause=[f"differs: {', '.join(odd)}"]
        )


def _prove_soundness(connection: sqlite3.Connection, plan: Plan) -> None:
    """Where rows were written, their tree and every entry count of its indexes hold.

    A schema edit and SQLite's own ALTER TABLE write no tree of ours to prove. Rules are not asked
    again: rows that broke an old CHECK may stay, and the new ones were judged before.
    """
    if not plan.copies:
        return
    connection.execute("PRAGMA ignore_check_constraints = ON")
    problems = connection.execute(f"PRAGMA main.quick_check({quote(plan.table)})").fetchall()
    found = [str(row[0]) for row in problems if row[0] != "ok" and "NULL value in" not in row[0]]
    if found:
        raise UnprovenChangeError(f"table {plan.table} did not arrive sound", cause=found[:3])


def _violations(connection: sqlite3.Connection, plan: Plan) -> Violations:
    """Count the foreign key violations of the tables that the change can touch."""
    found: Violations = Counter()
    for table in plan.check_keys:
        try:
            rows = connection.execute(f"PRAGMA main.foreign_key_check({quote(table)})").fetchall()
        except sqlite3.DatabaseError:  # a key that names no unique columns: broken before, or
            continue  # refused by the plan
        # Not by rowid: a table may lose or gain its rowids in the change.
        found.update(Counter((row[0], row[2]) for row in rows))
    return found


def _violation_line(violation: tuple[object, ...]) -> str:
    child, parent = violation
    return f"rows of {child} refer to no row of {parent}"
