"""The edit of the schema that comes to the same as a rebuild written by hand.

Where a copy would store every row byte for byte as it lies, the schema alone differs afterwards:
the table's text, and which indexes and triggers are back. SQLite itself is asked, on a twin, what
the statements would leave behind; what is returned has been seen to leave the same on another. It
writes nothing to the database, and answers every doubt with None: then the rebuild is to be run
as it is written.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild import defaults, steps
from drydock.rebuild.changes import constraints
from drydock.rebuild.ddl import parse
from drydock.rebuild.judgement import autoincrements
from drydock.rebuild.shape import read_schema, read_table
from drydock.rebuild.twin import Twin
from drydock.tokens import code

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from drydock.rebuild.handwritten import Rebuild
    from drydock.rebuild.shape import IndexShape, Schema, SchemaObject, TableShape

WORTH_ROWS = 20_000
"""Rows from which a copy costs more than the look at the schema; about 30 ms."""

_SETTINGS = ("foreign_keys", "legacy_alter_table", "ignore_check_constraints", "writable_schema")


@dataclass(frozen=True, slots=True)
class State:
    """What a schema holds; `own` is the table and its indexes, in the order of `sqlite_schema`."""

    objects: frozenset[SchemaObject]
    own: tuple[SchemaObject, ...]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What to run in the stead of each statement of a rebuild, and what must be there then."""

    instead: tuple[tuple[str, ...], ...]
    state: State

    @property
    def table(self) -> str:
        """The table that is rebuilt."""
        return self.state.own[0].name

    def is_reached(self, connection: sqlite3.Connection) -> bool:
        """Return whether the schema is, to the byte, what the rebuild would have left."""
        return _state(read_schema(connection), self.table) == self.state


def shortcut(
    connection: sqlite3.Connection, rebuild: Rebuild, *, from_rows: int = WORTH_ROWS
) -> Shortcut | None:
    """Return what comes to the same as `rebuild` without a row written; None in any doubt.

    Args:
        connection: Where the rebuild is about to run; it is only read.
        rebuild: The rebuild.
        from_rows: How many rows the table must have, at least 1.

    Raises:
        sqlite3.Error: SQLite says something against a statement of the rebuild.
    """
    schema = read_schema(connection)
    if not (_is_plain(connection) and _is_ours(schema, rebuild)):
        return None
    table = rebuild.table
    if not _has_rows(connection, table, from_rows) or _has_odd_sequence(
        connection, schema, rebuild
    ):
        return None
    end = _end(schema, rebuild, read_table(connection, table))
    if end is None or not (
        _stores_alike(end.before, end.after) and _copies_all(rebuild, end.after)
    ):
        return None
    if _some_row_breaks_a_rule(connection, end.after):
        return None
    with _twin(schema) as twin:
        instead = _instead(steps.Script(twin), schema, rebuild, end)
        is_same = _state(twin.schema(), table) == end.state
    return Shortcut(instead, end.state) if is_same else None


@dataclass(frozen=True, slots=True)
class _End:
    """Where a rebuild leads: the table's form before and after it, and what the schema holds."""

    before: TableShape
    after: TableShape
    state: State


def _end(schema: Schema, rebuild: Rebuild, before: TableShape) -> _End | None:
    """Let SQLite run the rebuild on a twin; None where that is not quite the database."""
    table = rebuild.table
    with _twin(schema) as twin:
        if _state(twin.schema(), table) != _state(schema, table):
            return None
        for statement in rebuild.statements:
            twin.execute(statement)
        if twin.has_stand_ins:  # the rebuild itself will miss what they stand for
            return None
        return _End(before, twin.table(table), _state(twin.schema(), table))


@contextmanager
def _twin(schema: Schema) -> Iterator[Twin]:
    twin = Twin(schema)
    try:
        yield twin
    finally:
        twin.close()


def _state(schema: Schema, table: str) -> State:
    own = tuple(one for one in schema.objects if fold(one.table) == fold(table))
    return State(frozenset(schema.objects), own)


def _is_plain(connection: sqlite3.Connection) -> bool:
    """Whether statements mean on this connection what they mean on a fresh one."""
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _SETTINGS]
    temporary = connection.execute("SELECT count(*) FROM sqlite_temp_master").fetchone()[0]
    databases = {row[1] for row in connection.execute("PRAGMA database_list").fetchall()}
    return not any(settings) and not temporary and databases <= {"main", "temp"}


def _is_ours(schema: Schema, rebuild: Rebuild) -> bool:
    """Whether the old table is an ordinary one, and the new one's first name is free."""
    old = schema.find("table", rebuild.table)
    odd = {*schema.shadows, *(fold(one.name) for one in schema.virtual)}
    return (
        old is not None
        and fold(old.name) not in odd
        and fold(rebuild.copy.new) not in schema.names()
    )


def _has_rows(connection: sqlite3.Connection, table: str, count: int) -> bool:
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {quote(table)} LIMIT {count})"
    return bool(connection.execute(counted).fetchone()[0] == count)


def _has_odd_sequence(connection: sqlite3.Connection, schema: Schema, rebuild: Rebuild) -> bool:
    """Whether `sqlite_sequence` holds what SQLite itself would not have entered."""
    if schema.find("table", "sqlite_sequence") is None:
        return False
    old = schema.find("table", rebuild.table)
    counts = old is not None and autoincrements(parse(old.sql or ""))
    rows = connection.execute("SELECT name FROM sqlite_sequence").fetchall()
    names = [fold(str(name)) for (name,) in rows]
    return names.count(fold(rebuild.table)) > counts or fold(rebuild.copy.new) in names


