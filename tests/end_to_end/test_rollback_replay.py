"""What the migrations wrote is never taken for what the application wrote since."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from drydock.errors import ExitCode

FAILS_AGAIN = (
    "import pathlib, sqlite3\n"
    "done = pathlib.Path('done')\n"
    "if done.exists():\n    raise RuntimeError('done already')\n"
    "db = sqlite3.connect('app.db')\n"
    "db.execute('UPDATE owner SET name = name || 1')\n"
    "db.commit()\n"
    "done.touch()\n"
)
ONLY_ONCE = (
    "import pathlib, sqlite3\n"
    "if not pathlib.Path('done').exists():\n"
    "    db = sqlite3.connect('app.db')\n"
    "    db.execute('UPDATE owner SET name = name || 1')\n"
    "    db.commit()\n"
    "    pathlib.Path('done').touch()\n"
)
ANOTHER = {
    "the clock": ("005_at.sql", "UPDATE item SET at = strftime('%Y-%m-%d %H:%M:%f', 'now');"),
    "the dice": ("005_at.sql", "UPDATE item SET loose = randomblob(8);"),
    "a failure": ("005_at.py", FAILS_AGAIN),
    "a marker": ("005_at.py", ONLY_ONCE),
}
COUNTED = (
    "import sqlite3\n"
    "with open('ran', 'a') as file:\n    file.write('once\\n')\n"
    "db = sqlite3.connect('app.db')\n"
    "db.execute(\"INSERT INTO owner (id, name) VALUES (50, 'seed')\")\n"
    "db.commit()\n"
)


def write(project, *statements: str) -> None:
    """Write as the application would."""
    with closing(sqlite3.connect(project.database)) as db, db:
        for statement in statements:
            db.execute(statement)


@pytest.fixture(params=ANOTHER)
def unlike(request, project):
    """A project whose migration would not write the same again, written to since."""
    name, text = ANOTHER[request.param]
    (project.migrations / name).write_text(text)
    assert project.inv("migrate", "--yes", "--allow-loss").returncode == 0
    write(project, "INSERT INTO log VALUES (5, 'since')")
    return project


@pytest.fixture
def mode():
    """What a migration writes does not depend on the journal."""
    return "wal"


def test_what_a_migration_would_write_otherwise_is_not_called_written_since(unlike):
    """All that changed is shown as that, with the reason."""
    back = unlike.inv("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    told = " ".join(back.stderr.split())
    assert "written since" not in told
    assert "what of it the application wrote cannot be told: " in told
    assert "log: 1 added" in told
    assert unlike.left_over() == []


def test_such_rows_are_not_carried_and_the_way_that_is_told_brings_them_back(unlike):
    """Nothing is changed; then without the flag, and by table from the database that was kept."""
    before = unlike.dump()
    (wanted,) = unlike.backups()
    refused = unlike.inv("rollback", "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    assert f"what the application wrote to app.db since {wanted} cannot be told, so" in " ".join(
        refused.stderr.split()
    )
    assert f"inv rollback --to {wanted}\n" in refused.stderr
    assert "restore-rows TABLE --from FILE" in refused.stderr
    assert unlike.dump() == before
    assert unlike.inv("rollback", "--to", wanted, "--yes").returncode == 0
    assert unlike.rows("SELECT name FROM owner WHERE id = 1") == [("Owner 1",)]
    (kept,) = unlike.root.glob(".drydock/app.db/runs/*/failed-app.db")
    again = unlike.inv(
        "restore-rows", "log", "--where", "what = 'since'", "--from", str(kept), "--yes"
    )
    assert again.returncode == 0, again.stderr
    assert unlike.rows("SELECT count(*) FROM log WHERE what = 'since'") == [(1,)]


def test_a_python_migration_runs_once_more_at_most(project):
    """It may have effects elsewhere; its own rows are not carried, those written since are."""
    (project.migrations / "005_counted.py").write_text(COUNTED)
    assert project.inv("migrate", "--yes").returncode == 0
    write(project, "INSERT INTO owner (id, name) VALUES (77, 'since')")
    (project.root / "ran").unlink()
    back = project.inv("rollback", "--keep-new-rows", "--yes")
    assert back.returncode == 0, back.stderr
    assert (project.root / "ran").read_text() == "once\n"
    assert project.rows("SELECT id FROM owner WHERE id > 8") == [(77,)]
    assert project.left_over() == []


def test_an_update_is_not_lost_on_the_way_to_a_backup_that_no_run_took(project):
    """The last run's migrations are in it already, and are not run a second time."""
    assert project.inv("migrate", "--yes").returncode == 0
    (project.migrations / "005_more.sql").write_text("UPDATE item SET price = price + 1;")
    assert project.inv("migrate", "--yes").returncode == 0
    assert project.inv("backup").returncode == 0
    wanted = project.backups()[-1]
    ((price,),) = project.rows("SELECT price FROM item WHERE id = 2")
    write(project, f"UPDATE item SET price = {price + 1} WHERE id = 2")
    back = project.inv("rollback", "--to", wanted, "--keep-new-rows", "--yes")
    assert back.returncode == 0, back.stderr
    assert project.rows("SELECT price FROM item WHERE id = 2") == [(price + 1,)]


