"""The whole chain by real commands: it ends migrated and running, or exactly as it was."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import stat
import sys
from contextlib import closing

import pytest

from drydock.errors import ExitCode
from tests.support.project import Project, free_port
from tests.support.stray import Stray

MARKS = "# drydock: allow empty: it marks what the backend is to do\nimport pathlib\n"
PENDING = ["002_add_tag", "003_shops", "004_rebuild_item"]


def test_happy_chain_migrates_and_leaves_the_backend_running(served, mode):
    """One command: stopped, backed up, migrated, verified, started, asked."""
    done = served.inv("migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert served.applied() == ["001_start", *PENDING]
    assert served.is_running()
    assert served.journal_mode() == mode
    assert stat.S_IMODE(served.database.stat().st_mode) == 0o640
    assert served.rows("SELECT count(*) FROM item WHERE tag = 'old'") != [(0,)]
    assert served.left_over() == []
    for step in ("stop-backend", "backup", "review", "migrate", "verify-schema", "smoke-test"):
        assert f"✓ {step}" in done.stderr
    assert "0 rows lost" in done.stderr


def test_nothing_pending_touches_nothing(project):
    """A second migrate says so and leaves every byte alone."""
    assert project.inv("migrate", "--yes").returncode == 0
    before = project.database.read_bytes(), project.backups()
    again = project.inv("migrate")
    assert again.returncode == 0
    assert "nothing pending: 4 applied" in again.stderr
    assert project.inv("migrate", "--to", "add_tgas").returncode == ExitCode.USAGE
    assert (project.database.read_bytes(), project.backups()) == before


def test_quiet_says_nothing_when_all_is_well(project):
    """Neither of a run nor of one that had nothing to do; a script may take a word for an error."""
    for _ in range(2):
        done = project.inv("migrate", "--yes", "--quiet")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_seven_names_on_one_line_do_the_same_work_once(served):
    """Each step runs once, whether named or walked."""
    done = served.inv(
        "stop-backend",
        "backup",
        "review",
        "migrate",
        "verify-schema",
        "start-backend",
        "smoke-test",
    )
    assert done.returncode == 0, done.stderr
    assert served.applied() == ["001_start", *PENDING]
    assert len(served.backups()) == 1
    assert done.stderr.count("✓ backup") == done.stderr.count("✓ migrate") == 1
    assert served.is_running()


@pytest.mark.parametrize(
    "line",
    ["smoke-test", "verify-schema smoke-test", "start-backend", "start-backend smoke-test"],
)
def test_what_was_looked_at_before_a_migration_is_looked_at_again_behind_it(tmp_path, line):
    """An answer of the old application is none about the new database."""
    project = Project(tmp_path / "project", port=free_port())
    (project.root / "items-broken").write_text("")  # on the migrated database alone
    with project.running():
        before = project.dump()
        done = project.inv(*line.split(), "migrate", "--yes")
        assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
        assert "✓ stop-backend" in done.stderr
        assert "✗ smoke-test" in done.stderr
        assert project.dump() == before
        assert project.is_running()


@pytest.mark.parametrize(
    "line",
    [
        "start-backend", "stop-backend start-backend", "stop-backend review", "backup",
        "stop-backend backup", "backup review smoke-test", "verify-schema start-backend smoke-test",
    ],
)  # fmt: skip
def test_whatever_stands_before_it_migrate_ends_migrated_and_running(served, line):
    """The backend is stopped while the database is worked on, and started on the new one."""
    done = served.inv(*line.split(), "migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert served.applied() == ["001_start", *PENDING]
    between = done.stderr[: done.stderr.index("✓ migrate")].rpartition("✓ stop-backend")
    assert between[1]
    assert "✓ start-backend" not in between[2]
    behind = done.stderr[done.stderr.index("✓ migrate") :]
    assert "✓ verify-schema" in behind
    assert "✓ start-backend" in behind
    assert "✓ smoke-test" in behind
    assert served.is_running()
    assert served.left_over() == []


def test_behind_a_migration_a_task_is_one_of_its_own(served):
    """What is typed is done, and `--yes` to one is no yes to the other."""
    stopped = served.inv("migrate", "--yes", "stop-backend")
    assert stopped.returncode == 0, stopped.stderr
    assert not served.is_running()
    again = served.inv("migrate", "--dry-run", "stop-backend", "migrate")
    assert again.returncode == 0, again.stderr
    assert served.is_running(), "nothing pending, and stop-backend is the beginning of a chain"


def test_a_rehearsal_and_the_run_on_one_line(served):
    done = served.inv("migrate", "--dry-run", "migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert "rehearsed: 3 applied" in done.stderr
    assert "0 rows lost" in done.stderr[done.stderr.index("✓ stop-backend") :]
    assert served.applied() == ["001_start", *PENDING]
    assert served.is_running()


def test_a_run_and_its_rollback_on_one_line(served):
    """The backend is stopped for it, and nothing that nobody wrote is told."""
    before = served.dump()
    done = served.inv("migrate", "--yes", "rollback", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("✓ stop-backend") == 2
    assert "changed the schema" not in done.stderr
    assert served.dump() == before
    assert served.is_running()


def test_a_question_behind_a_migration_is_asked(project):
    """Its answer is not that of the run."""
    asked = project.inv("migrate", "--yes", "verify-schema", "--expect", "item.nothing")
    assert asked.returncode == ExitCode.DIFFERENT, asked.stderr
    assert project.applied() == ["001_start", *PENDING]


def test_dry_run_changes_no_byte_and_leaves_the_backend_running(served):
    """What was rehearsed is told; nothing is kept but the record."""
    before = served.dump()
    done = served.inv("migrate", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "rehearsed: 3 applied" in done.stderr
    assert served.dump() == before
    assert served.is_running()
    assert served.backups() == []
    assert served.left_over() == []


def test_dry_of_invoke_itself_is_a_dry_run(project):
    """`inv --dry migrate` publishes nothing."""
    before = project.dump()
    assert project.inv("--dry", "migrate").returncode == 0
    assert project.dump() == before


def test_to_stops_after_the_named_migration(project):
    """`--to 002` applies 002 and leaves the rest pending."""
    assert project.inv("migrate", "--to", "002").returncode == 0
    assert project.applied() == ["001_start", "002_add_tag"]
    unknown = project.inv("migrate", "--to", "add_tgas")
    assert unknown.returncode == ExitCode.USAGE
    assert "did you mean" in unknown.stderr


def test_to_says_what_it_means_for_the_application(tmp_path):
    """Before it is stopped; and where it is not well, how to do without it."""
    served = Project(tmp_path / "project", port=free_port())
    served.settings('schema = "schema.sql"')
    with served.running():
        (served.root / "unwell").touch()
        before = served.dump()
        taken_back = served.inv("migrate", "--to", "002", "--yes")
        assert taken_back.returncode == ExitCode.ROLLED_BACK, taken_back.stderr
        note = taken_back.stderr.index("2 migrations stay pending after 002_add_tag; where the")
        assert note < taken_back.stderr.index("stop-backend")
        assert served.dump() == before
        command = "inv stop-backend migrate --to 002 --no-backend"
        assert f"with the backend left stopped: {command}\n" in taken_back.stderr
        done = served.inv(*command.split()[1:])
        assert done.returncode == 0, done.stderr
        assert served.applied() == ["001_start", "002_add_tag"]
        assert not served.is_running()
    assert not (served.root / "schema.sql").exists()  # it tells the schema after the last one
    assert served.inv("migrate", "--yes", "--no-backend").returncode == 0
    assert "tag TEXT" in (served.root / "schema.sql").read_text()


def test_f14_a_migration_that_leaves_early_is_a_failure(served):
    """`sys.exit(0)` in the middle: nothing changed, the backend runs, exit is not 0."""
    (served.migrations / "005_leaves.py").write_text(
        "import sqlite3, sys\ndb = sqlite3.connect('app.db')\n"
        "db.execute('DELETE FROM item')\ndb.commit()\nsys.exit(0)\nprint('never')\n"
    )
    before = served.dump()
    done = served.inv("migrate", "--yes")
    assert done.returncode == ExitCode.FAILED
    assert "it left before its end" in done.stderr
    assert "app.db is as it was before the run; the backend is running on it" in done.stderr
    assert served.dump() == before
    assert served.is_running()


def test_a_failing_statement_shows_file_line_statement_state_and_hint(served):
    """The screen of STYLE.md, for a table name that is one letter off."""
    (served.migrations / "005_typo.sql").write_text(
        "-- Purpose: a typing error\n\nALTER TABLE itm ADD COLUMN colour TEXT;\n"
    )
    before = served.dump()
    done = served.inv("migrate", "--yes")
    assert done.returncode in (ExitCode.REFUSED, ExitCode.FAILED)
    assert "005_typo" in done.stderr
    assert "no such table: itm" in done.stderr
    assert '"item"' in done.stderr
    assert "005_typo.sql:3" in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert served.dump() == before
    assert served.is_running()


def test_undeclared_loss_is_refused_and_allowed_only_when_said(project):
    """A Python migration that deletes rows behind the review's back stops before publish."""
    (project.migrations / "005_quiet_loss.py").write_text(
        "import sqlite3\nword = 'DEL' + 'ETE FROM item WHERE id < 20'\n"
        "db = sqlite3.connect('app.db')\ndb.execute(word)\ndb.commit()\n"
    )
    before = project.dump()
    refused = project.inv("migrate", "--to", "005_quiet_loss", "--yes")
    assert refused.returncode == ExitCode.REFUSED
    assert "lose data that nobody declared" in refused.stderr
    assert "accept it this once: inv migrate --to 005_quiet_loss --allow-loss" in refused.stderr
    assert "item" in refused.stderr
    assert project.dump() == before
    allowed = project.inv("migrate", "--yes", "--allow-loss")
    assert allowed.returncode == 0, allowed.stderr
    assert project.rows("SELECT count(*) FROM item WHERE id < 20") == [(0,)]


