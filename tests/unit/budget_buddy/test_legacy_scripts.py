from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.unit.budget_buddy.databases import ROOT, dump, rows

EXAMPLE = ROOT / "examples" / "legacy_budget_buddy"
SCRIPTS = sorted(
    path.name
    for path in (EXAMPLE / "backend/database/migrations").iterdir()
    if path.suffix in {".py", ".sql"}
)


def load_generator():
    spec = importlib.util.spec_from_file_location("make_database", EXAMPLE / "make_database.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = load_generator()
APPLIED = [name for name in SCRIPTS if name.partition(".")[0] in generator.APPLIED]
PENDING = [name for name in SCRIPTS if name not in APPLIED]


@pytest.fixture
def project(tmp_path):
    """The example in a folder of its own, with its database."""
    root = tmp_path / "old buddy"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    generator.make(root / "budget_buddy.db", rows=600)
    return root


def problem(project, name):
    """Run a script as its author would, plain Python or SQLite's shell; return its error or ''."""
    path = project / "backend/database/migrations" / name
    if path.suffix == ".sql":
        try:
            with closing(sqlite3.connect(project / "budget_buddy.db")) as connection:
                connection.executescript(path.read_text())
        except sqlite3.Error as error:
            return str(error)
        return ""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, path],
        cwd=project,
        env=environment | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


def test_there_are_about_twenty_of_every_kind():
    """Un-numbered, Python and SQL; every applied one is among them."""
    assert len(SCRIPTS) >= 20
    assert not any(name[0].isdigit() for name in SCRIPTS)
    assert len(APPLIED) == len(generator.APPLIED)
    assert {name.partition(".")[2] for name in PENDING} == {"py", "sql"}


def test_the_same_seed_gives_the_same_database(tmp_path):
    """Byte for byte as a dump; an existing file is refused."""
    for name in ("a.db", "b.db"):
        generator.make(tmp_path / name, rows=200)
    assert dump(tmp_path / "a.db") == dump(tmp_path / "b.db")
    with pytest.raises(FileExistsError):
        generator.make(tmp_path / "a.db")


def test_all_pending_scripts_run_in_the_order_of_their_names(project):
    """That is the order in which Drydock runs what has no number."""
    path = project / "budget_buddy.db"
    for name in PENDING:
        before = rows(path, "PRAGMA schema_version"), dump(path)
        assert problem(project, name) == ""
        if name != "enable_wal.py":
            assert (rows(path, "PRAGMA schema_version"), dump(path)) != before, name

    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []
    assert rows(path, "SELECT count(*) FROM transactions") == [(600,)]
    assert rows(path, "SELECT count(*) FROM transactions WHERE category = 'Dining Out'") == [(0,)]
    assert rows(path, "SELECT count(*) FROM transactions WHERE date LIKE '%/%'") == [(0,)]
    assert rows(path, "SELECT dimension FROM chat_goals ORDER BY id LIMIT 3") == [
        ("category:Dining Out",),
        ("fund:Roof",),
        ("category:*",),
    ]
    assert rows(path, "SELECT count(trip_tag), count(merchant) FROM transactions") == [(0, 600)]
    assert rows(path, "SELECT count(*) > 50 FROM monthly_spending") == [(1,)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("name", APPLIED)
def test_what_an_applied_script_does_is_in_the_database(project, name):
    """A second run changes nothing: it is guarded, or says that what it makes exists."""
    path = project / "budget_buddy.db"
    before = sorted(dump(path).splitlines())
    told = problem(project, name)
    assert not told or "already exists" in told or "duplicate column" in told
    assert sorted(dump(path).splitlines()) == before