@pytest.fixture
def twice(project):
    """A project with two runs behind it, of which the first sowed rows, and the first's backup."""
    (project.migrations / "005_seed.sql").write_text(
        "INSERT INTO owner (id, name) VALUES (50, 'seed');"
    )
    assert project.inv("migrate", "--yes").returncode == 0
    write(project, "INSERT INTO owner (id, name) VALUES (77, 'between')")
    (project.migrations / "006_last.sql").write_text("CREATE TABLE last (id INTEGER PRIMARY KEY);")
    assert project.inv("migrate", "--yes").returncode == 0
    project.first = project.backups()[0]
    return project


def test_rows_of_an_earlier_run_are_not_carried_to_before_it(twice):
    """Its migrations are pending again, and would meet their own rows."""
    back = twice.inv("rollback", "--to", twice.first, "--keep-new-rows", "--yes")
    assert back.returncode == 0, back.stderr
    assert twice.rows("SELECT id FROM owner WHERE id > 8") == [(77,)]
    again = twice.inv("migrate", "--yes")
    assert again.returncode == 0, again.stderr
    assert twice.rows("SELECT id FROM owner WHERE id > 8 ORDER BY id") == [(50,), (77,)]


def test_rows_of_an_earlier_run_that_have_changed_are_nobodys_to_tell(twice):
    """A seed that somebody changed, or that comes out another each time: one run at a time."""
    write(twice, "UPDATE owner SET name = 'other' WHERE id = 50")
    refused = twice.inv("rollback", "--to", twice.first, "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED
    assert "rows of owner that the migrations write have other values now" in " ".join(
        refused.stderr.split()
    )
    assert "run by run: inv rollback --keep-new-rows\n" in refused.stderr
    for _ in range(2):
        back = twice.inv("rollback", "--keep-new-rows", "--yes")
        assert back.returncode == 0, back.stderr
    assert twice.applied() == ["001_start"]
    names = twice.rows("SELECT name FROM owner WHERE id > 8 ORDER BY id")
    assert names == [("other",), ("between",)]


def test_nothing_is_carried_into_a_backup_from_behind_the_live_database(project):
    """What differs there is older, not written since."""
    assert project.inv("migrate", "--yes").returncode == 0
    assert project.inv("backup").returncode == 0
    first, newest = project.backups()
    shutil.copy(project.root / "backups" / first / "app.db", project.database)  # by hand
    refused = project.inv("rollback", "--to", newest, "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED
    assert "the backup has 004_rebuild_item applied" in " ".join(refused.stderr.split())
    assert project.inv("rollback", "--to", newest, "--yes").returncode == 0


def test_nothing_older_is_carried_into_a_newer_backup(project):
    """The ledgers say nothing: the live database was brought back past it meanwhile."""
    assert project.inv("backup").returncode == 0
    ((price,),) = project.rows("SELECT price FROM item WHERE id = 2")
    write(project, "UPDATE item SET price = 99 WHERE id = 2")
    assert project.inv("backup").returncode == 0
    older, newer = project.backups()
    assert project.inv("restore", older, "--yes").returncode == 0
    assert project.rows("SELECT price FROM item WHERE id = 2") == [(price,)]
    refused = project.inv("rollback", "--to", newer, "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    assert f"was brought back since to {older}, which is older" in " ".join(refused.stderr.split())
    assert project.inv("rollback", "--to", newer, "--yes").returncode == 0
    write(project, "INSERT INTO log VALUES (5, 'since')")
    back = project.inv("rollback", "--to", newer, "--keep-new-rows", "--yes")
    assert back.returncode == 0, back.stderr
    assert project.rows("SELECT price FROM item WHERE id = 2") == [(99,)]
    assert project.rows("SELECT count(*) FROM log WHERE what = 'since'") == [(1,)]


@pytest.fixture
def goose(project):
    """A project whose migrations are goose's, and whose first run is done."""
    for each in project.migrations.iterdir():
        each.unlink()
    for number, way in enumerate("*+", start=1):
        (project.migrations / f"0000{number}_price.sql").write_text(
            f"-- +goose Up\nUPDATE item SET price = price {way} 2;\n"
            f"-- +goose Down\nUPDATE item SET price = price + 0;\n"
        )
    write(project, "DROP TABLE _drydock_ledger")
    assert project.inv("migrate", "--to", "1", "--yes").returncode == 0
    return project


@pytest.mark.parametrize("runs", [1, 2])
def test_another_tools_books_are_no_difference(goose, runs):
    """Its tables of what has run have times in them, too; the first run makes them."""
    if runs == 2:
        assert goose.inv("migrate", "--yes").returncode == 0
    assert goose.rows("SELECT count(*) FROM goose_db_version") == [(runs + 1,)]
    before = goose.rows("SELECT price FROM item WHERE id = 3")
    write(goose, "INSERT INTO item (id, owner_id, name, price) VALUES (900, 1, 'since', 7)")
    back = goose.inv("rollback", "--keep-new-rows", "--yes")
    assert back.returncode == 0, back.stderr
    assert goose.rows("SELECT price FROM item WHERE id = 900") == [(7,)]
    assert goose.rows("SELECT price FROM item WHERE id = 3") != before


def test_a_migration_taken_back_by_its_down_script_is_not_written_since(goose):
    """What the script did is not the application's."""
    down = goose.inv("rollback", "--down", "1", "--yes")  # by its number
    assert down.returncode == 0, down.stderr
    write(goose, "INSERT INTO log VALUES (5, 'since')")
    refused = goose.inv("rollback", "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    assert "was taken back by its down script since" in " ".join(refused.stderr.split())