def test_a_directive_declares_nothing_for_another_file(project):
    """What a second file takes unseen is told with that file and a directive in its language."""
    (project.migrations / "005_old.sql").write_text(
        "-- drydock: allow delete-without-where: a log\nDELETE FROM log;\n"
    )
    (project.migrations / "006_quiet.py").write_text(
        "def migrate(db):\n    db.execute('DEL' + 'ETE FROM item WHERE id < 20')\n"
    )
    before = project.dump()
    refused = project.inv("migrate")
    assert refused.returncode == ExitCode.REFUSED
    assert "cause: item: 17 rows of 180 gone\n" in refused.stderr
    assert "in 006_quiet.py: # drydock: allow delete-rows: REASON\n" in refused.stderr
    assert project.dump() == before
    (project.migrations / "006_quiet.py").write_text(
        "# drydock: allow delete-rows: they were imported twice\n"
        "def migrate(db):\n    db.execute('DEL' + 'ETE FROM item WHERE id < 20')\n"
    )
    done = project.inv("migrate")
    assert done.returncode == 0, done.stderr


def test_declared_loss_passes_and_is_in_the_ledger(project):
    """`-- drydock: allow` with a reason is recorded beside the migration."""
    (project.migrations / "005_drop_log.sql").write_text(
        "-- drydock: allow drop-table: kept in the warehouse since March\n"
        "DROP TRIGGER item_added;\nDROP TABLE log;\n"
    )
    done = project.inv("migrate")
    assert done.returncode == 0, done.stderr
    declared = project.rows("SELECT declared FROM _drydock_ledger WHERE name = '005_drop_log'")
    assert declared == [("drop-table: kept in the warehouse since March",)]


