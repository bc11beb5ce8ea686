"""Run one ``.sql`` migration on the candidate, as ``sqlite3 -bail candidate < file`` would.

Statement by statement, autocommitting as they stand, on a connection that no earlier file has
touched with a PRAGMA or a temporary table. It refuses what reaches outside the candidate (ATTACH
of a file, VACUUM INTO; F24) and a file that ends inside its own transaction, whose work SQLite
would throw away in silence. A rebuild of a large table that would store every row as it lies is
carried out as an edit of the schema with the same end (`rebuild.shortcut`).
"""

from __future__ import annotations

import re
import sqlite3
import time
from typing import TYPE_CHECKING

from drydock import connection
from drydock.errors import DrydockError
from drydock.executor import journal
from drydock.executor.diagnosis import explain
from drydock.executor.failures import MigrationFailed, TimeLimitReached
from drydock.executor.trace import Applied, TracedStatement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from drydock.migration import Migration
    from drydock.rebuild.shortcut import Shortcut
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
# The fourth statement of every rebuild by hand; only for such files is its reader loaded.
_RENAMES = re.compile(r"\brename\s+to\b", re.IGNORECASE)
_COUNTS_ROWS = re.compile(r"\b(last_insert_rowid|changes|total_changes)\b", re.IGNORECASE)
_ASKED = (
    "SELECT sql FROM sqlite_master WHERE sql LIKE '%changes%' OR sql LIKE '%last_insert_rowid%'"
)
_WAY = "schema edit"
_NO_FILE = re.compile(r"(?:\s+database)?\s+(?:''|':memory:')\s+as\b", re.IGNORECASE)


class Session:
    """The candidate's connection, shared by files that leave no traces in it, renewed after others.

    Opening a connection makes SQLite parse the whole schema; a thousand small migrations would
    spend their time there. `is_asked` says that the schema itself (a trigger, a view, a default)
    asks the connection what earlier statements did, so that none may be shared.
    """

    def __init__(self, candidate: Path) -> None:
        self._candidate = candidate
        self._connection: sqlite3.Connection | None = None
        self._journal = False
        self.is_asked = False

    def open(self, *, journal: bool = False) -> sqlite3.Connection:
        """Return the connection, opened if need be."""
        if self._connection is not None and self._journal != journal:
            self.close()
        if self._connection is None:
            self._connection = connection.candidate(self._candidate, journal=journal)
            # Nobody else has it open: locked once, and not at each of a thousand statements.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._journal = journal
            texts = self._connection.execute(_ASKED).fetchall()
            self.is_asked = any(_COUNTS_ROWS.search(text) for (text,) in texts)
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
    traces = session.is_asked or _LEAVES_TRACES.search(migration.text) is not None
    if traces:
        session.close()
    # A file that undoes its own work needs a rollback journal; for others a failure ends the
    # candidate, so none is kept.
    undoes = journal.UNDOES.search(migration.text) is not None
    opened = session.open(journal=undoes)
    begun = time.monotonic()
    deadline = begun + time_limit if time_limit else None
    connection.stop_when(opened, lambda: deadline is not None and time.monotonic() > deadline)
    try:
        # What undoes its own work, or asks how many rows it wrote, is run to the letter.
        counts = session.is_asked or _COUNTS_ROWS.search(migration.text) is not None
        shortens = not undoes and not counts
        done = tuple(_statements(migration, opened, deadline, shortens=shortens))
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


def _statements(
    migration: Migration, opened: sqlite3.Connection, deadline: float | None, *, shortens: bool
) -> Iterator[TracedStatement]:
    statements, place = migration.statements, 0
    while place < len(statements):
        shortcut = _shortcut(statements, place, opened, deadline) if shortens else None
        if shortcut is None:
            yield _execute(migration, statements[place], opened, deadline)
            place += 1
            continue
        first = statements[place]
        for instead in shortcut.instead:
            yield _execute(migration, statements[place], opened, deadline, instead)
            place += 1
        if not shortcut.is_reached(opened):
            raise MigrationFailed(
                migration,
                f"an edit of the schema in place of the rebuild of {shortcut.table} "
                "left something else than the rebuild would have",
                line=first.line,
                hint="end the INSERT of the rebuild with ORDER BY rowid, and it is run as it is "
                "written; then run: inv migrate",
            )


def _shortcut(
    statements: Sequence[Statement],
    place: int,
    opened: sqlite3.Connection,
    deadline: float | None,
) -> Shortcut | None:
    """Return what may be run in the stead of the statements from `place` on, if they rebuild."""
    if len(statements) < place + 4 or not _RENAMES.search(statements[place + 3].text):
        return None
    from drydock.rebuild import handwritten, shortcut

    try:
        rebuild = handwritten.find([each.text for each in statements[place:]])
        return None if rebuild is None else shortcut.shortcut(opened, rebuild)
    except sqlite3.Error as error:
        if not _is_late(deadline):
            connection.require_uninterrupted(error)
        return None  # the statements as they are written will say what is the matter
    except (DrydockError, ValueError):  # a text that SQLite reads and we do not
        return None


def _execute(
    migration: Migration,
    statement: Statement,
    opened: sqlite3.Connection,
    deadline: float | None,
    instead: tuple[str, ...] | None = None,
) -> TracedStatement:
    """Run `statement`, or what stands `instead` of it, which writes no row of its table."""
    _require_inside(migration, statement)
    before = opened.total_changes
    try:
        for text in (statement.text,) if instead is None else instead:
            for _ in opened.execute(text):
                pass  # a SELECT runs to its end; it may call functions that matter
    except sqlite3.Error as error:
        if "interrupted" in str(error) and _is_late(deadline):
            raise TimeLimitReached(migration, statement.line, statement.text) from error
        connection.require_uninterrupted(error)
        cause, hint = explain(error, statement.text, opened, migration)
        raise MigrationFailed(
            migration, cause, line=statement.line, statement=statement.text, hint=hint
        ) from error
    if instead in (None, (statement.text,)):
        return TracedStatement(statement.text, opened.total_changes - before, line=statement.line)
    return TracedStatement(statement.text, 0, line=statement.line, way=_WAY)


def _is_late(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


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
        hint="bring the data in by INSERT statements, or by a Python migration that says so: "
        "# drydock: allow foreign-file: REASON; then run: inv migrate",
    )
