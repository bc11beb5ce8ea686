"""A rebuild of a large table in an SQL file: carried out as a schema edit, told as it was done."""

from __future__ import annotations

import signal

import pytest

from drydock.errors import Interrupted
from drydock.executor import TimeLimitReached
from drydock.rebuild import shortcut
from drydock.tokens import UntokenizableError

ROWS = shortcut.WORTH_ROWS
LARGE = f"""
CREATE TABLE big (id INTEGER PRIMARY KEY, name TEXT, amount DECIMAL(10, 2));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
INSERT INTO big SELECT i, 'name ' || (i % 100), i / 4.0 FROM n;
CREATE INDEX by_name ON big (name);
"""
REBUILD = """\
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_big" (
  "id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "amount" NUMERIC CHECK (amount > 0)
);
INSERT INTO "new_big" ("id", "name", "amount") SELECT "id", "name", "amount" FROM "big";
DROP TABLE "big";
ALTER TABLE "new_big" RENAME TO "big";
CREATE INDEX by_name ON big (name);
CREATE UNIQUE INDEX by_amount ON big (amount);
PRAGMA foreign_keys=ON;
UPDATE big SET name = 'first' WHERE id = 1;
"""
COPY = 'FROM "big"'
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def ways(applied):
    return [(each.line, each.way, each.rows) for each in applied[-1].statements]


def test_it_writes_no_row_and_says_so(trial):
    """What stands before, between and behind it runs as written."""
    applied = trial.apply(m1_sql=LARGE, m2_sql=REBUILD)
    assert ways(applied) == [
        (1, "", 0),
        (2, "schema edit", 0), (5, "schema edit", 0), (6, "schema edit", 0), (7, "schema edit", 0),
        (8, "schema edit", 0),
        (9, "", 0), (10, "", 0), (11, "", 1),
    ]  # fmt: skip
    assert trial.ask("SELECT count(*), max(id) FROM big") == [(ROWS, ROWS)]
    assert trial.ask("SELECT name FROM big WHERE id < 3") == [("first",), ("name 2",)]
    (text,) = trial.ask("SELECT sql FROM sqlite_schema WHERE name = 'big'")[0]
    assert text == (
        'CREATE TABLE "big" (\n  "id" INTEGER NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, '
        '"amount" NUMERIC CHECK (amount > 0)\n)'
    )
    assert trial.ask("PRAGMA integrity_check") == [("ok",)]


def test_two_of_them_in_one_file_and_in_a_transaction(trial):
    """Each is found where it begins."""
    other = REBUILD.replace("big", "large").replace("by_", "of_")
    trial.apply(
        m1_sql=LARGE + LARGE.replace("big", "large").replace("by_", "of_"),
        m2_sql=f"BEGIN;\n{REBUILD}{other}COMMIT;",
    )
    assert [each.way for each in trial.applied[-1].statements].count("schema edit") == 10
    assert trial.ask("SELECT (SELECT count(*) FROM big), count(*) FROM large") == [(ROWS, ROWS)]
    assert trial.ask("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    "text",
    [
        REBUILD.replace(COPY, f"{COPY} ORDER BY rowid"),
        f"{REBUILD}SELECT changes();",
        f"{REBUILD}INSERT INTO log VALUES (last_insert_rowid());",
        f"SAVEPOINT s; RELEASE s; {REBUILD}",
        f"PRAGMA legacy_alter_table=ON; {REBUILD}",
        f"CREATE TEMP TABLE x (a); {REBUILD}",
        REBUILD.replace("NOT NULL PRIMARY KEY", "PRIMARY KEY DESC"),
    ],
)
def test_what_asks_for_a_copy_gets_one(trial, text):
    """The same rows, written."""
    applied = trial.apply(m1_sql=LARGE, m2_sql=text)
    assert {each.way for each in applied[-1].statements} == {""}
    assert ROWS in [each.rows for each in applied[-1].statements]
    assert trial.ask("SELECT count(*), sum(amount) FROM big") == [(ROWS, ROWS * (ROWS + 1) / 8)]


