"""The rehearsed review: evidence of the very moment, on a copy that is thrown away."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

from drydock.errors import DrydockError, Interrupted
from drydock.executor.trace import Applied, TracedStatement
from drydock.review import (
    foreseen,
    review_rehearsed,
    review_statically,
    to_github,
    to_json,
    to_sarif,
)
from drydock.terminal.findings import lines

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def rehearse(file, tmp_path, migration):
    """Rehearse texts on a copy; `python` is what stands for running a Python migration."""
    copy = tmp_path / "copy of it.db"
    shutil.copyfile(file, copy)

    def run(*texts, python=None, **options):
        pending = [
            migration(text, f"{number:03}_change", ".py" if "def migrate" in text else ".sql")
            for number, text in enumerate(texts, start=1)
        ]

        def run_one(each):
            with closing(sqlite3.connect(copy)) as connection:
                statements = []
                for sql in python or ():
                    before = connection.total_changes
                    connection.execute(sql)
                    rows = connection.total_changes - before
                    statements.append(TracedStatement(sql, rows, line=2))
                connection.commit()
            return Applied(each.name, 0.1, tuple(statements))

        return review_rehearsed(pending, copy, run_one, **options)

    run.copy = copy
    return run


def rules(rehearsal):
    return {(each.rule, each.severity) for each in rehearsal.findings}


def test_backfill_in_the_same_file_settles_a_constraint(rehearse):
    """What an earlier statement has mended is no finding when the copy is asked."""
    backfill = "UPDATE towns SET region = 'none' WHERE region = 'west';\n"
    rebuild = (
        "CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT, region TEXT CHECK (region <> 'west'));"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;"
    )
    assert rules(rehearse(backfill + rebuild)) == set()


def test_constraint_that_rows_break_stops_with_its_evidence(rehearse):
    """A violated constraint is an error with its rows, and the rehearsal ends there."""
    rehearsal = rehearse('CREATE UNIQUE INDEX u ON "trip log"(title);', "DROP TABLE towns;")
    assert rehearsal.stopped == "001_change"
    assert ("unique-index-duplicates", "error") in rules(rehearsal)
    assert ("would-fail", "error") not in rules(rehearsal)  # told once, with the rows
    (behind,) = [each for each in rehearsal.findings if each.migration == "002_change"]
    assert (behind.rule, behind.severity) == ("not-reviewed", "note")


def test_what_stands_behind_a_failing_migration_is_told_as_not_reviewed(rehearse, migration):
    """Each file, in every form of the report; what stands before it was reviewed."""
    rehearsal = rehearse("DROP TABLE towns;", "SELECT * FROM towns;", "SELECT 1;", "SELECT 2;")
    behind = [each for each in rehearsal.findings if each.rule == "not-reviewed"]
    assert [(each.migration, each.path.name, each.line) for each in behind] == [
        ("003_change", "003_change.sql", 1),
        ("004_change", "004_change.sql", 1),
    ]
    assert behind[0].fix == "mend 002_change, then run: inv review"
    pending = [migration("SELECT 1;", each.migration) for each in behind]
    shown = [each.text for each in lines(pending, behind, 100, verbose=False)]
    assert sum("not-reviewed" in line for line in shown) == 2
    assert sum("nothing is known of it" in each for each in to_github(behind)) == 2
    results = to_sarif(behind, version="1")["runs"][0]["results"]
    assert [each["ruleId"] for each in results] == ["not-reviewed"] * 2
    assert [each["migration"] for each in to_json(behind)] == ["003_change", "004_change"]


def test_rows_written_by_an_earlier_file_count(rehearse):
    """The second file is judged on what the first one made."""
    rehearsal = rehearse(
        "CREATE TABLE fresh(a); INSERT INTO fresh VALUES (1), (1);",
        "CREATE UNIQUE INDEX u ON fresh(a);",
    )
    told = [each for each in rehearsal.findings if each.rule == "unique-index-duplicates"]
    assert told[0].migration == "002_change"


def test_complicated_change_is_counted_where_it_runs(rehearse):
    """A DELETE that cannot be asked beforehand is a foreseen loss of rows all the same."""
    rehearsal = rehearse(
        "WITH old AS (SELECT id FROM bookings WHERE id < 3) DELETE FROM bookings WHERE id IN old;"
    )
    assert foreseen(rehearsal.findings) == {("rows", "bookings")}


def test_f16_orphans_left_at_the_end_are_an_error(rehearse):
    """Orphans are counted when the file has run; those of before do not count."""
    with closing(sqlite3.connect(rehearse.copy)) as connection:
        connection.execute("INSERT INTO bookings(trip, name) VALUES (77, 'orphan of old')")
        connection.commit()
    rehearsal = rehearse('DELETE FROM "trip log" WHERE id = 1;')
    (told,) = [
        f for f in rehearsal.findings if f.rule == "foreign-key-orphans" and f.severity == "error"
    ]
    assert told.evidence[0].startswith("2 rows of bookings have no parent in trip log")


def test_orphans_mended_in_the_same_file_are_no_error(rehearse):
    """Children deleted after their parents leave no orphan."""
    rehearsal = rehearse(
        'DELETE FROM "trip log" WHERE id = 1;\nDELETE FROM bookings WHERE trip = 1;'
    )
    assert ("foreign-key-orphans", "error") not in rules(rehearsal)


def test_python_is_judged_by_what_it_ran(rehearse):
    """Statements that no reading of the code could tell are judged from the trace."""
    rehearsal = rehearse(
        "def migrate(db):\n    db.execute(make_sql())\n",
        python=["DELETE FROM towns", "DROP TABLE audit"],
    )
    assert {("delete-without-where", "error"), ("drop-table", "note")} <= rules(rehearsal)
    assert ("broken-trigger", "error") in rules(rehearsal)
    assert [each.name for each in rehearsal.applied] == ["001_change"]
    told = {each.rule: each for each in rehearsal.findings}
    assert told["delete-without-where"].evidence[0] == "2 rows of towns would be deleted"


def test_python_that_fails_stops_the_rehearsal(file, tmp_path, migration):
    """A failing Python migration is a finding with its cause; nothing after it is run."""
    copy = tmp_path / "copy.db"
    shutil.copyfile(file, copy)

    def fail(each):
        raise DrydockError("it failed", cause="ZeroDivisionError: division by zero")

    pending = [
        migration("def migrate(db):\n    1 / 0\n", "001_a", ".py"),
        migration("DROP TABLE towns;", "002_b"),
    ]
    rehearsal = review_rehearsed(pending, copy, fail)
    assert rehearsal.stopped == "001_a"
    failed, behind = rehearsal.findings
    assert failed.evidence == ("it failed", "ZeroDivisionError: division by zero")
    assert (behind.rule, behind.migration) == ("not-reviewed", "002_b")


def test_transform_and_its_trace_are_told_once(rehearse):
    """What both the code and the trace say is one finding."""
    rehearsal = rehearse(
        'def migrate(db):\n    db["towns"].transform(drop={"region"})\n',
        python=[
            "CREATE TABLE tmp(id INTEGER PRIMARY KEY, name TEXT)",
            "INSERT INTO tmp(id, name) SELECT id, name FROM towns",
            "DROP TABLE towns",
            "ALTER TABLE tmp RENAME TO towns",
        ],
    )
    assert [each.rule for each in rehearsal.findings] == ["drop-column"]


def test_f24_other_files_are_not_opened(rehearse, tmp_path):
    """ATTACH of a file stops the rehearsal before the file is made."""
    rehearsal = rehearse(f"ATTACH '{tmp_path}/stray.db' AS s; CREATE TABLE s.t(a);")
    assert rehearsal.stopped == "001_change"
    assert not (tmp_path / "stray.db").exists()


def test_only_the_copy_is_written(rehearse, file, tmp_path):
    """The database itself stays as it is, and no file is left beside the copy."""
    before = file.read_bytes()
    rehearse("DROP TABLE towns;", "def migrate(db):\n    pass\n", python=["DELETE FROM bookings"])
    assert file.read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {file.name, rehearse.copy.name}


def test_temporary_tables_do_not_reach_the_next_file(rehearse):
    """Each file has a fresh connection, as when it is applied."""
    rehearsal = rehearse("CREATE TEMP TABLE pick AS SELECT 1 AS a;", "SELECT * FROM pick;")
    assert rehearsal.stopped == "002_change"


def test_trigger_with_json_runs_on_the_copy(rehearse):
    """A schema that uses json_set() in a trigger is as trusted as the migration."""
    rehearsal = rehearse(
        "CREATE TABLE j(a TEXT); INSERT INTO j VALUES ('{}');"
        "CREATE TRIGGER tj AFTER UPDATE ON j BEGIN UPDATE j SET a = json_set(a, '$.b', 1); END;"
        "UPDATE j SET a = '{}' WHERE a = '{}';"
    )
    assert rehearsal.stopped is None


def test_loop_over_values_is_one_finding(rehearse):
    """Statements that differ in their values alone are judged once, with their rows summed."""
    rehearsal = rehearse(
        "def migrate(db):\n    pass\n",
        python=[f"DELETE FROM bookings WHERE id = {number}" for number in (1, 2, 3)],
    )
    (told,) = [each for each in rehearsal.findings if each.rule == "delete-rows"]
    assert told.evidence[0].startswith("3 rows")


def test_constraint_that_python_met_is_no_error(rehearse):
    """What ran to its end did not fail: NOT NULL after a backfill in the same file is fine."""
    rehearsal = rehearse(
        'def migrate(db):\n    db.execute("UPDATE towns SET region = 1")\n'
        '    db["trip log"].transform(not_null={"notes"})\n',
        python=["UPDATE towns SET region = 1"],
    )
    assert not [each for each in rehearsal.findings if each.severity == "error"]


def test_directive_settles_a_rehearsed_loss(rehearse):
    """A declared loss is allowed in the rehearsal too."""
    rehearsal = rehearse("-- drydock: allow drop-table: empty by now\nDROP TABLE numbered;")
    assert [(each.rule, each.allowed) for each in rehearsal.findings] == [
        ("drop-table", "empty by now")
    ]


def test_column_that_python_added_is_not_foretold_to_fail(rehearse):
    """ADD COLUMN NOT NULL on a table that the same file emptied has run, so it is fine."""
    rehearsal = rehearse(
        "def migrate(db):\n    work(db)\n",
        python=["DELETE FROM numbered", "ALTER TABLE numbered ADD COLUMN n INT NOT NULL"],
    )
    assert {each.rule for each in rehearsal.findings} == {"delete-without-where"}


@pytest.fixture
def signalled():
    """Let a signal come a tenth of a second from now, answered as a command answers it."""

    def answer(*_):
        raise Interrupted("SIGALRM")

    before = signal.signal(signal.SIGALRM, answer)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("text", [ENDLESS, f"DELETE FROM towns WHERE id < ({ENDLESS});"])
def test_f26_a_signal_is_not_taken_for_a_statement_that_would_fail(rehearse, text, signalled):
    """SQLite says "interrupted", to it or to a question about its rows; nothing is to be mended."""
    with pytest.raises(Interrupted):
        rehearse(text)


def test_f26_a_signal_ends_a_question_to_the_live_database(file, migration, signalled):
    with closing(sqlite3.connect(file)) as live, pytest.raises(Interrupted):
        review_statically([migration(f"DELETE FROM towns WHERE id < ({ENDLESS});")], live)


def test_f26_a_signal_is_not_taken_for_a_python_migration_that_would_fail(
    file, tmp_path, migration
):
    copy = tmp_path / "copy.db"
    shutil.copyfile(file, copy)

    def interrupted(_):
        raise Interrupted("Ctrl-C")

    with pytest.raises(Interrupted):
        review_rehearsed([migration("def migrate(db): pass", suffix=".py")], copy, interrupted)


def test_a_statement_that_a_run_would_not_wait_for_is_an_error(rehearse):
    """The limit is one file's, and holds in the review as in the run."""
    found = rehearse(f"UPDATE towns SET region = ({ENDLESS});", time_limit=0.2)
    (told,) = [each for each in found.findings if each.severity == "error"]
    assert told.rule == "would-fail"
    assert "interrupted after 0.2 s (time_limit)" in " ".join(told.evidence)
    assert found.stopped == "001_change"


