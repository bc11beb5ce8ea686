"""What `sqlite3.connect` is during a Python migration, and the audit hook beside it.

The live path leads to the candidate; any other database, the live file by other means, or another
program is refused through an audit hook (PEP 578), and told to the parent even if the migration
swallows the error. It lives in the migration's own process.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from drydock.executor.recording import Connection, connections, derive, report

_STARTS_PROGRAM = {
    "subprocess.Popen": "starts another program",
    "os.system": "starts another program",
    "os.posix_spawn": "starts another program",
    "os.exec": "replaces itself by another program",
    "os.startfile": "starts another program",
}
# Event → where its arguments are: the paths, and for each the descriptor that it starts from.
_CHANGES_FILE: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.chmod": ((0, 2),),
    "os.link": ((0, 2), (1, 3)),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "shutil.move": ((0, None), (1, None)),
    "shutil.rmtree": ((0, 1),),
}
_TAKES_AWAY = {"os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}
# The options of sqlite3.connect that may be given by position; 3.13 takes most by name only.
_OPTIONS = (
    "timeout",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "factory",
    "cached_statements",
    "uri",
)
_OWN = (
    "use the connection that migrate(db) is given, or sqlite3.connect with the database's own path"
)
_OR_DECLARE = "; where it is meant to read another file: # drydock: allow foreign-file: REASON"
_FORK = 'do the work in this process, or take multiprocessing.get_context("fork")'
real_connect = sqlite3.connect
"""sqlite3's own, for what is ours."""


class Outside(RuntimeError):
    """The migration reached for something that is not its own."""


class Redirect:
    """What `sqlite3.connect` is during a migration."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.candidate = order["candidate"]
        self._uri = Path(self.candidate).as_uri()
        self.live = os.path.realpath(order["live"])
        self._files = {f"{self.live}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")}
        self.allowed = frozenset(order["allowed"])
        self.file = order["file"]

    def connect(self, database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """Open the candidate for the live path; memory for memory; refuse anything else."""
        options |= dict(zip(_OPTIONS, arguments, strict=False))
        target = self._target(os.fsdecode(database), is_uri=bool(options.get("uri")))
        is_file = target not in ("", ":memory:")
        if is_file:  # what is tried in memory is no part of what was done
            options["factory"] = derive(options.get("factory", Connection), Connection)
        connection: sqlite3.Connection = real_connect(target, **options)
        if is_file and not connection.in_transaction:  # it is without autocommit (Python 3.12)
            sqlite3.Connection.execute(connection, "PRAGMA synchronous=OFF")
        is_candidate = target.partition("?")[0] in (self.candidate, self._uri)
        connection.set_authorizer(self._observe if is_candidate else self._authorize)
        if isinstance(connection, Connection):
            connections.add(connection)
        return connection

    def _target(self, database: str, *, is_uri: bool) -> str:
        path, query = database, ""
        if is_uri and database.startswith("file:"):
            parts = urlsplit(database)
            path, query = unquote(parts.path), parts.query
        if path in ("", ":memory:") or "mode=memory" in query:
            return database
        if os.path.realpath(path) == self.live:
            return f"{self._uri}?{query}" if query else self.candidate
        if "foreign-file" not in self.allowed:
            what = f"it opens another database: {path} (the project's is {self.live})"
            self.refuse(what, hint=_OWN + _OR_DECLARE)
        return database

    def _observe(self, action: int, *named: Any) -> int:
        # Whatever asks something of the database comes by here, also past our own classes.
        report.was_asked = report.was_asked or action != sqlite3.SQLITE_TRANSACTION
        return self._authorize(action, *named)

    def _authorize(self, action: int, name: str | None, *_: Any) -> int:
        # SQLite names no file for ATTACH ?: it knows it only when the statement runs.
        is_file = action == sqlite3.SQLITE_ATTACH and name not in ("", ":memory:")
        if is_file and "foreign-file" not in self.allowed:
            what = f"it attaches another file: {name or 'one that a variable names'}"
            self._note(what, hint=_OWN + _OR_DECLARE)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what could reach the live file beside `sqlite3.connect`."""
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            if self._is_live(arguments[0]):
                self.refuse(f"it opens the live database file itself: {self.live}")
        elif event == "sqlite3.connect":
            if self._is_live(arguments[0]):
                self.refuse("it opens the live database past sqlite3.connect")
        elif event == "ctypes.dlopen" and _is_sqlite(arguments[0]):
            self.refuse(f"it loads a SQLite of its own: {os.fsdecode(arguments[0])}")
        elif event in _STARTS_PROGRAM:
            self.refuse(f"it {_STARTS_PROGRAM[event]}, which could reach the live database")
        elif event in _CHANGES_FILE:
            self._require_other(event, arguments)

    def _require_other(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse a change of the live file's name or content, and of the folders that it is in."""
        for place, start in _CHANGES_FILE[event]:
            path = _resolved(arguments[place], arguments[start : start + 1] if start else ())
            if path in self._files:
                self.refuse(f"it changes the live database file itself: {self.live}")
            if event in _TAKES_AWAY and self.live.startswith(f"{path}{os.sep}"):
                self.refuse(f"it moves or removes a folder of the live database: {path}")

    def _is_live(self, path: Any) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        text = os.fsdecode(path)
        if text.startswith("file:"):
            text = unquote(urlsplit(text).path)
        # A file's own name is compared first: resolving every import would cost seconds.
        base = os.path.basename(text)  # noqa: PTH119
        own = os.path.basename(self.live)  # noqa: PTH119
        if not base.startswith(own) and not os.path.islink(text):  # noqa: PTH114
            return False
        return os.path.realpath(text) in self._files

    def fork_exec(self, *_: Any) -> NoReturn:
        """Refuse what multiprocessing starts by spawn and by forkserver, without an audit event."""
        self.refuse("it starts another Python, which could reach the live database", hint=_FORK)

    def refuse(self, what: str, *, hint: str = _OWN) -> NoReturn:
        """Tell the parent, and raise where the migration stands."""
        self._note(what, hint=hint)
        raise Outside(what)

    def _note(self, what: str, *, hint: str) -> None:
        if report.outside is None:
            report.outside = {"what": what, "line": line_in(self.file), "hint": hint}


def _resolved(path: Any, start: tuple[Any, ...]) -> str:
    """Return where a path leads that is told by an audit event; empty for a descriptor."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        return ""
    text = os.fsdecode(path)
    if start and isinstance(start[0], int) and start[0] >= 0:
        text = os.path.join(_folder_of(start[0]), text)  # noqa: PTH118 - it may be absolute
    return os.path.realpath(text)


def _folder_of(descriptor: int) -> str:
    """Return the folder that an open descriptor is."""
    if sys.platform == "darwin":
        import fcntl

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return os.path.realpath(f"/proc/self/fd/{descriptor}")


def _is_sqlite(library: Any) -> bool:
    return isinstance(library, (str, bytes, os.PathLike)) and (
        "sqlite" in Path(os.fsdecode(library)).name.lower()
    )


def line_in(file: str) -> int | None:
    """Return the line of `file` that is being executed now, None when it is not on the stack."""
    frame = sys._getframe(1)  # noqa: SLF001 - the one way to the stack without a traceback
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None
