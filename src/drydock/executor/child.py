"""The child process of a Python migration: every way to the live database leads to the candidate.

``python -m drydock.executor.child FD`` reads its order as JSON from standard input and writes one
JSON object to the descriptor FD at its end. `sqlite3.connect` of the live path opens the
candidate; opening any other database, the live file by other means, or another program is
refused through an audit hook (PEP 578), and told to the parent even if the migration swallows the
error. It guards against accidents; a migration that means harm is beyond it.
"""

from __future__ import annotations

import _posixsubprocess
import json
import os
import re
import sqlite3
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, GeneratorType, ModuleType
from typing import Any

from drydock.connection import be_disposable
from drydock.executor import drivers, shutdown
from drydock.executor.argument import argument, path
from drydock.executor.diagnosis import explain
from drydock.executor.ending import is_end
from drydock.executor.failures import NOT_YOURS, UNHEARD
from drydock.executor.orphan import end_with
from drydock.executor.recording import Connection, connections, note_uncommitted, report
from drydock.executor.redirect import Redirect, line_in, real_connect
from drydock.migration import Migration

_NAMES = {"function": "drydock_migration", "script": "__main__"}
_ASKS_OURS = re.compile("drydock|sqlite_utils|sqlite_migrate")


def main() -> None:
    """Run the migration named by the order on standard input."""
    descriptor = int(sys.argv[1])
    pipe = _identity(descriptor)
    order = json.load(sys.stdin)
    end_with(order["parent"])
    drivers.refuse()
    _load_ours(order)
    redirect = Redirect(order)
    for module in (sqlite3, sqlite3.dbapi2):  # SQLAlchemy takes it from the second
        vars(module)["connect"] = redirect.connect
    vars(_posixsubprocess)["fork_exec"] = redirect.fork_exec
    # What the migration imports is the application's, as if it were run by hand: beside it first.
    sys.path[:0] = [str(Path(order["file"]).parent), order["root"]]
    sys.argv = [order["file"]]
    # Loaded now: the audit hook would look at each of its files.
    code = compile(order["text"], order["name"], "exec", dont_inherit=True)
    own = os.getpid()
    shutdown.watch(lambda error: _fail(error, order))
    try:
        if order["kind"] == "function":
            _run_function(code, order)
        else:
            sys.addaudithook(redirect.audit)
            _run_script(code, order)
        report.finished = True
    except SystemExit as leaving:
        report.finished = _is_end(leaving, order)
        report.left_at = None if report.finished else _line(leaving, order)
    except BaseException as error:  # noqa: BLE001 - whatever a migration raises is told
        _fail(error, order)
    if os.getpid() != own:
        os._exit(0 if report.error is None else 1)  # a fork of the migration; it has no say
    if report.finished:
        _end(order)
    shutdown.flush()
    for connection in tuple(connections):
        note_uncommitted(connection)
    # The migration may have closed it, and opened a file of its own in its place.
    if _identity(descriptor) != pipe:
        os._exit(UNHEARD)
    report.send(descriptor)
    os._exit(0 if report.finished else 1)


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _end(order: dict[str, Any]) -> None:
    """Do what Python does at a program's end; an error in that is one of the migration."""
    try:
        shutdown.wait()
    except BaseException as error:  # noqa: BLE001 - as above
        _fail(error, order)
    shutdown.clear(vars(sys.modules[_NAMES[order["kind"]]]))


def _fail(error: BaseException, order: dict[str, Any]) -> None:
    """Note an error; what came first is told, and each stands in the log."""
    with suppress(Exception):  # closed by the migration
        sys.stdout.flush()  # what it printed comes first in the log
        traceback.print_exception(error, file=sys.stderr)
    report.error = report.error or _describe(error, order)


class GaveUp(RuntimeError):
    """The migration says itself that it has failed."""


def _load_ours(order: dict[str, Any]) -> None:
    """Import what Drydock gives a migration before its folders are asked: they may hold a click.py.

    Used once, too: sqlite-utils looks for its plugins, and the tokens for their lexer, only then.
    """
    if order["kind"] == "function" or _ASKS_OURS.search(order["text"]):
        from drydock import tokens
        from drydock.rebuild import Database

        Database(memory=True).close()
        tokens.tokenize("")


