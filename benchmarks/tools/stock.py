"""sqlite-utils' own `Table.transform()`, with foreign keys on, as its manual shows it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlite_utils import Database
from sqlite_utils.db import COLUMN_TYPE_MAPPING

from benchmarks.tools.request import NotOfferedError, Request

_BEYOND = {
    "add check", "drop check", "collate", "autoincrement", "no autoincrement", "without rowid",
    "with rowid", "generated", "drop cascade",
}  # fmt: skip


def change(request: Request) -> None:
    """Do it; raises what sqlite-utils raises."""
    if request.kind in _BEYOND or (request.asked and request.asked not in COLUMN_TYPE_MAPPING):
        raise NotOfferedError(request.kind)
    with closing(sqlite3.connect(request.path)) as conn:
        conn.execute("PRAGMA foreign_keys = ON")
        Database(conn)[request.table].transform(**request.transform())
