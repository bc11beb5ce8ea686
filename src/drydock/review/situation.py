"""What a rule may ask: the schema at that moment, and the rows as far as they can be known.

One form serves both ways of reviewing. Statically, the schema is a shadow that pending
statements have moved on, and the rows are those of the database as it is; rehearsed, both are
the copy. An answer that cannot be known is None, never a guess.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from drydock.connection import require_uninterrupted
from drydock.names import fold, quote
from drydock.review import syntax
from drydock.review import table as tables

if TYPE_CHECKING:
    from drydock.review.changes import Image
    from drydock.review.finding import Severity

SAMPLES = 3
SHOWN = 40
FEW = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SECRET = re.compile(r"pass(word|wd|phrase)|secret|token|api_?key|hash|salt|iban", re.IGNORECASE)


@dataclass(slots=True)
class Known:
    """What earlier pending migrations did to the rows' tables, so that stale answers show."""

    created: set[str] = field(default_factory=set)
    added: set[tuple[str, str]] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    uncertain: bool = False
    """True when any row may have been changed by then."""
    open: bool = False
    """True when tables and columns may be there by then that are not known here."""
    tables: dict[str, str] = field(default_factory=dict)
    """The names that renamed tables have today."""
    columns: dict[tuple[str, str], str] = field(default_factory=dict)
    """The names that renamed columns have today, by today's table."""
    met_new: bool = False
    """True when a rule was silent in this file only because a table holds no rows yet."""

    def table_today(self, name: str) -> str:
        """Return the name that a table has before any pending statement."""
        return self.tables.get(fold(name), name)

    def column_today(self, table: str, name: str) -> str:
        """Return the name that a column has before any pending statement."""
        return self.columns.get((fold(self.table_today(table)), fold(name)), name)

    def rename_table(self, old: str, new: str) -> None:
        """Note that a pending statement renames a table."""
        self.tables[fold(new)] = self.tables.pop(fold(old), old)

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Note that a pending statement renames a column."""
        today = fold(self.table_today(table))
        self.columns[today, fold(new)] = self.columns.pop((today, fold(old)), old)


class Situation:
    """The database at one statement.

    Args:
        schema: Where the schema is as it will be at that statement.
        data: Where rows can be asked; None where there is no database.
        known: What pending statements did to the rows before this one.
        exact: True when `data` is the database at that very statement.
        is_function: True for a ``def migrate(db)``, which runs inside a transaction.
        conditional: True when the statement may not run at all (inside an ``if`` in Python).
        code: Source files of the application, as (path, text), to look for names in.
    """

    def __init__(
        self,
        schema: sqlite3.Connection,
        data: sqlite3.Connection | None,
        known: Known,
        *,
        exact: bool = False,
        is_function: bool = False,
        conditional: bool = False,
        code: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.schema = schema
        self.data = data
        self.known = known
        self.exact = exact
        self.is_function = is_function
        self.conditional = conditional
        self.code = code
        self._answers: dict[str, list[tuple[object, ...]] | None] = {}

    def table(self, name: str) -> tables.Table | None:
        """Return a table's definition at this moment, None where there is none."""
        return tables.read(self.schema, name)

    def children(self, parent: str) -> tuple[tables.ForeignKey, ...]:
        """Return the foreign keys of other tables (and its own) that point at `parent`."""
        return tables.children_of(self.schema, parent)

    def mentions(self, word: str) -> tuple[str, ...]:
        """Return the views and triggers that have `word` in their text."""
        return tables.mentions(self.schema, word)

    def in_code(self, word: str) -> tuple[str, ...]:
        """Return the lines of the application that have `word`, as ``file:line``, at most 3."""
        pattern = re.compile(rf"\b{re.escape(word)}\b")
        places = [
            f"{path}:{number}"
            for path, text in self.code
            if word in text
            for number, line in enumerate(text.splitlines(), start=1)
            if pattern.search(line)
        ]
        return tuple(places[:SAMPLES])

    @cached_property
    def keys_on(self) -> bool:
        """True when foreign keys are enforced at this moment."""
        return bool(self.schema.execute("PRAGMA foreign_keys").fetchone()[0])

    @property
    def in_transaction(self) -> bool:
        """True when a transaction is open at this moment."""
        return self.is_function or self.schema.in_transaction

    def ask(self, sql: str, *names: str) -> list[tuple[object, ...]] | None:
        """Return the rows of a question about the tables `names`, None where unknowable.

        Column names in `sql` must be qualified: a bare ``"x"`` that is no column is a string.
        Several rules ask the same of one moment; each question is put once.

        Raises:
            Interrupted: A signal came.
        """
        if self.data is None:
            return None
        if not self.exact and any(self.is_new(name) for name in names):
            return None
        if not self.exact:
            for name in names:
                today = self.known.table_today(name)
                sql = sql if today == name else syntax.replace_name(sql, name, quote(today))
        if sql not in self._answers:
            try:
                self._answers[sql] = self.data.execute(sql).fetchall()
            except sqlite3.Error as error:
                require_uninterrupted(error)
                # The rows are of another moment than the statement: no such column yet, for one.
                self._answers[sql] = None
        return self._answers[sql]

    def number(self, sql: str, *names: str) -> int | None:
        """Return the one number that a question gives."""
        rows = self.ask(sql, *names)
        return int(str(rows[0][0])) if rows and rows[0][0] is not None else None

    def rows(self, name: str, where: str | None = None) -> int | None:
        """Return how many rows a table has (that fulfil `where`), None where unknowable."""
        condition = f" WHERE {where}" if where else ""
        return self.number(f"SELECT count(*) FROM {quote(name)}{condition}", name)

    def image(self, image: Image, question: str, *names: str) -> list[tuple[object, ...]] | None:
        """Ask about the rows that a table will hold; `question` names the table itself."""
        columns = ", ".join(quote(each) for each in image.columns)
        head = f"WITH {quote(image.name)}({columns}) AS NOT MATERIALIZED ({image.select}) "
        return self.ask(head + question, *names)

    def matching(
        self, image: Image, where: str, *names: str, column: str | None = None
    ) -> tuple[int, tuple[str, ...]] | None:
        """Return how many rows of an image fulfil `where`, and a few of them as lines.

        The lines show the first column, which tells the rows apart, and `column`; without one,
        the first few columns.
        """
        source = f"FROM {quote(image.name)} WHERE {where}"
        total = self.image(image, f"SELECT count(*) {source}", *names)
        if total is None:
            return None
        number = int(str(total[0][0]))
        few = image.columns[:FEW] if column is None else (image.columns[0], column)
        shown = tuple(dict.fromkeys(few))
        listed = ", ".join(f"{quote(image.name)}.{quote(each)}" for each in shown)
        question = f"SELECT {listed} {source} LIMIT {SAMPLES}"
        return number, samples(self.image(image, question, *names) if number else None, shown)

    def is_new(self, name: str) -> bool:
        """True when a pending migration made the table, so that it holds no one's rows yet."""
        new = fold(name) in self.known.created
        self.known.met_new = self.known.met_new or new
        return new

    def is_new_column(self, table: str, column: str) -> bool:
        """True when a pending migration added the column, or made its table."""
        return self.is_new(table) or (fold(table), fold(column)) in self.known.added

    def is_sure(self, name: str) -> bool:
        """True when no pending statement before this one could have changed the table's rows."""
        return self.exact or not (self.known.uncertain or fold(name) in self.known.written)

    def counter(self, name: str) -> tuple[tuple[str, int, int], ...]:
        """Return an AUTOINCREMENT table with the highest id ever given and the highest left.

        Nothing for another table, and for one whose rows cannot be asked.
        """
        table = self.table(name)
        if table is None or not table.has_autoincrement or not table.key:
            return ()
        text = "'" + table.name.replace("'", "''") + "'"
        key = f"{quote(table.name)}.{quote(table.key[0])}"
        rows = self.ask(
            f"SELECT (SELECT seq FROM sqlite_sequence WHERE name = {text}), "
            f"(SELECT max({key}) FROM {quote(table.name)})",
            table.name,
        )
        given, highest = rows[0] if rows else (0, 0)
        return ((table.name, int(str(given or 0)), int(str(highest or 0))),)

    def gravity(self, name: str, severity: Severity = "error") -> Severity:
        """Return `severity`, or a warning where rows may have changed before the statement."""
        if severity == "error" and (self.conditional or not self.is_sure(name)):
            return "warning"
        return severity

    @property
    def loss(self) -> Severity:
        """The severity of a known loss: an error however stale its number, unless it may skip."""
        return "warning" if self.conditional else "error"

    def caveat(self, name: str) -> tuple[str, ...]:
        """Return the sentence that says why the evidence may be stale, if it may be."""
        if self.is_sure(name):
            return ()
        return ("as the rows are now; a pending statement before this one changes them",)


def shown(value: object, column: str = "") -> str:
    """Return a value fit for a screen: short, without control characters, secrets hidden."""
    if _SECRET.search(column) and value is not None:
        return "•••"
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = _CONTROL.sub("·", str(value))
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return f"'{text}'" if isinstance(value, str) else text


def samples(rows: list[tuple[object, ...]] | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return a few rows as lines, ``id=1, name='x'``."""
    lines = (
        ", ".join(f"{name}={shown(value, name)}" for name, value in zip(columns, row, strict=False))
        for row in (rows or [])[:SAMPLES]
    )
    return tuple(dict.fromkeys(lines))


def counted(number: int, noun: str) -> str:
    """Return ``1 row`` or ``1,204 rows``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
