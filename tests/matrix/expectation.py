"""What a change must leave, computed from what was there, and which changes are rightly refused.

Pure but for one thing: how an affinity converts a value is asked of SQLite itself, in a temporary
table. It knows nothing of the tool that made the change.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tests.matrix.feature import Feature, quoted
from tests.matrix.operations import Operation, affinity, column_of, new_type
from tests.matrix.snapshot import Index, Key, Rows, Snapshot, cell, fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from tests.matrix.snapshot import Column

_T = TypeVar("_T")

_NEW = Key(("ref",), "other", ("id",), "NO ACTION", "NO ACTION", "NONE")
STRICT_TYPES = {"int", "integer", "real", "text", "blob", "any"}
_STORES = {
    "INT": {"integer"}, "INTEGER": {"integer"}, "REAL": {"real"}, "TEXT": {"text"},
    "BLOB": {"blob"}, "ANY": {"integer", "real", "text", "blob"},
}  # fmt: skip


def expected(
    conn: sqlite3.Connection, operation: Operation, feature: Feature, before: Snapshot
) -> Snapshot:
    """Return the snapshot that doing exactly what is asked leaves; `conn` is the old database."""
    name, kind, value = operation.column, operation.kind, operation.value
    if asked := new_type(operation, feature, before):
        return _retyped(conn, before, feature, name, asked)
    rest = {
        "rename": lambda: _renamed(before, name, value, feature.table),
        "drop": lambda: _dropped(before, name),
        "drop cascade": lambda: _dropped(before, name, feature.cascade),
        "move first": lambda: replace(
            before, columns=tuple(sorted(before.columns, key=lambda column: column.name != name))
        ),
        "add key": lambda: replace(
            before, keys=_sorted((*before.keys, replace(_NEW, columns=(name,))))
        ),
        "drop key": lambda: replace(
            before, keys=tuple(key for key in before.keys if name not in key.columns)
        ),
    }  # fmt: skip
    if kind in rest:
        return rest[kind]()
    columns: dict[str, dict[str, object]] = {
        "set not null": {"notnull": 1},
        "drop not null": {"notnull": 0},
        "keep": {"notnull": 0},
        "set default": {"default": f"'{value}'"},
        "drop default": {"default": None},
        "collate": {"collation": "NOCASE"},
    }
    flags: dict[str, dict[str, object]] = {
        "strict": {"strict": 1},
        "not strict": {"strict": 0},
        "without rowid": {"without_rowid": 1},
        "with rowid": {"without_rowid": 0},
        "autoincrement": {"autoincrement": True},
        "no autoincrement": {"autoincrement": False},
    }
    after = _column(before, name, **columns[kind]) if kind in columns else before
    return replace(after, **flags.get(kind, {}))  # type: ignore[arg-type]


def right_refusal(
    conn: sqlite3.Connection, operation: Operation, feature: Feature, before: Snapshot
) -> str:
    """Return why the cell is rightly refused, "" where it must be done."""
    column = column_of(before, operation.column)
    if operation.name in feature.refuse:
        return feature.refuse[operation.name]
    if operation.kind == "strict":
        return _not_strict(conn, feature, before)
    if operation.kind == "generated" and before.strict:
        return "every column of a STRICT table needs a type (stricttables.html, section 2)"
    return _refusal_of_column(conn, operation, feature, before, column) if column else ""


def _refusal_of_column(
    conn: sqlite3.Connection,
    operation: Operation,
    feature: Feature,
    before: Snapshot,
    column: Column,
) -> str:
    """Return why what is asked of `column` cannot be done without loss, from its data."""
    kind = operation.kind
    if kind in ("drop", "drop cascade"):
        return _held(kind, before, column.name)
    values = _values(conn, feature.table, column.name)
    if kind == "set not null" and any(value is None for value in values):
        return "there are rows with NULL"
    if kind == "collate" and _unique_on(before, column.name):
        folded = [fold(v) for v in values if isinstance(v, str)]
        return "" if len(folded) == len(set(folded)) else "two UNIQUE values are one under NOCASE"
    if asked := new_type(operation, feature, before):
        if before.strict and fold(asked) not in STRICT_TYPES:
            return "a STRICT table has no such type"
        return _clash(conn, feature, before, column, asked) or _lossy(
            conn, feature.table, column, asked, strict=bool(before.strict)
        )
    return ""


def declined(
    conn: sqlite3.Connection, operation: Operation, feature: Feature, before: Snapshot
) -> str:
    """Return why Drydock is to decline what would lose nothing in the table, "" elsewhere.

    Three rules, none of them taken from what Drydock does:

    - What SQLite's own DROP COLUMN declines (lang_altertable.html, section 5): a column with a
      UNIQUE constraint, one that a foreign key of the table names.
    - What shows a column depends on it, and issue 3 has a drop decline in the name of each
      dependent: ``*`` in a view is every column (lang_select.html, section 2.3).
    - Issue 3 again: text that is no number does not become one in silence, although an INTEGER
      column keeps it as text (datatype3.html, section 3). A computed value is no information of
      its own: its expression stays.

    Everything that neither this nor `right_refusal` names must be done. A constraint in a dropped
    column's own definition goes with it, as SQLite's DROP COLUMN has it for CHECK and REFERENCES.
    What reads a column whose type or collation changes (index, view, trigger, key, CHECK, computed
    column) goes on reading it: its text is what it was, and it compares by the affinity and the
    collation that were asked for (datatype3.html, sections 4.2 and 7.1); of a foreign key those of
    the parent's column count (foreignkeys.html, section 1). ``*``, NOT NULL on a generated column
    (gencol.html, section 2.2) and a table without rowids mean what was asked, too.
    `test_what_sqlite_itself_does` asks SQLite for these facts.
    """
    if operation.name in feature.declined:
        return feature.declined[operation.name]
    if operation.kind == "drop" and _unique_on(before, operation.column):
        return "SQLite's DROP COLUMN declines a column with a UNIQUE constraint"
    old, asked = column_of(before, operation.column), new_type(operation, feature, before)
    numbers = ("INTEGER", "REAL", "NUMERIC")
    if old is None or old.hidden:
        return ""
    if affinity(asked) in numbers and affinity(old.type) not in numbers:
        with _converted(conn, feature.table, old.name, asked) as made:
            text = "SELECT a FROM x WHERE typeof(a) = 'text' AND typeof(b) = 'text'"
            found = made.execute(text).fetchall()
        if found:
            return f"{found[0][0]!r} is no number"
    return ""


def _values(conn: sqlite3.Connection, table: str, name: str) -> list[object]:
    query = f"SELECT {quoted(name)} FROM {quoted(table)} ORDER BY code"
    return [row[0] for row in conn.execute(query)]


@contextmanager
def _converted(
    conn: sqlite3.Connection, table: str, name: str, asked: str
) -> Iterator[sqlite3.Connection]:
    """Give a table `x` of each value as it is (`a`), converted (`b`) and converted back (`c`)."""
    conn.execute(
        f"CREATE TEMP TABLE x(id INTEGER PRIMARY KEY, a, b {asked}, i INTEGER, r REAL, t TEXT, c)"
    )
    try:
        conn.execute(
            f"INSERT INTO x(a, b) SELECT {quoted(name)}, {quoted(name)} FROM {quoted(table)}"
            " ORDER BY code"
        )
        conn.execute("UPDATE x SET i = b, r = b, t = b")
        conn.execute(
            "UPDATE x SET c = CASE typeof(a) WHEN 'integer' THEN i WHEN 'real' THEN r"
            " WHEN 'text' THEN t ELSE b END"
        )
        yield conn
    finally:
        conn.execute("DROP TABLE temp.x")


def _lossy(
    conn: sqlite3.Connection, table: str, column: Column, asked: str, *, strict: bool
) -> str:
    """Return why the values cannot all be converted there and back, "" where they can."""
    if affinity(column.type) == affinity(asked):
        return ""
    a, b, c = cell("a"), cell("b"), cell("c")
    with _converted(conn, table, column.name, asked) as made:
        if changed := made.execute(f"SELECT {a}, {b} FROM x WHERE {a} <> {c}").fetchone():
            return f"{changed[0]} would become {changed[1]}"
        stored = {row[0] for row in made.execute("SELECT DISTINCT typeof(b) FROM x")} - {"null"}
        if strict and stored - _STORES[asked.upper()]:
            return f"STRICT {asked} cannot hold {sorted(stored)}"
    return ""


def _clash(
    conn: sqlite3.Connection, feature: Feature, before: Snapshot, column: Column, asked: str
) -> str:
    """Return which values a UNIQUE of the column alone would no longer tell apart."""
    alone = any(i.unique and [c for c, _, _ in i.columns] == [column.name] for i in before.indexes)
    if not alone or affinity(column.type) == affinity(asked):
        return ""
    with _converted(conn, feature.table, column.name, asked) as made:
        twice = "SELECT b FROM x WHERE b IS NOT NULL GROUP BY b HAVING count(*) > 1"
        found = made.execute(twice).fetchall()
    return f"{found[0][0]!r} would be there twice" if found else ""


def _not_strict(conn: sqlite3.Connection, feature: Feature, before: Snapshot) -> str:
    """Return which column keeps the table from being STRICT."""
    for column in before.columns:
        if fold(column.type) not in STRICT_TYPES:
            return f"STRICT knows no type {column.type!r}"
        if column.pk and None in _values(conn, feature.table, column.name):
            return "a STRICT key is NOT NULL"
        stored = {
            row[0]
            for row in conn.execute(
                f"SELECT DISTINCT typeof({quoted(column.name)}) FROM {quoted(feature.table)}"
            )
        }
        if stored - _STORES[column.type.upper()] - {"null"}:
            return f"{column.name} holds {sorted(stored)}"
    return ""


def _held(kind: str, before: Snapshot, name: str) -> str:
    """Return what keeps the column from being dropped."""
    if any(column.name == name and column.pk for column in before.columns):
        return "the primary key"
    for index in before.indexes:
        used = any(column == name for column, _, _ in index.columns)
        if used and index.origin == "c" and kind != "drop cascade":
            return f"the index {index.name} is on it"
        if used and index.origin == "u" and len(index.columns) > 1 and kind == "drop":
            return "a UNIQUE constraint over several columns holds it"
    return ""


def _unique_on(before: Snapshot, name: str) -> bool:
    return any(i.unique and any(c == name for c, _, _ in i.columns) for i in before.indexes)


def _column(before: Snapshot, name: str, **changes: object) -> Snapshot:
    columns = tuple(
        replace(column, **changes) if column.name == name else column  # type: ignore[arg-type]
        for column in before.columns
    )
    return replace(before, columns=columns)


def _renamed(before: Snapshot, old: str, new: str, table: str) -> Snapshot:
    def name(column: str | None) -> str | None:
        return new if column is not None and fold(column) == fold(old) else column

    columns = tuple(replace(c, name=name(c.name) or "") for c in before.columns)
    indexes = tuple(
        replace(i, columns=tuple((name(c), desc, coll) for c, desc, coll in i.columns))
        for i in before.indexes
    )
    keys = tuple(
        replace(
            k,
            columns=tuple(name(c) or "" for c in k.columns),
            parent_columns=tuple(name(c) for c in k.parent_columns)
            if fold(k.parent) == fold(table)
            else k.parent_columns,
        )
        for k in before.keys
    )
    header = tuple(name(c) or "" for c in before.rows.header)
    return replace(
        before,
        columns=columns,
        indexes=_sorted(indexes),
        keys=_sorted(keys),
        rows=Rows(header, before.rows.rows),
    )


def _dropped(before: Snapshot, name: str, cascade: Iterable[str] = ()) -> Snapshot:
    def used(index: Index) -> bool:
        mentioned = fold(name) in index.words
        return mentioned or any(column == name for column, _, _ in index.columns)

    place = before.rows.header.index(name)
    rows = tuple(row[:place] + row[place + 1 :] for row in before.rows.rows)
    header = before.rows.header[:place] + before.rows.header[place + 1 :]
    gone = set(cascade)
    return replace(
        before,
        columns=tuple(c for c in before.columns if c.name != name),
        indexes=tuple(i for i in before.indexes if not used(i)),
        keys=tuple(k for k in before.keys if name not in k.columns),
        rows=Rows(header, rows),
        statistics=tuple(row for row in before.statistics if row[1] not in gone),
        triggers=tuple(t for t in before.triggers if t not in gone),
        objects=tuple(o for o in before.objects if o[1] not in gone),
        views=tuple(v for v in before.views if v[0] not in gone),
    )


def _retyped(
    conn: sqlite3.Connection, before: Snapshot, feature: Feature, name: str, asked: str
) -> Snapshot:
    old = column_of(before, name)
    after = _column(before, name, type=asked)
    if old is None or affinity(old.type) == affinity(asked):
        return after
    place = before.rows.header.index(name)
    with _converted(conn, feature.table, name, asked) as made:
        cells = [row[0] for row in made.execute(f"SELECT {cell('b')} FROM x ORDER BY id")]
    rows = tuple(
        (*row[:place], new, *row[place + 1 :])
        for row, new in zip(before.rows.rows, cells, strict=True)
    )
    return replace(after, rows=Rows(before.rows.header, rows))


def _sorted(items: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(sorted(items, key=repr))
