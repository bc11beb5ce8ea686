"""The throw-away copy, on which a rehearsal carries statements out for real."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from drydock import connection
from drydock.executor.trace import TracedStatement

if TYPE_CHECKING:
    from pathlib import Path


class Copy:
    """One connection to the copy, as fresh as the executor's for a file: foreign keys off.

    Args:
        path: The copy.
        time_limit: Seconds that the statements may take in all; 0 for none.
    """

    def __init__(self, path: Path, time_limit: float = 0.0) -> None:
        self.is_certain = True
        self._limit = time_limit
        self._left = time_limit
        self._deadline: float | None = None  # only while a statement runs
        self.done: list[TracedStatement] = []
        self.connection = connection.candidate(path, journal=True)
        # The schema is as trusted as the migration that is run on it; without this a trigger or
        # index with json_set() is "unsafe use" to SQLite 3.40.
        self.connection.execute("PRAGMA trusted_schema=ON")
        connection.stop_when(self.connection, self._is_late)

    def close(self) -> None:
        """Let go of the copy; what is not committed is rolled back."""
        self.connection.close()

    def apply(self, statement: str) -> str | None:
        """Run a statement to its end; return what SQLite, or the time limit, said against it.

        Raises:
            Interrupted: A signal came.
        """
        began, before = time.monotonic(), self.connection.total_changes
        self._deadline = began + self._left if self._limit else None
        try:
            for _ in self.connection.execute(statement):
                pass
        except sqlite3.Warning as warning:
            return str(warning)
        except sqlite3.Error as error:
            if self._is_late():
                return f"interrupted after {self._limit:g} s (time_limit)"
            connection.require_uninterrupted(error)
            return str(error)
        finally:
            self._left -= time.monotonic() - began
            self._deadline = None
        rows = self.connection.total_changes - before
        self.done.append(TracedStatement(statement, rows))
        return None

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline
