"""The hold: one connection keeps every other writer out of the live database, for a whole run.

SQLite itself is the judge of who is connected. Leaving WAL mode is granted only when nobody else
has the file open, idle connections included (pragma.html#pragma_journal_mode), and in DELETE mode
the RESERVED lock, kept by ``locking_mode=EXCLUSIVE`` after its transaction has ended, makes an
outside writer get "locked" instead of losing its write. Because no transaction is open, the same
connection can be the source of the backup and, where a rename cannot serve, the target of publish
(``Connection.backup()`` from a connection that is writing loops for ever, F33).
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import connection
from drydock.connection import DatabaseLocked
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.words import as_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drydock.service.holders import Holder

_RETRY_SECONDS = 0.05


class NotWritable(DrydockError):
    """The database or its folder cannot be written, so nothing could be published (F36).

    `may_pass`: another program that is about to close the database may be the reason.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, why: str, *, may_pass: bool = False) -> None:
        self.path = path
        self.may_pass = may_pass
        super().__init__(
            f"{path} cannot be written; nothing was touched",
            cause=why,
            hint=f"check owner and permissions: ls -ld {as_word(path.parent)} {as_word(path)}",
        )


class Hold:
    """The live database, held.

    `journal_mode` is what it was before; `timeout` is the seconds that others are waited for.
    """

    def __init__(
        self, path: Path, live: sqlite3.Connection, journal_mode: str, timeout: float
    ) -> None:
        self.path = path
        self.connection = live
        self.journal_mode = journal_mode
        self.timeout = timeout

    def release(self) -> None:
        """Let every writer in again; harmless when it was done before."""
        self.connection.close()


def take(path: Path, *, timeout: float, announce: Callable[[str], None]) -> Hold:
    """Hold the live database.

    Args:
        path: Its real path.
        timeout: Seconds to wait for others to let go.
        announce: Called with the journal mode before it is changed, to record it durably: were
            we killed after the change, the next command restores it.

    Raises:
        DatabaseLocked: Another process has it open in WAL mode, or is writing; it is named.
        NotWritable: The file, its folder or its file system is read-only.
    """
    require_writable(path)
    deadline = time.monotonic() + timeout
    while True:
        try:
            return _try(path, timeout, announce)
        except NotWritable as error:
            if not error.may_pass or time.monotonic() >= deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _try(path: Path, timeout: float, announce: Callable[[str], None]) -> Hold:
    try:
        live = connection.live(path, timeout=timeout)
    except DatabaseLocked as error:
        raise DatabaseLocked(path, error.cause[0], named(path)) from error
    mode = ""
    try:
        mode = _value(live, "PRAGMA journal_mode")
        announce(mode)
        reach("hold-1")
        # 1. Out of WAL mode: the proof that nobody else is connected. No -wal can exist after it.
        _leave_wal(live, path, timeout)
        reach("hold-2")
        # 2. RESERVED, kept without a transaction. Readers may go on; nobody can write.
        live.execute("PRAGMA locking_mode=EXCLUSIVE")
        live.execute("BEGIN IMMEDIATE")
        live.execute("ROLLBACK")
        # 3. Between 1 and 2 somebody may have put it back into WAL mode.
        if _value(live, "PRAGMA journal_mode") == "wal":
            raise DatabaseLocked(path, "a program keeps switching it to WAL mode", named(path))
        # A -wal that could not be deleted is no error to SQLite: it goes on with it, and says
        # DELETE. What is in it then would be in no copy of the file (F02), and no rename's (F04).
        if Path(f"{path}-wal").exists():
            raise NotWritable(path, f"{path.name}-wal could not be removed", may_pass=True)
        reach("hold-3")
    except sqlite3.OperationalError as error:
        _let_go(live, path, mode)
        if "locked" in str(error):
            raise DatabaseLocked(path, str(error), named(path)) from error
        raise NotWritable(path, str(error)) from error
    except BaseException:
        _let_go(live, path, mode)
        raise
    return Hold(path, live, mode, timeout)


def restore_journal_mode(path: Path, mode: str, *, timeout: float) -> bool:
    """Put the database back into `mode` where that outlives a connection (WAL); say if it is so.

    Never raises for a lock: somebody who has the database open already chose its mode.
    """
    if mode != "wal":
        return True
    live = connection.live(path, timeout=timeout)
    try:
        live.execute("PRAGMA synchronous=EXTRA")  # else a power cut may undo it (F38)
        return _value(live, "PRAGMA journal_mode=WAL") == "wal"
    except sqlite3.OperationalError:
        return False
    finally:
        live.close()


def named(path: Path) -> tuple[str, ...]:
    """Return who has the database open, each as ``command (pid N)``; empty if nobody is seen."""
    from drydock.service.holders import holders

    return _told(holders(path).found)


def name_holders(error: BaseException) -> None:
    """Say in `error` who has the database open, where it is locked and nobody has looked yet."""
    if isinstance(error, DatabaseLocked) and error.holders is None:
        error.name(named(error.path))


def left_behind(path: Path, device: int, inode: int, *, timeout: float) -> tuple[str, ...]:
    """Return who still has a file open that another one has replaced at `path`, as `named` does.

    They get `timeout` seconds to find out: what they try to write is refused as long as the new
    file is not in WAL mode (READONLY_DBMOVED), and most then close it.
    """
    from drydock.service.holders import holders_of_replaced

    deadline = time.monotonic() + timeout
    while left := holders_of_replaced(path, device, inode).found:
        if time.monotonic() >= deadline:
            break
        time.sleep(_RETRY_SECONDS)
    return _told(left)


def _told(found: Iterable[Holder]) -> tuple[str, ...]:
    return tuple(f"{' '.join(each.command)[:120]} (pid {each.pid})" for each in found)


def require_writable(path: Path) -> None:
    """Raise NotWritable unless the file and its folder can be written (F36)."""
    for each in (path, path.parent):
        if os.statvfs(each).f_flag & os.ST_RDONLY:  # first: access(2) says no to it as well
            raise NotWritable(path, f"the file system of {each} is mounted read-only")
        if not os.access(each, os.W_OK):
            raise NotWritable(path, f"no permission to write {each}")


def _leave_wal(live: sqlite3.Connection, path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            mode = _value(live, "PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            mode = "wal"
        if mode == "delete":
            return
        if time.monotonic() >= deadline:
            raise DatabaseLocked(
                path, f"another program has it open (waited {timeout:g} s)", named(path)
            )
        time.sleep(_RETRY_SECONDS)


def _let_go(live: sqlite3.Connection, path: Path, mode: str) -> None:
    """Give up half-way: nobody is held, and the journal mode is what it was."""
    live.close()
    with suppress(DrydockError, sqlite3.Error):
        restore_journal_mode(path, mode, timeout=0)


def _value(live: sqlite3.Connection, sql: str) -> str:
    return str(live.execute(sql).fetchone()[0]).lower()
