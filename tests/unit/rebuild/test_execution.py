"""A change is one transaction: of its own or within the caller's, whole at any kill."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing

import pytest

from drydock.rebuild import Database
from drydock.rebuild.refusals import (
    ChangeFailedError,
    DependentsError,
    ForeignKeysOnError,
    OffendingRowsError,
    TableBusyError,
)


def test_f15_a_copy_in_the_callers_transaction_fires_no_action(connection, table):
    """Foreign keys cannot be switched off there; a swap drops nothing that anyone refers to."""
    connection.execute("BEGIN")
    connection.execute("INSERT INTO log VALUES ('before')")
    table.transform(column_order=["notes"])
    assert connection.in_transaction
    assert connection.execute("SELECT * FROM child").fetchall() == [(1, 5), (2, 9)]
    connection.execute("COMMIT")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert table.columns[0].name == "notes"


def test_f15_a_rebuild_there_is_refused_with_the_fix(connection, table):
    connection.execute("BEGIN")
    with pytest.raises(ForeignKeysOnError) as caught:
        table.transform(without_rowid=True, autoincrement=False)
    assert "PRAGMA foreign_keys = OFF before BEGIN" in caught.value.hint
    assert connection.in_transaction
    connection.execute("ROLLBACK")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    table.transform(without_rowid=True, autoincrement=False)
    connection.execute("COMMIT")
    assert connection.execute("SELECT * FROM child").fetchall() == [(1, 5), (2, 9)]


def test_the_callers_transaction_keeps_its_work_when_a_change_fails(connection, table):
    connection.execute("BEGIN")
    connection.execute("INSERT INTO log VALUES ('kept')")
    with pytest.raises(OffendingRowsError):
        table.transform(add_foreign_keys=[("number", "parent", "id")])
    connection.execute("COMMIT")
    assert connection.execute("SELECT * FROM log").fetchall() == [("kept",)]


def test_the_callers_rollback_undoes_a_change(connection, table, unchanged):
    connection.execute("BEGIN")
    table.transform(types={"number": int}, rename={"code": "tag"}, not_null={"when"})
    connection.execute("ROLLBACK")
    assert unchanged()


def test_a_failure_in_the_middle_leaves_everything_as_it_was(connection, table, unchanged):
    """A conversion that fails at the last row: no temporary table, no setting left behind."""

    def fails(value):
        calls.append(value)
        if len(calls) == last:
            raise RuntimeError

    calls, last = [], 0
    table.plan(conversions={"notes": fails})
    calls, last = [], len(calls) + 2
    with pytest.raises(ChangeFailedError):
        table.transform(conversions={"notes": fails})
    assert unchanged()


def test_a_commit_that_a_reader_holds_up_leaves_nothing_behind(tmp_path):
    """F37: the lock is told, the transaction is over, and a second try works."""
    path = tmp_path / "live.db"
    prepare(path, "delete")
    before = state(path)
    with closing(sqlite3.connect(path, timeout=0)) as ours, closing(sqlite3.connect(path)) as other:
        cursor = other.execute("SELECT * FROM t")
        cursor.fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            Database(ours)["t"].transform(not_null={"x"})
        assert not ours.in_transaction
        cursor.close()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TableBusyError):
            Database(ours)["t"].transform(not_null={"x"})
        other.execute("ROLLBACK")
        assert state(path) == before
        Database(ours)["t"].transform(not_null={"x"})


def test_a_temporary_trigger_survives_a_swap_and_stops_a_rebuild(connection, table):
    connection.execute('CREATE TEMP TRIGGER mine AFTER UPDATE ON main."my t" BEGIN SELECT 1; END')
    table.transform(column_order=["notes"])
    with pytest.raises(DependentsError, match="cannot be rebuilt"):
        table.transform(keep_table="kept")
    assert connection.execute("SELECT name FROM sqlite_temp_master").fetchall() == [("mine",)]


def test_two_keys_that_become_one_are_refused(connection, db):
    connection.execute("CREATE TABLE c(id INTEGER PRIMARY KEY, x TEXT)")
    connection.execute("INSERT INTO c(x) VALUES ('A'), ('a')")
    connection.execute("CREATE UNIQUE INDEX cx ON c(x)")
    with pytest.raises(OffendingRowsError, match="rows would clash"):
        db["c"].transform(collate={"x": "NOCASE"})
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


ASKED = {
    "schema-edit": {"not_null": {"x"}, "add_check": "x <> 'no'"},
    "native": {"drop": ["y"]},
    "update": {"types": {"y": "TEXT", "x": "VARCHAR(9)"}},
    "swap": {"types": {"x": "BLOB"}, "column_order": ["y", "x"]},
    "rebuild": {"pk": ("id", "x")},
}


def prepare(path, mode):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.executescript(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, y, UNIQUE (id));"
            "CREATE INDEX by_x ON t(x);"
            "CREATE TABLE kid(id INTEGER PRIMARY KEY, t_id REFERENCES t(id) ON DELETE CASCADE);"
        )
        with connection:
            connection.executemany(
                "INSERT INTO t VALUES (?, ?, ?)", ((n, f"x{n}", "y" * 200) for n in range(300))
            )
            connection.execute("INSERT INTO kid(t_id) SELECT id FROM t")


def state(path):
    """The whole database, after SQLite's own recovery, and whether it is sound."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return list(connection.iterdump())


def killed_at(path, asked, statement):
    """Change the table in a child process that is killed as that statement begins."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    try:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = 2")  # pages spill into the file early
        db, plan = Database(connection), None
        plan = db["t"].plan(**asked)
        wanted = [*plan.statements, "COMMIT"][statement]

        def trace(sql):
            if sql.strip().rstrip(";") == wanted:
                os.kill(os.getpid(), signal.SIGKILL)

        connection.set_trace_callback(trace)
        db["t"].transform(**asked)
    finally:
        os._exit(0)


@pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL")
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("way", list(ASKED))
def test_a_kill_at_any_statement_leaves_the_table_as_it_was(way, mode, tmp_path):
    path = tmp_path / "live.db"
    prepare(path, mode)
    before = state(path)
    with closing(sqlite3.connect(path)) as connection:
        plan = Database(connection)["t"].plan(**ASKED[way])
    assert plan.way == way
    for statement in range(len(plan.statements) + 1):
        assert killed_at(path, ASKED[way], statement), plan.statements[statement:]
        assert state(path) == before
    with closing(sqlite3.connect(path)) as connection:
        Database(connection)["t"].transform(**ASKED[way])
    assert state(path) != before
