"""Drydock's `Table.transform()` as a migration has it: in a transaction, on a candidate.

The settings are those that `drydock.executor` gives to a `migrate(db)` that only changes a table.
What the candidate's place in the chain costs (backup, proof, publish) is the benchmark `chain`'s.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import Database
from drydock.connection import be_disposable

if TYPE_CHECKING:
    from benchmarks.tools.request import Request


def change(request: Request) -> None:
    """Do it; raises a refusal."""
    with closing(sqlite3.connect(request.path, isolation_level=None)) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        be_disposable(conn, journal=False)
        conn.execute("BEGIN")
        Database(conn)[request.table].transform(**request.transform())
        conn.execute("COMMIT")