def _stores_alike(before: TableShape, after: TableShape) -> bool:
    """Whether a row copied from one into the other has the same key and the same bytes.

    Defaults count, since a row from before its column's ADD COLUMN holds none of its own. So does
    a key of the author's own, since a hidden rowid is given anew. A computed column has no bytes
    that a plain one could read.
    """
    return (
        before.rowid_alias is not None
        and not any(one.hidden for one in before.columns)
        and _columns(before) == _columns(after)
        and _collations(before) == _collations(after)
        and _of_constraints(before) == _of_constraints(after)
        and all(
            defaults.is_read_as_copied(defaults.Declared(one, before.strict))
            for one in before.columns
            if one.default
        )
    )


def _columns(shape: TableShape) -> list[tuple[object, ...]]:
    return [
        (one.name, one.affinity, one.default, one.pk, one.type if shape.strict else "")
        for one in shape.columns
    ]


def _collations(shape: TableShape) -> list[str]:
    clauses = [(item, column.find("COLLATE")) for item, column in parse(shape.sql).columns]
    return [fold(item.inner(clause)) if clause else "binary" for item, clause in clauses]


def _of_constraints(shape: TableShape) -> set[IndexShape]:
    return {one for one in shape.indexes if one.origin != "c"}


def _copies_all(rebuild: Rebuild, shape: TableShape) -> bool:
    """Whether the copy puts every column into the one of the same name."""
    names = [fold(one.name) for one in shape.columns]
    into = [fold(name) for name in rebuild.copy.columns] or names
    values = [fold(name) for name in rebuild.copy.values]
    values = names if values == ["*"] else values
    return into == values and sorted(into) == sorted(names)


def _some_row_breaks_a_rule(connection: sqlite3.Connection, after: TableShape) -> bool:
    """Ask every row in one pass; the rebuild itself will say which one it is, and why."""
    # Of a column that is NOT NULL already SQLite would take IS NULL for false without a look, and
    # an edit of the schema may have made it so over rows that are NULL.
    rules = [
        f"typeof({quote(one.name)}) = 'null'"
        for one in after.columns
        if one.not_null and not one.pk
    ]
    for item, one, _ in constraints(parse(after.sql)):
        if one.kind == "CHECK":
            rules.append(f"NOT ({item.inner(one)})")
    if not rules:
        return False
    asked = f"SELECT 1 FROM {quote(after.name)} WHERE {' OR '.join(rules)} LIMIT 1"
    return connection.execute(asked).fetchone() is not None


def _instead(
    script: steps.Script, schema: Schema, rebuild: Rebuild, end: _End
) -> tuple[tuple[str, ...], ...]:
    table = end.before.name
    slots: list[tuple[str, ...]] = [(), ()]  # nothing in place of the CREATE and the INSERT

    def close_slot() -> None:
        slots.append(tuple(script.statements[sum(map(len, slots)) :]))

    # 1. In place of the DROP: what the table takes along, but for the indexes that come back.
    kept = _kept(schema, end)
    for one in _state(schema, table).own:
        if one.sql and one.type != "table" and one.key not in kept:
            script.run(f"DROP {one.type.upper()} {quote(one.name)}")
    steps.forget_statistics(script, table)
    close_slot()
    # 2. In place of the RENAME: the new text, at the schema's end, where the new table stands. The
    #    indexes go along, since SQLite reads no index before its table.
    _move(
        script,
        *(one for one in end.state.own if not one.sql or one.type == "table"),
        *kept.values(),
    )
    had, has = (autoincrements(parse(one.sql)) for one in (end.before, end.after))
    if had or has:
        steps.set_sequence(script, table, end.after.rowid_alias or "", wanted=has)
    close_slot()
    # 3. In place of CREATE INDEX: the same for an index that was there; another is made.
    for name, statement in zip(rebuild.indexes, rebuild.statements[4:], strict=True):
        there = kept.pop(("index", fold(name)), None)
        if there:
            _move(script, there)
        else:
            script.run(statement)
        close_slot()
    return tuple(slots)


def _kept(schema: Schema, end: _End) -> dict[tuple[str, str], SchemaObject]:
    """Return the indexes that are made again as they were, as they will stand in the schema."""
    same = {
        ("index", fold(one.name)): one for one in end.after.indexes if one in end.before.indexes
    }
    kept = {}
    for one in end.state.own:
        old, shape = schema.find(*one.key), same.get(one.key)
        # Of an expression the shape says nothing: there the words must be the same.
        if old and shape and one.sql and (not shape.computed or _words(old) == _words(one)):
            kept[one.key] = one
    return kept


def _words(one: SchemaObject) -> list[str]:
    return [token.text for token in code(one.sql or "")]


def _move(script: steps.Script, *objects: SchemaObject) -> None:
    """Put the objects, one after the other, at the end of the schema, with their new text."""
    places = [
        "UPDATE sqlite_master SET rowid = (SELECT max(rowid) + 1 FROM sqlite_master) "
        f"WHERE type = {steps.literal(one.type)} AND name = {steps.literal(one.name)}"
        for one in objects
    ]
    texts = {(one.type, one.name): one.sql for one in objects if one.sql}
    script.edit_texts(texts, *places)
