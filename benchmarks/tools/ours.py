"""Drydock's `Table.transform()`, on the same file and with the same call as sqlite-utils'."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import Database

if TYPE_CHECKING:
    from benchmarks.tools.request import Request


def change(request: Request) -> None:
    """Do it; raises a refusal."""
    with closing(sqlite3.connect(request.path)) as conn:
        conn.execute("PRAGMA foreign_keys = ON")
        Database(conn)[request.table].transform(**request.transform())
