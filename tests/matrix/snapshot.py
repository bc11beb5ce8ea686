"""Everything that can be observed of a database, from a connection of its own, as plain data.

It asks SQLite alone (PRAGMAs, `sqlite_schema`, `typeof()` and `quote()` of every cell) and knows
nothing of how a change is made; it never leaves a trace in the file that it reads.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass

from tests.matrix.feature import quoted

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<string>[xX]?'(?:[^']|'')*')"""
    r"""|(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?P<word>[\w$.\u0080-\U0010ffff]+)"""
    r"""|(?P<other>\S)""",
    re.DOTALL,
)
_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Column:
    """A row of table_xinfo, and the collation that an index on the column would get."""

    name: str
    type: str
    notnull: int
    default: str | None
    pk: int
    hidden: int
    collation: str


@dataclass(frozen=True, slots=True)
class Index:
    """A row of index_list with its key columns (name, or None for an expression; DESC; COLLATE).

    `name` is empty for the index of a UNIQUE or PRIMARY KEY constraint: its number may change.
    """

    name: str
    unique: int
    origin: str
    partial: int
    columns: tuple[tuple[str | None, int, str], ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key, as foreign_key_list tells it."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str | None, ...]
    on_update: str
    on_delete: str
    match: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table or view: each cell as `typeof:quote`, in a stable order."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole of what was observed; equal snapshots are databases nobody can tell apart."""

    sql: str
    columns: tuple[Column, ...]
    without_rowid: int
    strict: int
    autoincrement: bool
    indexes: tuple[Index, ...]
    keys: tuple[Key, ...]
    rows: Rows
    rowids: tuple[str, ...]
    triggers: tuple[str, ...]
    objects: tuple[tuple[str, str, str], ...]
    tables: tuple[tuple[str, Rows], ...]
    views: tuple[tuple[str, tuple[tuple[str, ...], ...] | str], ...]
    sequence: tuple[tuple[str, ...], ...]
    statistics: tuple[tuple[str, ...], ...]
    violations: tuple[tuple[str, str], ...]
    damage: tuple[str, ...]


def fold(name: str) -> str:
    """Return `name` with A to Z folded, as SQLite compares identifiers."""
    return name.translate(_FOLD)


def words(sql: str | None) -> tuple[str, ...]:
    """Return the tokens of `sql`, unquoted and folded, without its comments and spaces."""
    found: list[str] = []
    for match in _TOKEN.finditer(sql or ""):
        text = match.group()
        if match.lastgroup == "name":
            close = text[-1]
            text = fold(text[1:-1].replace(close * 2, close))
        elif match.lastgroup == "word":
            # `a.b` is three tokens, so that a qualified column can be told from its table.
            found.extend(part for part in re.split(r"(\.)", fold(text)) if part)
            continue
        elif match.lastgroup == "comment":
            continue
        found.append(text)
    return tuple(found)


def comments(sql: str) -> Counter[str]:
    """Return how often each comment stands in `sql`."""
    return Counter(m.group().strip() for m in _TOKEN.finditer(sql) if m.lastgroup == "comment")


def take(conn: sqlite3.Connection, table: str) -> Snapshot:
    """Return what can be observed of the database behind `conn`, with `table` in focus."""
    schema = conn.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    sql = next((row[3] for row in schema if row[0] in ("table", "view") and row[1] == table), "")
    flags = conn.execute(
        "SELECT wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", [table]
    ).fetchone() or (0, 0)
    collations = _collations(conn, table)
    columns = tuple(
        Column(name, kind, notnull, default, pk, hidden, collations.get(name, ""))
        for _, name, kind, notnull, default, pk, hidden in conn.execute(
            f"PRAGMA table_xinfo({quoted(table)})"
        )
    )
    plain = [row for row in schema if row[0] == "table" and row[1] != table]
    return Snapshot(
        sql=sql,
        columns=columns,
        without_rowid=flags[0],
        strict=flags[1],
        autoincrement="autoincrement" in words(sql),
        indexes=_indexes(conn, table, {row[1]: row[3] for row in schema if row[0] == "index"}),
        keys=_keys(conn, table),
        rows=_rows_of(conn, table, tuple(c.name for c in columns), _order(columns)),
        rowids=() if flags[0] else _rowids(conn, table, {fold(c.name) for c in columns}),
        triggers=tuple(r[1] for r in schema if r[0] == "trigger" and fold(r[2]) == fold(table)),
        objects=tuple(
            sorted(
                (kind, name, text or "")
                for kind, name, owner, text in schema
                if not (kind in ("table", "index") and fold(owner) == fold(table))
                and not name.startswith("sqlite_")
            )
        ),
        tables=tuple(
            (name, _rows_of(conn, name, None, "1"))
            for _, name, _, text in sorted(plain)
            if not name.startswith("sqlite_") and not (text or "").startswith("CREATE VIRTUAL")
        ),
        views=tuple((r[1], _view(conn, r[1])) for r in sorted(schema) if r[0] == "view"),
        sequence=_optional(conn, "SELECT name, quote(seq) FROM sqlite_sequence ORDER BY 1"),
        statistics=_optional(conn, "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2, 3"),
        violations=tuple(sorted((str(row[0]), str(row[2])) for row in _violations(conn))),
        damage=tuple(row[0] for row in conn.execute("PRAGMA integrity_check")),
    )


def _order(columns: tuple[Column, ...]) -> str:
    return "code" if any(column.name == "code" for column in columns) else "1"


def cell(column: str) -> str:
    """Return the SQL that tells a value and its storage class exactly, NUL bytes included."""
    name = quoted(column)
    exact = f"CASE WHEN typeof({name}) = 'text' AND instr({name}, char(0)) THEN hex({name})"
    return f"typeof({name}) || ':' || {exact} ELSE quote({name}) END"


def cells(conn: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> str:
    """Return the content of `columns` as one text: cheap to take, only good for comparing."""
    text = " || '|' || ".join(map(cell, columns))
    inner = f"SELECT {text} AS x FROM {quoted(table)} ORDER BY 1"
    return str(conn.execute(f"SELECT group_concat(x, char(10)) FROM ({inner})").fetchone()[0])


def _collations(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return each column's own collation, by making an index and taking it back."""
    names = [r[1] for r in conn.execute(f"PRAGMA table_xinfo({quoted(table)})") if r[6] != 1]
    conn.execute("SAVEPOINT collation")
    try:
        listed = ", ".join(map(quoted, names))
        conn.execute(f"CREATE INDEX matrix_collation ON {quoted(table)}({listed}) WHERE 0")
        found = conn.execute("PRAGMA index_xinfo(matrix_collation)").fetchall()
    except sqlite3.OperationalError:  # a virtual table or a view has no indexes
        found = []
    finally:
        conn.execute("ROLLBACK TO collation")
        conn.execute("RELEASE collation")
    return {row[2]: row[4] for row in found if row[2] is not None and row[5]}


def _indexes(
    conn: sqlite3.Connection, table: str, texts: dict[str, str | None]
) -> tuple[Index, ...]:
    found = []
    for _, name, unique, origin, partial in conn.execute(f"PRAGMA index_list({quoted(table)})"):
        keyed = tuple(
            (column if cid >= 0 else None if cid == -2 else "rowid", desc, collation)
            for _, cid, column, desc, collation, key in conn.execute(
                f"PRAGMA index_xinfo({quoted(name)})"
            )
            if key
        )
        shown = name if origin == "c" else ""
        # The CREATE INDEX text counts where PRAGMAs are blind: expressions and WHERE clauses.
        blind = partial or any(column is None for column, _, _ in keyed)
        tail = words(texts.get(name))[4:] if blind else ()
        found.append(Index(shown, unique, origin, partial, keyed, tail))
    return tuple(sorted(found, key=repr))


def _keys(conn: sqlite3.Connection, table: str) -> tuple[Key, ...]:
    grouped: dict[int, list[tuple[object, ...]]] = {}
    for row in conn.execute(f"PRAGMA foreign_key_list({quoted(table)})"):
        grouped.setdefault(row[0], []).append(row)
    keys = []
    for rows in grouped.values():
        rows.sort(key=lambda row: str(row[1]))
        _, _, parent, _, _, update, delete, match = rows[0]
        columns = tuple(str(row[3]) for row in rows)
        targets = tuple(None if row[4] is None else str(row[4]) for row in rows)
        keys.append(Key(columns, str(parent), targets, str(update), str(delete), str(match)))
    return tuple(sorted(keys, key=repr))


def _rows_of(
    conn: sqlite3.Connection, table: str, header: tuple[str, ...] | None, order: str
) -> Rows:
    if header is None:
        header = tuple(r[1] for r in conn.execute(f"PRAGMA table_xinfo({quoted(table)})"))
    shown = ", ".join(map(cell, header))
    query = f"SELECT {shown} FROM {quoted(table)} ORDER BY {order}"
    return Rows(header, tuple(conn.execute(query).fetchall()) if header else ())


def _rowids(conn: sqlite3.Connection, table: str, taken: set[str]) -> tuple[str, ...]:
    """Return the rowids in the rows' order, where a name for them is left."""
    for name in ("rowid", "_rowid_", "oid"):
        if name not in taken:
            query = f"SELECT {name} FROM {quoted(table)} ORDER BY code"
            try:
                return tuple(str(row[0]) for row in conn.execute(query))
            except sqlite3.OperationalError:  # a view or a virtual table without one
                return ()
    return ()


def _view(conn: sqlite3.Connection, name: str) -> tuple[tuple[str, ...], ...] | str:
    try:
        return tuple(
            sorted(tuple(map(repr, row)) for row in conn.execute(f"SELECT * FROM {quoted(name)}"))
        )
    except sqlite3.Error as error:
        return f"{type(error).__name__}: {error}"


def _violations(conn: sqlite3.Connection) -> list[tuple[object, ...]]:
    try:
        return conn.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.OperationalError as error:
        return [("foreign key mismatch", "", str(error))]


def _optional(conn: sqlite3.Connection, query: str) -> tuple[tuple[str, ...], ...]:
    try:
        return tuple(tuple(map(str, row)) for row in conn.execute(query))
    except sqlite3.OperationalError:  # the table is only there when something needs it
        return ()
