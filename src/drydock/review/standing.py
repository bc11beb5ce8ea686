"""How things stand before a migration: what is broken already, and what could get lost.

What was broken before is no migration's fault, so it is listed once, before, and compared at the
end. Only what a migration could harm is listed, for compiling every view has its price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.review import changes, quick
from drydock.review import table as tables
from drydock.review.rules.constraints import orphans
from drydock.review.rules.objects import broken_triggers, broken_views
from drydock.review.rules.virtual import unreadable
from drydock.tokens import unquote

if TYPE_CHECKING:
    import sqlite3

    from drydock.migration import Migration


def standing(connection: sqlite3.Connection, *, heavy: bool, rows: bool) -> changes.Finished:
    """Return how things stand before a migration, as far as it could harm them.

    Args:
        connection: The schema as it is.
        heavy: True where something may go away, so that views, triggers and indexes count.
        rows: True to list the orphans too, where the connection has the rows.
    """
    left = orphans(connection) if rows else frozenset()
    if not heavy:
        return changes.Finished(None, None, None, left, (), (), None)
    objects = connection.execute(
        "SELECT type, name, ifnull(sql, '') FROM sqlite_schema WHERE type IN ('index', 'trigger')"
    ).fetchall()
    return changes.Finished(
        broken_views(connection),
        broken_triggers(connection),
        frozenset(objects),
        left,
        (),
        (),
        unreadable(connection),
    )


def is_heavy(migration: Migration, connection: sqlite3.Connection) -> bool:
    """Say whether views or triggers may not compile after a migration, or objects may be gone."""
    text = migration.text
    if migration.path.suffix != ".sql" or quick.HEAVY.search(text) or quick.MAKES.search(text):
        return True
    widened = {unquote(found["table"]) for found in quick.WIDENS.finditer(text)}
    return any(tables.mentions(connection, each) for each in widened)
