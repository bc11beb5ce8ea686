"""Going back to any backup, whatever became of the database and of a rollback before."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from drydock.errors import ExitCode


@pytest.fixture
def mode():
    """The ledger does not depend on the journal."""
    return "delete"


@pytest.fixture
def bare(project):
    """A project whose first migration is still to come: its database has no ledger."""
    with closing(sqlite3.connect(project.database)) as db:
        db.execute("DROP TABLE _drydock_ledger")
    (project.migrations / "001_start.sql").unlink()
    assert project.inv("backup").returncode == 0
    (project.old,) = project.backups()
    shutil.copy(project.database, project.root / "old.db")
    assert project.inv("migrate", "--yes").returncode == 0
    (_, project.before) = project.backups()
    return project


@pytest.mark.parametrize("command", [["rollback"], ["restore"], ["rollback", "--to"]])
@pytest.mark.parametrize("how", ["rollback", "copied by hand"])
def test_a_database_from_before_the_ledger_is_no_obstacle(bare, command, how):
    """No ledger means that nothing was applied; every way back is open."""
    if how == "rollback":
        assert bare.inv("rollback", "--to", bare.old, "--yes").returncode == 0
    else:
        shutil.copy(bare.root / "old.db", bare.database)
    name = [] if command == ["rollback"] else [bare.before]
    back = bare.inv(*command, *name, "--yes")
    assert back.returncode == 0, back.stderr
    assert "no such table" not in back.stderr
    assert "written since" not in back.stderr
    assert bare.rows("SELECT count(*) FROM item") == [(180,)]


def test_a_run_that_the_ledger_does_not_know_has_written_nobody_knows_what(bare):
    """It was unmarked, or another file was copied there: nothing is carried."""
    with closing(sqlite3.connect(bare.database)) as db, db:
        db.execute("DELETE FROM _drydock_ledger")
        db.execute("INSERT INTO log VALUES (5, 'since')")
    refused = bare.inv("rollback", "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    told = " ".join(refused.stderr.split())
    assert "the ledger of app.db has nothing of the run that is to be taken back" in told
    back = bare.inv("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert "written since" not in back.stderr


@pytest.mark.parametrize(
    "place", ["error:publish-4", "error:publish-5", "signal:publish-5:TERM", "error:publish-6"]
)
def test_a_rollback_that_failed_behind_its_publish_has_taken_the_run_back(bare, place):
    """The database is the old one, and the run is none that can be taken back again."""
    failed = bare.inv("rollback", "--yes", fault=place)
    assert failed.returncode != 0
    assert bare.rows("SELECT name FROM sqlite_schema WHERE name = '_drydock_ledger'") == []
    again = bare.inv("rollback", "--yes")
    assert "no run has migrated this database" in again.stderr
    assert "taken back by" in bare.inv("history").stdout
