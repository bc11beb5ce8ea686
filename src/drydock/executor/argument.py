"""What the entry of a Python migration is given: the database, in the form that it asks for."""

from __future__ import annotations

import inspect
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drydock.rebuild import Database

_CONNECTIONS = ("con", "cnx", "conn", "connection")
_CURSORS = ("cur", "cursor")


def argument(entry: Any, database: Database) -> Any:
    """Return what an entry asks for: our Database, or the connection under it, or a cursor.

    Its first parameter's annotation says so where it is one of the three, or else its name.
    """
    first = _first(entry)
    name, wanted = ("", None) if first is None else (first.name, first.annotation)
    if wanted in type(database).__mro__[:-1]:  # of `object` it would always be one
        return database
    if wanted is sqlite3.Connection:
        return database.conn
    if wanted is sqlite3.Cursor or name in _CURSORS:
        return database.conn.cursor()
    return database.conn if name in _CONNECTIONS else database


def path(entry: Any, live: str) -> tuple[str | Path, ...]:
    """Return the path for an entry that must be given one; nothing for one that needs nothing."""
    first = _first(entry)
    if first is None or first.default is not first.empty or first.kind is first.VAR_POSITIONAL:
        return ()
    return (Path(live) if first.annotation is Path else live,)


def _first(entry: Any) -> inspect.Parameter | None:
    """Return its first parameter that is given by position; wrappers and partials have one too."""
    try:
        given = inspect.signature(entry, eval_str=True).parameters.values()
    except Exception:  # noqa: BLE001 - an annotation may name what was never imported
        given = inspect.signature(entry).parameters.values()
    by_place = (each for each in given if each.kind < inspect.Parameter.VAR_KEYWORD)
    return next((each for each in by_place if each.kind is not each.KEYWORD_ONLY), None)
