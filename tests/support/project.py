"""A small real project in a temporary folder: database, migrations, a uvicorn backend, real `inv`.

The application is raw ASGI over sqlite3, so that a test spends its time in Drydock. Its database
holds parents with cascading children, a trigger, a view, a full-text index and awkward values.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = """
import json, os, sqlite3
HERE = os.path.dirname(__file__)
DATABASE = os.environ.get("APP_DATABASE", os.path.join(HERE, "app.db"))

def query(sql):
    connection = sqlite3.connect(DATABASE, timeout=2)
    try:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()

def asked(marker):
    "Say whether a test wants this behaviour; most of them only on the migrated database."
    columns = query("SELECT name FROM pragma_table_info('item')")
    if marker != "always-unwell" and ("tag",) not in columns:
        return False
    return os.path.exists(os.path.join(HERE, marker))

if asked("alter-at-start"):
    query("CREATE TABLE made_by_backend (x)")
if asked("write-at-start"):
    query("INSERT INTO item (owner_id, name) VALUES (1, 'written by the backend')")

def answer(path):
    if path != "/openapi.json" and (asked("unwell") or asked("always-unwell")):
        return 500, {"status": "unwell"}
    if path == "/health":
        return 200, {"status": "ok"}
    if path == "/items":
        if asked("items-broken"):
            return 500, {"status": "broken"}
        return 200, {"rows": query("SELECT count(*) FROM item")[0][0]}
    if path == "/openapi.json":
        return 200, {"openapi": "3.1.0", "paths": {"/items": {"get": {}}, "/health": {"get": {}}}}
    return 404, {}

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    status, body = answer(scope["path"])
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
"""

SCHEMA = """
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE);
CREATE TABLE item (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL REFERENCES owner(id) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (length(name) > 0),
  price DECIMAL(10,2) DEFAULT 0,
  loose,
  at TIMESTAMP DEFAULT '2026-01-01 00:00:00'
);
CREATE INDEX item_by_owner ON item (owner_id) WHERE price > 1;
CREATE TABLE log (item_id INTEGER, what TEXT);
CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
  INSERT INTO log VALUES (new.id, 'added; ''quoted''');
  INSERT INTO item_text (rowid, name) VALUES (new.id, new.name);
END;
CREATE TRIGGER item_gone AFTER DELETE ON item BEGIN
  INSERT INTO item_text (item_text, rowid, name) VALUES ('delete', old.id, old.name);
END;
CREATE VIEW priced AS
  SELECT o.name AS owner, i.name, i.price FROM item i JOIN owner o ON o.id = i.owner_id;
