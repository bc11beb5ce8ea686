"""An SQL file means what ``sqlite3 -bail`` makes of it, and none reaches into the next."""

from __future__ import annotations

import signal
import time

import pytest

from drydock.errors import Interrupted
from drydock.executor import TimeLimitReached
from drydock.migration import MigrationError
from tests.support.databases import ODD, populate, quoted

TABLE = quoted(ODD)
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n;"


def test_what_ran_is_in_the_ledger_with_its_text_and_told_with_its_rows(trial):
    """In order; a SELECT and a comment count for nothing."""
    applied = trial.apply(
        m2_sql=f"-- why\nUPDATE {TABLE} SET x = 1 WHERE id <= 3;\nSELECT * FROM log;",
        m1_sql="CREATE TABLE new (a);",
    )
    assert [each.name for each in applied] == ["m1", "m2"] == trial.ledger()
    assert trial.applied == list(applied)
    assert [(each.rows, each.line) for each in applied[1].statements] == [(3, 2), (0, 3)]
    rows = trial.ask("SELECT run, kind, text FROM _drydock_ledger")
    assert rows[0] == ("the-run", "sql", "CREATE TABLE new (a);")


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("PRAGMA foreign_keys=ON;", f"DELETE FROM {TABLE} WHERE id = 1;", "50"),
        ("PRAGMA recursive_triggers=1; PRAGMA case_sensitive_like=1;", "", "50"),
        ("INSERT INTO log VALUES ('x');", "INSERT INTO log VALUES (last_insert_rowid());", "50"),
        ("DELETE FROM log;", "INSERT INTO log VALUES (changes() + total_changes());", "50"),
    ],
)
def test_no_setting_of_one_file_leaks_into_the_next(trial, first, second, answer):
    """The second file runs as if it were alone."""
    trial.apply(m1_sql=first, m2_sql=second)
    assert trial.ask("SELECT CAST(count(*) AS TEXT) FROM child") == [(answer,)]
    if "log" in second:
        assert trial.ask("SELECT what FROM log ORDER BY rowid DESC LIMIT 1") == [("0",)]


@pytest.mark.parametrize(
    "first",
    [
        "CREATE TEMP TABLE t (a);",
        "CREATE TABLE temp.t (a);",
        "CREATE TEMPORARY VIEW t AS SELECT 1;",
        "ATTACH ':memory:' AS m; CREATE TABLE m.t (a);",
        "ATTACH '' AS m; CREATE TABLE m.t (a);",
    ],
)
def test_no_temporary_table_of_one_file_is_seen_by_the_next(trial, first):
    """The name is free again."""
    error = trial.fails(m1_sql=first, m2_sql="SELECT * FROM t;")
    assert error.migration.name == "m2"
    assert "no such table: t" in error.cause[0]


def test_f10_a_commit_in_a_file_cannot_half_apply_it(trial):
    """The candidate is thrown away whole; nothing is in the ledger of the live database."""
    error = trial.fails(
        m1_sql=f"BEGIN;\nDELETE FROM {TABLE};\nCOMMIT;\nUPDATE {TABLE} SET nope = 1;"
    )
    assert error.line == 4
    assert error.what == "migration m1 failed; nothing was changed"
    assert trial.applied == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR ROLLBACK INTO log (rowid, what) VALUES (1, 'again');",
        f"DELETE FROM {TABLE} WHERE id = 7;",
    ],
)
def test_f13_a_rollback_by_an_error_fails_the_run(trial, statement):
    """What came after would have been committed by itself, without what came before."""
    error = trial.fails(
        m1_sql=f"""\
        CREATE TRIGGER no AFTER DELETE ON {TABLE} BEGIN SELECT RAISE(ROLLBACK, 'not that'); END;
        BEGIN;
        UPDATE log SET what = 'first';
        {statement}
        UPDATE log SET what = 'after';
        COMMIT;
        """
    )
    assert error.line == 4
    assert statement in error.at
    assert error.cause[0] in ("UNIQUE constraint failed: log.rowid", "not that")


def test_a_parameter_is_said_to_have_no_value(trial):
    """Where nothing was reviewed before; Python's own words are about an argument."""
    error = trial.fails(m1_sql="SELECT 1;\nINSERT INTO log (what) VALUES (:what);")
    assert error.line == 2
    assert error.cause == ["it has parameters, for which a file holds no values"]
    assert "db.execute(sql, values)" in error.hint


def test_f10_a_file_that_ends_inside_its_transaction_is_refused(trial):
    """sqlite3 exits 0 and throws the work away."""
    error = trial.fails(m1_sql="BEGIN;\nDELETE FROM log;\nINSERT INTO log VALUES ('x');\n")
    assert "ends inside a transaction" in error.cause[0]
    assert error.line == 3
    assert "COMMIT;" in error.hint


