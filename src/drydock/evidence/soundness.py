"""Whether the file after is sound: SQLite's own checks, of what may have changed.

An `integrity_check` costs ten times a join, so it is asked only where something could be wrong:
a table whose rows are proved and whose indexes stand byte for byte needs no check of the indexes
(they were sound before). Problems that the file before has too are told, but are not new (F35).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from drydock import connection as opening
from drydock import strangers
from drydock.evidence import modules
from drydock.evidence.facts import NotCompared, Problem
from drydock.names import fold, quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drydock.evidence.facts import TableEvidence
    from drydock.evidence.inventory import Index, Inventory, Table
    from drydock.evidence.matching import Files


@dataclass(frozen=True, slots=True)
class Check:
    """One of SQLite's checks to make: of a table, or of the whole file where `table` is None."""

    pragma: Literal["integrity_check", "quick_check"]
    table: str | None = None
    was: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, and of which tables it could not look at everything."""

    problems: tuple[Problem, ...] = ()
    left_out: tuple[NotCompared, ...] = ()


def run(connection: sqlite3.Connection, check: Check) -> Checked:
    """Make a check of ``main``; what it finds in ``was`` too is not new."""
    found = _messages(connection, "main", check.pragma, check.table)
    known: set[str] = set()
    if found.texts and (check.table is None or check.was is not None):
        known = set(_messages(connection, "was", check.pragma, check.was).texts)
    return Checked(
        tuple(Problem(check.table, text, text not in known) for text in found.texts), found.left_out
    )


def needed_check(files: Files, evidence: TableEvidence) -> Check | None:
    """The cheapest check of a table that leaves nothing unproved; None: its pages prove it."""
    table = files.new.tables.get(fold(evidence.name))
    if evidence.kind == "dropped" or table is None or table.kind != "table":
        return None
    if evidence.kind == "added":
        return Check("integrity_check", evidence.name)
    was = evidence.was or evidence.name
    before = files.old.indexes.get(fold(was), {})
    after = files.new.indexes.get(fold(evidence.name), {})
    indexes_same = all(
        name in before and files.pages_are_same(before[name].root, index.root)
        for name, index in after.items()
    )
    if indexes_same and evidence.pages_proved:
        same = all(before[name].sql == index.sql for name, index in after.items())
        if same or evidence.columns:  # RENAME COLUMN edits the SQL of indexes too
            # A CHECK or NOT NULL that the table has now must hold for rows that nobody touched.
            is_asked = table.sql != files.old.tables[fold(was)].sql
            return Check("quick_check", evidence.name, was) if is_asked else None
    if indexes_same and all(
        _entries_stayed(files.connection, evidence, before[name], index)
        for name, index in after.items()
    ):
        return Check("quick_check", evidence.name, was)
    return Check("integrity_check", evidence.name, was)


def _entries_stayed(
    connection: sqlite3.Connection, evidence: TableEvidence, before: Index, after: Index
) -> bool:
    """Whether the rows that an index must list are exactly those that it had to list before."""
    if evidence.matched_by != "rowid" or evidence.added or evidence.removed:
        return False
    changed = {fold(column.name) for column in evidence.columns if column.changed}
    changed |= {fold(c.was or c.name) for c in evidence.columns if c.fate != "kept"}
    columns = _indexed(connection, "main", after)
    return (
        columns is not None
        and columns == _indexed(connection, "was", before)
        and changed.isdisjoint(column for column, _, _ in columns)
    )


def full_text_problems(
    before: Path, after: Path, tables: list[str], should_stop: Callable[[], bool]
) -> list[Problem]:
    """Ask the full-text tables `tables` of `after` whether they still match their content.

    The question is an INSERT, so it is put to a private copy that SQLite removes on close.
    """
    if not tables:
        return []
    found = _full_text_failures(after, tables, should_stop)
    known = _full_text_failures(before, list(found), should_stop) if found else {}
    return [Problem(table, text, table not in known) for table, text in found.items()]


def is_full_text(table: Table) -> bool:
    """Whether a virtual table is a full-text index. Pure."""
    return table.kind == "virtual" and modules.read(table.sql).is_full_text


def content_table(table: Table, inventory: Inventory) -> Table | None:
    """The table whose rows an external-content full-text table indexes. Pure."""
    return inventory.tables.get(modules.read(table.sql).content or "")


def _indexed(
    connection: sqlite3.Connection, schema: str, index: Index
) -> list[tuple[str, int, str]] | None:
    """An index's columns with order and collation; None where it is partial or has expressions."""
    if index.sql is not None and "where" in fold(index.sql):
        return None
    parts = connection.execute(f"PRAGMA {schema}.index_xinfo({quote(index.name)})").fetchall()
    if any(part[1] == -2 for part in parts):
        return None
    return [
        (fold(column or ""), descending, fold(collation or ""))
        for _, _, column, descending, collation, _ in parts
    ]


