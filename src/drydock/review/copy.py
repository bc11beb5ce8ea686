"""The throw-away copy, on which a rehearsal carries statements out for real."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from drydock import connection

if TYPE_CHECKING:
    from pathlib import Path


class Copy:
    """One connection to the copy, as fresh as the executor's for a file: foreign keys off."""

    def __init__(self, path: Path) -> None:
        self.is_certain = True
        self.connection = connection.candidate(path, journal=True)
        # The schema is as trusted as the migration that is run on it; without this a trigger or
        # index with json_set() is "unsafe use" to SQLite 3.40.
        self.connection.execute("PRAGMA trusted_schema=ON")
        connection.stop_when(self.connection)

    def close(self) -> None:
        """Let go of the copy; what is not committed is rolled back."""
        self.connection.close()

    def apply(self, statement: str) -> str | None:
        """Run a statement to its end; return what SQLite said against it."""
        try:
            for _ in self.connection.execute(statement):
                pass
        except (sqlite3.Error, sqlite3.Warning) as error:
            return str(error)
        return None