@pytest.mark.parametrize(
    "script",
    [
        f"BEGIN; UPDATE {TABLE} SET x = 9; SAVEPOINT s; DELETE FROM {TABLE}; ROLLBACK TO s; END;",
        f"BEGIN; DELETE FROM {TABLE}; ROLLBACK; UPDATE {TABLE} SET x = 9;",
        f"UPDATE {TABLE} SET x = 9; SAVEPOINT s; DELETE FROM {TABLE}; ROLLBACK TO s; RELEASE s;",
        f"INSERT OR IGNORE INTO {TABLE} SELECT * FROM {TABLE}; UPDATE {TABLE} SET x = 9;",
        f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}; UPDATE {TABLE} SET x = 9;",
        f"UPDATE {TABLE} SET x = 9; VACUUM; REINDEX; ANALYZE; PRAGMA journal_mode=WAL;",
        f"PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE; UPDATE {TABLE} SET x = 9; END;",
    ],
)
def test_a_file_may_take_its_own_work_back(trial, script):
    """Without a rollback journal the candidate would be ruined."""
    trial.apply(m1_sql=script)
    assert trial.ask(f"SELECT count(*), total(x) FROM {TABLE}") == [(50, 450.0)]
    assert trial.ask("PRAGMA integrity_check") == [("ok",)]


def test_f15_a_rebuild_keeps_the_children_of_its_rows(trial):
    """With foreign keys on, DROP TABLE deletes them all, and integrity_check says ok."""
    trial.apply(
        m1_sql=f"""\
        BEGIN;
        CREATE TABLE n (id INTEGER PRIMARY KEY, "a column" TEXT, x);
        INSERT INTO n SELECT * FROM {TABLE};
        DROP VIEW seen;
        DROP TABLE {TABLE};
        ALTER TABLE n RENAME TO {TABLE};
        COMMIT;
        """
    )
    assert trial.ask("SELECT count(*) FROM child") == [(50,)]
    assert trial.ask("PRAGMA foreign_key_check") == []


@pytest.mark.parametrize(
    "script",
    [
        "ATTACH 'stray.db' AS s; CREATE TABLE s.t (a);",
        "ATTACH DATABASE 'the l%ve å.db' AS s;",
        "attach/* */'stray.db' as s;",
        "ATTACH ':memory:' || 'stray.db' AS s;",
        "ATTACH 'file:stray.db?mode=rwc' AS s;",
        "VACUUM INTO 'stray.db';",
        "VACUUM main INTO 'stray.db';",
    ],
)
def test_f24_no_file_but_the_candidate_is_opened(trial, script, monkeypatch):
    """A stray file would be left behind, and the live database could be reached."""
    monkeypatch.chdir(trial.root)
    error = trial.fails(m1_sql=f"DELETE FROM log;\n{script}")
    assert error.line == 2
    assert "reaches outside the database; only files of the run may be opened" in error.cause[0]
    assert "INSERT" in error.hint
    assert not (trial.root / "stray.db").exists()


def test_f18_f19_nothing_of_a_file_runs_that_cannot_be_read_to_its_end(trial):
    """Neither a dot-command nor an unterminated comment gets as far as the candidate."""
    for text, problem in ((".shell id", "command of the sqlite3 tool"), ("/* x", "never closed")):
        with pytest.raises(MigrationError, match="migration m1 cannot be read") as caught:
            trial.apply(m1_sql=f"DELETE FROM log;\n{text}\n")
        assert problem in caught.value.cause[0]
        assert caught.value.at.endswith("m1.sql:2")
        assert trial.ask("SELECT count(*) FROM log") == [(1,)]


def test_f21_an_incomplete_tail_fails(trial):
    """The earlier statements do not stay."""
    error = trial.fails(m1_sql="DELETE FROM log;\nINSERT INTO log VALUES ('x'")
    assert error.line == 2
    assert "incomplete input" in error.cause[0]


def test_f21_a_select_over_text_that_is_not_utf8_is_no_failure(trial):
    """Somebody stored Latin-1; sqlite3 reads on, and so do we."""
    trial.apply(m1_sql="INSERT INTO log VALUES (CAST(x'e5ff' AS TEXT)); SELECT what FROM log;")
    assert trial.ask("SELECT hex(what) FROM log WHERE rowid = 2") == [("E5FF",)]


