"""Two sets of books that say the same: Drydock's ledger and the other tool's table.

The tool's table says what has been applied, since the tool may have been used meanwhile; the
ledger adds what the tool does not keep: the text, the run, the seconds. It writes to candidates
only, and never corrects the tool's table by the ledger, except to fill one that is missing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drydock import ledger
from drydock.formats.recognition import format_of
from drydock.ledger import Entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from drydock.formats.format import Mark
    from drydock.migration import Migration


def entries(connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Entry, ...]:
    """Return the applied migrations: the ledger's, or those of the tool that `files` belong to.

    Raises:
        BooksRefused: The tool's bookkeeping says that one of its runs failed halfway.
    """
    own = ledger.entries(connection)
    format_ = format_of(files)
    if format_ is None or not format_.keeps(connection):
        return own
    ours = {entry.name: entry for entry in own}
    by_version = {each.origin.version: each for each in files if each.origin is not None}
    found: dict[str, Entry] = {}
    for mark in format_.marks(connection, files):
        file = by_version.get(mark.version)
        if file is not None and _is_due_again(file, mark):
            found.pop(file.name, None)
            continue
        name = file.name if file is not None else mark.version
        found[name] = _entry(
            len(found) + 1, name, mark, file=file, own=ours.get(name), tool=format_.name
        )
    return tuple(found.values())


def _is_due_again(file: Migration, mark: Mark) -> bool:
    origin = file.origin
    return origin is not None and origin.is_repeatable and mark.digest != origin.digest


def _entry(
    sequence: int, name: str, mark: Mark, *, file: Migration | None, own: Entry | None, tool: str
) -> Entry:
    """Return the entry of one applied migration; the tool's checksum decides where it keeps one."""
    checksum = own.checksum if own is not None else (file.checksum if file is not None else "")
    if file is not None and file.origin is not None and mark.digest:
        checksum = file.checksum if mark.digest == file.origin.digest else mark.digest
    if own is not None:
        return Entry(sequence, name, checksum, own.applied_at, own.seconds, own.run)
    return Entry(sequence, name, checksum, mark.at, 0.0, tool)


def agree(connection: sqlite3.Connection, files: Sequence[Migration]) -> None:
    """Make both books on a candidate say the same before anything is applied.

    What the tool applied or took back by itself follows in the ledger; a table of the tool's that
    is missing is made, and filled from the ledger.
    """
    format_ = format_of(files)
    if format_ is None:
        return
    known = {entry.name: entry for entry in ledger.entries(connection)}
    if not format_.keeps(connection):
        format_.open_books(connection)
        for each in files:
            if entry := known.get(each.name):
                format_.enter(connection, each, _when(entry.applied_at), entry.seconds)
        return
    format_.open_books(connection)  # the tool may have more tables than one
    applied = {entry.name: entry for entry in entries(connection, files)}
    for each in files:
        if each.name in known and each.name not in applied:
            ledger.remove(connection, each.name)
        elif each.name in applied and each.name not in known:
            at = applied[each.name].applied_at
            ledger.record(connection, each, applied_at=at, seconds=0.0, run=format_.name)


def enter(
    connection: sqlite3.Connection, migration: Migration, *, applied_at: str, seconds: float
) -> None:
    """Enter `migration` in the books of its own tool, where it has one."""
    format_ = format_of((migration,))
    if format_ is None or (migration.origin is not None and migration.origin.keeps_books):
        return
    format_.open_books(connection)
    format_.enter(connection, migration, _when(applied_at), seconds)


def strike(
    connection: sqlite3.Connection,
    migration: Migration,
    files: Sequence[Migration],
    *,
    at: str = "",
) -> None:
    """Take `migration` out of both books: its way back has been run, at `at` or just now."""
    format_ = format_of((migration,))
    if format_ is not None and migration.origin is not None and not migration.origin.keeps_books:
        format_.strike(connection, migration, files, _when(at))
    ledger.remove(connection, migration.name)


def _when(text: str) -> datetime:
    """Return a time of the ledger's; one that a tool wrote in its own way counts as now."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