@pytest.mark.parametrize("after", ["", "PRAGMA writable_schema=RESET; DROP TABLE bookings;"])
def test_a_schema_that_sqlite_cannot_read_is_told_where_it_is_left(rehearse, after):
    """The end of the rehearsal, or of the next file, would be a traceback."""
    broken = (
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE towns(' "
        f"WHERE name = 'towns'; {after}"
    )
    found = rehearse(broken, "DROP TABLE settings;")
    assert rules(found) >= {("would-fail", "error"), ("not-reviewed", "note")}
    assert found.stopped == "001_change"
    told = next(each for each in found.findings if each.rule == "would-fail")
    assert "SQLite cannot read: malformed" in told.evidence[0]


def test_a_schema_that_python_leaves_unreadable_is_told_too(rehearse):
    """It is written by the migration itself, and read here afterwards."""
    python = [
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE towns(' WHERE name = 'towns'",
    ]
    found = rehearse("def migrate(db):\n    pass", python=python)
    assert ("would-fail", "error") in rules(found)
    assert found.stopped == "001_change"


def test_rows_that_an_allowance_cannot_move_are_told_as_sqlite_refuses_them(rehearse):
    """Whoever allows it may know better than the review, and not better than SQLite."""
    text = "-- drydock: allow unique-index-duplicates: mended by then\n"
    found = rehearse(text + 'CREATE UNIQUE INDEX one ON "trip log"(title);')
    assert ("would-fail", "error") in rules(found)
    assert {each.rule for each in found.findings if each.allowed} == {"unique-index-duplicates"}


_NUMBERED = "(id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT)"


@pytest.mark.parametrize(
    "rebuilt",
    [
        (
            f"CREATE TABLE n{_NUMBERED}; INSERT INTO n SELECT * FROM numbered; DROP TABLE numbered;"
            "ALTER TABLE n RENAME TO numbered;"
        ),
        (
            f"ALTER TABLE numbered RENAME TO o; CREATE TABLE numbered{_NUMBERED};"
            "INSERT INTO numbered SELECT * FROM o; DROP TABLE o;"
        ),
    ],
)
@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("", False),
        ("UPDATE sqlite_sequence SET seq = 90 WHERE name = 'numbered';", True),
        ("UPDATE sqlite_sequence SET seq = 9 WHERE name = 'numbered';", False),
        ("UPDATE sqlite_sequence SET seq = 90 WHERE name = 'other';", False),
        ("INSERT INTO sqlite_sequence(name, seq) VALUES ('numbered', 90);", False),
    ],
)
def test_a_counter_is_judged_by_what_it_is_in_the_end(rehearse, rebuilt, last, kept):
    """Of two rows for one table SQLite reads the first."""
    found = rehearse(rebuilt + last)
    assert (("autoincrement-reset", "warning") not in rules(found)) == kept