@pytest.mark.parametrize(
    ("old", "new", "line", "cause"),
    [
        ("CHECK (amount > 0)", "CHECK (amount > 1)", 5, "CHECK constraint failed: amount > 1"),
        ("(amount)", "(name)", 9, "UNIQUE constraint failed: big.name"),
        ("by_name ON big (name)", "by_name ON big (absent)", 8, "no such column: absent"),
    ],
)
def test_a_failure_is_told_at_its_statement(trial, old, new, line, cause):
    """By SQLite's own words, as if every statement had run as it is written."""
    error = trial.fails(m1_sql=LARGE, m2_sql=REBUILD.replace(old, new, 1))
    assert error.line == line
    assert cause in error.cause[0]


def test_an_edit_that_ends_otherwise_fails_the_run_and_names_the_way_round(trial, monkeypatch):
    """The proof is asked, and what it says to type works."""
    with monkeypatch.context() as patch:
        patch.setattr(shortcut.Shortcut, "is_reached", lambda *_: False)
        error = trial.fails(m1_sql=LARGE, m2_sql=REBUILD)
        assert error.line == 2
        assert "in place of the rebuild of big" in error.cause[0]
        assert "end the INSERT of the rebuild with ORDER BY rowid" in error.hint
        trial.apply(m1_sql=LARGE, m2_sql=REBUILD.replace(COPY, f"{COPY} ORDER BY rowid"))


@pytest.mark.parametrize("error", [ValueError("no CREATE TABLE"), UntokenizableError("a NUL")])
def test_a_text_that_drydock_cannot_read_runs_as_written(trial, monkeypatch, error):
    """SQLite reads more than any reader of ours."""

    def unreadable(*_):
        raise error

    monkeypatch.setattr(shortcut, "shortcut", unreadable)
    applied = trial.apply(m1_sql=LARGE, m2_sql=REBUILD)
    assert {each.way for each in applied[-1].statements} == {""}


def _endless(opened, _rebuild):
    opened.execute(ENDLESS).fetchone()


def test_f26_a_signal_while_the_rows_are_asked_is_an_interrupt(trial, monkeypatch):
    """It must not pass for a doubt, after which the copy would begin."""
    monkeypatch.setattr(shortcut, "shortcut", _endless)

    def interrupt(*_):
        raise Interrupted("SIGALRM")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(Interrupted, match="stopped by"):
            trial.apply(m1_sql=LARGE, m2_sql=REBUILD)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_time_limit_holds_while_the_rows_are_asked(trial, monkeypatch):
    """It is told as what it is."""
    monkeypatch.setattr(shortcut, "shortcut", _endless)
    with pytest.raises(TimeLimitReached) as caught:
        trial.apply(time_limit=0.5, m1_sql=LARGE, m2_sql=REBUILD)
    assert caught.value.migration.name == "m2"


TELLS = "INSERT INTO told VALUES (changes(), last_insert_rowid())"


@pytest.mark.parametrize(
    "asks",
    [
        f"CREATE TRIGGER tr BEFORE INSERT ON o BEGIN {TELLS}; END;",
        "CREATE VIEW v AS SELECT total_changes() AS c, last_insert_rowid() AS r;",
    ],
)
def test_a_schema_that_asks_for_earlier_statements_gets_the_answer_of_its_own_file(trial, asks):
    """No INSERT is left out before it, and none of another file or of the ledger is told."""
    base = f"CREATE TABLE o (x); CREATE TABLE told (c, r); {asks}"
    told = "INSERT INTO o VALUES (1);"
    if "VIEW" in asks:
        told = "INSERT INTO told SELECT c, r FROM v; INSERT INTO o VALUES (1);"
    applied = trial.apply(m1_sql=LARGE + base, m2_sql=told, m3_sql=REBUILD + told)
    assert {each.way for each in applied[-1].statements} == {""}
    first, second = trial.ask("SELECT c, r FROM told")
    assert first == (0, 0)
    assert second[0] >= 1
    assert second[1] == ROWS
