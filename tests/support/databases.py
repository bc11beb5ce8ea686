"""Populated SQLite files with odd names in them, and what tests ask of such files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

ODD = 'odd "name" [å;'
"""A table whose name holds both quotes' troubles, a bracket, a letter beyond ASCII, a border."""

SIDECARS = ("-wal", "-shm", "-journal")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def populate(path: Path, *, mode: str = "delete", page_size: int = 4096, rows: int = 50) -> Path:
    """Create a database with a parent, a cascading child, an index, a view and a trigger."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size={page_size}")
        db.execute(f"PRAGMA journal_mode={mode}")
        db.execute("BEGIN")
        db.execute(f'CREATE TABLE {quoted(ODD)} (id INTEGER PRIMARY KEY, "a column" TEXT, x)')
        db.executemany(
            f"INSERT INTO {quoted(ODD)} VALUES (?, ?, ?)",
            [(n, f"text {n}", n * 0.5 if n % 3 else None) for n in range(1, rows + 1)],
        )
        db.execute(
            "CREATE TABLE child (id INTEGER PRIMARY KEY, "
            f"parent REFERENCES {quoted(ODD)}(id) ON DELETE CASCADE)"
        )
        db.executemany("INSERT INTO child (parent) VALUES (?)", [(n,) for n in range(1, rows + 1)])
        db.execute("CREATE INDEX by_parent ON child (parent)")
        db.execute(f"CREATE VIEW seen AS SELECT id, x FROM {quoted(ODD)}")
        db.execute("CREATE TABLE log (what TEXT)")
        db.execute("INSERT INTO log VALUES ('made')")
        db.execute(
            "CREATE TRIGGER logs AFTER DELETE ON child BEGIN "
            "INSERT INTO log (what) VALUES ('deleted; ' || old.id); END"
        )
        db.execute("COMMIT")
    return path


def change(path: Path, sql: str) -> None:
    """Run a script on a file, each statement on its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(sql)


def ask(path: Path, sql: str) -> list[tuple]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def dump(path: Path) -> list[str]:
    """Return all of a database as SQL, to compare two of them whole."""
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def beside(path: Path) -> list[str]:
    """Return the sidecars that stand beside a database."""
    return [suffix for suffix in SIDECARS if Path(f"{path}{suffix}").exists()]
