"""Reads a database's schema through a connection.

Five queries over SQLite's table-valued PRAGMAs, whatever the number of tables, and the text of
CREATE where those are silent. Looks at the database named ``main`` alone (a TEMP table of the
same name must not answer in its place), reads nothing but the schema, and asks no table for rows.
A schema that this process could not use (a virtual table whose module is not loaded, a collation
of the application's own) is still read.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drydock.names import fold, is_bookkeeping
from drydock.schema import clauses
from drydock.schema.objects import (
    Column,
    ForeignKey,
    Index,
    IndexColumn,
    Schema,
    Table,
    Trigger,
    View,
    by_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_OBJECTS = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema"
_TABLES = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
# Virtual tables (rootpage 0) are asked one by one: one without its module fails the whole query.
_COLUMNS = """
    SELECT m.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
    FROM main.sqlite_schema AS m, pragma_table_xinfo(m.name, 'main') AS x
    WHERE m.type = 'table' AND m.rootpage <> 0"""
_VIRTUAL_COLUMNS = """
    SELECT ?, name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?, 'main')"""
_FOREIGN_KEYS = """
    SELECT m.name, f.id, f."table", f."from", f."to", f.on_delete, f.on_update
    FROM main.sqlite_schema AS m, pragma_foreign_key_list(m.name, 'main') AS f
    WHERE m.type = 'table' AND m.rootpage <> 0 ORDER BY m.name, f.id DESC, f.seq"""
_INDEX_COLUMNS = """
    SELECT m.name, l.name, l."unique", l.origin, l.partial, x.cid, x.name, x."desc", x.coll
    FROM main.sqlite_schema AS m, pragma_index_list(m.name, 'main') AS l,
         pragma_index_xinfo(l.name, 'main') AS x
    WHERE m.type = 'table' AND m.rootpage <> 0 AND x.key ORDER BY m.name, l.seq, x.seqno"""

_EXPRESSION = -2  # the `cid` of an index term that is no column
_GENERATED = (2, 3)  # `hidden` of a VIRTUAL and a STORED column


def inventory(connection: sqlite3.Connection) -> Schema:
    """Return the schema of the database that `connection` has as ``main``, at one moment.

    Raises:
        sqlite3.DatabaseError: The schema cannot be read (damaged, or locked).
    """
    rows = connection.cursor()
    rows.row_factory = None  # the caller's may be anything
    if connection.in_transaction:
        return _read(rows)
    rows.execute("BEGIN")  # another process may change the schema between two queries
    try:
        return _read(rows)
    finally:
        if connection.in_transaction:  # an I/O error may have ended it
            rows.execute("ROLLBACK")


def _read(rows: sqlite3.Cursor) -> Schema:
    stored = [row for row in rows.execute(_OBJECTS) if not _is_internal(row[2])]
    texts = {(kind, name): sql for kind, name, _, sql in stored}
    listed = {name: (kind, wr, strict) for name, kind, wr, strict in rows.execute(_TABLES)}
    columns = _columns(rows, listed)
    keys = _grouped(rows.execute(_FOREIGN_KEYS))
    terms = _grouped(rows.execute(_INDEX_COLUMNS))
    tables = [
        _table(
            name,
            sql,
            listed=listed[name],
            columns=columns[name],
            keys=keys[name],
            terms=terms[name],
        )
        for (kind, name), sql in texts.items()
        if kind == "table"
    ]
    indexes = [
        index for table in tables for index in _indexes(table.name, terms[table.name], texts)
    ]
    return Schema(
        tables=_sorted(_with_parent_keys(tables)),
        views=_sorted(View(name, sql) for kind, name, _, sql in stored if kind == "view"),
        triggers=_sorted(
            Trigger(name, table, sql) for kind, name, table, sql in stored if kind == "trigger"
        ),
        indexes=_sorted(indexes),
    )


def _is_internal(table: str) -> bool:
    return fold(table).startswith("sqlite_") or is_bookkeeping(table)


def _grouped(rows: Iterable[tuple[Any, ...]]) -> defaultdict[str, list[tuple[Any, ...]]]:
    groups = defaultdict(list)
    for name, *rest in rows:
        groups[name].append(tuple(rest))
    return groups


def _sorted(objects: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(objects, key=lambda thing: (fold(thing.name), thing.name)))


def _columns(
    rows: sqlite3.Cursor, listed: dict[str, tuple[str, int, int]]
) -> defaultdict[str, list[tuple[Any, ...]]]:
    columns = _grouped(rows.execute(_COLUMNS))
    for name, (kind, *_) in listed.items():
        if kind == "virtual":
            try:
                columns |= _grouped(rows.execute(_VIRTUAL_COLUMNS, (name, name)).fetchall())
            except sqlite3.OperationalError as error:
                if "no such module" not in str(error):
                    raise
    return columns


def _table(
    name: str,
    sql: str,
    *,
    listed: tuple[str, int, int],
    columns: list[tuple[Any, ...]],
    keys: list[tuple[Any, ...]],
    terms: list[tuple[Any, ...]],
) -> Table:
    kind, without_rowid, strict = listed
    if kind == "virtual":
        built = tuple(_column(row, None) for row in columns)
        return Table(name, built, virtual=clauses.virtual_module(sql), sql=sql)
    said = clauses.of_table(sql)
    more = by_name(said.columns)
    primary_key = tuple(row[0] for row in sorted(columns, key=lambda row: row[4]) if row[4])
    automatic = _automatic_indexes(terms)
    has_alias = len(primary_key) == 1 and not without_rowid and "pk" not in automatic
    return Table(
        name=name,
        columns=tuple(_column(row, more.get(fold(row[0])) if more else None) for row in columns),
        primary_key=primary_key,
        rowid_alias=primary_key[0] if has_alias else None,
        foreign_keys=_foreign_keys(keys, said.deferrable),
        uniques=tuple(automatic.get("u", ())),
        checks=said.checks,
        conflicts=said.conflicts,
        strict=bool(strict),
        without_rowid=bool(without_rowid),
        autoincrement=said.autoincrement,
        shadow=kind == "shadow",
        sql=sql,
    )


def _column(row: tuple[Any, ...], more: clauses.ColumnClauses | None) -> Column:
    name, declared_type, not_null, default, position, hidden = row
    return Column(
        name,
        declared_type,
        bool(not_null),
        default,
        position,
        more.generated if more else None,
        more.collation if more and more.collation else "BINARY",
        hidden not in (0, *_GENERATED),
    )


def _foreign_keys(
    rows: list[tuple[Any, ...]], deferrable: tuple[bool, ...]
) -> tuple[ForeignKey, ...]:
    """Return the keys in the order of the table's text, which `rows` come in."""
    groups: dict[int, list[tuple[Any, ...]]] = {}
    for identity, *rest in rows:
        groups.setdefault(identity, []).append(tuple(rest))
    return tuple(
        ForeignKey(
            columns=tuple(row[1] for row in group),
            parent=group[0][0],
            parent_columns=tuple(row[2] for row in group if row[2] is not None),
            on_delete=group[0][3],
            on_update=group[0][4],
            deferrable=position < len(deferrable) and deferrable[position],
        )
        for position, group in enumerate(groups.values())
    )


