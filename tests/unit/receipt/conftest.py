"""A walk that has ended, in a project of its own, to leave a receipt of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock import settings as settings_module
from drydock.executor import Applied, TracedStatement
from drydock.migration import Migration
from drydock.walk import Options, Walk


class Notes:
    """A reporter that keeps the notes and needs nothing else."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def applied(migration, statements):
    """Return `migration` as one that ran these statements."""
    return Applied(migration.name, 0.25, tuple(TracedStatement(sql, 1) for sql in statements))


def migration(name, text="SELECT 1;"):
    """Return an SQL migration of this text."""
    return Migration(name, Path(f"/p/migrations/{name}.sql"), text, "0" * 64)


@pytest.fixture
def walk(tmp_path):
    """A walk whose run has been recorded; end it with `end`."""
    database = tmp_path / "Åsa's app.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE t (x)")
    (tmp_path / "pyproject.toml").write_text(f'[tool.drydock]\ndatabase = "{database.name}"\n')
    made = Walk(settings_module.load(tmp_path), Options(), Notes())
    made.lock_up()
    made.begin()
    yield made
    made.close()
