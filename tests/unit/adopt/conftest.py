from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import candidate, connection, ledger, migration, settings
from drydock.adopt import survey, trial
from drydock.commands import adopt as command
from drydock.terminal import Terminal
from drydock.walk import Options, Walk

SCHEMA = """
CREATE TABLE "order items" (id INTEGER PRIMARY KEY, "select" TEXT NOT NULL, price DECIMAL(10,2),
  touched TIMESTAMP DEFAULT '2026-01-01');
CREATE INDEX "by price" ON "order items" (price) WHERE price > 1;
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE);
"""
STAMP = """
CREATE TRIGGER stamp AFTER UPDATE ON "order items" WHEN new.touched IS old.touched BEGIN
  UPDATE "order items" SET touched = strftime('%Y-%m-%d %H:%M:%f') || random() WHERE id = new.id;
END;
"""


class Lab:
    """A populated database beside a folder of scripts, and the survey of both."""

    def __init__(self, root):
        self.root = root
        self.live = root / "the app.db"
        self.folder = root / "old scripts"
        self.folder.mkdir(parents=True)
        self.ran = 0
        with closing(sqlite3.connect(self.live)) as db, db:
            db.executescript(SCHEMA)
            db.executemany(
                'INSERT INTO "order items" ("select", price) VALUES (?, ?)',
                [(f"it's {n} å", n / 4) for n in range(40)],
            )
            db.executemany("INSERT INTO owner (name) VALUES (?)", [("Ann",), ("BOB",), (None,)])

    def sql(self, script):
        """Change the live database by hand, as somebody did long ago."""
        with closing(sqlite3.connect(self.live)) as db:
            db.executescript(script)

    def write(self, **scripts):
        """Write scripts; names ending in _py are Python, all others SQL."""
        for name, text in scripts.items():
            stem, ending = (name[:-3], "py") if name.endswith("_py") else (name, "sql")
            (self.folder / f"{stem}.{ending}").write_text(text)

    def survey(self, *, mode="delete"):
        """Judge every script on copies."""
        self.ran += 1
        scratch = self.root / f"scratch {self.ran}"
        scratch.mkdir()
        candidate.copy(self.live, scratch / "start.db")
        with closing(connection.read_only(scratch / "start.db")) as opened:
            applied = ledger.entries(opened)
        return survey.take(
            migration.read_folder(self.folder),
            applied,
            trial.look(scratch / "start.db", mode=mode),
            trial.Bench(scratch, live=self.live, root=self.root, time_limit=30),
            folder=self.folder,
            progress=lambda *_: None,
        )

    def ledger(self):
        """Return the ledger's names with how they came in, in order."""
        with closing(connection.read(self.live)) as opened:
            return [(entry.name, entry.run) for entry in ledger.entries(opened)]

    def files(self):
        """Return the names in the folder of scripts."""
        return sorted(path.name for path in self.folder.iterdir())

    def judge(self, **scripts):
        """Write scripts, judge all; return the judgements by name."""
        self.write(**scripts)
        return {each.migration.name: each for each in self.survey().judged}


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "old project")


class Screen(Terminal):
    """A terminal that keeps its data and answers questions."""

    def __init__(self, answer=None):
        super().__init__(quiet=True)
        self.answer = answer
        self.asked = []
        self.rows = []

    def ask(self, question):
        self.asked.append(question)
        return self.answer

    def data(self, text):
        self.rows.append(text)


@pytest.fixture
def adopt(lab):
    """Run the command on the lab's project, as the task does; return its screen."""
    (lab.root / "pyproject.toml").write_text(
        '[tool.drydock]\ndatabase = "the app.db"\nmigrations = "old scripts"\ntimeout = 0.2\n'
    )

    def run(*, answer=None, yes=False, dry_run=False, renumber=False, mark=(), unmark=()):
        screen = Screen(answer)
        walk = Walk(settings.load(lab.root), Options(yes=yes, dry_run=dry_run), screen)
        try:
            if mark or unmark:
                command.by_hand(walk, screen, mark=mark, unmark=unmark)
            else:
                command.run(walk, screen, renumber=renumber)
        finally:
            walk.close()
        return screen

    return run
