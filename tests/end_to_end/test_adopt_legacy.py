"""The legacy Budget Buddy: scripts that nobody kept a list of, adopted, migrated and running."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.contract import broken
from tests.support.project import free_port

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "legacy_budget_buddy"
SCRIPTS = Path("backend/database/migrations")
ROWS = 300


class Legacy:
    """The example in a folder of its own, with its database and a backend on a free port."""

    def __init__(self, root):
        self.root = root
        self.port = free_port()
        self.database = root / "budget_buddy.db"
        shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("*.db*", "__pycache__", ".*"))
        spec = importlib.util.spec_from_file_location("make_database", root / "make_database.py")
        generator = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(generator)
        generator.make(self.database, rows=ROWS)
        self.has_run = set(generator.APPLIED)
        (root / "tasks.py").write_text("from drydock.tasks import namespace\n")
        with (root / "pyproject.toml").open("a") as settings:
            settings.write(
                "[tool.drydock.backend]\nready = 20\n"
                'start = ["python", "-m", "uvicorn", "backend.api.main:app", "--port", '
                f'"{self.port}"]\nport = {self.port}\n[tool.drydock.smoke]\npasses = 1\n'
            )

    def inv(self, *words):
        """Run a real `inv` and return the finished process."""
        return subprocess.run(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def rows(self, sql):
        """Return the rows of a query on the live database."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def scripts(self):
        """Return the digest of every script."""
        folder = self.root / SCRIPTS
        return {
            path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
            if path.suffix in (".py", ".sql")
        }

    def get(self, path):
        """Return what the backend answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.load(answer)


@pytest.fixture
def legacy(tmp_path):
    """The backend runs, and is stopped in the end whatever happened."""
    project = Legacy(tmp_path / "old buddy")
    started = project.inv("start-backend")
    assert started.returncode == 0, started.stderr
    yield project
    project.inv("stop-backend", "--force")


def test_two_commands_adopt_and_migrate_the_legacy_project(legacy):
    """`inv adopt` knows what has run, `inv migrate` runs every other script unchanged."""
    scripts = legacy.scripts()
    adopted = legacy.inv("adopt", "--yes", "--json")
    assert adopted.returncode == 0, adopted.stderr
    document = json.loads(adopted.stdout)
    assert broken("inv adopt", document) == []
    told = {each["name"]: each["verdict"] for each in document["scripts"]}
    assert {name for name, verdict in told.items() if verdict == "applied"} == legacy.has_run
    assert {told[name] for name in scripts.keys() - legacy.has_run} == {"pending"}
    assert legacy.get("/health") == {"status": "ok"}

    migrated = legacy.inv("migrate", "--yes")
    assert migrated.returncode == 0, migrated.stderr
    assert legacy.get("/api/v2/diagnostics")["tables"] == {"transactions": ROWS}
    kept = (legacy.root / SCRIPTS / "order.txt").read_text().splitlines()
    ledger = [name for (name,) in legacy.rows("SELECT name FROM _drydock_ledger ORDER BY sequence")]
    assert ledger == [line for line in kept if not line.startswith("#")]
    assert set(ledger) == scripts.keys()
    assert legacy.scripts() == scripts

    assert legacy.rows("PRAGMA integrity_check") == [("ok",)]
    assert legacy.rows("PRAGMA journal_mode") == [("wal",)]
    assert legacy.rows("SELECT count(*) FROM transactions WHERE date LIKE '%/%'") == [(0,)]
    assert legacy.rows(
        "SELECT DISTINCT category FROM transactions WHERE category LIKE '%ing Out'"
    ) == [("Going Out",)]
    assert legacy.rows("SELECT count(trip_tag), count(merchant) FROM transactions") == [(0, ROWS)]
    assert legacy.rows("SELECT count(*) > 10 FROM monthly_spending") == [(1,)]

    status = legacy.inv("status")
    assert "23 applied; nothing pending" in status.stderr
    assert "out of order" not in status.stdout