def test_f26_an_endless_statement_ends_at_the_time_limit(trial):
    """The statement is named."""
    begun = time.monotonic()
    with pytest.raises(TimeLimitReached) as caught:
        trial.apply(time_limit=0.3, m1_sql=f"DELETE FROM log;\n{ENDLESS}")
    assert time.monotonic() - begun < 5
    assert caught.value.line == 2
    assert "time_limit" in caught.value.hint


def test_f26_a_signal_during_a_statement_is_an_interrupt_not_a_failed_migration(trial):
    """What the handler raises is lost in SQLite's callback; "interrupted" is what is left."""

    def interrupt(*_):
        raise Interrupted("SIGALRM")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    begun = time.monotonic()
    try:
        with pytest.raises(Interrupted, match="stopped by"):
            trial.apply(m1_sql=ENDLESS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "script", ["DROP TABLE _drydock_ledger;", "ALTER TABLE _drydock_ledger RENAME TO mine;"]
)
def test_a_file_that_takes_the_ledger_away_fails(trial, script):
    """Without it nobody would know what had been applied."""
    error = trial.fails(m1_sql=script)
    assert "the ledger (_drydock_ledger) cannot be written: no such table" in error.cause[0]
    assert "leave _drydock_ledger alone" in error.hint


def test_an_error_names_file_line_statement_and_what_was_meant(trial):
    """The file can be opened at the line, and the statement is on the screen."""
    error = trial.fails(m1_sql="-- a\n\nUPDATE childs\nSET parent = 1;\n")
    assert error.what == "migration m1 failed; nothing was changed"
    assert error.cause == ['no such table: childs (did you mean "child"?)']
    path = trial.migrations / "m1.sql"
    assert error.at == f"{path}:3\nUPDATE childs\nSET parent = 1;"
    assert error.hint == "mend the file, then run: inv migrate"


def test_a_column_that_is_not_there_is_told_with_the_one_that_is(trial):
    """Names are compared as SQLite compares them."""
    error = trial.fails(m1_sql="UPDATE child SET PARENTS = 1;")
    assert error.cause == ['no such column: PARENTS (did you mean "parent"?)']


def test_what_exists_already_is_told_with_its_rows_and_three_ways_on(trial):
    """Whether it is the same table, and what making it anew would cost."""
    error = trial.fails(m1_sql="CREATE TABLE log (what TEXT);")
    assert "already exists" in error.cause[0]
    assert error.cause[1:] == [
        "the table in the database is exactly what this statement would create",
        "it holds 1 row",
    ]
    assert "inv adopt --mark m1" in error.hint
    assert 'DROP TABLE "log";' in error.hint


def test_a_column_that_exists_already_is_told_with_its_type(trial):
    """Also in a table with an odd name."""
    error = trial.fails(m1_sql=f'ALTER TABLE {TABLE} ADD COLUMN "A Column" TEXT;')
    assert error.cause == [
        "duplicate column name: A Column",
        f"{ODD}.a column is there already, declared as TEXT",
    ]
    assert f'ALTER TABLE {TABLE} DROP COLUMN "A Column";' in error.hint


@pytest.mark.parametrize("table", [TABLE, "[log]", "`log`", "log", "main.log", "'log'"])
def test_a_table_that_exists_already_is_known_however_it_is_quoted(trial, table):
    """SQLite repeats the name as the statement wrote it."""
    error = trial.fails(m1_sql=f"CREATE TABLE {table} (other);")
    assert "the table in the database is another one: CREATE TABLE" in error.cause[1]
    assert "it holds" in error.cause[2]


def test_a_long_statement_is_shortened(trial):
    """It must not push the error off the screen."""
    lines = "\n".join(f"  ({n})," for n in range(30))
    error = trial.fails(m1_sql=f"INSERT INTO nowhere VALUES\n{lines}\n  (0);")
    assert len(error.at.splitlines()) == 8
    assert error.at.endswith("… (26 more lines)")


def test_the_first_failure_ends_it(trial):
    """What comes after is not tried."""
    error = trial.fails(m1_sql="DELETE FROM log;", m2_sql="SELEKT 1;", m3_sql="DELETE FROM child;")
    assert error.migration.name == "m2"
    assert [each.name for each in trial.applied] == ["m1"]


def test_a_thousand_small_files_share_a_connection(trial):
    """Opening one parses the whole schema; only files that leave traces need one of their own."""
    populate(trial.root / "other.db")
    texts = {f"m{n:03}_sql": f"INSERT INTO log VALUES ({n});" for n in range(300)}
    begun = time.monotonic()
    trial.apply(**texts)
    assert trial.ask("SELECT count(*) FROM log") == [(301,)]
    assert time.monotonic() - begun < 10
