"""The one module that opens SQLite databases by path.

Each function is a way of opening with its reason: to read without writing, to hold the live file,
to copy into, to migrate a candidate. It refuses to create a database by accident (F34), and no
function here reads the live file other than through SQLite: closing a second descriptor would
drop SQLite's POSIX locks (F01; "How To Corrupt An SQLite Database File", section 2.2).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as percent

from drydock import files
from drydock.errors import DrydockError, ExitCode, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

INTERRUPT_STEPS = 20_000
"""Virtual machine steps between two chances for Ctrl-C to be answered (F26); about 1 ms."""

MAPPED_BYTES = 1 << 40
"""How much of a file at rest is mapped; SQLite caps it at what it was built for."""

HEADER_BYTES = 100
"""The size of a SQLite file's header; anything shorter holds no database (fileformat2, 1.3)."""

_NOT_THE_FILES_FAULT = {
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM),
}
_ROOM_TO_READ = 1 << 16  # bytes: the -shm file of a WAL database takes 32 kB


class _Connection(sqlite3.Connection):
    """A connection whose errors are SQLite's, also where their text is not UTF-8.

    A damaged schema, or names in another encoding, come up in what SQLite says; Python decodes
    that strictly, and raises an error of its own.
    """

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError(error.object.decode(errors="replace")) from error


class DatabaseMissing(DrydockError):
    """The configured path is not a database that could be worked on."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        near = near_databases(path)
        super().__init__(
            f"{path} {why}; nothing was touched",
            cause=[f"a database file near it: {file}" for file in near],
            hint="set database in the settings, mean a new one: inv migrate --create\n"
            "where it was lost, bring a backup back: inv restore BACKUP (inv backups lists them)",
        )


class NotADatabase(DrydockError):
    """The file is there, but SQLite does not read it as a database."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, cause: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be read as a SQLite database; nothing was touched",
            cause=cause,
            hint="if it is encrypted or another program's file, set another database\n"
            "if it was damaged, bring a backup back: inv restore BACKUP (inv backups lists them)",
        )


class OutOfReach(DrydockError):
    """The file could not be opened or read for a reason outside of it: a disk, a permission."""

    exit_code = ExitCode.FAILED

    def __init__(self, path: Path, cause: str) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be opened; nothing was touched",
            cause=[cause, *_circumstances(Path(os.path.realpath(path)))],
            hint="look at the disk and the permissions: inv doctor",
        )


class DatabaseLocked(DrydockError):
    """Another process has the database, and did not let go in time."""

    exit_code = ExitCode.BUSY

    def __init__(self, path: Path, why: str, holders: tuple[str, ...] | None = None) -> None:
        self.path = path
        self.why = why
        super().__init__(
            f"database is locked: {path}",
            cause=why,
            hint="close that program (or let it finish), then run the command again",
        )
        self.holders: tuple[str, ...] | None = None
        if holders is not None:
            self.name(holders)

    def name(self, holders: tuple[str, ...]) -> None:
        """Say who has the database open, once somebody has looked."""
        self.holders = holders
        named = [f"held by {holder}" for holder in holders]
        self.cause = [
            self.why,
            *(named or ["no process of yours has the file open; try: inv doctor"]),
        ]


def _circumstances(path: Path) -> list[str]:
    """Return what the file system says against opening the database at `path`."""
    folder = path.parent
    found = []
    if not os.access(path, os.R_OK):
        found.append(f"no permission to read {path}")
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        found.append(f"the file system of {folder} is mounted read-only")
    elif not os.access(folder, os.W_OK):
        found.append(f"no permission to write {folder}, where SQLite needs a file beside it")
    if files.free_bytes(folder) < _ROOM_TO_READ:
        found.append(f"no room on the disk of {folder}, where SQLite needs a file beside it")
    return found


def near_databases(path: Path) -> tuple[Path, ...]:
    """Return database-like files beside `path` and one folder down, at most five, by name."""
    endings = {".db", ".sqlite", ".sqlite3", ".db3"}
    folder = path.parent if path.parent.is_dir() else Path()
    found = (
        file
        for pattern in ("*", "*/*")
        for file in folder.glob(pattern)
        if file.suffix in endings
        and not file.is_symlink()
        and file.is_file()
        and file.stat().st_size > HEADER_BYTES
    )
    shown = (file for file in found if ".drydock" not in file.parts and "backups" not in file.parts)
    return tuple(sorted(shown)[:5])


def require_file(path: Path) -> Path:
    """Return the real path of the database at `path`, links resolved (F08).

    Raises:
        DatabaseMissing: there is no file, or it is too short to hold a database (F29, F34).
    """
    real = Path(os.path.realpath(path))
    try:
        state = real.stat()
    except FileNotFoundError:
        raise DatabaseMissing(path, "does not exist") from None
    except OSError as error:
        raise DatabaseMissing(path, f"cannot be reached ({error.strerror})") from error
    if not os.path.isfile(real):  # noqa: PTH113 - Path.is_file hides permission errors
        raise DatabaseMissing(path, "is not a regular file")
    if state.st_size == 0:
        raise DatabaseMissing(path, "is empty (0 bytes)")
    if state.st_size < HEADER_BYTES:
        raise NotADatabase(path, f"{state.st_size} bytes, shorter than a database's header")
    return real


