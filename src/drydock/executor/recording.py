"""What a Python migration really does: its connections and cursors record it for the parent.

It lives in the migration's own process. It changes nothing of what sqlite3 does, and cannot see
what goes past `sqlite3.Connection`.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import weakref
from functools import cache
from types import new_class
from typing import TYPE_CHECKING, Any, Literal

from drydock.executor.trace import RECORDED
from drydock.executor.work import Work, may_undo

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_LEGACY = -1
"""sqlite3.LEGACY_TRANSACTION_CONTROL, which Python 3.11 does not name."""
_ROLLS_BACK = re.compile(r"\s*rollback\b", re.IGNORECASE)
_WRITES_NOTHING = re.compile(
    r"\s*(select|pragma|explain|begin|commit|end|savepoint|release)\b", re.IGNORECASE
)


class Report:
    """What the parent is told at the end."""

    def __init__(self) -> None:
        self.statements: list[dict[str, Any]] = []
        self.was_asked = False
        self.outside: dict[str, Any] | None = None
        self.error: dict[str, Any] | None = None
        self.undone = ""
        self.rolled_back: tuple[str, str] | None = None
        self.took_back = False
        self.passed_over = ""
        self.uncommitted = False
        self.closed: int | None = None
        self.finished = False
        self.left_at: int | None = None
        self.last_statement = ""

    def add(self, sql: str, rows: int) -> None:
        """Count one execution; the same text in a row is one entry."""
        last = self.statements[-1] if self.statements else None
        if last and last["sql"] == sql:
            last["times"] += 1
            last["rows"] += rows
        elif len(self.statements) < RECORDED:
            self.statements.append({"sql": sql, "rows": rows, "times": 1, "line": None})

    def send(self, descriptor: int) -> None:
        """Write all of it, once."""
        told = {name: value for name, value in vars(self).items() if name != "last_statement"}
        with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
            json.dump(told, pipe)


report = Report()


class Cursor(sqlite3.Cursor):
    """Records each statement with the rows it changed."""

    def execute(self, sql: str, *arguments: Any) -> Cursor:
        """Execute as sqlite3 does, and record it."""
        return self._traced(sql, super().execute, *arguments)

    def executemany(self, sql: str, *arguments: Any) -> Cursor:
        """Execute as sqlite3 does, and record it as one statement."""
        return self._traced(sql, super().executemany, *arguments)

    def executescript(self, script: str) -> Cursor:
        """Execute as sqlite3 does, and record the script as one statement."""
        return self._traced(script, super().executescript, is_script=True)

    def _traced(self, sql: str, call: Any, *arguments: Any, is_script: bool = False) -> Cursor:
        connection, work = self.connection, getattr(self.connection, "work", Work())
        was_open = connection.in_transaction
        if is_script and getattr(connection, "autocommit", _LEGACY) == _LEGACY:
            was_open = False  # sqlite3 commits before it runs a script
            work.end()
        before = connection.total_changes
        report.last_statement, report.was_asked = sql, True
        try:
            call(sql, *arguments)
        except sqlite3.Error as error:
            told = f"{error}: {sql}"
            work.fail(error, sql, has_counted=connection.total_changes > before)
            if not connection.in_transaction and (was_open or (is_script and may_undo(sql))):
                report.undone = told
            if self._may_have_begun(error, sql, *arguments):
                report.passed_over = told
            raise
        if _ROLLS_BACK.match(sql) and not self._keeps_journal:
            report.passed_over = sql
        if connection.in_transaction:
            work.add(sql, has_counted=connection.total_changes > before, is_script=is_script)
        else:
            _end(work, is_undone=was_open and _ROLLS_BACK.match(sql) is not None)
        report.last_statement = ""
        report.add(sql, connection.total_changes - before)
        return self

    @property
    def _keeps_journal(self) -> bool:
        return getattr(self.connection, "keeps_journal", True)

    def _may_have_begun(self, error: sqlite3.Error, sql: str, *arguments: Any) -> bool:
        """Whether the failed statement may have written something that nobody will take back.

        One that SQLite cannot even prepare has written nothing.
        """
        is_one = ";" not in sql.rstrip("; \n")
        if self._keeps_journal or (is_one and _WRITES_NOTHING.match(sql)):
            return False
        try:
            sqlite3.Cursor.execute(self, f"EXPLAIN {sql}", *arguments).fetchall()
        except sqlite3.Error as again:
            return str(again) != str(error)
        return True


class Connection(sqlite3.Connection):
    """A connection to the candidate, whatever path was asked for.

    `keeps_journal` is False where every error must end the migration (see `journal`).
    `tells_line` is there while it is lent to the migration: whoever closes it then is noted.
    """

    keeps_journal = True
    tells_line: Callable[[], int | None] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.work = Work()

    def cursor(self, factory: Any = Cursor) -> Any:
        """Return a cursor that records, of the asked class."""
        return super().cursor(derive(factory, Cursor))

    def execute(self, *arguments: Any) -> Any:
        """Execute by way of our cursor; sqlite3's own shortcut would pass it by."""
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        """Execute by way of our cursor."""
        return self.cursor().executemany(*arguments)

    def executescript(self, *arguments: Any) -> Any:
        """Execute by way of our cursor."""
        return self.cursor().executescript(*arguments)

    def commit(self) -> None:
        """Commit, and note what SQLite says against it."""
        try:
            super().commit()
        except sqlite3.Error as error:
            self.work.fail(error, "COMMIT")
            raise
        self.work.end()

    def rollback(self) -> None:
        """Roll back, and tell where there is nothing to do it with."""
        if self.in_transaction and not self.keeps_journal:
            report.passed_over = "ROLLBACK"
        super().rollback()
        _end(self.work, is_undone=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        """Commit or roll back as sqlite3 does; that passes our own methods by."""
        if getattr(self, "autocommit", _LEGACY) is True:
            return super().__exit__(kind, error, trace)
        if isinstance(error, sqlite3.Error):
            self.work.fail(error, report.last_statement)
        try:
            result = super().__exit__(kind, error, trace)
        except sqlite3.Error as failed:
            self.work.fail(failed, "COMMIT")
            _end(self.work, is_undone=True)
            raise
        _end(self.work, is_undone=kind is not None)
        return result

    def close(self) -> None:
        """Close, and tell if that throws changes away."""
        note_uncommitted(self)
        if self.tells_line is not None:
            report.closed = report.closed or self.tells_line() or 0
        super().close()

    def __del__(self) -> None:
        note_uncommitted(self)


@cache
def derive(factory: Any, own: type) -> Any:
    """Return a class that is `factory` and records as `own` does; another callable as it is."""
    if not isinstance(factory, type) or issubclass(factory, own):
        return factory
    if issubclass(own, factory):
        return own
    return new_class(factory.__name__, (factory, own))


connections: weakref.WeakSet[Connection] = weakref.WeakSet()
"""Those that were never closed are looked at when the migration has ended."""


def _end(work: Work, *, is_undone: bool) -> None:
    """End the work of a transaction; `is_undone`: the migration has taken it back itself."""
    if is_undone and work.is_changed:
        report.rolled_back = report.rolled_back or work.failure
        report.took_back = True
    work.end()


def note_uncommitted(connection: Connection) -> None:
    """Note that `connection` has changes that it never committed; a closed one has none."""
    try:
        is_open = connection.in_transaction
    except sqlite3.ProgrammingError:
        return  # closed before
    report.uncommitted = report.uncommitted or (is_open and connection.work.is_changed)
