"""Rules about views, triggers and indexes, once a migration has run."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import changes
from drydock.review.compiling import refusal
from drydock.review.finding import Verdict
from drydock.review.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.review.situation import Situation

Broken = tuple[tuple[str, str], ...]


def broken_views(connection: sqlite3.Connection) -> Broken:
    """Return the views that do not compile, each with what SQLite says of it."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall()
    said = ((name, refusal(connection, f"SELECT * FROM {quote(name)}")) for (name,) in names)
    return tuple((name, message) for name, message in said if message is not None)


def broken_triggers(connection: sqlite3.Connection) -> Broken:
    """Return the tables whose triggers do not compile, each with what SQLite says.

    SQLite compiles all triggers of one table and event together, so they are named together.
    """
    rows = connection.execute(
        "SELECT tbl_name, group_concat(name, ', ') FROM sqlite_schema WHERE type = 'trigger' "
        "GROUP BY tbl_name"
    ).fetchall()
    found = []
    for table, names in rows:
        try:
            columns = [
                row[1]
                for row in connection.execute(f"PRAGMA table_xinfo({quote(table)})")
                if row[6] == 0
            ]
        except sqlite3.OperationalError as error:
            # A view that reads what is gone, or a virtual table without its module.
            found.append((names, str(error)))
            continue
        if not columns:
            continue
        settings = ", ".join(f"{quote(each)} = {quote(each)}" for each in columns)
        for statement in (
            f"INSERT INTO {quote(table)}({quote(columns[0])}) VALUES (NULL)",
            f"UPDATE {quote(table)} SET {settings}",
            f"DELETE FROM {quote(table)}",
        ):
            message = refusal(connection, statement)
            # A view without INSTEAD OF for this event is no broken trigger.
            if message is not None and "cannot modify" not in message:
                found.append((names, message))
                break
    return tuple(found)


@rule(
    "broken-view",
    changes.Finished,
    severity="error",
    why="every query on the view fails from then on",
    evidence="the view, and what SQLite says of it",
    example="DROP TABLE trips;  -- while a view reads trips",
)
def broken_view(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """A view that compiled before the migration and does not after it."""
    if change.views is not None:
        yield from _fresh("view", change.views, broken_views(s.schema), s)


@rule(
    "broken-trigger",
    changes.Finished,
    severity="error",
    why="every write that fires the trigger fails from then on",
    evidence="the trigger, and what SQLite says of it",
    example="DROP TABLE audit;  -- while a trigger on trips writes to audit",
)
def broken_trigger(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """A trigger that compiled before the migration and does not after it."""
    if change.triggers is not None:
        yield from _fresh("trigger", change.triggers, broken_triggers(s.schema), s)


def _fresh(kind: str, before: Broken, after: Broken, s: Situation) -> Iterator[Verdict]:
    known = {name for name, _ in before}
    for name, message in after:
        # Where the schema is not known whole, a table that it reads may well be there.
        unknown = s.known.open and not s.exact
        if name in known or (unknown and "no such" in message):
            continue
        first = name.split(", ")[0]
        yield Verdict(
            "error" if s.exact or not s.known.open else "warning",
            (f"{kind} {name}: {message}",),
            f"in the same migration: DROP {kind.upper()} {quote(first)}; then create it anew",
            table=None,
        )


@rule(
    "redundant-index",
    changes.CreateIndex,
    severity="note",
    why="it costs every write and saves no read: another index begins with the same columns",
    evidence="both indexes with their columns",
    example="CREATE INDEX by_town ON trips(town);  -- beside an index on (town, title)",
)
def redundant_index(change: changes.CreateIndex, s: Situation) -> Iterator[Verdict]:
    """A plain index whose columns another index of the table begins with."""
    table = s.table(change.table)
    if table is None:
        return
    new = next((each for each in table.indexes if fold(each.name) == fold(change.index)), None)
    if new is None or new.partial or new.unique or None in new.columns or _is_special(new.sql):
        return
    wanted = [fold(each or "") for each in new.columns]
    for other in table.indexes:
        if other.name == new.name or other.partial or _is_special(other.sql):
            continue
        if [fold(each or "") for each in other.columns][: len(wanted)] == wanted:
            listed = ", ".join(each or "…" for each in other.columns)
            yield Verdict(
                "note",
                (
                    (
                        f"{new.name} ({', '.join(c or '' for c in new.columns)}) is a part of "
                        f"{other.name} ({listed})"
                    ),
                ),
                f"leave it out, or: DROP INDEX {quote(new.name)};",
                table=table.name,
            )
            return


def _is_special(sql: str | None) -> bool:
    """Say whether an index has an order or collation of its own, which its columns do not tell."""
    text = (sql or "").lower()
    return " desc" in text or " collate " in text