def _run_function(code: Any, order: dict[str, Any]) -> None:
    """Call ``migrate(db)`` in a transaction that is ours, foreign keys off before it (F15)."""
    from drydock.rebuild import Database

    redirect = Redirect(order)
    sys.addaudithook(redirect.audit)
    connection = sqlite3.connect(order["live"], isolation_level=None)
    connection.execute("PRAGMA foreign_keys=OFF")
    be_disposable(connection, journal=order["journal"])
    assert isinstance(connection, Connection)
    connection.keeps_journal = order["journal"]
    connection.tells_line = lambda: line_in(order["file"])
    database = Database(connection)
    report.statements.clear()
    report.was_asked = False
    names = vars(_module(order))
    exec(code, names)  # noqa: S102 - running the user's migration is what this is for
    sqlite3.Connection.execute(connection, "BEGIN")  # no statement of the migration's
    entry = names[order["entry"]]
    _require_run(entry(argument(entry, database)), order)
    if report.closed is None and connection.in_transaction:
        sqlite3.Connection.execute(connection, "COMMIT")
    report.statements = [
        each for each in report.statements if each["sql"] not in ("BEGIN", "COMMIT")
    ]
    connection.tells_line = None
    connection.close()


def _run_script(code: Any, order: dict[str, Any]) -> None:
    names = vars(_module(order))
    names["DRYDOCK_DATABASE"] = order["live"]  # for the programs of other tools' migrations
    exec(code, names)  # noqa: S102 - running the user's migration is what this is for
    if not order["runs_itself"]:
        entry = names[order["entry"]]
        _require_run(entry(*path(entry, order["live"])), order)


def _module(order: dict[str, Any]) -> ModuleType:
    """Return a new module that is imported by its name, as dataclasses and pickle do."""
    name = _NAMES[order["kind"]]
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = order["file"]
    return module


def _require_run(result: Any, order: dict[str, Any]) -> None:
    """Raise where calling the entry has run nothing of it, or it says itself that it failed.

    It runs nothing where it has a ``yield``, or is to be awaited.
    """
    if result is False:
        raise GaveUp(f"{order['entry']}() gave back False")
    if isinstance(result, (GeneratorType, CoroutineType, AsyncGeneratorType)):
        kind = type(result).__name__.replace("_", " ")
        raise TypeError(
            f"{order['entry']}() gives back {'an' if kind[0] == 'a' else 'a'} {kind}, so nothing "
            "in it has run; do the work without yield and async"
        )


def _is_end(leaving: SystemExit, order: dict[str, Any]) -> bool:
    """Say whether a ``sys.exit`` was the migration's end; of what is given a database it never is.

    Nor of another tool's: what called it had more to do.
    """
    if order["kind"] == "function" or order["name"] != order["file"]:
        return False
    entry = "<module>" if order["runs_itself"] else order["entry"]
    return is_end(leaving, order["text"], order["file"], entry)


def _frames(error: BaseException, order: dict[str, Any]) -> list[traceback.FrameSummary]:
    """Return where the error came through the migration's own file, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename == order["file"]]


def _line(error: BaseException, order: dict[str, Any]) -> int | None:
    frames = _frames(error, order)
    return frames[-1].lineno if frames else None


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - an error of the user's own class
        return f"its message cannot be read: {type(second).__name__}"


def _describe(error: BaseException, order: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": "" if isinstance(error, GaveUp) else type(error).__name__,
        "message": _message(error),
        "line": _line(error, order),
        "statement": "",
        "more": [],
        "hint": "mend the file, then run: inv migrate",
    }
    # SQLAlchemy raises its own error from SQLite's.
    cause = next((e for e in (error, error.__cause__) if isinstance(e, sqlite3.Error)), None)
    if cause is not None:
        described["type"], described["statement"] = type(cause).__name__, report.last_statement
        file = Path(order["file"])
        opened = _opened(order["candidate"])
        migration = Migration(file.stem, file, order["text"], "")
        try:
            causes, described["hint"] = explain(cause, report.last_statement, opened, migration)
        except sqlite3.Error:  # without a journal, a failure may leave nothing that can be read
            causes = [str(cause)]
        described["message"], described["more"] = causes[0], causes[1:]
        if report.closed is not None and isinstance(cause, sqlite3.ProgrammingError):
            described["more"] = [f"it was closed in line {report.closed}"]
            described["hint"] = NOT_YOURS
        opened.close()
    elif hasattr(error, "cause") and hasattr(error, "hint"):
        described["more"] = list(error.cause)
        described["hint"] = error.hint or described["hint"]
    return described


def _opened(candidate: str) -> sqlite3.Connection:
    """Return a connection that can read what the migration has done so far.

    That is its own, if it has changed anything: it may have locked the file to all others.
    """
    for own in tuple(connections):
        with suppress(sqlite3.ProgrammingError):  # closed
            own.row_factory = None  # as `explain` reads rows
            if own.in_transaction and own.execute("PRAGMA database_list").fetchone()[2]:
                return own
    return real_connect(candidate)


if __name__ == "__main__":
    main()
