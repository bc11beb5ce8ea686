"""What stands in a database file, read for comparing rows: tables, their columns, how they match.

Reads schema only. It is no description of a schema for people (that is `drydock.schema`), only
what decides how the rows of two files can be compared exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock import strangers
from drydock.evidence import modules
from drydock.evidence.facts import ObjectChange, SchemaChange, SequenceChange
from drydock.names import fold, is_bookkeeping, quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from drydock.evidence.modules import Module

Storage = Literal["number", "real", "text", "any"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it decides about stored values."""

    name: str
    declared: str
    default: str | None
    storage: Storage
    is_generated: bool
    hidden: int

    @property
    def form(self) -> tuple[str, str | None, int]:
        """What two columns at one place must share for equal bytes to be equal values."""
        return self.storage, self.default, self.hidden


@dataclass(frozen=True, slots=True)
class Table:
    """A table of one file, as far as `sqlite_schema` and `table_list` tell."""

    name: str
    sql: str
    root: int
    kind: Literal["table", "virtual", "shadow"]
    without_rowid: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's columns and the ways to tell its rows apart.

    Attributes:
        columns: All but the hidden ones of virtual tables.
        rowid: The name under which SQL reaches the rowid; None: WITHOUT ROWID, or shadowed.
        alias: The column that is the rowid (INTEGER PRIMARY KEY).
        primary_key: The declared key's columns, in its order.
        keys: Every unique key of plain columns, the primary key first.
        exact_keys: The sets of columns, folded, that are unique under BINARY collation.
        strange_keys: Those that a collation orders which only the application knows.
    """

    columns: tuple[Column, ...]
    rowid: str | None
    alias: str | None
    primary_key: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    exact_keys: frozenset[frozenset[str]]
    strange_keys: frozenset[frozenset[str]] = frozenset()

    @property
    def identity(self) -> str | None:
        """The name to find a row by, the one that people know: the alias before the rowid."""
        return self.alias or self.rowid

    def column(self, name: str) -> Column | None:
        """Return the column called `name` as SQLite folds names."""
        wanted = fold(name)
        return next((column for column in self.columns if fold(column.name) == wanted), None)


@dataclass(frozen=True, slots=True)
class Index:
    """An index, SQLite's own of a key included (they have no SQL)."""

    name: str
    sql: str | None
    root: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """One file's schema objects, its user tables and their indexes by folded table name."""

    objects: tuple[ObjectChange, ...]
    tables: dict[str, Table]
    indexes: dict[str, dict[str, Index]]
    roots: tuple[int, ...]


def read(connection: sqlite3.Connection, schema: str) -> Inventory:
    """Read the inventory of the attached database `schema`."""
    rows = connection.execute(
        f"SELECT type, name, tbl_name, rootpage, sql FROM {schema}.sqlite_schema"
    ).fetchall()
    listed = {
        name: (kind, bool(without_rowid), bool(strict))
        for _, name, kind, _, without_rowid, strict in connection.execute(
            f"PRAGMA {schema}.table_list"
        )
        if kind != "view"
    }
    virtual = {
        fold(name): modules.read(sql)
        for kind, name, _, _, sql in rows
        if kind == "table" and sql and listed.get(name, ("",))[0] == "virtual"
    }
    tables = {}
    indexes: dict[str, dict[str, Index]] = {}
    for kind, name, table, root, sql in rows:
        if kind == "index":
            indexes.setdefault(fold(table), {})[fold(name)] = Index(name, sql, root)
        if kind == "table" and not name.startswith("sqlite_") and not is_bookkeeping(name):
            role, without_rowid, strict = listed.get(name, ("table", False, False))
            if role == "shadow" and not _is_part(fold(name), virtual):
                role = "table"
            tables[fold(name)] = Table(name, sql or "", root or 0, role, without_rowid, strict)
    objects = tuple(
        ObjectChange(kind, name, table, None, sql)
        for kind, name, table, _, sql in rows
        if sql and not name.startswith("sqlite_") and not is_bookkeeping(table)
    )
    return Inventory(objects, tables, indexes, tuple(row[3] for row in rows if row[3]))


def _is_part(name: str, virtual: dict[str, Module]) -> bool:
    """Whether a table is a part of a virtual one of its file; SQLite goes by the name alone."""
    return any(
        name.startswith(f"{owner}_") and module.keeps(name[len(owner) + 1 :])
        for owner, module in virtual.items()
    )


def shape(connection: sqlite3.Connection, schema: str, table: Table) -> Shape:
    """Read the columns and keys of `table` in the attached database `schema`."""
    columns = []
    key: dict[int, str] = {}
    pragma = f"PRAGMA {schema}.table_xinfo({quote(table.name)})"
    for _, name, declared, _, default, place, hidden in connection.execute(pragma):
        if hidden == 1:
            continue
        storage = _storage(declared, strict=table.strict)
        columns.append(Column(name, declared, default, storage, hidden in (2, 3), hidden))
        if place:
            key[place] = name
    primary = tuple(key[place] for place in sorted(key))
    unique, has_key_index = _unique_keys(connection, schema, table)
    keys = tuple(names for names, _ in unique)
    # What is the same byte by byte is the same under a stranger too.
    exact = {
        frozenset(map(fold, names))
        for names, by in unique
        if by == {"binary"} or by - strangers.BUILT_IN
    }
    strange = {frozenset(map(fold, names)) for names, by in unique if by - strangers.BUILT_IN}
    taken = {fold(column.name) for column in columns}
    alias = None
    if len(primary) == 1 and not has_key_index and not table.without_rowid:
        only = next(column for column in columns if column.name == primary[0])
        # INTEGER PRIMARY KEY DESC has an index of its own and is no alias: an old quirk, kept.
        alias = only.name if fold(only.declared) == "integer" else None
    free = (name for name in ("rowid", "_rowid_", "oid") if name not in taken)
    rowid = None if table.without_rowid else next(free, alias)
    ordered = tuple(dict.fromkeys(((primary,) if primary else ()) + keys))
    if alias is not None:
        exact.add(frozenset({fold(alias)}))
    return Shape(
        tuple(columns), rowid, alias, primary, ordered, frozenset(exact), frozenset(strange)
    )