CREATE VIRTUAL TABLE item_text USING fts5(name, content='item', content_rowid='id');
"""

MIGRATIONS = {
    "002_add_tag.sql": "-- Purpose: tag items\nALTER TABLE item ADD COLUMN tag TEXT;\n"
    "UPDATE item SET tag = 'old' WHERE id % 3 = 0;\nCREATE INDEX item_tag ON item (tag);\n",
    "003_shops.py": "import sqlite3\n\n\ndef migrate():\n    db = sqlite3.connect('app.db')\n"
    "    db.execute('CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT)')\n"
    "    db.executemany('INSERT INTO shop (name) VALUES (?)', [('a',), ('b',)])\n"
    "    db.commit()\n    db.close()\n\n\nif __name__ == '__main__':\n    migrate()\n",
    "004_rebuild_item.sql": "BEGIN;\n"
    "CREATE TABLE shop_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
    "INSERT INTO shop_new SELECT id, name FROM shop;\nDROP TABLE shop;\n"
    "ALTER TABLE shop_new RENAME TO shop;\nCOMMIT;\n",
}


class Project:
    """A project of its own in `root`; `port` is its backend's, or None for none."""

    def __init__(self, root: Path, *, mode: str = "wal", rows: int = 200, port: int | None = None):
        self.root = root
        self.port = port
        self.database = root / "app.db"
        self.migrations = root / "migrations"
        self.migrations.mkdir(parents=True)
        self.settings()
        (root / "tasks.py").write_text("from drydock.tasks import namespace\n")
        (root / "application.py").write_text(APPLICATION)
        (self.migrations / "001_start.sql").write_text(SCHEMA)
        self.populate(mode, rows)
        for name, text in MIGRATIONS.items():
            (self.migrations / name).write_text(text)

    def settings(self, *lines: str, database: str = "app.db") -> None:
        """Write the settings; `lines` come first, under [tool.drydock]."""
        backend = (
            f"""
            [tool.drydock.backend]
            start = ["python", "-m", "uvicorn", "application:app", "--port", "{self.port}"]
            port = {self.port}
            grace = 5
            ready = 10
            [tool.drydock.smoke]
            passes = 1
            deadline = 10
            checks = [{{ path = "/items" }}]
            """
            if self.port
            else ""
        )
        head = f'[tool.drydock]\ndatabase = "{database}"\ntimeout = 1\n'
        text = head + "\n".join(lines) + "\n" + textwrap.dedent(backend)
        (self.root / "pyproject.toml").write_text(text)

    def populate(self, mode: str, rows: int) -> None:
        """Make the database at migration 001, with rows, in journal mode `mode`."""
        from drydock import ledger, migration

        with closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.execute(f"PRAGMA journal_mode={mode}")
            db.execute("BEGIN")
            for statement in migration.read_file(self.migrations / "001_start.sql").statements:
                db.execute(statement.text)
            db.executemany(
                "INSERT INTO owner (id, name) VALUES (?, ?)",
                [(i, f"Owner {i}") for i in range(1, 9)],
            )
            db.executemany(
                "INSERT INTO item (owner_id, name, price, loose) VALUES (?, ?, ?, ?)",
                [
                    (i % 8 + 1, f"item '{i}' å", i / 4, (b"\0\x01", "007", 2**53 + 1, None)[i % 4])
                    for i in range(rows)
                ],
            )
            db.execute("DELETE FROM item WHERE id % 10 = 7")
            ledger.create(db)
            first = migration.read_file(self.migrations / "001_start.sql")
            ledger.record(db, first, applied_at="2026-01-01T00:00:00+00:00", seconds=0, run="seed")
            db.execute("COMMIT")
        self.database.chmod(0o640)

    def inv(self, *words: str, fault: str = "", timeout: float = 60, **env: str):
        """Run a real `inv` and return the finished process, its output as text."""
        return subprocess.run(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.root,
            env=self.environment(fault, **env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start_inv(self, *words: str, fault: str = "", **env: str) -> subprocess.Popen:
        """Start a real `inv` and return it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.root,
            env=self.environment(fault, **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def environment(self, fault: str = "", **env: str) -> dict[str, str]:
        """Return the environment of a command, without what this test run added."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DRYDOCK_", "INVOKE_", "COV_"))
        }
        source = str(Path(__file__).resolve().parents[2] / "src")
        return {**clean, "PYTHONPATH": source, **({"DRYDOCK_FAULT": fault} if fault else {}), **env}

    def rows(self, sql: str, *arguments: object) -> list[tuple]:
        """Return the rows of a query on the live database."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql, arguments).fetchall()

    def applied(self) -> list[str]:
        """Return the names in the ledger, in order."""
        return [row[0] for row in self.rows("SELECT name FROM _drydock_ledger ORDER BY sequence")]

    def dump(self) -> str:
        """Return all of the database but the ledger as SQL: what must be wholly old or new."""
        with closing(sqlite3.connect(self.database)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            lines = [line for line in db.iterdump() if "_drydock_ledger" not in line]
            counter = db.execute("SELECT * FROM sqlite_sequence ORDER BY name").fetchall()
        return "\n".join([*lines, repr(counter)])

    def journal_mode(self) -> str:
        """Return the live database's journal mode."""
        return self.rows("PRAGMA journal_mode")[0][0]

    def backups(self) -> list[str]:
        """Return the names in the folder of backups, oldest first; none where there is none."""
        return sorted(path.parent.name for path in self.root.glob("backups/*/manifest.json"))

    def left_over(self) -> list[str]:
        """Return files that should not outlive a run."""
        every = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*")]
        return [
            path
            for path in every
            if "candidate" in path
            or path.endswith((".partial", ".new", "-journal"))
            or ".json." in path
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the backend by its own task, and stop it in the end whatever happened."""
        started = self.inv("start-backend")
        assert started.returncode == 0, started.stderr
        try:
            yield
        finally:
            self.inv("stop-backend", "--force")

    def is_running(self) -> bool:
        """Say whether somebody listens on the backend's port."""
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
