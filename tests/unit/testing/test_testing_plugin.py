"""The pytest plugin, in real small projects of its own, run by pytest itself."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

# Loaded before pytester takes note of what is loaded, so that not every inner run loads it anew.
from drydock.review import rehearsal  # noqa: F401
from drydock.testing import contract as _contract  # noqa: F401

pytest_plugins = ["pytester"]

SWITCHED_ON = "from drydock.testing import MigrationContract as TestMigrations\n"
SAMPLE = """
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture(scope="session")
def drydock_sample():
    def fill(path, at):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA foreign_keys=ON")
            db.executemany("INSERT INTO owner (name) VALUES (?)", [("Åsa",), ("o'Neil",)])
            db.executemany(
                'INSERT INTO "odd; item" (owner_id, price) VALUES (?, ?)',
                [(1, 1.5), (1, None), (2, 3)],
            )
    return fill
"""
START_FIXTURE = """

@pytest.fixture(scope="session")
def drydock_start(tmp_path_factory):
    path = tmp_path_factory.mktemp("start") / "start.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(pathlib.Path("before.sql").read_text())
    return path
"""
START = """\
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE "odd; item" (
  id INTEGER PRIMARY KEY, owner_id INT REFERENCES owner(id) ON DELETE CASCADE, price REAL);
"""
TAG = "ALTER TABLE owner ADD COLUMN tag TEXT;\nUPDATE owner SET tag = upper(name);\n"


@pytest.fixture
def project(pytester):
    """A project with two good migrations, a sample of rows, and the contract switched on."""
    pytester.makefile(".toml", drydock='database = "app.db"\n')
    folder = pytester.mkdir("migrations")
    (folder / "001_start.sql").write_text(START)
    (folder / "002_tag.sql").write_text(TAG)
    pytester.makeconftest(SAMPLE)
    return pytester


def contract(project, name="", text="", **expected):
    """Add a migration to the project, run its contract, and return what was printed."""
    if name:
        (project.path / "migrations" / name).write_text(textwrap.dedent(text))
    project.makepyfile(test_contract=SWITCHED_ON)
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-rs")
    result.assert_outcomes(**expected)
    return result.stdout.str()


def test_one_line_switches_the_whole_contract_on(project):
    """Two tests for the whole history, three for each migration; the project's file untouched.

    Drydock's own migrations have no down: the way back is the backup.
    """
    contract(project, passed=2 + 3 * 2, skipped=1)
    assert not (project.path / "app.db").exists()
    assert not (project.path / ".drydock").exists()


def test_without_a_sample_the_tests_that_need_rows_are_skipped_and_say_so(project):
    """A test on no rows would prove nothing."""
    project.makeconftest("")
    printed = contract(project, passed=2 + 2 * 2, skipped=3)
    assert "override the fixture drydock_sample" in printed


def test_a_sample_without_rows_is_a_failure(project):
    """Else every test of a populated database would pass on an empty one."""
    project.makeconftest(SAMPLE.replace("with closing", "return\n        with closing"))
    printed = contract(project, passed=2 + 3 + 0, failed=3, skipped=1)
    assert "drydock_sample put no row into the database after 001_start" in printed


def test_a_migration_that_does_not_apply_fails_with_file_and_line(project):
    """The failure is what `inv migrate` would say, without a traceback of Drydock's."""
    text = "\nALTER TABLE ownr ADD COLUMN x;\n"
    printed = contract(project, "003_typo.sql", text, failed=5, passed=6, skipped=1)
    assert "migration 003_typo failed" in printed
    assert "003_typo.sql:2" in printed
    assert "Traceback" not in printed