def test_a_destructive_migration_without_a_terminal_is_refused_unless_yes(project):
    """The review asks; nobody answers; nothing changed."""
    (project.migrations / "005_drop_log.sql").write_text(
        "DROP TRIGGER item_added;\nDROP TABLE log;\n"
    )
    before = project.dump()
    refused = project.inv("migrate")
    assert refused.returncode == ExitCode.REFUSED
    assert "--yes" in refused.stderr
    assert project.dump() == before
    assert project.inv("migrate", "--yes").returncode == 0
    assert project.rows("SELECT name FROM sqlite_schema WHERE name = 'log'") == []


def test_a_declined_run_says_that_nothing_was_touched_and_whether_the_backend_runs(served):
    """The review's no, and a rollback's: both come before the backend would be stopped."""
    assert served.inv("migrate", "--yes").returncode == 0
    (served.migrations / "005_drop_log.sql").write_text(
        "DROP TRIGGER item_added;\nDROP TABLE log;\n"
    )
    for words in (["migrate"], ["rollback"]):
        refused = served.inv(*words)
        assert refused.returncode == ExitCode.REFUSED
        assert "state: app.db was not touched; the backend is running on it\n" in refused.stderr
    served.inv("stop-backend")
    refused = served.inv("migrate")
    assert refused.returncode == ExitCode.REFUSED
    assert "state: app.db was not touched; the backend is not running\n" in refused.stderr


