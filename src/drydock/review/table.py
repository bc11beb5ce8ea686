"""One table's definition, as SQLite answers for it: columns, keys, constraints.

A small inventory for the review's questions, of one table at a time, so that reviewing a
statement never costs more than the tables it names. It refuses nothing; a table that is not
there is None.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from drydock.evidence import modules
from drydock.names import fold, quote
from drydock.review import syntax

_AUTOINCREMENT = re.compile(r"\bautoincrement\b", re.IGNORECASE)
_HIDDEN_VIRTUAL = 1
_GENERATED = (2, 3)


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `key` is its place in the primary key from 1, 0 when it is no part of it."""

    name: str
    type: str
    not_null: bool
    default: str | None
    key: int
    generated: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One foreign key; `parent_columns` are empty where it points at the primary key."""

    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str

    def __str__(self) -> str:
        names = ", ".join(self.columns)
        to = f" ({', '.join(self.parent_columns)})" if self.parent_columns else ""
        return f"{self.child}.{names} → {self.parent}{to}"


@dataclass(frozen=True, slots=True)
class Index:
    """One index; a term that is an expression is None in `columns`."""

    name: str
    table: str
    columns: tuple[str | None, ...]
    unique: bool
    partial: bool
    origin: str
    sql: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """One ordinary table."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...]
    indexes: tuple[Index, ...]
    strict: bool
    sql: str

    @property
    def checks(self) -> tuple[str, ...]:
        """The expressions of its CHECKs, as written."""
        return syntax.checks(self.sql) if "check" in self.sql.lower() else ()

    @property
    def has_autoincrement(self) -> bool:
        """True when its ids are never used twice."""
        return _AUTOINCREMENT.search(self.sql) is not None

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of its primary key, in their order."""
        return tuple(c.name for c in sorted(self.columns, key=lambda c: c.key) if c.key)

    def column(self, name: str) -> Column | None:
        """Return the column that SQLite would find under `name`."""
        return next((each for each in self.columns if fold(each.name) == fold(name)), None)


def read(connection: sqlite3.Connection, name: str) -> Table | None:
    """Return the definition of the table `name`, None where there is none that can be read."""
    row = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE",
        (name,),
    ).fetchone()
    if row is None:
        return None
    real, sql = row
    try:
        return _described(connection, real, sql)
    except sqlite3.OperationalError:
        return None  # a virtual table whose module is not here: nothing can be asked of it


def _described(connection: sqlite3.Connection, real: str, sql: str) -> Table:
    columns = tuple(
        Column(column, declared or "", bool(not_null), default, key, hidden in _GENERATED)
        for _, column, declared, not_null, default, key, hidden in connection.execute(
            f"PRAGMA table_xinfo({quote(real)})"
        )
        if hidden != _HIDDEN_VIRTUAL
    )
    return Table(
        real, columns, foreign_keys(connection, real), indexes(connection, real), _strict(sql), sql
    )


def foreign_keys(connection: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    """Return the foreign keys of the table `name`."""
    keys: dict[int, list[tuple[str, str, str | None, str]]] = {}
    for key, _, parent, column, to, _, on_delete, _ in connection.execute(
        f"PRAGMA foreign_key_list({quote(name)})"
    ):
        keys.setdefault(key, []).append((parent, column, to, on_delete))
    return tuple(
        ForeignKey(
            name,
            tuple(row[1] for row in rows),
            rows[0][0],
            tuple(row[2] for row in rows if row[2] is not None),
            rows[0][3],
        )
        for _, rows in sorted(keys.items(), reverse=True)
    )


def indexes(connection: sqlite3.Connection, name: str) -> tuple[Index, ...]:
    """Return the indexes of the table `name`, the automatic ones included."""
    listed = connection.execute(f"PRAGMA index_list({quote(name)})").fetchall()
    found = []
    for _, index, unique, origin, partial in listed:
        columns = tuple(
            row[2] for row in connection.execute(f"PRAGMA index_info({quote(index)})").fetchall()
        )
        sql = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", (index,)
        ).fetchone()
        found.append(
            Index(index, name, columns, bool(unique), bool(partial), origin, sql and sql[0])
        )
    return tuple(found)


def children_of(connection: sqlite3.Connection, parent: str) -> tuple[ForeignKey, ...]:
    """Return the foreign keys of every table that point at `parent`."""
    names = connection.execute(
        "SELECT s.name FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f "
        "WHERE s.type = 'table' AND s.sql NOT LIKE 'create virtual%' "
        'AND f."table" = ? COLLATE NOCASE GROUP BY s.name',
        (parent,),
    ).fetchall()
    return tuple(
        key
        for (name,) in names
        for key in foreign_keys(connection, name)
        if fold(key.parent) == fold(parent)
    )


def mentions(connection: sqlite3.Connection, word: str) -> tuple[str, ...]:
    """Return the views and triggers whose text has `word` as an identifier, as ``view v``."""
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') "
        "AND instr(lower(sql), lower(?))",
        (word,),
    ).fetchall()
    return tuple(
        f"{kind} {name}" for kind, name, sql in rows if fold(word) in syntax.identifiers(sql)
    )


def indexed_by(
    connection: sqlite3.Connection, table: str, column: str | None = None
) -> tuple[str, ...]:
    """Return the full-text tables over `table`, and of these the ones with `column` in them."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage = 0"
    ).fetchall()
    return tuple(
        f"virtual table {name}"
        for name, sql in rows
        if modules.read(sql).content == fold(table)
        and (column is None or fold(column) in syntax.identifiers(sql))
    )


def _strict(sql: str) -> bool:
    options = sql[sql.rfind(")") :]
    return "strict" in options.lower()
