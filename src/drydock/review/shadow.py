"""The schema without the rows, in memory: where pending statements can be tried in advance.

SQLite itself says what each statement makes of the schema and whether it would take it; what
depends on rows never fails here, because there are none. Writes are only compiled. Adding
columns is put off until a question needs them: at 1,000 tables SQLite spends 2.4 ms on each. It
refuses statements that reach for other files; those are left out, and `is_certain` turns False.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review.compiling import objection

if TYPE_CHECKING:
    from drydock.migration import Migration

_FIRST = re.compile(r"(?:\s|--[^\n]*\n?|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
_RUN = {
    "CREATE", "ALTER", "DROP", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE",
    "ATTACH", "DETACH",
}  # fmt: skip
_COMPILE = frozenset(["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES"])
_PRAGMAS = re.compile(
    r"pragma\s+(?:main\s*\.\s*)?(foreign_keys|legacy_alter_table|writable_schema|"
    r"defer_foreign_keys|ignore_check_constraints)\s*[=(]",
    re.IGNORECASE,
)
_FRESH = "PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=OFF; PRAGMA writable_schema=OFF;"
_SCHEMA_TABLE = re.compile(r"\bsqlite_(master|schema)\b", re.IGNORECASE)
_OWN_TABLE = re.compile(r"\bsqlite_(sequence|stat\d)\b", re.IGNORECASE)
FLUSH_BUDGET = 20_000
"""Put-off columns times tables up to which they are tried at the end: about 50 ms."""


def first_word(statement: str) -> str:
    """Return the keyword that a statement begins with, in capitals; empty without one."""
    found = _FIRST.match(statement)
    return found[1].upper() if found else ""


@dataclass(frozen=True, slots=True)
class PutOff:
    """An ADD COLUMN that has not been tried yet, with its place in the walk."""

    statement: str
    table: str
    migration: Migration
    line: int


class Shadow:
    """A database's schema in memory, moved on by each pending statement."""

    def __init__(self, source: sqlite3.Connection | None) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.is_certain = source is not None
        self._put_off: list[PutOff] = []
        self.late: list[tuple[PutOff, str]] = []
        if source is not None:
            self._take_over(source)

    def close(self) -> None:
        """Forget it."""
        self.connection.close()

    def _take_over(self, source: sqlite3.Connection) -> None:
        rows = source.execute(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' ORDER BY sql LIKE 'create virtual%' DESC, "
            "CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid"
        ).fetchall()
        self.connection.execute("BEGIN")
        for (sql,) in rows:
            try:
                self.connection.execute(sql)
            except sqlite3.Error as error:
                # A shadow table of a virtual one is there already; a module may be missing here.
                self.is_certain = self.is_certain and "already exists" in str(error)
        self.connection.execute("COMMIT")

    def put_off(self, statement: str, table: str, migration: Migration, line: int) -> None:
        """Keep an ADD COLUMN for the moment when a question needs it."""
        self._put_off.append(PutOff(statement, fold(table), migration, line))

    def settle(self, text: str | None = None) -> None:
        """Carry out what was put off; what SQLite refuses is kept in `late`.

        Args:
            text: Only for tables that this text names; None for all of them.
        """
        now = [each for each in self._put_off if text is None or each.table in fold(text)]
        if not now:
            return
        self._put_off = [each for each in self._put_off if each not in now]
        for each in now:
            try:
                self.connection.execute(each.statement)
            except sqlite3.Error as error:
                self.late.append((each, str(error)))

    def settle_cheaply(self) -> None:
        """Settle at the end of a walk, unless that would cost more than it could tell."""
        tables = self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if len(self._put_off) * tables <= FLUSH_BUDGET:
            self.settle()
        self._put_off = []

    def apply(self, statement: str) -> str | None:
        """Move the schema on by one statement; return what SQLite said against it, if anything."""
        refused = self._try(statement)
        if refused is not None and self._put_off:
            self.settle()
            refused = self._try(statement)
        return refused

    def _try(self, statement: str) -> str | None:
        word = first_word(statement)
        if word == "PRAGMA" and not _PRAGMAS.search(statement):
            return None
        if word in _COMPILE and _SCHEMA_TABLE.search(statement):
            self.is_certain = self.is_certain and word == "SELECT"
            return None
        if word in _COMPILE and _OWN_TABLE.search(statement):
            return None  # tables that SQLite makes when it needs them, which may be later here
        if word in _COMPILE:
            return objection(self.connection, statement)
        if word not in _RUN and word not in {"PRAGMA", "EXPLAIN"}:
            # What else there is (VACUUM, REINDEX, a typo) is only compiled.
            return objection(self.connection, statement)
        return self._execute(statement)

    def _execute(self, statement: str) -> str | None:
        try:
            self.connection.execute(statement).close()
        except sqlite3.Error as error:
            return str(error)
        except sqlite3.Warning as error:
            return str(error)
        return None

    def start_file(self) -> None:
        """Begin a migration as the executor does: on a fresh connection with keys off."""
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        self.connection.executescript(_FRESH)

    def end_file(self) -> None:
        """End a migration: temporary tables and databases in memory go with its connection."""
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")
        for _, name, _ in self.connection.execute("PRAGMA database_list").fetchall():
            if name not in {"main", "temp"}:
                self.connection.execute(f"DETACH {quote(name)}")
        rows = self.connection.execute(
            "SELECT type, name FROM temp.sqlite_schema WHERE type IN ('table', 'view')"
        ).fetchall()
        for kind, name in rows:
            self.connection.execute(f"DROP {kind} IF EXISTS temp.{quote(name)}")