@pytest.mark.parametrize("mode", ["wal"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DROP TABLE nothing;", ExitCode.REFUSED),  # by the review, before anything is begun
        ("SELECT 'open;", ExitCode.USAGE),
        ("SELECT no_such_column FROM item;", ExitCode.FAILED),  # on the candidate
    ],
)
def test_create_leaves_no_database_behind_when_nothing_came_of_it(project, text, code):
    """As it was before: none; and the hint makes it again."""
    project.database.unlink()
    bad = project.migrations / "000_bad.sql"
    bad.write_text(text)
    if code is ExitCode.FAILED:
        bad = bad.rename(project.migrations / "005_bad.sql")
    refused = project.inv("migrate", "--create")
    assert refused.returncode == code, refused.stderr
    assert not project.database.exists()
    assert refused.stderr.rstrip().endswith("run: inv migrate --create")
    if code is not ExitCode.USAGE:
        assert "state: the empty app.db made for this run is removed again\n" in refused.stderr
    bad.unlink()
    assert project.inv("migrate", "--create", "--dry-run").returncode == 0
    assert not project.database.exists()
    assert project.inv("migrate", "--create").returncode == 0
    assert project.applied() == ["001_start", *PENDING]


@pytest.mark.parametrize("mode", ["wal"])
def test_a_mistyped_variable_of_the_environment_stops_the_command(project):
    """As a mistyped line of the settings does; Invoke itself says nothing."""
    refused = project.inv("status", INVOKE_DRYDOCK_DATABSE="other.db")
    assert refused.returncode == ExitCode.USAGE
    assert "no setting is called INVOKE_DRYDOCK_DATABSE; nothing was touched" in refused.stderr
    assert "hint: did you mean 'INVOKE_DRYDOCK_DATABASE'?\n" in refused.stderr
    other = project.inv("status", INVOKE_DRYDOCK_DATABASE="other.db")
    assert "other.db does not exist" in other.stderr


def test_f16_new_orphans_stop_the_run_with_their_rows(project):
    """A plain DELETE of a parent with keys off is caught by the inspection."""
    (project.migrations / "005_orphans.sql").write_text(
        "-- drydock: allow delete-without-where: meant\nDELETE FROM owner WHERE id = 3;\n"
    )
    before = project.dump()
    done = project.inv("migrate", "--yes", "--allow-loss")
    assert done.returncode == ExitCode.REFUSED
    assert "owner" in done.stderr
    assert project.dump() == before


def test_f17_a_rebuild_that_loses_a_trigger_is_refused(project):
    """The hand-written rebuild that forgets its trigger is told by name."""
    (project.migrations / "005_forgets.py").write_text(
        "import sqlite3\ndb = sqlite3.connect('app.db', isolation_level=None)\n"
        "sql = db.execute(\"SELECT sql FROM sqlite_schema WHERE name='item'\").fetchone()[0]\n"
        "db.execute(sql.replace('TABLE item', 'TABLE item2'))\n"
        "db.execute('INSERT INTO item2 SELECT * FROM item')\n"
        "db.execute('DR' + 'OP TABLE item')\n"
        "db.execute('PRAGMA legacy_alter_table=ON')\n"
        "db.execute('ALTER TABLE item2 RENAME TO item')\n"
    )
    before = project.dump()
    done = project.inv("migrate", "--yes")
    assert done.returncode == ExitCode.REFUSED, done.stderr
    assert "item_added" in done.stderr
    assert project.dump() == before


