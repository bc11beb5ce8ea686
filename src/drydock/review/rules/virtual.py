"""Rules about virtual tables, once a migration has run."""

from __future__ import annotations

import itertools
import sqlite3
from typing import TYPE_CHECKING

from drydock import strangers
from drydock.connection import require_uninterrupted
from drydock.names import quote
from drydock.review import changes
from drydock.review.compiling import NO_MODULE
from drydock.review.finding import Verdict
from drydock.review.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.review.situation import Situation

_NEXT = itertools.count()


def unreadable(connection: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Return the virtual tables of which no row can be read, each with what SQLite says of it.

    One whose module or function only the application has is left out.

    Raises:
        Interrupted: A signal came.
    """
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage = 0"
    ).fetchall()
    found = []
    for (name,) in rows:
        try:
            # A new text each time: a statement that was compiled before keeps its old table.
            question = f"SELECT /* {next(_NEXT)} */ * FROM {quote(name)} LIMIT 1"
            connection.execute(question).fetchone()
        except sqlite3.Error as error:
            require_uninterrupted(error)
            message = str(error)
            if not message.startswith(NO_MODULE) and strangers.named(message) is None:
                found.append((name, message))
    return tuple(found)


def anew(name: str) -> str:
    """Return what mends a virtual table that cannot be read."""
    return f"DROP TABLE {quote(name)}; then create it anew over what it is to read, and fill it"


@rule(
    "broken-virtual-table",
    changes.Finished,
    severity="error",
    why="every query on the table fails from then on: SQLite does not rewrite what it is over",
    evidence="the virtual table, and what SQLite says of it",
    example="ALTER TABLE notes RENAME TO memos;  -- while fts5(body, content='notes') reads notes",
)
def broken_virtual_table(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """A virtual table that could be read before the migration and cannot be after it."""
    if change.virtual is None:
        return
    known = {name for name, _ in change.virtual}
    # Where the schema is not known whole, a table that it reads may well be there.
    is_unknown = s.known.open and not s.exact
    for name, message in unreadable(s.schema):
        if name not in known and not is_unknown:
            evidence = (f"virtual table {name}: {message}",)
            yield Verdict("error", evidence, f"in the same migration: {anew(name)}")
