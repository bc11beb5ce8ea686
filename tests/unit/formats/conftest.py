"""A folder of another tool, and a populated database, for reading and applying without `inv`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from drydock import executor, formats, ledger, plan

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.migration import Migration

ODD = 'Order "ÅÄÖ" group'


class Bench:
    """A folder, and a database with rows under odd names; `apply` runs what is pending on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "migrations"
        self.folder.mkdir()
        self.database = root / "app.db"
        self.wanted = "auto"
        quoted = '"' + ODD.replace('"', '""') + '"'
        self.sql(
            f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, price DECIMAL, note)",
            f"INSERT INTO {quoted} VALUES (1, 1.5, 'a;b'), (2, NULL, x'00ff'),"
            " (3, 9007199254740993, 'å')",
        )

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file into the folder, its folders made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def sql(self, *statements: str) -> None:
        """Execute statements on the database."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement)

    def rows(self, sql: str) -> list[tuple]:
        """Return the rows of a query."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def read(self) -> tuple[Migration, ...]:
        """Return the folder's migrations, the tool recognised."""
        with closing(sqlite3.connect(self.database)) as db:
            return formats.read(self.folder, db, self.wanted)

    def plan(self) -> plan.Plan:
        """Return how books and files stand."""
        files = self.read()
        with closing(sqlite3.connect(self.database)) as db:
            return plan.make(formats.entries(db, files), files)

    def pending(self) -> list[str]:
        """Return the names of what is pending."""
        return [each.name for each in self.plan().pending]

    def edited(self) -> list[str]:
        """Return the names of what was edited after it was applied."""
        return [each.name for each in self.plan().edited]

    def missing(self) -> list[str]:
        """Return the names of what was applied and has no file."""
        return [each.name for each in self.plan().missing]

    def apply(self) -> list[str]:
        """Apply what is pending, as a candidate; return the names."""
        logs = self.root / "logs"
        logs.mkdir(exist_ok=True)
        done = executor.apply(
            self.plan().pending,
            self.database,
            live=self.root / "live.db",
            root=self.root,
            run="the-run",
            logs=logs,
            known=self.read(),
        )
        return [each.name for each in done]

    def strike(self, name: str) -> None:
        """Take a migration out of both books."""
        files = self.read()
        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            wanted = next(each for each in files if each.name == name)
            formats.strike(db, wanted, files, at="2026-01-02T03:04:05+00:00")
            if ledger.exists(db):
                ledger.remove(db, name)

    def ledger(self) -> list[str]:
        """Return the names in our own ledger."""
        with closing(sqlite3.connect(self.database)) as db:
            return [entry.name for entry in ledger.entries(db)]


@pytest.fixture
def bench(tmp_path):
    """A bench of its own."""
    return Bench(tmp_path)
