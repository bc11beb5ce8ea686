"""What a Python migration did: committed, taken back, left behind, or nothing at all."""

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


AFTER_ERROR = "after an error it rolled its work back, and went on without it"
DUPLICATE = "ALTER TABLE log ADD COLUMN what"


@pytest.mark.parametrize(
    "body",
    [
        f"insert()\ntries({FAILS!r})\nconn.rollback()\ninsert()\nconn.commit()",
        f"insert()\ntries({FAILS!r})\nconn.execute('ROLLBACK')\ninsert()\nconn.commit()",
        f"insert()\ntries({DUPLICATE!r})\nconn.rollback()",
        (
            "with contextlib.suppress(sqlite3.Error), conn:\n    insert()\n"
            f"    conn.execute({FAILS!r})\nprint('went on')"
        ),
        (
            f"conn.execute('BEGIN')\nconn.execute('CREATE TABLE a (b)')\ntries({DUPLICATE!r})\n"
            "conn.rollback()"
        ),
        (
            "conn.execute('PRAGMA foreign_keys=ON')\nconn.execute('PRAGMA defer_foreign_keys=ON')\n"
            "conn.execute('BEGIN')\nconn.execute('PRAGMA defer_foreign_keys=ON')\n"
            "with contextlib.suppress(sqlite3.Error), conn:\n"
            "    conn.execute('UPDATE child SET parent = 9999')"
        ),
    ],
)
def test_f13_work_that_it_rolls_back_after_an_error_fails_it(trial, body):
    """It went on to its end, and what it had done before the error was gone."""
    error = trial.fails(m1_py=script(body))
    assert error.cause[0] == AFTER_ERROR
    assert error.cause[1].startswith(("NOT NULL", "UNIQUE", "duplicate column", "FOREIGN KEY"))
    assert "ROLLBACK TO" in error.hint


@pytest.mark.parametrize(
    "body",
    [
        (
            f"try:\n    conn.execute({DUPLICATE!r})\nexcept sqlite3.OperationalError:\n"
            "    conn.rollback()"
        ),
        f"insert()\nconn.commit()\ntries({DUPLICATE!r})\nconn.rollback()",
        f"tries({FAILS!r})\nconn.rollback()",
        f"conn.execute('BEGIN')\ntries({DUPLICATE!r})\nconn.rollback()",
        (
            f"insert()\nconn.execute('SAVEPOINT a')\ninsert()\ntries({FAILS!r})\n"
            "conn.execute('ROLLBACK TO a')\nconn.execute('RELEASE a')\nconn.commit()"
        ),
        "insert()\nconn.commit()\ninsert()\nconn.rollback()",
    ],
)
def test_a_rollback_that_undoes_nothing_of_it_is_no_harm(trial, body):
    """The old scripts' way to add a column that may be there, and what is tried on purpose."""
    trial.apply(m1_py=script(body))
    assert ran(trial) == body.startswith("insert()")


@pytest.mark.parametrize(
    "body",
    [
        "insert()\nconn.rollback()",
        "insert()\nconn.execute('ROLLBACK')",
        (
            "try:\n    with conn:\n        insert()\n        raise ValueError\n"
            "except ValueError:\n    print('it did not work')"
        ),
    ],
)
def test_a_script_that_took_back_all_that_it_did_fails(trial, body):
    """It ran to its end, and nothing of it is there."""
    error = trial.fails(m1_py=script(body))
    assert error.cause[0] == "it took back all that it had done"
    assert error.cause[1:] == ["it printed: it did not work"] * ("print" in body)
    assert "commit()" in error.hint


def test_a_connection_of_sqlalchemy_that_never_commits_fails(trial):
    """It rolls back by itself when it is closed."""
    pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed (pip install sqlalchemy)")
    text = """\
        from sqlalchemy import create_engine, text
        with create_engine("sqlite:///the l%ve å.db").connect() as connection:
            connection.execute(text("INSERT INTO log VALUES ('ran')"))
            {end}
        """
    assert trial.fails(m1_py=text.format(end="")).cause[0] == "it took back all that it had done"
    trial.apply(m1_py=text.format(end="connection.commit()"))
    assert ran(trial) == 1


NOTHING = "it ran no statement on the database, so it did nothing"


@pytest.mark.parametrize(
    "text",
    [
        "migrate = lambda db: db['log'].drop()\nprint('ran')",
        "import asyncio\nasync def migrate(db):\n    db['log'].drop()\nprint('ran')",
        "class Migration:\n    def migrate(self, db): db['log'].drop()\nprint('ran')",
        "from _steps import migrate\nprint('ran')",
        "import sys\nif sys.argv:\n    def migrate(db): db['log'].drop()\nprint('ran')",
        "def migrate(db):\n    print('ran')",
        "import sqlite3\nsqlite3.connect(':memory:').execute('SELECT 1')\nprint('ran')",
    ],
)
def test_a_migration_that_ran_no_statement_did_nothing(trial, text):
    """It was entered in the ledger, and what it was to do was never done."""
    trial.write(_steps_py="def migrate(db): db['log'].drop()\n")
    error = trial.fails(m1_py=text)
    assert error.cause == [NOTHING, "it printed: ran"]
    assert error.hint.startswith("name the function that migrates: def migrate(db)\n")
    assert "# drydock: allow empty: REASON" in error.hint
    trial.apply(m1_py=f"# drydock: allow empty: it is done by hand\n{text}")
    assert trial.ledger() == ["m1"]


@pytest.mark.parametrize(
    "text",
    [
        "def migrate(db): db.table_names()",
        "def migrate(conn): conn.execute('PRAGMA user_version').fetchall()",
        "import sqlite3\nsqlite3.connect('the l%ve å.db').execute('SELECT count(*) FROM log')",
        (
            "import sqlite3\nclass Rows(sqlite3.Cursor): pass\n"
            "Rows(sqlite3.connect('the l%ve å.db')).execute('SELECT count(*) FROM log')"
        ),
        (
            "import sqlite3, os\nif os.fork() == 0:\n"
            "    with sqlite3.connect('the l%ve å.db') as conn:\n"
            "        conn.execute(\"INSERT INTO log VALUES ('ran')\")\n"
            "else:\n    os.wait()"
        ),
    ],
)
def test_what_asks_the_database_may_find_nothing_to_do(trial, text):
    """By whatever class, or in another process."""
    trial.apply(m1_py=text)
    assert trial.ledger() == ["m1"]


@pytest.mark.parametrize("text", ["def migrate(db): {}", "def migrate():\n    db = conn\n    {}"])
def test_an_entry_that_gives_back_false_failed(trial, text):
    """As it is written in scripts that print what went wrong."""
    work = "print('no'); db.execute('DELETE FROM log'); return False"
    error = trial.fails(m1_py=HEAD.format(options="") + text.format(work))
    assert error.cause == ["migrate() gave back False", "it printed: no"]
