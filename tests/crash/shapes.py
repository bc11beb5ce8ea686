"""The database shapes the laboratory works on; each holds rows of every awkward kind.

All of them have what `tests.support.project` gives (cascading children, triggers, a view, FTS5,
values of all types) and a WITHOUT ROWID table; they differ in how the file is kept: journal mode,
page size, what a killed writer left beside it, how the path leads to it.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.support.project import MIGRATIONS, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = {
    "002_add_tag.sql": MIGRATIONS["002_add_tag.sql"],
    "003_shops.sql": "CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT);\n"
    "INSERT INTO shop (name) VALUES ('a'), ('b');\n",
    "004_rebuild_item.sql": MIGRATIONS["004_rebuild_item.sql"],
}
"""The pending migrations without the Python one, which costs each run a process."""

EXTRA = """
CREATE TABLE "odd ""name"" [å;" (k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "odd ""name"" [å;" VALUES ('a', 1), ('å', x'00ff'), ('Ä', NULL), ('z', 1e300);
"""
HOT_WAL = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint=0")
for n in range(20):
    db.execute("INSERT INTO item (owner_id, name) VALUES (1, 'only in the -wal')")
os.kill(os.getpid(), signal.SIGKILL)
"""
HOT_JOURNAL = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=2")
db.execute("PRAGMA synchronous=FULL")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE item SET name = name || ' half written', price = -1")
db.execute("DELETE FROM owner WHERE id > 3")
os.kill(os.getpid(), signal.SIGKILL)
"""


def _build(root: Path, *, mode: str = "delete", page: int = 4096, rows: int = 60) -> Project:
    project = Project(root, mode="delete", rows=rows)
    for path in project.migrations.glob("00[234]*"):
        path.unlink()
    for name, text in PLAIN.items():
        (project.migrations / name).write_text(text)
    with closing(sqlite3.connect(project.database, isolation_level=None)) as db:
        db.executescript(EXTRA)
        db.execute(f"PRAGMA page_size={page}")
        db.execute("VACUUM")
        db.execute(f"PRAGMA journal_mode={mode}")
    return project


def _hot(program: str, **build) -> Callable[[Path], None]:
    """Return a builder whose database was left by a writer killed in its transaction."""

    def make(root: Path) -> None:
        project = _build(root, **build)
        subprocess.run([sys.executable, "-c", program, str(project.database)], check=False)
        suffix = "-wal" if build.get("mode") == "wal" else "-journal"
        assert (root / f"app.db{suffix}").stat().st_size > 512, "the writer left nothing"

    return make


def _symlink(root: Path) -> None:
    project = _build(root, mode="wal")
    (root / "data").mkdir()
    project.database.rename(root / "data" / "real.db")
    project.database.symlink_to("data/real.db")


def _python(root: Path) -> None:
    project = _build(root)
    (project.migrations / "003_shops.sql").unlink()
    (project.migrations / "003_shops.py").write_text(MIGRATIONS["003_shops.py"])


SHAPES: dict[str, Callable[[Path], object]] = {
    "wal": lambda root: _build(root, mode="wal"),
    "delete": _build,
    "truncate": lambda root: _build(root, mode="truncate"),
    "persist": lambda root: _build(root, mode="persist"),
    "page-1024": lambda root: _build(root, page=1024, mode="wal"),
    "page-65536": lambda root: _build(root, page=65536),
    "hot-wal": _hot(HOT_WAL, mode="wal"),
    "hot-journal": _hot(HOT_JOURNAL, rows=400, page=1024),
    "symlink": _symlink,
    "hard-link": lambda root: _build(root, mode="wal"),
    "python": _python,
    "proving-wal": lambda root: _build(root, mode="wal"),
    "proving": _build,
    "large": lambda root: _large(_build(root, mode="wal")),
}
"""Shape → how it is built in an empty folder."""

AS_IF_LARGE = {"LAB_AT_ONCE_BYTES": "0"}
ENVIRONMENT = {"proving-wal": AS_IF_LARGE, "proving": AS_IF_LARGE}
"""Shape → variables for its runs: a small database whose backup is proved as a large one's is,
while the migrations run."""


def _large(project: Project) -> None:
    """Fill the database up to 100 MB with rows of random bytes, the same each time."""
    chance = random.Random(1)
    with closing(sqlite3.connect(project.database)) as db, db:
        db.executemany(
            "INSERT INTO item (owner_id, name, loose) VALUES (1, ?, ?)",
            ((f"large {n}", chance.randbytes(4000)) for n in range(24_500)),
        )
    assert project.database.stat().st_size > 100_000_000


def copy(shape: str, template: Path, target: Path) -> None:
    """Make `target` a copy of a built shape, links as they are, hard links again hard ones."""
    shutil.copytree(template, target, symlinks=True)
    if shape == "hard-link":
        os.link(target / "app.db", target / "other-name.db")