class _Messages(NamedTuple):
    texts: list[str]
    left_out: tuple[NotCompared, ...] = ()


def _messages(
    connection: sqlite3.Connection, schema: str, pragma: str, table: str | None
) -> _Messages:
    def ask(pragma: str) -> list[str]:
        of = f"({quote(table)})" if table is not None else ""
        rows = connection.execute(f"PRAGMA {schema}.{pragma}{of}").fetchall()
        return [text for (text,) in rows if text != "ok"]

    try:
        return _Messages(ask(pragma))
    except sqlite3.DatabaseError as error:
        if "interrupted" in str(error):
            raise
        first = strangers.named(error)
        if first is None:
            return _Messages([str(error)])
    # What an index holds is told by a stranger; that the pages hang together is not.
    met: tuple[strangers.Stranger, ...] = ()
    try:
        texts, met = strangers.walked(connection, lambda: ask("quick_check"))
    except sqlite3.OperationalError as error:
        if strangers.named(error) is None:
            raise
        texts = []  # a computed column that is NOT NULL
    missed = [each for each in (first, *met) if each.kind == "function" or pragma != "quick_check"]
    return _Messages(
        [each for each in texts if not strangers.ORDER.match(each)],
        tuple(
            NotCompared(
                name, f"SQLite could not check all of it: only the application knows {each}"
            )
            for each in dict.fromkeys(missed)
            for name in ([table] if table is not None else _naming(connection, schema, each))
        ),
    )


def _naming(connection: sqlite3.Connection, schema: str, stranger: strangers.Stranger) -> list[str]:
    rows = connection.execute(
        f"SELECT DISTINCT tbl_name FROM {schema}.sqlite_schema WHERE type IN ('table', 'index') "
        "AND instr(lower(sql), lower(?))",
        (stranger.name,),
    )
    return [str(name) for (name,) in rows]


def _full_text_failures(
    path: Path, tables: list[str], should_stop: Callable[[], bool]
) -> dict[str, str]:
    failures = {}
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
        with closing(opening.read_only(path)) as source:
            source.backup(copy)
        opening.stop_when(copy, should_stop)
        for table in tables:
            name = quote(table)
            (sql,) = copy.execute(
                "SELECT coalesce(max(sql), '') FROM sqlite_schema WHERE name = ?", (table,)
            ).fetchone()
            # With a rank, FTS5 also compares external content (newer versions do not otherwise).
            extra = (", rank", ", 1") if modules.read(sql).name == "fts5" else ("", "")
            try:
                copy.execute(
                    f"INSERT INTO {name}({name}{extra[0]}) VALUES ('integrity-check'{extra[1]})"
                )
            except sqlite3.DatabaseError as error:
                if "interrupted" in str(error):
                    raise
                failures[table] = (
                    f"full-text index {table} does not match its content ({error}); "
                    f"end the migration with: INSERT INTO {name}({name}) VALUES ('rebuild');"
                )
    return failures