def test_rows_that_vanish_unannounced_fail_on_the_populated_database_only(project):
    """The review cannot read a statement put together at run time; the rows tell."""
    text = """\
        def migrate(db):
            db.execute("DEL" + "ETE FROM " + '"odd; item"')
        """
    (project.path / "migrations" / "003_thin_out.py").write_text(textwrap.dedent(text))
    project.makepyfile(test_contract=SWITCHED_ON)
    result = project.runpytest_inprocess("-k", "populated or empty", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*lose data that nobody declared*", "*odd; item*3 rows*"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_f16_rows_without_their_parent_fail(project):
    """An empty database has no child that a DELETE could orphan."""
    text = "DELETE FROM owner WHERE name = 'Åsa';\n"
    printed = contract(project, "003_delete.sql", text, failed=2, passed=9, skipped=1)
    assert "leave rows without the parent they name" in printed


def test_an_undeclared_finding_fails_and_a_declared_one_does_not(project):
    """A file that deletes rows says why."""
    text = 'DELETE FROM "odd; item" WHERE price > 1;\n'
    printed = contract(project, "003_delete.sql", text, failed=1, passed=10, skipped=1)
    assert "003_delete.sql:1: delete-rows: " in printed
    declared = f"-- drydock: allow delete-rows: they were imported twice\n{text}"
    contract(project, "003_delete.sql", declared, passed=11, skipped=1)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("003_random.sql", "UPDATE owner SET tag = hex(randomblob(8));", "owner.tag"),
        (
            "003_order.py",
            """\
            def migrate(db):
                for each in {f"word {n}" for n in range(20)}:
                    db["owner"].insert({"name": each})
            """,
            "owner.name",
        ),
    ],
    ids=["random", "the order of a set"],
)
def test_a_migration_that_is_not_deterministic_fails(project, monkeypatch, name, text, told):
    """What was rehearsed would not be what is run; a pinned seed of hashes does not hide it."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    (project.path / "migrations" / name).write_text(textwrap.dedent(text))
    project.makepyfile(test_contract=SWITCHED_ON)
    result = project.runpytest_inprocess("-k", "deterministic", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([f"*{name.partition('.')[0]} leaves something else*", f"*{told}*"])


def test_a_time_of_the_run_is_no_difference(project):
    """A backfill with the time of day is what `created_at` is for, however slow the machine."""
    text = """\
        import time

        def migrate(db):
            db.execute("ALTER TABLE owner ADD COLUMN at TEXT")
            db.execute("ALTER TABLE owner ADD COLUMN seconds REAL")
            db.execute("UPDATE owner SET at = strftime('%Y-%m-%d %H:%M:%f')")
            db.execute("UPDATE owner SET seconds = ?", [time.time()])
        """
    (project.path / "migrations" / "003_at.py").write_text(textwrap.dedent(text))
    project.makepyfile(test_contract=SWITCHED_ON)
    result = project.runpytest_inprocess("-k", "deterministic", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)


def test_another_tool_s_downs_are_tried(project):
    """goose's folder is read as it is; a down that forgets something is told with what it left."""
    folder = project.path / "migrations"
    for path in folder.iterdir():
        path.unlink()
    (folder / "00001_start.sql").write_text(
        f'-- +goose Up\n{START}\n-- +goose Down\nDROP TABLE "odd; item";\nDROP TABLE owner;\n'
    )
    (folder / "00002_tag.sql").write_text(
        "-- +goose Up\nALTER TABLE owner ADD COLUMN tag TEXT;\nCREATE INDEX by_tag ON owner (tag);"
        "\n\n-- +goose Down\nDROP INDEX by_tag;\n"
    )
    (folder / "00003_shout.sql").write_text(
        "-- +goose Up\nUPDATE owner SET name = upper(name) WHERE id > 0;\n\n"
        "-- +goose Down\nUPDATE owner SET name = lower(name);\n"
    )
    printed = contract(project, passed=2 + 3 * 3 + 1, failed=2)
    assert "00002_tag, taken back, leaves something else:\n  +  owner.tag" in printed
    assert "00003_shout, taken back, leaves something else:\n  owner.name: " in printed


def test_a_schema_that_is_not_the_committed_one_fails(project):
    """The schema file (and the models alike) is what the migrations have to arrive at."""
    (project.path / "drydock.toml").write_text('database = "app.db"\nschema = "schema.sql"\n')
    (project.path / "schema.sql").write_text(START)
    printed = contract(project, passed=7, failed=1, skipped=1)
    assert "owner.tag" in printed


def test_a_subclass_says_since_when_the_review_is_asked(project):
    """A file that was applied long ago cannot be edited to declare anything."""
    (project.path / "migrations" / "001_start.sql").write_text(START + "DROP TABLE IF EXISTS x;\n")
    project.makepyfile(
        "from drydock.testing import MigrationContract\n"
        "class TestMigrations(MigrationContract):\n    review_since = '002'\n"
    )
    result = project.runpytest_inprocess("-k", "finding", "-p", "no:cacheprovider", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*older than 002*"])


def test_the_fixtures_give_databases_of_any_moment(project):
    """By name or number, empty or with rows, each a file of its own."""
    project.makepyfile(
        """
        import sqlite3
        from contextlib import closing

        def ask(path, sql):
            with closing(sqlite3.connect(path)) as db:
                return db.execute(sql).fetchall()

        def test_they_do(database_at, migrated_database, migration_runner):
            empty, full = database_at("001"), database_at("001_start", rows=True)
            assert ask(empty, "SELECT count(*) FROM owner") == [(0,)]
            assert ask(full, "SELECT count(*) FROM owner") == [(2,)]
            (applied,) = migration_runner.migrate(full)
            assert applied.name == "002_tag"
            assert ask(full, "SELECT tag FROM owner WHERE id = 2") == [("O'NEIL",)]
            assert migration_runner.pending(full) == ()
            assert ask(database_at("001", rows=True), "PRAGMA table_info(owner)")[-1][1] == "name"
            assert ask(migrated_database, "SELECT name, tag FROM owner") == [
                ("Åsa", None), ("o'Neil", None)]
            assert len(ask(migrated_database, "SELECT * FROM _drydock_ledger")) == 2

        def test_a_wrong_name_says_what_there_is(database_at):
            database_at("002_tags")
        """
    )
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*UnknownMigration*002_tags*"])


def test_a_history_may_start_from_a_database_that_is_there(project):
    """An adopted project's first migration alters tables that no migration made."""
    project.makeconftest(f"import pathlib\n{SAMPLE}{START_FIXTURE}")
    (project.path / "before.sql").write_text(START)
    (project.path / "migrations" / "001_start.sql").unlink()
    contract(project, passed=2 + 3, skipped=1)


def test_a_folder_that_cannot_be_read_is_told_when_tests_are_collected(project):
    """Instead of a contract of no tests, which would pass."""
    (project.path / "drydock.toml").write_text('database = "app.db"\nmigrations = "nowhere"\n')
    project.makepyfile(test_contract=SWITCHED_ON)
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nowhere does not exist*"])


def test_unused_it_loads_nothing_of_drydock_s_but_itself():
    """pytest imports it in every project that has Drydock installed."""
    program = (
        "import pytest, sys; before = set(sys.modules); import drydock.testing.plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['drydock', 'drydock.testing', 'drydock.testing.plugin']"