def _with_parent_keys(tables: list[Table]) -> list[Table]:
    """Return `tables` with the key of the parent where a reference leaves it out."""
    parents = by_name(tables)

    def completed(key: ForeignKey) -> ForeignKey:
        parent = parents.get(fold(key.parent))
        if key.parent_columns or parent is None or len(parent.primary_key) != len(key.columns):
            return key
        return replace(key, parent_columns=parent.primary_key)

    return [
        replace(table, foreign_keys=tuple(completed(key) for key in table.foreign_keys))
        if any(not key.parent_columns for key in table.foreign_keys)
        else table
        for table in tables
    ]


def _automatic_indexes(terms: list[tuple[Any, ...]]) -> dict[str, list[tuple[str, ...]]]:
    """Return the columns of the indexes behind UNIQUE ("u") and PRIMARY KEY ("pk")."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, _, origin, _, _, column, _, _ in terms:
        if origin != "c":
            found.setdefault((origin, name), []).append(column)
    by_origin: dict[str, list[tuple[str, ...]]] = {}
    for (origin, _), columns in sorted(found.items(), key=lambda item: item[1]):
        by_origin.setdefault(origin, []).append(tuple(columns))
    return by_origin


def _indexes(
    table: str, terms: list[tuple[Any, ...]], texts: dict[tuple[str, str], str]
) -> Iterable[Index]:
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for name, *rest in terms:
        if rest[1] == "c":
            groups.setdefault(name, []).append(tuple(rest))
    for name, group in groups.items():
        sql = texts[("index", name)]
        written: tuple[str, ...] = ()
        where = None
        if any(row[3] == _EXPRESSION for row in group) or group[0][2]:
            written, where = clauses.of_index(sql)
        columns = tuple(
            IndexColumn(
                text=written[position] if cid == _EXPRESSION else column,
                expression=cid == _EXPRESSION,
                descending=bool(descending),
                collation=collation,
            )
            for position, (_, _, _, cid, column, descending, collation) in enumerate(group)
        )
        yield Index(name, table, bool(group[0][0]), columns, where, sql)
