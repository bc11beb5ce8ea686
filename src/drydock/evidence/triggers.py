"""The triggers that a statement fires: what they write, and keeping them from firing.

A row that was written under a trigger has brought the trigger's effects along, as rows of their
own; carried into a database that has them, it must not bring them a second time. Only in a
full-text or another virtual table, whose rows nobody carries, the effect has to happen again.
SQLite itself is asked what a statement would write (the authorizer names the trigger,
c3ref/set_authorizer.html).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.evidence import inventory
from drydock.names import fold
from drydock.tokens import code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.tokens import Token

    Entry = tuple[int, str, str, str, int, str]

_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of the main database, and the ordinary tables that it writes to."""

    name: str
    writes: tuple[str, ...]


def fired_by(connection: sqlite3.Connection, statements: Iterable[str]) -> tuple[Trigger, ...]:
    """Return the triggers that `statements` fire, and those that these fire; runs none of them.

    One that writes to no ordinary table is not among them: it only raises, or keeps an index.
    """
    found: dict[str, dict[str, None]] = {}

    def note(
        action: int, table: str | None, _: str | None, schema: str | None, trigger: str | None
    ) -> int:
        if action in _WRITES and trigger and table and schema == "main":
            found.setdefault(trigger, {})[table] = None
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        for statement in statements:
            connection.execute(f"EXPLAIN {statement}").close()
    finally:
        connection.set_authorizer(None)
    tables = inventory.read(connection, "main").tables if found else {}
    # A view stands for the tables that its own triggers write to.
    virtual = {name for name, table in tables.items() if table.kind != "table"}
    writing = {
        trigger: tuple(name for name in written if fold(name) not in virtual)
        for trigger, written in found.items()
    }
    return tuple(Trigger(name, written) for name, written in writing.items() if written)


def silence(connection: sqlite3.Connection, triggers: Iterable[Trigger]) -> tuple[Entry, ...]:
    """Leave of triggers what they write to virtual tables, inside a transaction of the caller's.

    Nobody else sees the schema so. Of a trigger that writes to ordinary tables only, nothing is
    left.

    Returns:
        Their entries as they stood, for `end_silence`. After a rollback they stand there again,
        to be read by ``PRAGMA writable_schema = RESET``.
    """
    entries = []
    connection.execute("PRAGMA writable_schema = ON")
    for trigger in triggers:
        found = "FROM main.sqlite_schema WHERE type = 'trigger' AND name = ?"
        entry = connection.execute(f"SELECT rowid, * {found}", (trigger.name,)).fetchone()
        entries.append(entry)
        rest = without(entry[-1], trigger.writes)
        if rest is None:
            connection.execute("DELETE FROM main.sqlite_schema WHERE rowid = ?", entry[:1])
        else:
            connection.execute(
                "UPDATE main.sqlite_schema SET sql = ? WHERE rowid = ?", (rest, entry[0])
            )
    connection.execute("PRAGMA writable_schema = RESET")
    return tuple(entries)


def end_silence(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Put triggers back as and where they stood, so that they fire in the order that they had."""
    connection.execute("PRAGMA writable_schema = ON")
    connection.executemany(
        "INSERT OR REPLACE INTO main.sqlite_schema(rowid, type, name, tbl_name, rootpage, sql) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        entries,
    )
    connection.execute("PRAGMA writable_schema = RESET")


def without(sql: str, tables: Iterable[str]) -> str | None:
    """Return the trigger `sql` without its statements that write to `tables`; None: it is empty."""
    tokens = code(sql)
    begin = _begin(tokens)
    unwanted = {fold(name) for name in tables}
    kept, first = [], begin + 1
    for at in range(first, len(tokens) - 1):
        if tokens[at].text == ";":
            if _target(tokens[first:at]) not in unwanted:
                kept.append(sql[tokens[first].start : tokens[at].end])
            first = at + 1
    head = sql[: tokens[begin].end]
    return f"{head} {' '.join(kept)} END" if kept else None


def _begin(tokens: list[Token]) -> int:
    """Return where the body begins: BEGIN is also the name of a column, a trigger, a table."""
    on = next(at for at, token in enumerate(tokens) if token.is_word("ON"))
    return next(
        at
        for at in range(on + 2, len(tokens))
        if tokens[at].is_word("BEGIN")
        and tokens[at - 1].text != "."
        and tokens[at + 1].is_word("INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT")
    )


def _target(statement: list[Token]) -> str | None:
    """Return the table (folded) that a statement of a trigger writes to; None: it only asks."""
    if not statement[0].is_word("INSERT", "REPLACE", "UPDATE", "DELETE"):
        return None
    after = ("INTO", "FROM") if not statement[0].is_word("UPDATE") else ("UPDATE",)
    at = next(at for at, token in enumerate(statement) if token.is_word(*after)) + 1
    if statement[at].is_word("OR"):
        at += 2
    return statement[at].folded