class Shapes:
    """The shapes of tables, each read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], Shape] = {}

    def of(self, schema: str, table: Table) -> Shape:
        """Return the shape of `table` in the attached database `schema`."""
        at = (schema, table.name)
        if at not in self._known:
            self._known[at] = shape(self._connection, schema, table)
        return self._known[at]


def schema_change(before: Inventory, after: Inventory) -> SchemaChange:
    """Tell which objects came, went, or got another definition. Pure."""
    old = {(item.kind, fold(item.name)): item for item in before.objects}
    new = {(item.kind, fold(item.name)): item for item in after.objects}
    changed = (
        ObjectChange(item.kind, item.name, item.table, old[at].after, item.after)
        for at, item in new.items()
        if at in old and (old[at].after != item.after or fold(old[at].table) != fold(item.table))
    )
    return SchemaChange(
        added=tuple(item for at, item in new.items() if at not in old),
        removed=tuple(
            ObjectChange(item.kind, item.name, item.table, item.after, None)
            for at, item in old.items()
            if at not in new
        ),
        changed=tuple(changed),
    )


def sequence_changes(
    connection: sqlite3.Connection, renamed: Mapping[str, str]
) -> tuple[SequenceChange, ...]:
    """The AUTOINCREMENT counters that are not the same in both files.

    `renamed` says for tables before, folded, what they are called after.
    """
    was = {renamed.get(fold(name), name): seq for name, seq in _sequences(connection, "was")}
    now = _sequences(connection, "main")
    before = {fold(name): seq for name, seq in was.items()}
    after = {fold(name): seq for name, seq in now}
    names = {fold(name): name for name in (*was, *(name for name, _ in now))}
    return tuple(
        SequenceChange(name, before.get(key), after.get(key))
        for key, name in names.items()
        if before.get(key) != after.get(key)
    )


def _sequences(connection: sqlite3.Connection, schema: str) -> list[tuple[str, int]]:
    listed = connection.execute(
        f"SELECT 1 FROM {schema}.sqlite_schema WHERE name = 'sqlite_sequence'"
    ).fetchone()
    if listed is None:
        return []
    rows = connection.execute(f"SELECT name, seq FROM {schema}.sqlite_sequence").fetchall()
    return [row for row in rows if not is_bookkeeping(row[0]) and isinstance(row[1], int)]


def reads_the_same(before: Shape, after: Shape) -> bool:
    """Whether the same stored rows read the same: `after` may only have more columns at its end.

    A default counts: the rows written before an ADD COLUMN hold no value, they read it. Pure.
    """
    old = [column.form for column in before.columns if column.hidden != 2]
    new = [column.form for column in after.columns if column.hidden != 2]
    return (
        new[: len(old)] == old
        and _place(before, before.alias) == _place(after, after.alias)
        and [_place(before, name) for name in before.primary_key]
        == [_place(after, name) for name in after.primary_key]
    )


def _place(shape: Shape, name: str | None) -> int:
    return next((at for at, column in enumerate(shape.columns) if column.name == name), -1)


def _unique_keys(
    connection: sqlite3.Connection, schema: str, table: Table
) -> tuple[list[tuple[tuple[str, ...], frozenset[str]]], bool]:
    """The unique keys of plain columns, and whether the primary key has an index of its own.

    Each with the collations, folded, under which it is unique.
    """
    keys = []
    has_key_index = False
    indexes = connection.execute(f"PRAGMA {schema}.index_list({quote(table.name)})").fetchall()
    for _, name, unique, origin, partial in indexes:
        has_key_index = has_key_index or origin == "pk"
        if unique and not partial:
            every = connection.execute(f"PRAGMA {schema}.index_xinfo({quote(name)})").fetchall()
            parts = [(column, collation) for _, _, column, _, collation, key in every if key]
            if all(column is not None for column, _ in parts):
                by = frozenset(fold(collation) for _, collation in parts)
                keys.append((tuple(column for column, _ in parts), by))
    return keys, has_key_index


def _storage(declared: str, *, strict: bool) -> Storage:
    """How a column stores values (datatype3, section 3.1), as far as comparing needs it.

    Within one class but "any", two values that `IS` holds equal are the same to the byte: a
    whole number has one form under INTEGER or NUMERIC affinity, one under REAL, one under TEXT.
    """
    name = fold(declared)
    if strict and name == "any":
        return "any"
    if "int" in name:
        return "number"
    if any(part in name for part in ("char", "clob", "text")):
        return "text"
    if "blob" in name or not name:
        return "any"
    if any(part in name for part in ("real", "floa", "doub")):
        return "real"
    return "number"