def test_f08_a_symlinked_database_stays_a_link(project, mode):
    """The link, the real file's mode and its journal mode survive publish."""
    real = project.root / "data" / "real.db"
    real.parent.mkdir()
    for suffix in ("", "-wal", "-shm"):
        beside = project.database.with_name(f"app.db{suffix}")
        if beside.exists():
            beside.rename(real.with_name(f"real.db{suffix}"))
    project.database.symlink_to(real)
    assert project.inv("migrate", "--yes").returncode == 0
    assert project.database.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert project.applied()[-1] == "004_rebuild_item"
    assert project.journal_mode() == mode


SWITCH = {
    "delete": "-- PRAGMA journal_mode=DELETE;\nPRAGMA journal_mode=WAL;\n",
    "wal": "PRAGMA main.journal_mode = 'wal';\nPRAGMA Main.Journal_Mode('TRUNCATE');\n",
}
OTHER = {"wal": "delete", "delete": "wal"}


def test_a_migration_may_change_the_journal_mode_and_a_rollback_changes_it_back(project, mode):
    """In both directions; a rehearsal, and a run killed on the way, change nothing of it."""
    (project.migrations / "005_mode.sql").write_text(SWITCH[mode])
    assert project.inv("migrate", "--dry-run").returncode == 0
    assert project.journal_mode() == mode
    project.inv("migrate", "--yes", fault="kill:publish-3")
    assert project.inv("start-backend").returncode == 0
    assert (project.applied(), project.journal_mode()) == (["001_start"], mode)
    project.inv("migrate", "--yes", fault="kill:publish-4")
    done = project.inv("migrate", "--yes")
    assert project.applied()[-1] == "005_mode", done.stderr
    assert project.journal_mode() == OTHER[mode]
    project.inv("rollback", "--yes", fault="kill:publish-4")
    assert project.inv("start-backend").returncode == 0
    assert (project.applied(), project.journal_mode()) == (["001_start"], mode)


