"""The start-up guard: what it lets through, what it refuses and says, and what it costs."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from contextlib import closing

import pytest

import drydock
from drydock import connection, guard, ledger, migration, names
from drydock.connection import DatabaseMissing
from drydock.errors import ExitCode
from drydock.formats import recognition
from drydock.guard import NotCurrent
from tests.support import databases

HEAVY = (
    "sqlite_utils", "rich", "psutil", "httpx", "invoke", "sqlalchemy", "syntaqlite", "jinja2",
    "asyncio", "tempfile", "subprocess", "pytest", "tomllib", "json", "drydock.formats.format",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Three migrations, one of them Python."""
    folder = tmp_path / "Åse's migrations"
    folder.mkdir()
    (folder / "001_start.sql").write_text("CREATE TABLE t (x);\n")
    (folder / "002_next.py").write_text("def migrate(db):\n    db.execute('DELETE FROM t')\n")
    (folder / "003_last.sql").write_text("ALTER TABLE t ADD COLUMN y;\n")
    return folder


@pytest.fixture(params=["delete", "wal"])
def database(tmp_path, folder, request):
    """A populated database on which 001 and 002 were applied, in both journal modes."""
    path = databases.populate(tmp_path / "Åse's app.db", mode=request.param)
    with closing(connection.live(path, timeout=1)) as opened:
        ledger.create(opened)
        for each in migration.read_folder(folder)[:2]:
            ledger.record(opened, each, applied_at="2026-01-01", seconds=0, run="seed")
    return path


def test_a_current_database_is_let_through(database, folder):
    """Applied set and file set are the same: the state says so and nothing is raised."""
    (folder / "003_last.sql").unlink()
    state = drydock.require_current(database, folder)
    assert state.is_current
    assert state.applied == ("001_start", "002_next")


def test_pending_migrations_refuse_and_say_what_to_type(database, folder):
    """The message names the migration and the command, also in a log that shows only str()."""
    with pytest.raises(NotCurrent) as refused:
        drydock.require_current(database, folder)
    assert refused.value.exit_code == ExitCode.DIFFERENT
    assert refused.value.state_found.pending == ("003_last",)
    assert "pending: 003_last" in str(refused.value)
    assert str(refused.value).endswith("type: inv migrate")


def test_pending_migrations_may_be_served(database, folder):
    """`pending="serve"`: the application runs on the old schema after a failed migration."""
    state = drydock.require_current(database, folder, pending="serve")
    assert state.pending == ("003_last",)
    assert not state.is_current


@pytest.mark.parametrize("pending", ["refuse", "serve"])
def test_an_edited_migration_is_refused_whatever_is_pending(database, folder, pending):
    """What ran is not what the files say: to be looked at before anything else is applied."""
    (folder / "001_start.sql").write_text("CREATE TABLE t (x, sneaked_in);\n")
    with pytest.raises(NotCurrent, match=r"edited after they were applied: 001_start") as refused:
        drydock.require_current(database, folder, pending=pending)
    assert refused.value.hint == "inv status --diff"


@pytest.mark.parametrize("pending", ["refuse", "serve"])
def test_an_unknown_migration_is_refused_whatever_is_pending(database, folder, pending):
    """The database is ahead of this checkout: older code would write what newer code forbids."""
    (folder / "002_next.py").unlink()
    with pytest.raises(NotCurrent, match=r"unknown here.*: 002_next"):
        drydock.require_current(database, folder, pending=pending)


def test_a_checkout_with_other_line_ends_is_the_same_migration(database, folder):
    """F21: CRLF from a Windows checkout is no edit."""
    text = (folder / "001_start.sql").read_bytes()
    (folder / "001_start.sql").write_bytes(text.replace(b"\n", b"\r\n"))
    assert drydock.current_state(database, folder).edited == ()


def test_a_database_without_a_ledger_has_everything_pending(tmp_path, folder):
    """A database that Drydock has never seen."""
    path = databases.populate(tmp_path / "plain.db")
    assert drydock.current_state(path, folder).pending == ("001_start", "002_next", "003_last")


def test_f34_a_wrong_path_is_refused_and_creates_nothing(tmp_path, folder):
    """A typing error in the path must not start the application on a new, empty database."""
    with pytest.raises(DatabaseMissing, match="does not exist"):
        drydock.require_current(tmp_path / "ap.db", folder)
    assert not (tmp_path / "ap.db").exists()


def test_it_only_reads(database, folder):
    """The file's bytes and its neighbours are what they were, in both journal modes."""
    before = digest(database), sorted(path.name for path in database.parent.iterdir())
    drydock.current_state(database, folder)
    assert (digest(database), sorted(path.name for path in database.parent.iterdir())) == before


def test_the_lifespan_guards_the_start_and_asks_for_the_path_then(database, folder):
    """FastAPI enters it before it serves; a function is asked for the path only then."""
    asked = []

    def path():
        asked.append(True)
        return database

    async def start(pending):
        async with guard.lifespan(path, folder, pending=pending)(object()):
            return "serving"

    assert not asked
    assert asyncio.run(start("serve")) == "serving"
    with pytest.raises(NotCurrent):
        asyncio.run(start("refuse"))


def test_using_it_loads_nothing_heavy(database, folder):
    """An application pays for its guard in milliseconds: sqlite3 and the standard library."""
    program = (
        f"import sys, drydock; drydock.require_current({str(database)!r}, {str(folder)!r},"
        " pending='serve')\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_another_tool_s_folder_is_told_by_its_books(tmp_path):
    """goose's folder and table: read as goose's, whether the guard finds out or is told."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "00001_start.sql").write_text("-- +goose Up\nCREATE TABLE t (x);\n")
    (folder / "00002_next.sql").write_text("-- +goose Up\nALTER TABLE t ADD COLUMN y;\n")
    path = databases.populate(tmp_path / "app.db")
    databases.change(
        path,
        "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL,"
        " tstamp TIMESTAMP DEFAULT (datetime('now')));"
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1), (1, 1);",
    )
    for wanted in ("auto", "goose"):
        state = drydock.current_state(path, folder, format=wanted)
        assert (len(state.applied), len(state.pending)) == (1, 1)
        assert (state.edited, state.unknown) == ((), ())
    with closing(connection.live(path, timeout=1)) as opened:
        ledger.create(opened)
    assert len(drydock.current_state(path, folder).applied) == 1


def test_the_table_of_every_other_tool_is_known():
    """A format that is added and forgotten here would be read as Drydock's own."""
    every = {recognition.format_named(name).table for name in recognition.names()[2:]}
    assert every <= names.BOOKS


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
