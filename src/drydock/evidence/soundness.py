"""Whether the file after is sound: SQLite's own checks, of what may have changed.

An `integrity_check` costs ten times a join, so it is asked only where something could be wrong:
a table whose rows are proved and whose indexes stand byte for byte needs no check of the indexes
(they were sound before). Problems that the file before has too are told, but are not new (F35).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock import connection as opening
from drydock.evidence.facts import Problem
from drydock.names import fold, quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drydock.evidence.facts import TableEvidence
    from drydock.evidence.inventory import Inventory, Table
    from drydock.evidence.pages import PageProof

_FTS = ("fts3", "fts4", "fts5")


@dataclass(frozen=True, slots=True)
class Check:
    """One of SQLite's checks to make: of a table, or of the whole file where `table` is None."""

    pragma: Literal["integrity_check", "quick_check"]
    table: str | None = None
    was: str | None = None


def run(connection: sqlite3.Connection, check: Check) -> tuple[Problem, ...]:
    """Make a check of ``main``; what it finds in ``was`` too is not new."""
    found = _messages(connection, "main", check.pragma, check.table)
    if not found:
        return ()
    known: set[str] = set()
    if check.table is None or check.was is not None:
        known = set(_messages(connection, "was", check.pragma, check.was))
    return tuple(Problem(check.table, text, text not in known) for text in found)


def needed_check(
    connection: sqlite3.Connection, evidence: TableEvidence, proof: PageProof | None
) -> Check:
    """The cheapest check of a touched table that leaves nothing unproved."""
    was = None if evidence.kind == "added" else evidence.was or evidence.name
    rows_stayed = evidence.matched_by == "rowid" and not evidence.added and not evidence.removed
    if was is not None and proof is not None and rows_stayed and not evidence.rowids_moved:
        before = _indexes(connection, "was", was)
        after = _indexes(connection, "main", evidence.name)
        changed = {fold(column.name) for column in evidence.columns if column.changed}
        changed |= {fold(c.was or c.name) for c in evidence.columns if c.fate != "kept"}
        if all(
            name in before
            and index.columns == before[name].columns
            and index.is_plain
            and changed.isdisjoint(index.names)
            and proof.rows_if_same(before[name].root, index.root) is not None
            for name, index in after.items()
        ):
            return Check("quick_check", evidence.name, was)
    return Check("integrity_check", evidence.name, was)


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
    return table.kind == "virtual" and any(
        f"using {module}" in " ".join(fold(table.sql).split()) for module in _FTS
    )


def content_table(table: Table, inventory: Inventory) -> Table | None:
    """The table whose rows an external-content full-text table indexes. Pure."""
    text = "".join(fold(table.sql).split())
    for other in inventory.tables.values():
        name = "".join(fold(other.name).split())
        if any(f"content={left}{name}{right}" in text for left, right in _QUOTES):
            return other
    return None


_QUOTES = (("'", "'"), ('"', '"'), ("`", "`"), ("[", "]"), ("", ","), ("", ")"))


@dataclass(frozen=True, slots=True)
class _Index:
    root: int
    is_plain: bool
    columns: tuple[tuple[str | None, int, str], ...]

    @property
    def names(self) -> set[str]:
        return {name for name, _, _ in self.columns if name is not None}


def _indexes(connection: sqlite3.Connection, schema: str, table: str) -> dict[str, _Index]:
    found = {}
    roots = dict(
        connection.execute(
            f"SELECT name, rootpage FROM {schema}.sqlite_schema "
            "WHERE type = 'index' AND tbl_name = ? COLLATE NOCASE",
            (table,),
        )
    )
    listed = connection.execute(f"PRAGMA {schema}.index_list({quote(table)})").fetchall()
    for _, name, _, _, partial in listed:
        parts = connection.execute(f"PRAGMA {schema}.index_xinfo({quote(name)})").fetchall()
        columns = tuple(
            (None if column is None else fold(column), descending, fold(collation or ""))
            for _, _, column, descending, collation, _ in parts
        )
        plain = not partial and all(part[1] != -2 for part in parts)
        # The primary key of a WITHOUT ROWID table is the table itself and has no root here.
        if name in roots:
            found[fold(name)] = _Index(roots[name], plain, columns)
    return found


def _messages(
    connection: sqlite3.Connection, schema: str, pragma: str, table: str | None
) -> list[str]:
    asked = f"({quote(table)})" if table is not None else ""
    try:
        rows = connection.execute(f"PRAGMA {schema}.{pragma}{asked}").fetchall()
    except sqlite3.DatabaseError as error:
        if "interrupted" in str(error):
            raise
        return [str(error)]
    return [text for (text,) in rows if text != "ok"]


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
            extra = (", rank", ", 1") if "fts5" in fold(sql) else ("", "")
            try:
                copy.execute(
                    f"INSERT INTO {name}({name}{extra[0]}) VALUES ('integrity-check'{extra[1]})"
                )
            except sqlite3.DatabaseError as error:
                if "interrupted" in str(error):
                    raise
                failures[table] = f"full-text index {table} does not match its content: {error}"
    return failures
