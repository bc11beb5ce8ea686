"""Run one ``.sql`` migration on the candidate, as ``sqlite3 -bail candidate < file`` would.

Statement by statement, autocommitting as they stand, on a connection that no earlier file has
touched with a PRAGMA or a temporary table. It refuses what reaches outside the candidate (ATTACH
of a file, VACUUM INTO; F24) and a file that ends inside its own transaction, whose work SQLite
would throw away in silence.
"""

from __future__ import annotations

import re
import sqlite3
import time
from typing import TYPE_CHECKING

from drydock import connection
from drydock.executor import journal
from drydock.executor.diagnosis import explain
from drydock.executor.failures import MigrationFailed, TimeLimitReached
from drydock.executor.trace import Applied, TracedStatement

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.migration import Migration
    from drydock.script import Statement

# Whatever could outlive its file on a shared connection: settings, temporary objects, open
# transactions, attached databases, and functions that tell of earlier statements.
_LEAVES_TRACES = re.compile(
    r"\b(pragma|temp|temporary|attach|detach|begin|savepoint|rollback|vacuum"
    r"|last_insert_rowid|changes|total_changes)\b",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"attach\b(?P<attached>.*)|vacuum\b.*\binto\b|(?P<command>\.\w+)", re.IGNORECASE | re.DOTALL
)
_NO_FILE = re.compile(r"(?:\s+database)?\s+(?:''|':memory:')\s+as\b", re.IGNORECASE)


class Session:
    """The candidate's connection, shared by files that leave no traces in it, renewed after others.

    Opening a connection makes SQLite parse the whole schema; a thousand small migrations would
    spend their time there.
    """

    def __init__(self, candidate: Path) -> None:
        self._candidate = candidate
        self._connection: sqlite3.Connection | None = None
        self._journal = False

    def open(self, *, journal: bool = False) -> sqlite3.Connection:
        """Return the connection, opened if need be."""
        if self._connection is not None and self._journal != journal:
            self.close()
        if self._connection is None:
            self._connection = connection.candidate(self._candidate, journal=journal)
            # Nobody else has it open: locked once, and not at each of a thousand statements.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._journal = journal
        return self._connection

    def close(self) -> None:
        """Close the connection; the next `open` makes a fresh one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def run(migration: Migration, session: Session, *, time_limit: float) -> Applied:
    """Run `migration`; `time_limit` is in seconds, 0 for none.

    Raises:
        MigrationFailed: A statement failed; the error names its line.
        TimeLimitReached: It took too long.
        Interrupted: A signal came.
    """
    traces = _LEAVES_TRACES.search(migration.text) is not None
    if traces:
        session.close()
    # A file that undoes its own work needs a rollback journal; for others a failure ends the
    # candidate, so none is kept.
    opened = session.open(journal=journal.UNDOES.search(migration.text) is not None)
    begun = time.monotonic()
    deadline = begun + time_limit if time_limit else None
    connection.stop_when(opened, lambda: deadline is not None and time.monotonic() > deadline)
    try:
        done = tuple(
            _execute(migration, statement, opened, deadline) for statement in migration.statements
        )
        if opened.in_transaction:
            raise MigrationFailed(
                migration,
                "it ends inside a transaction that it began; SQLite would throw that work away",
                line=migration.statements[-1].end_line,
                hint="end the file with COMMIT; (or leave BEGIN out), then run: inv migrate",
            )
    finally:
        if traces:
            session.close()
    return Applied(migration.name, time.monotonic() - begun, done)


def _execute(
    migration: Migration,
    statement: Statement,
    opened: sqlite3.Connection,
    deadline: float | None,
) -> TracedStatement:
    _require_inside(migration, statement)
    before = opened.total_changes
    try:
        for _ in opened.execute(statement.text):
            pass  # a SELECT runs to its end; it may call functions that matter
    except sqlite3.Error as error:
        if "interrupted" in str(error) and deadline is not None and time.monotonic() > deadline:
            raise TimeLimitReached(migration, statement.line, statement.text) from error
        connection.require_uninterrupted(error)
        cause, hint = explain(error, statement.text, opened, migration)
        raise MigrationFailed(
            migration, cause, line=statement.line, statement=statement.text, hint=hint
        ) from error
    return TracedStatement(statement.text, opened.total_changes - before, line=statement.line)


def _require_inside(migration: Migration, statement: Statement) -> None:
    outside = _OUTSIDE.match(statement.text)
    if outside is None or (outside["attached"] and _NO_FILE.match(outside["attached"])):
        return
    what = outside["command"] or statement.text.split(None, 1)[0].upper()
    raise MigrationFailed(
        migration,
        f"{what} reaches outside the database; only files of the run may be opened",
        line=statement.line,
        statement=statement.text,
        hint="bring the data in by INSERT statements or a Python migration, then: inv migrate",
    )
