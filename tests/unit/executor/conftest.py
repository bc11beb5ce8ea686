"""A live database, a candidate of it, and a folder of migrations to apply."""

from __future__ import annotations

import shutil
from textwrap import dedent

import pytest

from drydock import executor, migration
from tests.support.databases import ask, dump, populate


class Trial:
    """Applies migrations to a candidate; the live database must never change."""

    def __init__(self, folder, rows=50):
        self.root = folder / "the project"
        self.migrations = self.root / "migrations"
        self.logs = folder / "logs"
        for each in (self.root, self.migrations, self.logs):
            each.mkdir()
        self.live = populate(self.root / "the l%ve å.db", rows=rows)
        self.candidate = self.logs / "candidate.db"
        self.applied = []

    def write(self, **texts):
        """Write ``a_sql="…"`` as a.sql."""
        for name, text in texts.items():
            stem, _, ending = name.rpartition("_")
            data = dedent(text).encode() if isinstance(text, str) else text
            (self.migrations / f"{stem}.{ending}").write_bytes(data)

    def apply(self, *, time_limit=0.0, **texts):
        """Write these migrations and apply them all to a fresh candidate."""
        self.write(**texts)
        shutil.copyfile(self.live, self.candidate)
        self.before = dump(self.live)
        self.applied = []
        try:
            return executor.apply(
                migration.read_folder(self.migrations),
                self.candidate,
                live=self.live,
                root=self.root,
                run="the-run",
                logs=self.logs,
                time_limit=time_limit,
                on_applied=self.applied.append,
            )
        finally:
            assert dump(self.live) == self.before

    def fails(self, **texts):
        """Apply these and return the error."""
        with pytest.raises(executor.MigrationFailed) as caught:
            self.apply(**texts)
        return caught.value

    def ask(self, sql):
        return ask(self.candidate, sql)

    def ledger(self):
        return [name for (name,) in self.ask("SELECT name FROM _drydock_ledger ORDER BY sequence")]


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path)