def test_a_python_migration_may_leave_wal_mode(project, mode):
    """What counts is what was executed last; a temporary database has a mode of its own."""
    (project.migrations / "005_mode.py").write_text(
        "import sqlite3\n\ndb = sqlite3.connect('app.db')\n"
        "db.executescript('PRAGMA journal_mode=WAL; PRAGMA journal_mode=DELETE;')\n"
        "db.execute('PRAGMA temp.journal_mode=WAL')\ndb.close()\n"
    )
    done = project.inv("migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert project.journal_mode() == "delete"
    told = "app.db is not in WAL mode any more, as a migration asked"
    assert (told in done.stderr) == (mode == "wal")


def test_rollback_goes_back_and_keeps_the_failed_database(served, mode):
    """Rows written since are shown first and are in the kept file; the backend runs again."""
    before = served.dump()
    assert served.inv("migrate", "--yes").returncode == 0
    with closing(sqlite3.connect(served.database)) as db, db:
        db.execute("INSERT INTO item (owner_id, name) VALUES (1, 'since the run')")
    refused = served.inv("rollback")
    assert refused.returncode == ExitCode.REFUSED
    assert served.is_running()
    assert len(served.applied()) == 4
    back = served.inv("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert "item" in back.stderr
    assert "1 added" in back.stderr
    assert served.dump() == before
    assert served.journal_mode() == mode
    assert served.is_running()
    kept = next(served.root.glob(".drydock/app.db/runs/*/failed-app.db"))
    with closing(sqlite3.connect(kept)) as db:
        assert db.execute("SELECT count(*) FROM item WHERE name='since the run'").fetchone() == (1,)


@pytest.mark.parametrize("marker", ["unwell", "items-broken", "alter-at-start"])
def test_a_backend_that_is_unwell_on_the_new_database_brings_the_old_one_back(served, marker):
    """start-backend or smoke-test fails: previous database, exit 5 (F49 for create_all)."""
    before = served.dump()
    (served.migrations / "005_marker.py").write_text(
        f"{MARKS}pathlib.Path('{marker}').write_text('')\n"
    )
    done = served.inv("migrate", "--yes")
    assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
    assert "is the previous database again; the backend is running on it" in done.stderr
    assert served.dump() == before
    assert served.is_running()
    assert served.inv("status").returncode == 0
    assert served.left_over() == []


def test_a_smoke_test_without_a_backend_says_so_and_who_is_on_its_port(tmp_path):
    """It has not ended, it never ran; what to type is what starts it."""
    project = Project(tmp_path / "project", port=free_port())
    refused = project.inv("smoke-test")
    assert refused.returncode == ExitCode.DIFFERENT
    assert "hint: inv start-backend\n" in refused.stderr
    with socket.create_server(("127.0.0.1", project.port)):
        refused = project.inv("smoke-test")
    assert refused.returncode == ExitCode.DIFFERENT
    assert "error: the backend is not running; nothing was asked\n" in refused.stderr
    told = " ".join(refused.stderr.split())
    assert "cause: on its port is another program, " in told
    assert f"(pid {os.getpid()})" in told
    assert f"hint: stop that program (kill {os.getpid()}), then: inv start-backend" in told


def test_behind_a_publish_nothing_is_called_untouched(project):
    """The previous database is back, which is another story."""
    before = project.dump()
    project.settings('models = "application:Bse"')
    done = project.inv("migrate", "--yes")
    assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
    assert "error: the models application:Bse cannot be loaded\n" in done.stderr
    assert "state: app.db is the previous database again" in done.stderr
    assert "nothing was touched" not in done.stderr + project.inv("history").stdout
    assert project.dump() == before


def test_f50_when_the_way_back_fails_nothing_is_deleted_and_the_commands_are_printed(served):
    """The backend stays down, the exit code is its own, the backup is named."""
    before = served.dump()
    (served.migrations / "005_marker.py").write_text(
        f"{MARKS}pathlib.Path('always-unwell').write_text('')\n"
    )
    done = served.inv("migrate", "--yes")
    assert done.returncode == ExitCode.NEEDS_YOU, done.stderr
    assert "the way back failed too" in done.stderr
    assert "inv start-backend" in done.stderr
    assert "the backend is down" in done.stderr
    assert served.dump() == before
    assert not served.is_running()
    assert len(list((served.root / "backups").glob("*/app.db"))) == 1
    (served.root / "always-unwell").unlink()
    assert served.inv("start-backend").returncode == 0


def test_f48_rows_that_the_backend_wrote_before_an_automatic_return_are_shown(served):
    """Going back by itself tells what is only in the failed database now."""
    (served.migrations / "005_marker.py").write_text(
        f"{MARKS}pathlib.Path('write-at-start').write_text('')\n"
        "pathlib.Path('items-broken').write_text('')\n"
    )
    done = served.inv("migrate", "--yes")
    assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
    assert "written since, and left in the database that is kept" in done.stderr
    assert "item" in done.stderr


def test_an_automatic_return_calls_no_row_of_the_run_written_since(served):
    """What the dice wrote is not the backend's, and the second time they fall otherwise."""
    (served.migrations / "005_dice.sql").write_text("UPDATE item SET loose = randomblob(8);")
    for marker in ("write-at-start", "items-broken"):
        (served.root / marker).touch()
    done = served.inv("migrate", "--yes", "--allow-loss")
    assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
    told = " ".join(done.stderr.split())
    assert "written since" not in told
    assert "what of it the application wrote cannot be told: the migrations made another" in told


def test_a_way_back_does_not_fail_on_what_only_the_application_can_sort(served):
    """The new backend made a table that only it can sort; the old one runs again all the same."""
    code = served.root / "application.py"
    code.write_text(
        code.read_text() + "\nif asked('items-broken'):\n"
        "    own = sqlite3.connect(DATABASE)\n"
        "    own.create_collation('own', lambda a, b: (a > b) - (a < b))\n"
        "    own.execute('CREATE TABLE made (x TEXT PRIMARY KEY COLLATE own) WITHOUT ROWID')\n"
        "    own.execute('INSERT INTO made VALUES (1)')\n"
        "    own.commit()\n    own.close()\n"
    )
    (served.root / "items-broken").touch()
    before = served.dump()
    done = served.inv("migrate", "--yes")
    assert done.returncode == ExitCode.ROLLED_BACK, done.stderr
    told = " ".join(done.stderr.split())
    assert "made: table " in told
    assert "failed-app.db" in told
    assert served.is_running()
    assert served.dump() == before


def test_a_second_runner_is_refused_at_once_and_named(project):
    """The lock says who is first; exactly one of two wins."""
    slow = project.migrations / "005_slow.py"
    slow.write_text(
        f"{MARKS}import sys\nprint('there', flush=True)\nsys.stdin.read()\n"
        "import pathlib, os\nos.mkfifo('gate') if not os.path.exists('gate') else None\n"
        "open('gate').read()\n"
    )
    first = project.start_inv("migrate", "--yes")
    gate = project.root / "gate"
    while not gate.exists():
        assert first.poll() is None, first.communicate()[0]
    second = project.inv("migrate", "--yes")
    assert second.returncode == ExitCode.BUSY
    assert f"pid {first.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    gate.write_text("go")
    output, _ = first.communicate(timeout=30)
    assert first.returncode == 0, output
    assert project.applied()[-1] == "005_slow"


def test_database_is_locked_names_the_process(project, mode):
    """A writer that does not let go is named with its pid; nothing was touched."""
    before = project.dump()
    with closing(sqlite3.connect(project.database, isolation_level=None)) as stray:
        stray.execute("BEGIN IMMEDIATE")
        done = project.inv("migrate", "--yes")
        assert done.returncode == ExitCode.BUSY, done.stderr
        assert f"pid {os.getpid()}" in done.stderr
        assert "database is locked" in done.stderr
        stray.execute("ROLLBACK")
    assert project.dump() == before
    assert project.journal_mode() == mode


@pytest.mark.parametrize("mode", ["delete"])
def test_every_command_that_waits_in_vain_names_who_has_the_database(project):
    """One that only reads, one in a walk, one between steps, and the page that helps then."""
    with Stray(project.database) as stray:
        stray.sql("BEGIN EXCLUSIVE")
        for words in (["status"], ["backup"], ["migrate"], ["adopt", "--dry-run"]):
            done = project.inv(*words)
            assert done.returncode == ExitCode.BUSY, done.stderr
            assert f"held by {sys.executable} -c" in done.stderr
            assert f"(pid {stray.pid})" in " ".join(done.stderr.split())
        assert f"(pid {stray.pid})" in project.inv("doctor").stdout


def test_a_step_before_a_refused_one_is_undone(tmp_path):
    """`inv stop-backend migrate`: the backend is not left down by a question without an answer."""
    served = Project(tmp_path / "project", port=free_port())
    (served.migrations / "005_gone.sql").write_text("DELETE FROM log;")
    with served.running():
        before = served.dump()
        for words in (("stop-backend", "migrate"), ("stop-backend", "rollback", "--to", "ID")):
            if "rollback" in words:
                assert served.inv("backup").returncode == 0
                words = (*words[:-1], served.backups()[0])  # noqa: PLW2901
            refused = served.inv(*words)
            assert refused.returncode == ExitCode.REFUSED, refused.stderr
            assert served.is_running()
            assert "the backend is running on it" in refused.stderr
            assert served.inv("history").stdout.splitlines()[-1].startswith("✗")
        assert served.dump() == before


def test_no_backend_says_that_the_backend_may_be_what_holds_the_database(tmp_path):
    """It was told to leave it alone, and cannot work beside it."""
    served = Project(tmp_path / "project", port=free_port())
    with served.running(), closing(sqlite3.connect(served.database)) as idle:
        idle.execute("SELECT 1 FROM item").fetchone()
        refused = served.inv("migrate", "--yes", "--no-backend")
        assert refused.returncode == ExitCode.BUSY, refused.stderr
        assert "if it is the backend: inv stop-backend" in refused.stderr
        assert served.is_running()


def test_f16_orphans_that_were_there_before_do_not_stop_a_run(project):
    """Only new violations count: the run is published, and the old orphans are as they were."""
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute("INSERT INTO item (owner_id, name) VALUES (4711, 'an orphan from before')")
    done = project.inv("migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert project.applied()[-1] == "004_rebuild_item"
    assert len(project.rows("PRAGMA foreign_key_check")) == 1


FORM = """\
-- how the file is made
PRAGMA foreign_keys = ON;
PRAGMA page_size = 8192;
PRAGMA main.encoding = "UTF-16le";
PRAGMA auto_vacuum(INCREMENTAL);
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO owner (name) VALUES ('Åsa'), ('Bo');
PRAGMA page_size = 1024;
"""


def test_a_created_database_has_the_form_that_its_first_migration_begins_with(project, mode):
    """As `sqlite3 new.db < file` makes it, although the ledger is there first; and it stays."""
    project.database.unlink()
    (project.migrations / "001_start.sql").write_text(FORM)
    for name in PENDING:
        next(project.migrations.glob(f"{name}.*")).unlink()
    if mode == "wal":
        (project.migrations / "002_mode.sql").write_text("PRAGMA journal_mode=WAL;\n")
    done = project.inv("migrate", "--create")
    assert done.returncode == 0, done.stderr
    (project.migrations / "003_more.sql").write_text("UPDATE owner SET name = name || '!';\n")
    assert project.inv("migrate").returncode == 0
    for asked, value in (("page_size", 8192), ("encoding", "UTF-16le"), ("auto_vacuum", 2)):
        assert project.rows(f"PRAGMA {asked}") == [(value,)]
    assert project.rows("SELECT name FROM owner") == [("Åsa!",), ("Bo!",)]
    assert project.journal_mode() == mode


def test_the_way_that_a_refused_attach_is_told_leads_to_the_rows(project):
    """What the review's fix says, word for word; and neither half of it alone is enough."""
    with closing(sqlite3.connect(project.root / "old 'archive'.db")) as db, db:
        db.execute("CREATE TABLE old (name TEXT)")
        db.executemany("INSERT INTO old VALUES (?)", [("from å",), ("there",)])
    for name in PENDING:
        next(project.migrations.glob(f"{name}.*")).unlink()
    attach = project.migrations / "002_bring.sql"
    attach.write_text(
        "-- drydock: allow foreign-file: it is ours\nATTACH 'old ''archive''.db' AS a;\n"
        "INSERT INTO owner (name) SELECT name FROM a.old;\n"
    )
    told = project.inv("review", "--json")
    assert told.returncode == ExitCode.DIFFERENT, told.stderr
    (finding,) = json.loads(told.stdout)["findings"]
    assert (finding["rule"], finding["severity"], finding["allowed"]) == (
        "foreign-file",
        "error",
        None,
    )
    directive, opening = re.findall(
        r"# drydock: .*?: REASON|sqlite3\.connect\(.*\)", finding["fix"]
    )
    attach.unlink()
    program = project.migrations / "002_bring.py"
    body = (
        f"import sqlite3\n\n\ndef migrate(db):\n    other = {opening}\n"
        "    db['owner'].insert_all({'name': n} for n, in other.execute('SELECT name FROM old'))\n"
        "    other.close()\n"
    )
    program.write_text(body)
    refused = project.inv("migrate", "--yes")
    assert refused.returncode == ExitCode.FAILED, refused.stderr
    assert "it opens another database" in refused.stderr
    assert directive in " ".join(refused.stderr.split())
    program.write_text(f"{directive}\n{body}")
    seen = project.inv("review")
    assert seen.returncode == 0, seen.stderr
    assert "unused-allowance" not in seen.stderr
    done = project.inv("migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert project.rows("SELECT count(*) FROM owner WHERE name IN ('from å', 'there')") == [(2,)]


def test_an_attach_in_a_python_file_is_told_the_line_that_allows_it_there(project):
    """And nothing else: it is a Python migration already."""
    with closing(sqlite3.connect(project.root / "old.db")) as db, db:
        db.execute("CREATE TABLE old (name TEXT)")
        db.execute("INSERT INTO old VALUES ('from å')")
    program = project.migrations / "005_bring.py"
    body = (
        "def migrate(db):\n    db.execute(\"ATTACH 'old.db' AS a\")\n"
        "    db.execute('INSERT INTO owner (name) SELECT name FROM a.old')\n"
    )
    program.write_text(body)
    told = project.inv("review", "--static", "--json")
    (finding,) = [e for e in json.loads(told.stdout)["findings"] if e["rule"] == "foreign-file"]
    assert finding["fix"].startswith("a .py migration may read it that says so, # drydock: allow ")
    assert "and attaches it" in finding["fix"]
    program.write_text(f"# drydock: allow foreign-file: ours\n{body}")
    done = project.inv("migrate", "--yes")
    assert done.returncode == 0, done.stderr
    assert "unused-allowance" not in done.stderr
    assert project.rows("SELECT count(*) FROM owner WHERE name = 'from å'") == [(1,)]
