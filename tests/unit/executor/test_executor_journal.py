"""A migration that cannot undo anything runs without a rollback journal; any other keeps one."""

from __future__ import annotations

import pytest

from drydock import migration
from drydock.executor import journal
from tests.support.databases import ODD, quoted

TABLE = quoted(ODD)
PLAIN = """\
import json
from datetime import date
from drydock import Database

def doubled(value):
    return value * 2

def migrate(db):
    for row in db.query("SELECT id FROM child"):
        db["log"].insert({"what": json.dumps(row)})
    db["child"].transform(rename={"parent": "mother"}, conversions={"parent": doubled})
"""


def needs(trial, text):
    trial.write(m1_py=text)
    (read,) = migration.read_folder(trial.migrations)
    return journal.is_needed(read)


def test_a_plain_function_needs_none(trial):
    """Whatever fails in it ends the migration, and the candidate with it."""
    assert not needs(trial, PLAIN)


@pytest.mark.parametrize(
    "more",
    [
        "    try:\n        db['log'].insert({})\n    except Exception:\n        pass",
        "    try:\n        db['log'].insert({})\n    finally:\n        return",
        "    with db.conn:\n        pass",
        "    db.conn.rollback()",
        "    db.execute('Savepoint here')",
        "    db['log'].insert({'other': 1}, alter=True)",
        "    db['log'].drop(ignore=True)",
        "    db['log'].insert({}, **{})",
        "    exec('1')",
        "import helper",
        "from . import helper",
        "from contextlib import suppress",
        "import unittest.case",
        "class Guard:\n    def __del__(self): pass",
    ],
)
def test_what_may_go_on_after_an_error_keeps_one(trial, more):
    """Each of these can pass over a failed statement, whose writes SQLite must take back."""
    assert needs(trial, f"{PLAIN}\n{more}\n")


@pytest.mark.parametrize("text", ["print(1)", "def migrate():\n    print(1)\nmigrate()"])
def test_a_script_keeps_one(trial, text):
    """Its connections are its own."""
    assert needs(trial, text)


@pytest.mark.parametrize(("kept", "mode"), [("", "off"), ("# rollback", "truncate")])
def test_the_candidate_is_opened_so(trial, kept, mode):
    """And stays in WAL where an earlier migration meant it."""
    ask = f"def migrate(db):\n    {kept}\n    db['log'].insert({{'what': 'in ' + db.execute("
    ask += "'PRAGMA journal_mode').fetchone()[0]})"
    trial.apply(m1_py=ask)
    assert trial.ask("SELECT what FROM log WHERE what LIKE 'in %'") == [(f"in {mode}",)]
    trial.apply(a_sql="PRAGMA journal_mode = WAL;", m1_py=ask)
    assert trial.ask("SELECT what FROM log WHERE what LIKE 'in %'") == [("in wal",)]


def test_a_caught_error_takes_its_statement_back(trial):
    """A statement that fails at its second row leaves no first one behind."""
    trial.apply(
        m1_py="""\
        import sqlite3
        def migrate(db):
            try:
                db.execute("INSERT INTO log(rowid, what) VALUES (100, 'half'), (100, 'twice')")
            except sqlite3.IntegrityError:
                db["log"].insert({"what": "went on"})
        """
    )
    assert trial.ask("SELECT what FROM log WHERE what IN ('half', 'went on')") == [("went on",)]


HALF = "INSERT INTO log(rowid, what) VALUES (100, 'half'), (100, 'twice')"


def hidden(work):
    """Python passes over what a destructor raises: nothing that reading the text could see."""
    return f'type("Hidden", (), {{"__del__": lambda _: {work}}})()'


def going_on(work):
    return f'def migrate(db):\n    {work}\n    db["log"].insert({{"what": "went on"}})\n'


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (hidden(f'db.execute("{HALF}")'), f"UNIQUE constraint failed: log.rowid: {HALF}"),
        (hidden('db.conn.executescript("SELECT 1; SELEKT 1")'), 'near "SELEKT": syntax error: '),
        ("getattr(db.conn, 'roll' + 'back')()", "ROLLBACK"),
        ("db.execute('ROLL' + 'BACK')", "ROLLBACK"),
    ],
)
def test_what_was_passed_over_without_a_journal_fails_the_migration(trial, work, told):
    """Half a statement, or nothing undone, must not be published."""
    assert not needs(trial, going_on(work))
    error = trial.fails(m1_py=going_on(work))
    assert error.cause[0] == "it went on where something failed, and no rollback journal was kept"
    assert error.cause[1].startswith(told)
    assert "try … except" in error.hint


@pytest.mark.parametrize(
    "work",
    [
        hidden('db.execute("SELECT * FROM nothing")'),
        hidden('db.execute("DELETE FROM nothing")'),
        'db.query("INSERT INTO log VALUES (1) RETURNING what")',
    ],
)
def test_what_never_began_is_no_harm(trial, work):
    """A statement that SQLite cannot prepare has written nothing."""
    trial.apply(m1_py=going_on(work))
    assert trial.ask("SELECT count(*) FROM log WHERE what = 'went on'") == [(1,)]


def test_an_error_after_much_was_written_is_still_explained(trial):
    """By the migration's own connection: it has locked the file to every other."""
    error = trial.fails(
        m1_py=f"""\
        def migrate(db):
            db.execute("INSERT INTO log SELECT hex(randomblob(9000)) FROM child, {TABLE}")
            db.execute("DELETE FROM lag")
        """.replace(TABLE, TABLE.replace('"', '\\"'))
    )
    assert error.cause == ['OperationalError: no such table: lag (did you mean "log"?)']
    assert error.line == 3


def test_a_change_that_fails_halfway_is_told_as_it_is(trial):
    """There is nothing to roll back with; the first error is what is told."""
    error = trial.fails(
        m1_py="""\
        seen = []
        def fails(value):
            seen.append(value)
            return 1 / (70 - len(seen))
        def migrate(db):
            db["child"].transform(conversions={"parent": fails})
        """
    )
    assert error.cause[0] == "OperationalError: user-defined function raised exception"
    assert error.line == 6


def test_what_a_change_rehearses_in_memory_is_no_part_of_what_was_done(trial):
    """The twin's statements never ran on the database."""
    (applied,) = trial.apply(
        m1_py="def migrate(db): db['child'].transform(rename={'parent': 'mother'})"
    )
    told = [each.sql for each in applied.statements]
    assert [sql for sql in told if sql.startswith(("CREATE", "ALTER"))] == [
        'ALTER TABLE "child" RENAME COLUMN "parent" TO mother'
    ]
