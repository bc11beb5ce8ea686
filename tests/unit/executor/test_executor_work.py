"""What a Python migration did in its transactions: committed, taken back, or left behind."""

from __future__ import annotations

import sys

import pytest

HEAD = """\
import contextlib, sqlite3
conn = sqlite3.connect("the l%ve å.db"{options})
def tries(sql):
    with contextlib.suppress(sqlite3.Error):
        conn.execute(sql)
def insert():
    conn.execute("INSERT INTO log VALUES ('ran')")
"""
FAILS = "INSERT INTO log (rowid) VALUES (1)"
NEW = pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 has autocommit")


def script(body, options=""):
    return HEAD.format(options=options) + body + "\n"


def ran(trial):
    return trial.ask("SELECT count(*) FROM log WHERE what = 'ran'")[0][0]


@pytest.mark.parametrize(
    "body",
    [
        "insert()\nconn.commit()\nconn.execute('BEGIN')\nconn.execute('SELECT 1').fetchall()",
        "insert()\nconn.commit()\nconn.execute('-- a note\\nBEGIN IMMEDIATE')\nconn.close()",
        "with conn:\n    insert()\nconn.execute('BEGIN')",
        "insert()\nconn.execute('COMMIT')\nconn.execute('SAVEPOINT a')",
        "insert()\nconn.executescript('SELECT 1; BEGIN; SELECT 1')",
        "insert()\nconn.commit()\nconn.execute('DELETE FROM log WHERE what = 1')",
        f"insert()\nconn.commit()\ntries({FAILS!r})",
    ],
)
def test_a_transaction_that_holds_nothing_may_stay_open(trial, body):
    """There is nothing in it that SQLite would throw away."""
    trial.apply(m1_py=script(body))
    assert ran(trial) == 1


@pytest.mark.parametrize(
    "body",
    [
        "insert()",
        "conn.execute('BEGIN')\nconn.execute('CREATE TABLE made (a)')",
        "conn.execute('BEGIN')\nconn.execute('PRAGMA user_version = 7')",
        "conn.executescript('BEGIN; CREATE TABLE made (a)')",
        "conn.execute(\"INSERT INTO log VALUES ('a') RETURNING what\")",
        "conn.execute('BEGIN')\nconn.execute('/* why */ WITH a AS (SELECT 1) DELETE FROM log')",
        "insert()\nconn.commit()\ninsert()\nconn.close()",
    ],
)
def test_changes_that_were_never_committed_are_told(trial, body):
    """Whatever made them."""
    error = trial.fails(m1_py=script(body))
    assert error.cause == ["it ended with changes that it never committed; SQLite threw them away"]


@NEW
@pytest.mark.parametrize("end", ["conn.commit()", "conn.commit()\nconn.execute('SELECT 1')"])
def test_without_autocommit_a_commit_is_one(trial, end):
    """A transaction is always open then."""
    trial.apply(m1_py=script(f"insert()\n{end}", ", autocommit=False"))
    assert ran(trial) == 1


@NEW
def test_without_autocommit_what_was_never_committed_is_told(trial):
    """As everywhere."""
    error = trial.fails(m1_py=script("insert()\nconn.close()", ", autocommit=False"))
    assert "changes that it never committed" in error.cause[0]


def test_a_caught_error_of_a_script_takes_nothing_back(trial):
    """sqlite3 has committed what came before it."""
    trial.apply(
        m1_py=script(
            "insert()\nwith contextlib.suppress(sqlite3.Error):\n"
            "    conn.executescript('ALTER TABLE log ADD COLUMN what')\n"
        )
    )
    assert ran(trial) == 1


def test_f13_a_caught_rollback_inside_a_script_fails_it(trial):
    """What the script itself had begun is gone."""
    error = trial.fails(
        m1_py=script(
            "with contextlib.suppress(sqlite3.Error):\n    conn.executescript('BEGIN; "
            "DELETE FROM child; INSERT OR ROLLBACK INTO log (rowid) VALUES (1); COMMIT')\ninsert()"
            "\nconn.commit()"
        )
    )
    assert "an error took back all of its transaction" in error.cause[0]
