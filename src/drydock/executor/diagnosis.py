"""Explain SQLite's messages with what the database and the migration really hold.

Pure but for reading the candidate: which name was probably meant, what already exists and whether
it is what the statement would have made, which rows break a constraint.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.tokens import unquote

if TYPE_CHECKING:
    from drydock.migration import Migration

_MEND = "mend the file, then run: inv migrate"
_VALUES = (
    "write the values themselves, or run it in a Python migration: db.execute(sql, values); "
    "then run: inv migrate"
)
_ROOM = "make room on the disk (inv doctor shows it), then run: inv migrate"
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)")
_NO_COLUMN = re.compile(r'no such column: "?(?:.+\.)?([^"]+)"?')
_EXISTS = re.compile(
    r"(?:table|index|view|trigger) (.+?) already exists"
    r"|there is already an?(?: other)? (?:table or index|index|table)"
    r"(?: with this name|named): (.+)"
)
_DUPLICATE = re.compile(r"duplicate column name: (.+)")
_ADDED = re.compile(r"alter\s+table\s+(.+?)\s+add\s", re.IGNORECASE | re.DOTALL)
_SPACE = re.compile(r"\s+|\bif\s+not\s+exists\b", re.IGNORECASE)
_ROWS_SHOWN = 5


def explain(
    error: sqlite3.Error, statement: str, opened: sqlite3.Connection, migration: Migration
) -> tuple[list[str], str]:
    """Return the causes, most direct first, and the hint for a failed statement."""
    message = str(error)
    opened.set_progress_handler(None, 0)
    if found := _NO_TABLE.match(message):
        return [_did_you_mean(message, found[1], _tables(opened))], _MEND
    if found := _NO_COLUMN.match(message):
        return [_did_you_mean(message, found[1], _columns(opened, statement))], _MEND
    if found := _EXISTS.match(message):
        return _already_exists(message, found[1] or found[2], statement, opened, migration)
    if found := _DUPLICATE.match(message):
        return _duplicate_column(message, found[1], statement, opened, migration)
    if "FOREIGN KEY constraint failed" in message:
        return [message, *violations(opened)], "mend the rows or the order, then run: inv migrate"
    return _plainly(message, migration)


def _plainly(message: str, migration: Migration) -> tuple[list[str], str]:
    if "binding" in message and migration.kind == "sql":
        return ["it has parameters, for which a file holds no values"], _VALUES
    return [message], _ROOM if "disk is full" in message else _MEND


def violations(opened: sqlite3.Connection, limit: int = _ROWS_SHOWN) -> list[str]:
    """Return a line for each of the first foreign key violations: the row, and what it lacks."""
    try:
        found = opened.execute("PRAGMA foreign_key_check").fetchmany(limit)
        return [_violation(opened, *row) for row in found]
    except sqlite3.Error:
        return []


def _violation(
    opened: sqlite3.Connection, table: str, rowid: int | None, parent: str, key: int
) -> str:
    columns = [
        (str(row[3]), str(row[4] or "its key"))
        for row in opened.execute(f"PRAGMA foreign_key_list({quote(table)})")
        if row[0] == key
    ]
    child, target = ", ".join(c for c, _ in columns), ", ".join(p for _, p in columns)
    if rowid is None:
        return f"{table}: a row's {child} has no {parent}.{target}"
    chosen = ", ".join(quote(column) for column, _ in columns)
    values = opened.execute(
        f"SELECT {chosen} FROM {quote(table)} WHERE rowid = ?", (rowid,)
    ).fetchone()
    shown = ", ".join(repr(value) for value in values)
    return f"{table} rowid {rowid}: {child} = {shown} has no {parent}.{target}"


def _did_you_mean(message: str, name: str, known: list[str]) -> str:
    folded = {fold(each): each for each in known}
    near = difflib.get_close_matches(fold(name), folded, n=1, cutoff=0.6)
    return f'{message} (did you mean "{folded[near[0]]}"?)' if near else message


def _tables(opened: sqlite3.Connection) -> list[str]:
    rows = opened.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    return [str(row[0]) for row in rows]


def _columns(opened: sqlite3.Connection, statement: str) -> list[str]:
    words = {fold(word) for word in re.findall(r"\w+", statement)}
    return [
        str(row[1])
        for table in _tables(opened)
        if fold(table) in words
        for row in opened.execute(f"PRAGMA table_info({quote(table)})")
    ]


def _already_exists(
    message: str, name: str, statement: str, opened: sqlite3.Connection, migration: Migration
) -> tuple[list[str], str]:
    name = unquote(name)
    row = opened.execute(
        "SELECT type, sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (name,)
    ).fetchone()
    if row is None:
        return [message], _MEND
    kind, sql = str(row[0]), str(row[1] or "")
    same = _normal(sql) == _normal(statement)
    verdict = (
        f"the {kind} in the database is exactly what this statement would create"
        if same
        else f"the {kind} in the database is another one: {' '.join(sql.split())[:200]}"
    )
    causes = [message, verdict]
    loss = ""
    if kind == "table":
        count = opened.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0]
        rows = f"{count:,} row{'s' * (count != 1)}"
        causes.append(f"it holds {rows}")
        loss = f" and its {rows}"
    return causes, _three_ways(migration, f"DROP {kind.upper()} {quote(name)};", loss)


def _duplicate_column(
    message: str, column: str, statement: str, opened: sqlite3.Connection, migration: Migration
) -> tuple[list[str], str]:
    altered = _ADDED.match(statement)
    table = unquote(altered[1].removeprefix("main.")) if altered else ""
    columns = opened.execute(f"PRAGMA table_info({quote(table)})") if table else ()
    there = [
        f"{table}.{row[1]} is there already, declared as {row[2] or 'no type'}"
        for row in columns
        if fold(str(row[1])) == fold(column)
    ]
    drop = f"ALTER TABLE {quote(table)} DROP COLUMN {quote(column)};"
    return [message, *there], _three_ways(migration, drop, " and its values")


def _three_ways(migration: Migration, drop: str, loss: str) -> str:
    return (
        "one of three ways on:\n"
        f"  it was applied by hand:  inv adopt --mark {migration.name}\n"
        "  it may be there or not:  guard it with IF NOT EXISTS, or ask PRAGMA table_info in a "
        ".py migration\n"
        f"  it should be made anew:  put before it: {drop}  (that one{loss} are lost)"
    )


def _normal(sql: str) -> str:
    return fold(_SPACE.sub("", sql).rstrip(";").replace('"', "").replace("`", ""))
