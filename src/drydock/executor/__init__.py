"""Apply pending migrations to a candidate, one after the other, each into its ledger row.

A candidate is disposable: a script may begin and commit, VACUUM, set PRAGMAs, crash or leave; it
cannot half-apply, because only a candidate on which everything ran is ever published. It refuses
to go on after the first failure.
"""

from __future__ import annotations

import sqlite3
from types import MappingProxyType
from typing import TYPE_CHECKING

from drydock import connection, formats, ledger, record
from drydock.executor import python, sql
from drydock.executor.failures import MigrationFailed, TimeLimitReached
from drydock.executor.trace import Applied, TracedStatement, leaves_wal
from drydock.faults import reach
from drydock.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from drydock.migration import Migration

__all__ = [
    "Applied",
    "MigrationFailed",
    "TimeLimitReached",
    "TracedStatement",
    "apply",
    "leaves_wal",
]


def apply(
    pending: Iterable[Migration],
    candidate: Path,
    *,
    live: Path,
    root: Path,
    run: str,
    logs: Path,
    known: Sequence[Migration] = (),
    time_limit: float = 0.0,
    on_applied: Callable[[Applied], None] = lambda _: None,
    entered: Mapping[str, Entry] = MappingProxyType({}),
) -> tuple[Applied, ...]:
    """Apply `pending` to `candidate`, in order, and record each in its ledger.

    Args:
        pending: The migrations.
        candidate: A copy of the backup.
        live: The live database's real path: what the migrations believe they work on.
        root: The folder that Python migrations run in.
        run: The run's id, for the ledger.
        logs: The folder for what Python migrations print.
        known: All of the folder's, so that another tool's books are brought up to date first.
        time_limit: Seconds for each; 0 for none.
        on_applied: Called after each.
        entered: What the books are to say of those, by name, that have run before elsewhere: by
            which run, when and how long.

    Raises:
        MigrationFailed: One did not run to its end; the candidate is to be thrown away.
        Interrupted: A signal came.
    """
    session = sql.Session(candidate)
    done: list[Applied] = []
    try:
        ledger.create(session.open())
        formats.agree(session.open(), known)
        for migration in pending:
            if migration.kind == "sql":
                applied = sql.run(migration, session, time_limit=time_limit)
            else:
                session.close()
                applied = python.run(
                    migration,
                    candidate,
                    live=live,
                    root=root,
                    log=logs / f"{migration.name}.log",
                    time_limit=time_limit,
                )
            now = Entry(0, migration.name, "", record.now(), applied.seconds, run)
            _enter(session, migration, entered.get(migration.name, now), known)
            done.append(applied)
            on_applied(applied)
            reach("migrate-1")
    finally:
        session.close()
    return tuple(done)


def _enter(
    session: sql.Session,
    migration: Migration,
    entry: Entry,
    known: Sequence[Migration],
) -> None:
    """Enter `migration` in the ledger, which it may have dropped or left locked."""
    try:
        opened = session.open()
        connection.stop_when(opened)
        at, seconds, run = entry.applied_at, entry.seconds, entry.run
        if migration.origin is not None and migration.origin.is_down:
            formats.strike(opened, migration, known, at=at)
            ledger.take_back(opened, migration.name, at=at, run=run)
            return
        # Its own tool may have taken it back meanwhile, and left our row of it.
        ledger.record(opened, migration, applied_at=at, seconds=seconds, run=run, replace=True)
        formats.enter(opened, migration, applied_at=at, seconds=seconds)
    except sqlite3.Error as error:
        connection.require_uninterrupted(error)
        if "malformed" in str(error):
            raise MigrationFailed(
                migration,
                f"it left a database that SQLite cannot read: {error}",
                hint="leave sqlite_schema to SQLite: change a table by ALTER TABLE, or by "
                'db["TABLE"].transform(...) in a Python migration; then run: inv migrate',
            ) from error
        raise MigrationFailed(
            migration,
            f"after it, the ledger ({ledger.TABLE}) cannot be written: {error}",
            hint=f"let it leave {ledger.TABLE} alone, then run: inv migrate",
        ) from error
