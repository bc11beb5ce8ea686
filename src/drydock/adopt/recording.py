"""Write what was found out, or what the user says, into the ledger of the live database.

One small transaction of SQLite's own, and not a candidate and a publish: no table changes but our
own and that of the tool which the files belong to; SQLite makes that whole or not at all at any
kill, and the application may go on running meanwhile. A proved backup has been taken before. It
refuses to record when the schema is not the one that was judged.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection, formats, ledger, record
from drydock.connection import DatabaseLocked
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from drydock.migration import Migration

Signature = tuple[tuple[str, str, str | None], ...]


class DatabaseMoved(DrydockError):
    """The schema changed while the scripts were judged, so the verdicts are of another one."""

    exit_code = ExitCode.BUSY

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"the schema of {path.name} changed while the scripts were tried; nothing was recorded",
            cause="another program altered it meanwhile",
            hint="run it again: inv adopt",
        )


@dataclass(frozen=True, slots=True)
class Entries:
    """What is to change in the ledger, in this order.

    `removed` are names that go, with their files where they have one; `renamed` pairs an old with
    a new name, `added` a migration with how it came in (``adopted`` or ``marked``). `files` are
    all of the folder's, for the books of the tool that they belong to.
    """

    files: tuple[Migration, ...] = ()
    removed: tuple[tuple[str, Migration | None], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[Migration, str], ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anything to write."""
        return bool(self.removed or self.renamed or self.added)


def signature(opened: sqlite3.Connection) -> Signature:
    """Return the schema as stored, but for our own tables: what tells that it was changed."""
    rows = opened.execute(
        "SELECT type, name, sql FROM sqlite_schema "
        "WHERE name NOT LIKE '\\_drydock\\_%' ESCAPE '\\' ORDER BY type, name"
    )
    return tuple((str(kind), str(name), sql) for kind, name, sql in rows)


def write(
    live: Path,
    entries: Entries,
    *,
    seen: Signature | None,
    timeout: float,
    alongside: AbstractContextManager[object] | None = None,
) -> None:
    """Change the ledger of `live`, durably, all or nothing.

    Args:
        live: The live database's real path.
        entries: What is to change.
        seen: The schema that was judged; None where none was.
        timeout: Seconds to wait for other writers.
        alongside: Changes to files that belong to it: made before the commit, and taken back
            by itself when the commit fails.

    Raises:
        DatabaseMoved: The schema is not what was judged; nothing changed.
        DatabaseLocked: Another process is writing, and did not end in time.
    """
    with closing(connection.live(live, timeout=timeout)) as opened:
        try:
            # A killed process leaves the old ledger: SQLite rolls its journal back.
            opened.execute("PRAGMA synchronous=EXTRA")
            opened.execute("BEGIN IMMEDIATE")
            if seen is not None and signature(opened) != seen:
                raise DatabaseMoved(live)
            _change(opened, entries)
            with alongside or nullcontext():
                opened.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DatabaseLocked(live, str(error)) from error
            raise


def _change(opened: sqlite3.Connection, entries: Entries) -> None:
    ledger.create(opened)
    for name, file in entries.removed:
        if file is not None:
            formats.strike(opened, file, entries.files)
        ledger.remove(opened, name)
    for old, new in entries.renamed:
        ledger.rename(opened, old, new)
    for migration, how in entries.added:
        at = record.now()
        ledger.record(opened, migration, applied_at=at, seconds=0.0, run=how)
        formats.enter(opened, migration, applied_at=at, seconds=0.0)
