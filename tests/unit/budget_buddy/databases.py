"""Reading and changing a small database in one line; what the tests of Budget Buddy share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def rows(path, sql, *values):
    """Return what `sql` answers on the database at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def change(path, sql, *values, keys=True):
    """Run and commit one statement, with keys on as the application has them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA foreign_keys = {keys:d}")
        connection.execute(sql, values)


def dump(path):
    """Return the whole database as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def files(folder):
    """Return the names of what is in `folder`."""
    return sorted(path.name for path in folder.iterdir())