def read(path: Path, *, timeout: float = 5.0) -> sqlite3.Connection:
    """Open a database that may be live, only to read it, leaving nothing beside it.

    A read-only open of a WAL database leaves ``-wal`` and ``-shm`` files behind; a writable one
    removes them on close, but would checkpoint the frames of a crashed writer. So: read-only
    where a WAL holds frames, writable with ``query_only`` elsewhere.

    Args:
        path: The database; it must exist.
        timeout: Seconds to wait for a lock.

    Raises:
        DatabaseMissing, NotADatabase: as they say.
    """
    real = require_file(path)
    wal = Path(f"{real}-wal")
    mode = "ro" if files.size(wal) > 0 else "rw"
    connection = _open(real, mode, timeout)
    connection.execute("PRAGMA query_only=ON")
    return checked(connection, path)


def read_only(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes (a backup, a finished candidate), only to read it."""
    connection = _open(path, "ro", 5.0)
    connection.execute("PRAGMA query_only=ON")
    map_at_rest(connection)
    return connection


def map_at_rest(connection: sqlite3.Connection) -> None:
    """Read the files behind `connection` through memory: a check costs half of what it does else.

    Only for files that nobody writes or truncates meanwhile (mmap.html).
    """
    connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")


def live(path: Path, *, timeout: float) -> sqlite3.Connection:
    """Open the live database to hold it; `timeout` is in seconds.

    Raises:
        DatabaseMissing, NotADatabase: as they say.
    """
    real = require_file(path)
    return checked(_open(real, "rw", timeout), path)


def writing(path: Path, *, timeout: float) -> sqlite3.Connection:
    """Open the live database to write rows into it as the application would.

    Its triggers may use full-text tables, which SQLite allows only where the schema is trusted.

    Raises:
        DatabaseMissing, NotADatabase: as they say.
    """
    connection = live(path, timeout=timeout)
    connection.execute("PRAGMA trusted_schema=ON")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return `connection` when its file reads as a database; close it and raise otherwise."""
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        if "locked" in str(error):
            raise DatabaseLocked(path, str(error)) from error
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_THE_FILES_FAULT:
            raise OutOfReach(path, str(error)) from error
        raise NotADatabase(path, str(error)) from error
    return connection


def copy_target(path: Path) -> sqlite3.Connection:
    """Open a file of ours to be filled by the backup API; nothing is synced.

    It is locked once, not at each step of the copy.
    """
    connection = _open(path, "rwc", 5.0)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def create_empty(path: Path, settings: Iterable[str] = ()) -> None:
    """Create a database without tables at `path`, readable by its owner alone.

    `settings` are the PRAGMA statements that only a new database heeds (its page size, for one).

    Raises:
        FileExistsError: There is a file.
    """
    files.create_private(path)
    connection = _open(path, "rw", 5.0)
    try:
        for each in settings:
            connection.execute(each)
        # The header makes it a database; only a table's creation writes the encoding into it.
        connection.execute("CREATE TABLE passing (x)")
        connection.execute("DROP TABLE passing")
        connection.execute("VACUUM")
    finally:
        connection.close()


def candidate(path: Path, *, journal: bool) -> sqlite3.Connection:
    """Open a candidate: disposable, so nothing is synced.

    Args:
        path: The candidate's file.
        journal: Keep a rollback journal (in a file, so that memory stays flat), for code that
            may catch an error and go on. Without one a failed statement ruins the file.
    """
    connection = _open(path, "rwc", 5.0)
    # A SELECT in a migration may meet text that somebody stored as Latin-1 (F21).
    connection.text_factory = lambda data: data.decode(errors="replace")
    # The application's own triggers may write to a full-text index, as under any other connection.
    connection.execute("PRAGMA trusted_schema=ON")
    try:
        be_disposable(connection, journal=journal)
    except sqlite3.Error:  # a migration has left what SQLite cannot read
        connection.close()
        raise
    return connection


def be_disposable(connection: sqlite3.Connection, *, journal: bool) -> None:
    """Write without syncs, and without a rollback journal where nobody will roll back."""
    connection.execute("PRAGMA synchronous=OFF")
    # A migration that switched to WAL means it for good; publish makes one file of it.
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute(f"PRAGMA journal_mode={'TRUNCATE' if journal else 'OFF'}")


def stop_when(
    connection: sqlite3.Connection, should_stop: Callable[[], bool] | None = None
) -> None:
    """Let Python's signal handlers, and `should_stop`, end a long statement (F26)."""
    connection.set_progress_handler(lambda: bool(should_stop and should_stop()), INTERRUPT_STEPS)


def require_uninterrupted(error: sqlite3.Error) -> None:
    """Raise Interrupted when `error` is all that is left of a signal (F26).

    What a signal's handler raises inside SQLite's progress callback is lost in the sqlite3
    module; the statement then ends with SQLITE_INTERRUPT, which must not pass for a fault of the
    migration or for damage.
    """
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        raise Interrupted("Ctrl-C or another signal") from error


def _open(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    uri = f"file:{percent(os.fsencode(path))}?mode={mode}"
    try:
        connection = sqlite3.connect(
            uri, uri=True, timeout=timeout, isolation_level=None, factory=_Connection
        )
    except sqlite3.OperationalError as error:
        raise OutOfReach(path, f"{error}") from error
    # A schema from elsewhere must not run code of its choice in our process (Security).
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection
