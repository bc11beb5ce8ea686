"""What a schema holds and how its tables store rows, as SQLite itself reports it.

`Schema` is a database's `sqlite_schema` as data, `TableShape` one table by PRAGMAs, so that
nothing here depends on our own reading of the text. It refuses nothing and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.affinity import affinity
from drydock.names import fold, quote
from drydock.rebuild.ddl import parse

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True, order=True)
class SchemaObject:
    """One row of `sqlite_schema`."""

    type: str
    name: str
    table: str
    sql: str | None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it: its type and its folded name."""
        return self.type, fold(self.name)


@dataclass(frozen=True, slots=True)
class VirtualTable:
    """A virtual table as its module declares it; the names include hidden columns."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Every object of a database, in the order of `sqlite_schema`."""

    objects: tuple[SchemaObject, ...]
    virtual: tuple[VirtualTable, ...]
    shadows: frozenset[str]
    version: int

    def find(self, type_: str, name: str) -> SchemaObject | None:
        """Return the object of that type and name."""
        return next((one for one in self.objects if one.key == (type_, fold(name))), None)

    def names(self) -> frozenset[str]:
        """Return every name in use, folded."""
        return frozenset(fold(one.name) for one in self.objects)


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """One column; `hidden` is 0 for ordinary, 2 for virtual and 3 for stored generated."""

    name: str
    type: str
    affinity: str
    not_null: bool
    default: str | None
    pk: int
    hidden: int

    @property
    def stored(self) -> bool:
        """Whether rows hold a value of it."""
        return self.hidden != 2


@dataclass(frozen=True, slots=True)
class IndexShape:
    """One index; a key column is (name, collation, descending), its name None for an expression.

    `origin` is ``c`` for CREATE INDEX, ``u`` for UNIQUE and ``pk`` for PRIMARY KEY.
    """

    name: str
    unique: bool
    origin: str
    partial: bool
    keys: tuple[tuple[str | None, str, bool], ...]

    @property
    def computed(self) -> bool:
        """Whether an expression decides what it holds."""
        return self.partial or any(name is None for name, _, _ in self.keys)

    def holds(self, columns: frozenset[str]) -> bool:
        """Whether one of the columns (folded) is a key of it."""
        return any(name is not None and fold(name) in columns for name, _, _ in self.keys)


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table; `rowid_alias` is its INTEGER PRIMARY KEY."""

    name: str
    sql: str
    columns: tuple[ColumnShape, ...]
    indexes: tuple[IndexShape, ...]
    rowid_alias: str | None
    without_rowid: bool
    strict: bool

    def column(self, name: str) -> ColumnShape | None:
        """Return the column of that name."""
        return next((one for one in self.columns if fold(one.name) == fold(name)), None)

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the key's columns, in the key's order."""
        keys = sorted((one for one in self.columns if one.pk), key=lambda one: one.pk)
        return tuple(one.name for one in keys)

    @property
    def rowid_name(self) -> str | None:
        """A name of the hidden rowid that no column shadows; None where there is none."""
        if self.without_rowid:
            return None
        taken = {fold(one.name) for one in self.columns}
        return next((one for one in ("rowid", "_rowid_", "oid") if one not in taken), None)

    @property
    def constraint_indexes(self) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
        """The indexes that its UNIQUE and PRIMARY KEY make: origin and columns, in order."""
        made = [one for one in self.indexes if one.origin != "c"]
        return tuple(
            (one.origin, tuple(fold(name) if name else None for name, _, _ in one.keys))
            for one in sorted(made, key=lambda one: _number(one.name))
        )


def _number(name: str) -> int:
    digits = name.rpartition("_")[2]
    return int(digits) if digits.isdigit() else 0


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Return the schema of the connection's main database."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_master")
    objects = tuple(SchemaObject(*row) for row in rows.fetchall())
    kinds = connection.execute("PRAGMA main.table_list").fetchall()
    virtual = [row[1] for row in kinds if row[0] == "main" and row[2] == "virtual"]
    shadows = [fold(row[1]) for row in kinds if row[0] == "main" and row[2] == "shadow"]
    version = connection.execute("PRAGMA main.schema_version").fetchone()[0]
    return Schema(
        objects,
        tuple(VirtualTable(name, _columns_of(connection, name)) for name in virtual),
        frozenset(shadows),
        int(version),
    )


def _columns_of(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    import sqlite3

    try:
        rows = connection.execute(f"PRAGMA main.table_xinfo({quote(name)})").fetchall()
    except sqlite3.OperationalError:  # its module is not loaded on this connection
        return ()
    return tuple(row[1] for row in rows)


def read_table(connection: sqlite3.Connection, name: str) -> TableShape:
    """Return the shape of an ordinary table of the main database."""
    (sql,) = connection.execute(
        "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE",
        (name,),
    ).fetchone()
    create = parse(sql)
    strict, clustered = create.option("STRICT"), create.option("WITHOUT", "ROWID")
    columns = tuple(
        ColumnShape(row[1], row[2], affinity(row[2], strict=strict), bool(row[3]), *row[4:7])
        for row in connection.execute(f"PRAGMA main.table_xinfo({quote(name)})").fetchall()
    )
    indexes = tuple(
        IndexShape(row[1], bool(row[2]), row[3], bool(row[4]), _keys(connection, row[1]))
        for row in connection.execute(f"PRAGMA main.index_list({quote(name)})").fetchall()
    )
    keys = [one for one in columns if one.pk]
    alias = (
        keys[0].name
        if len(keys) == 1
        and not clustered
        and fold(keys[0].type) == "integer"
        and not any(one.origin == "pk" for one in indexes)
        else None
    )
    return TableShape(name, sql, columns, indexes, alias, clustered, strict)


def _keys(connection: sqlite3.Connection, index: str) -> tuple[tuple[str | None, str, bool], ...]:
    rows = connection.execute(f"PRAGMA main.index_xinfo({quote(index)})").fetchall()
    return tuple((row[2], row[4], bool(row[3])) for row in rows if row[5])
