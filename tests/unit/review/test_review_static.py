"""The static review: pending files are judged in order, on rows that they may not have reached."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from drydock.ledger import Entry
from drydock.plan import make
from drydock.rebuild import Database
from drydock.review import History, foreseen, reading, review_statically, worst

TOWN = "id INTEGER PRIMARY KEY, name TEXT, region TEXT"


def rules(findings):
    return {each.rule for each in findings}


def test_later_file_knows_what_an_earlier_one_made(review):
    """A table or column of an earlier pending file is not looked for in the database."""
    found = review(
        "CREATE TABLE fresh(id INTEGER PRIMARY KEY);",
        "ALTER TABLE fresh ADD COLUMN word TEXT NOT NULL DEFAULT 'x';",
        "CREATE INDEX by_word ON fresh(word);",
        "ALTER TABLE fresh RENAME COLUMN word TO term; DROP INDEX by_word;",
        "ALTER TABLE fresh DROP COLUMN term; DROP TABLE fresh;",
    )
    assert found == ()


def test_backfill_before_a_constraint_makes_the_error_a_warning(review):
    """Rows that a pending statement changes first are evidence of today, and say so."""
    found = review(
        "UPDATE towns SET name = 'x' WHERE id = 1;",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT CHECK (name = 'x'), region TEXT);"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
    )
    (told,) = [each for each in found if each.rule == "add-check-violated"]
    assert told.severity == "warning"
    assert "as the rows are now" in told.evidence[-1]


def test_column_added_twice_by_pending_files_is_found(review):
    """The second file would stop the run, so it is found before."""
    found = review(
        "ALTER TABLE towns ADD COLUMN size INT;",
        "ALTER TABLE towns ADD COLUMN size INT;",
    )
    assert [(each.rule, each.migration) for each in found] == [("would-fail", "002_change")]


def test_existing_column_is_told_with_its_values(review):
    """What is there already is told with what it holds."""
    (told,) = review("ALTER TABLE towns ADD COLUMN region TEXT;")
    assert told.rule == "already-applied"
    assert told.evidence == ("column towns.region exists (TEXT, 2 values)",)
    assert "inv adopt --mark 001_change" in told.fix


def test_nothing_after_a_refused_statement_is_judged(review):
    """The run stops there, so what follows would not be as it is judged."""
    found = review("ALTER TABLE nope ADD COLUMN a INT;\nDROP TABLE towns;")
    assert rules(found) == {"would-fail"}


def test_settings_do_not_leak_into_the_next_file(review):
    """Each file begins with foreign keys off, whatever the one before it set."""
    found = review("PRAGMA foreign_keys=ON;\nSELECT 1;", 'DROP TABLE "trip log";')
    assert "rebuild-cascade" not in rules(found)


NEW_FIRST = (
    f"CREATE TABLE n({TOWN}); INSERT INTO n SELECT * FROM towns; DROP TABLE towns;"
    "ALTER TABLE n RENAME TO towns;"
)
OLD_RENAMED_FIRST = (
    f"ALTER TABLE towns RENAME TO old; CREATE TABLE towns({TOWN});"
    "INSERT INTO towns SELECT * FROM old; DROP TABLE old;"
)
SET_ASIDE = (
    f"CREATE TABLE kept AS SELECT * FROM towns; DROP TABLE towns; CREATE TABLE towns({TOWN});"
    "INSERT INTO towns SELECT * FROM kept; DROP TABLE kept;"
)


@pytest.mark.parametrize(
    "text",
    [NEW_FIRST, OLD_RENAMED_FIRST, SET_ASIDE],
    ids=["new first", "old renamed first", "set aside"],
)
def test_rebuild_idiom_loses_no_table(review, text):
    """Each of the idioms puts the table back, so nothing is foreseen as lost."""
    found = review(text)
    assert foreseen(found) == frozenset()
    assert worst(found) in {None, "note"}


def test_dropped_and_filled_from_elsewhere_is_a_dropped_table(review):
    """A table of the same name with other rows is no rebuild."""
    found = review(
        "DROP TABLE towns; CREATE TABLE towns(id); INSERT INTO towns SELECT id FROM audit;"
    )
    assert ("table", "towns") in foreseen(found)


def test_rebuild_that_leaves_a_column_out_foresees_its_loss(review):
    """The loss is the column's, with the old table's name."""
    found = review(
        "CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT); INSERT INTO n SELECT id, name FROM "
        "towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;"
    )
    assert foreseen(found) == {("column", "towns", "region")}


def test_column_merged_into_another_is_not_lost(review):
    """A column that the copy reads lives on."""
    found = review(
        "CREATE TABLE n(id INTEGER PRIMARY KEY, place TEXT); INSERT INTO n SELECT id, "
        "name || ', ' || region FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;"
    )
    assert foreseen(found) == frozenset()


def test_foreseen_names_each_kind_of_loss(review):
    """A "yes" to these findings covers these losses and no other."""
    found = review(
        "DROP TABLE numbered; ALTER TABLE towns DROP COLUMN region;"
        "DELETE FROM bookings WHERE id > 2;"
        "REPLACE INTO settings VALUES ('theme', 'x');"
    )
    assert foreseen(found) == {
        ("table", "numbered"),
        ("column", "towns", "region"),
        ("rows", "bookings"),
    }


def test_allowance_carries_its_reason_and_settles_the_severity(review):
    """A declared loss is there, with its reason, and no longer counts as an error."""
    text = (
        "-- drydock: allow drop-table: moved to archive\n"
        "-- drydock: allow broken-trigger: rewritten in 002\nDROP TABLE audit;"
    )
    found = review(text)
    told = {each.rule: each.allowed for each in found}
    assert told == {"drop-table": "moved to archive", "broken-trigger": "rewritten in 002"}
    assert worst(found) is None


def test_without_a_database_what_cannot_be_told_is_a_warning(migration):
    """An unknown table is neither safe nor an error."""
    found = review_statically([migration("DROP TABLE users;\nDELETE FROM posts;")], None)
    (only,) = found  # told once a file
    assert (only.rule, only.severity, only.line) == ("untried", "note", 1)
    assert only.evidence == ("SQLite says: no such table: users",)
    found = review_statically(
        [migration("CREATE TABLE users(id);"), migration("DELETE FROM users;", "002")], None
    )
    assert found == ()
    more = [migration("ALTER TABLE usrs ADD COLUMN x;", "003"), migration("ALTR x;", "004")]
    found = review_statically([migration("CREATE TABLE users(id);"), *more], None)
    unknown, wrong = sorted(found, key=lambda each: each.migration)
    assert (unknown.rule, unknown.migration) == ("untried", "003")
    assert "a file makes a table users" in unknown.evidence
    assert (wrong.rule, wrong.severity, wrong.migration) == ("unsupported-syntax", "error", "004")


def test_unknown_syntax_never_stops_the_review(review):
    """What does not parse is a finding, with SQLite's words and its line."""
    found = review("SELECT 1;\n\nFROBNICATE TABLE towns;", "SELECT 1\0;")
    assert {each.rule for each in found} <= {"unsupported-syntax", "would-fail"}
    assert found[0].line == 3
    assert 'near "FROBNICATE"' in found[0].evidence[0]


@pytest.mark.parametrize(
    "text",
    ["SELECT (((", "CREATE", "ALTER TABLE", "UPDATE x SET", "'", ")", 'DROP TABLE "a""b"', "§"],
)
def test_broken_statement_never_crashes(migration, populated, text):
    """Nonsense gives findings or nothing, never an exception of ours."""
    from drydock.migration import MigrationError

    try:
        review_statically([migration(text)], populated)
    except MigrationError:
        assert text == "'"  # what cannot be split is the file's error, told by its reader


def test_older_sqlite_of_the_application_is_told(review):
    """Syntax that the application's SQLite lacks is an error with both versions."""
    text = "ALTER TABLE towns DROP COLUMN region;"
    (told,) = [
        each
        for each in review(text, sqlite_version=(3, 31, 1))
        if each.rule == "unsupported-syntax"
    ]
    assert "3.35.0" in told.evidence[0]
    assert "3.31.1" in told.evidence[0]
    assert "unsupported-syntax" not in rules(review(text, sqlite_version=(3, 40, 0)))


def test_application_that_still_names_a_column_is_told(review):
    """The lines of the application that a dropped or renamed column leaves behind are named."""
    code = (("backend/models.py", "class Town:\n    region = Column(Text)\n"),)
    found = review("ALTER TABLE towns DROP COLUMN region;", code=code)
    assert "backend/models.py:2 still names it" in found[0].evidence


def test_second_run_is_tried_on_request(review):
    """What a second run would say is a note, and only on request."""
    text = "CREATE TABLE fresh(a);"
    assert rules(review(text, rerun=True)) == {"not-rerunnable"}
    assert rules(review("CREATE TABLE IF NOT EXISTS fresh(a);", rerun=True)) == set()
    assert review(text) == ()


def test_big_rewrite_is_told_from_100_000_rows(review, populated):
    """A backfill over many rows tells how many."""
    populated.execute(
        "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 100005) "
        "INSERT INTO towns(id) SELECT i FROM n"
    )
    text = "UPDATE towns SET name = 'x' WHERE name IS NULL;"
    (told,) = [each for each in review(text) if each.rule == "big-rewrite"]
    assert told.evidence[0] == "100,003 rows of towns are written"
    assert "big-rewrite" not in rules(review("UPDATE towns SET name = 'x' WHERE id < 50;"))
    rebuild = (
        "CREATE TABLE new (id INTEGER PRIMARY KEY); INSERT INTO new SELECT id FROM towns{};"
        "DROP TABLE towns; ALTER TABLE new RENAME TO towns;"
    )
    for where, fate in (
        ("", "are copied, or only read if all stay as they are"),
        (" WHERE id > 1", "are copied"),
    ):
        (told,) = [one for one in review(rebuild.format(where)) if one.rule == "big-rewrite"]
        assert told.evidence[0] == f"100,005 rows of towns {fate}"


def test_samples_hide_secrets_and_control_characters(populated, review):
    """What is shown of rows is short, has no terminal escapes and no secrets."""
    populated.execute("CREATE TABLE accounts(id INTEGER PRIMARY KEY, password_hash TEXT, bio TEXT)")
    bio = "\x1b[31m" + "x" * 100
    populated.execute("INSERT INTO accounts VALUES (1, 'hunter2', ?)", (bio,))
    found = review(
        "ALTER TABLE accounts DROP COLUMN password_hash; ALTER TABLE accounts DROP COLUMN bio;"
    )
    text = "\n".join(line for each in found for line in each.evidence)
    assert "hunter2" not in text
    assert "\x1b" not in text
    assert "x" * 60 not in text


def test_the_ledger_against_the_files(migration, populated):
    """Edited, missing, out of order and duplicate files are told with their facts."""
    one, late, twin = (migration(f"SELECT {n};", f"{n:03}_x") for n in (1, 2, 3))
    other = migration("SELECT 33;", "003_y")
    entries = [
        Entry(1, "001_x", "0" * 64, "2026-01-01T00:00:00Z", 0.1, "run1"),
        Entry(2, "003_x", twin.checksum, "2026-01-01T00:00:00Z", 0.1, "run1"),
        Entry(3, "000_gone", "1" * 64, "2026-01-01T00:00:00Z", 0.1, "run1"),
    ]
    plan = make(entries, [one, late, twin, other])
    history = History(plan, Path("migrations"), {"001_x": "SELECT 0;"})
    found = {
        (each.rule, each.migration): each
        for each in review_statically(plan.pending, populated, history=history)
    }
    assert set(found) == {
        ("edited", "001_x"),
        ("missing", "000_gone"),
        ("out-of-order", "002_x"),
        ("duplicate", "003_y"),
    }
    assert "-SELECT 0;" in found["edited", "001_x"].evidence
    assert "+SELECT 1;" in found["edited", "001_x"].evidence
    assert "inv adopt --unmark 001_x --mark 001_x" in found["edited", "001_x"].fix
    assert found["missing", "000_gone"].severity == "error"
    assert "inv adopt --unmark 000_gone" in found["missing", "000_gone"].fix


def test_a_missing_file_that_only_has_another_name_is_told_by_it(migration, populated):
    """Its pending twin would be applied a second time."""
    renamed = migration("CREATE TABLE a(b);", "001_second")
    entry = Entry(1, "001_first", renamed.checksum, "2026-01-01T00:00:00Z", 0.1, "run1")
    plan = make([entry], [renamed])
    found = review_statically((), populated, history=History(plan, Path("migrations"), {}))
    told = {each.rule: each for each in found}["missing"]
    assert "001_second.sql has the same text" in told.evidence
    assert told.fix == "if it is called 001_second now: inv adopt"


@pytest.mark.parametrize(
    ("suffix", "text", "severity"),
    [
        (".sql", "-- Migration: 001_new\n-- Purpose:\n", "error"),
        (".sql", "", "error"),
        (".sql", "-- taken back in 2023\n;\n", "warning"),
        (".py", 'def migrate(db):\n    """To be written."""\n', "error"),
        (".py", "# Purpose: none\n", "error"),
        (".py", "import os\n\ndef migrate(db): pass\n", "error"),
        (".py", "def migrate(db): db.vacuum()\n", None),
        (".py", "print('a bare script')\n", None),
        (".py", "import legacy\n", None),
    ],
)
def test_a_file_that_was_made_and_not_written_stops_a_run(
    migration, populated, suffix, text, severity
):
    """As `inv new` leaves it; what somebody left empty on purpose is told."""
    made = migration(text, "001_new", suffix)
    found = [each for each in review_statically((made,), populated) if each.rule == "empty"]
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_review_writes_nothing(review, populated):
    """The database that is asked is only read."""
    before = list(populated.iterdump())
    review(
        "DROP TABLE towns; DELETE FROM bookings; PRAGMA user_version = 9;",
        "UPDATE settings SET value = 1;",
    )
    assert list(populated.iterdump()) == before


def test_f10_transaction_left_open_is_an_error(review):
    """A file that ends inside its transaction would be rolled back."""
    found = review("BEGIN;\nUPDATE towns SET name = 'x' WHERE id = 1;")
    assert ("transaction-control", "error", 2) in {(f.rule, f.severity, f.line) for f in found}
    (error,) = [each for each in found if each.severity == "error"]
    assert "harmless" not in error.why


def test_f15_keys_off_inside_a_transaction_is_no_protection(review):
    """PRAGMA foreign_keys=OFF after BEGIN changes nothing; the children are at risk."""
    found = review(
        "PRAGMA foreign_keys=ON;\nBEGIN;\nPRAGMA foreign_keys=OFF;\nDROP VIEW titles;\n"
        'DROP TABLE "trip log";\nCOMMIT;'
    )
    told = {each.rule: each for each in found}
    assert told["pragma-in-transaction"].evidence == ("foreign_keys stays ON",)
    assert told["rebuild-cascade"].severity == "error"


def test_f16_deleted_parents_leave_orphans(review):
    """With keys off nothing stops a DELETE of parents; the children are counted."""
    found = review("DELETE FROM \"trip log\" WHERE title = 'Oslo';")
    (told,) = [each for each in found if each.rule == "foreign-key-orphans"]
    assert told.evidence == (
        "2 rows of bookings point at them through bookings.trip → trip log (id)",
    )


def test_f17_renaming_the_old_table_first_takes_children_along(review):
    """The foreign keys that would follow the old table are named."""
    found = review(
        'DROP VIEW titles; ALTER TABLE "trip log" RENAME TO u_old; CREATE TABLE "trip log"(id '
        'INTEGER PRIMARY KEY, title TEXT, notes TEXT); INSERT INTO "trip log" SELECT id, title, '
        "notes FROM u_old; DROP TABLE u_old;"
    )
    (told,) = [each for each in found if each.rule == "rename-old-first"]
    assert told.severity == "error"
    assert told.evidence == ("bookings.trip → trip log (id) would point at u_old",)


def test_f23_quoted_typo_is_told_in_each_place(review):
    """Each double-quoted word that SQLite would take for a string is found, columns are not."""
    found = review('UPDATE "towns" SET "region" = "nmae" || "name" WHERE "naem" = "region";')
    told = [each.evidence[0] for each in found if each.rule == "double-quoted-string"]
    assert [line.split()[0] for line in told] == ['"nmae"', '"naem"']


def test_f24_other_files_are_refused(review):
    """ATTACH, VACUUM INTO and load_extension reach for files that are not of the run."""
    for text in (
        "ATTACH '/tmp/x.db' AS x; CREATE TABLE x.y(a);",
        "VACUUM INTO 'copy.db';",
        "SELECT load_extension('evil');",
    ):
        found = review(text)
        assert [(each.rule, each.severity) for each in found] == [("foreign-file", "error")]


def test_thousand_small_files_take_little_time(migration):
    """A thousand plain files cost no more than a tenth of a second or so."""
    kinds = (
        "CREATE TABLE t{}(id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
        "ALTER TABLE t{} ADD COLUMN x TEXT NOT NULL DEFAULT '';",
        "CREATE INDEX i{0} ON t{0}(name);",
    )
    pending = [
        migration(kind.format(number), f"{number * 3 + place:04}_x")
        for number in range(334)
        for place, kind in enumerate(kinds)
    ]
    assert all(len(each.statements) == 1 and not each.directives for each in pending)
    database = sqlite3.connect(":memory:")
    times = []
    for _ in range(3):
        begun = time.process_time()
        assert review_statically(pending, database) == ()
        times.append(time.process_time() - begun)
    database.close()
    assert min(times) < 0.4  # 0.04 to 0.08 s measured; four times that only on a slow machine


def test_plain_looking_statement_is_tried_too(review):
    """The quick path leaves nothing out: what SQLite refuses there is found as well."""
    found = review(
        "CREATE TABLE fresh(a, a);",
        "CREATE INDEX i ON towns(absent);",
        "INSERT INTO towns VALUES (1, 2);",
        "ALTER TABLE fresh2 ADD COLUMN a INT;",
    )
    assert [(each.rule, each.migration) for each in found] == [
        ("would-fail", f"{number:03}_change") for number in (1, 2, 3, 4)
    ]


def test_loss_stays_an_error_after_an_update(review):
    """A number may be out of date; that the values go away is not."""
    found = review("UPDATE towns SET name = upper(name);", "ALTER TABLE towns DROP COLUMN region;")
    (told,) = [each for each in found if each.rule == "drop-column"]
    assert told.severity == "error"
    assert "as the rows are now" in told.evidence[-1]


def test_seed_file_is_read_quickly(migration, populated):
    """Five thousand INSERTs beside a statement that is read in full cost a second at the most."""
    rows = "".join(f"INSERT INTO towns VALUES ({n}, 'a;b', NULL);\n" for n in range(10, 5010))
    pending = [migration(rows + "UPDATE towns SET region = 'x' WHERE region IS NULL;")]
    assert len(pending[0].statements) == 5001
    begun = time.process_time()
    found = review_statically(pending, populated)
    assert time.process_time() - begun < 2.0  # 0.25 s measured
    assert worst(found) in {None, "note"}


def test_nothing_to_lose_is_announced_and_asks_nobody(review):
    """An empty table or column may go without a question; the gate still knows that it goes."""
    found = review("DROP TABLE empty;", "ALTER TABLE numbered ADD COLUMN x; DROP TABLE audit;")
    assert not any(each.destructive for each in found)
    assert {("table", "empty"), ("table", "audit")} <= foreseen(found)


def test_replace_is_announced_only_where_it_is_declared(review):
    """REPLACE changes rows; that it may remove some has to be said in the file."""
    replace = "REPLACE INTO settings VALUES ('theme', 'light');"
    assert foreseen(review(replace)) == frozenset()
    allowed = f"-- drydock: allow replace-rows: themes are ours\n{replace}"
    assert foreseen(review(allowed)) == {("rows", "settings")}


def test_table_made_anew_is_not_asked_under_its_old_rows(review):
    """A table of the same name as one of today is another one, without today's rows."""
    found = review(
        "-- drydock: allow drop-table: begins anew\nDROP TABLE bookings;"
        "CREATE TABLE bookings(trip INT);",
        "CREATE UNIQUE INDEX u ON bookings(trip);",
    )
    assert "unique-index-duplicates" not in rules(found)


def test_virtual_table_without_its_module_is_no_obstacle(populated, review):
    """A table that this SQLite cannot open is left alone, and the rest is reviewed."""
    populated.executescript(
        "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES "
        "('table', 'far', 'far', 0, 'CREATE VIRTUAL TABLE far USING no_module(a)');"
        "PRAGMA writable_schema=RESET;"
    )
    found = review('DROP TABLE far; DROP TABLE "trip log";')
    assert "drop-table" in rules(found)


def test_table_that_a_pending_file_fills_is_not_called_empty(review):
    """0 rows now is no promise, once a pending file inserts some."""
    found = review(
        "INSERT INTO empty(a) VALUES ('x');", "ALTER TABLE empty ADD COLUMN n INT NOT NULL;"
    )
    (told,) = [each for each in found if each.rule == "add-not-null"]
    assert told.severity == "warning"
    assert "as the rows are now" in told.evidence[-1]


def test_column_of_a_pending_file_is_no_quoted_string(review):
    """A column that a pending file adds is one, in double quotes too."""
    found = review(
        "ALTER TABLE towns ADD COLUMN nick TEXT DEFAULT 'x';",
        'UPDATE towns SET name = "nick" WHERE id = 1;',
    )
    assert "double-quoted-string" not in rules(found)


def test_only_values_that_cannot_be_turned_back_are_a_loss(review, populated):
    """An INTEGER that becomes TEXT comes back by CAST; '007' that becomes 7 does not."""
    populated.execute("CREATE TABLE codes(a INT, b TEXT)")
    populated.execute("INSERT INTO codes VALUES (189, '007'), (12, '12')")
    found = review(
        "CREATE TABLE n(a TEXT, b INT); INSERT INTO n SELECT * FROM codes;"
        "DROP TABLE codes; ALTER TABLE n RENAME TO codes;"
    )
    told = {each.column: (each.severity, each.destructive) for each in found}
    assert told == {"a": ("note", False), "b": ("warning", True)}
    assert foreseen(found) == {("column", "codes", "b")}


def test_allowance_for_rows_that_others_have_is_not_called_unused(migration):
    """On a database made from nothing there is nothing to lose; the directive is for the others."""
    pending = [
        migration("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT);", "001_a"),
        migration("-- drydock: allow drop-column: moved\nALTER TABLE t DROP COLUMN a;", "002_b"),
    ]
    database = sqlite3.connect(":memory:")
    assert review_statically(pending, database) == ()
    assert review_statically(pending, None) == ()
    database.close()


def test_renamed_table_and_column_are_asked_and_announced_under_todays_names(review):
    """What the evidence will call a loss has today's names, whatever was renamed on the way."""
    found = review(
        "ALTER TABLE towns RENAME TO places;",
        "ALTER TABLE places RENAME COLUMN region TO area;",
        "ALTER TABLE places DROP COLUMN area; DELETE FROM places WHERE id = 1;",
    )
    assert foreseen(found) == {("column", "towns", "region"), ("rows", "towns")}
    told = {each.rule: each for each in found}
    assert told["delete-rows"].evidence == ("1 row of 2 would be deleted",)
    assert told["drop-column"].table == "places"


def test_rows_that_broke_an_old_check_stop_a_rebuild(review, populated):
    """A CHECK that rows already break is no obstacle where they are, and one on the way."""
    populated.execute("PRAGMA ignore_check_constraints=ON")
    populated.execute("CREATE TABLE t(a INT CHECK (a > 0))")
    populated.execute("INSERT INTO t VALUES (-1)")
    found = review(
        "CREATE TABLE n(a INT CHECK (a > 0)); INSERT INTO n SELECT a FROM t; DROP TABLE t;"
        "ALTER TABLE n RENAME TO t;"
    )
    assert "add-check-violated" in rules(found)


def test_table_that_is_there_already_keeps_its_rows(review):
    """CREATE TABLE IF NOT EXISTS makes nothing where the table is."""
    found = review("CREATE TABLE IF NOT EXISTS towns(id);", "DROP TABLE towns;")
    assert ("drop-table", "error") in {(each.rule, each.severity) for each in found}


def test_temporary_table_is_not_the_databases_own(review):
    """temp.towns may be dropped; it is another table."""
    assert review("CREATE TEMP TABLE towns(a); DROP TABLE temp.towns;") == ()


def test_rebuild_that_ignores_conflicts_is_told(review):
    """INSERT OR IGNORE in a rebuild leaves rows out in silence."""
    found = review(NEW_FIRST.replace("INSERT INTO", "INSERT OR IGNORE INTO"))
    assert "rebuild-loses-rows" in rules(found)


def test_rules_that_ask_the_same_of_one_moment_read_the_rows_once(review, populated):
    """On a large database each question is a read of the whole table."""
    asked = []
    populated.set_trace_callback(asked.append)
    review("UPDATE towns SET region = 'north' WHERE id % 10 = 0;")
    counts = [sql for sql in asked if "count(*)" in sql and "towns" in sql]
    assert counts
    assert len(set(counts)) == len(counts)


@pytest.mark.parametrize(
    ("name", "text"),
    [('q"t', '"q""t"'), ("q`t", "`q``t`"), ('q""t', '[q""t]'), ("it's", "'it''s'")],
)
def test_a_table_is_known_by_its_name_whatever_quotes_it_holds(review, name, text):
    """A quote is doubled in SQL; a name that kept both would be no table's, and go unseen."""
    with sqlite3.connect(":memory:", isolation_level=None) as db:
        db.execute(f"CREATE TABLE {text}(a, {text})")
        db.execute(f"INSERT INTO {text} VALUES (1, 2), (3, 4)")
        column = review(f"ALTER TABLE {text} DROP COLUMN {text}", connection=db)
        table = review(f"DROP TABLE {text}", connection=db)
        rows = review(f"DELETE FROM {text} WHERE a = 1", connection=db)
    assert [(each.rule, each.table, each.column) for each in column] == [
        ("drop-column", name, name)
    ]
    assert [(each.rule, each.table) for each in table] == [("drop-table", name)]
    assert [(each.rule, each.table) for each in rows] == [("delete-rows", name)]


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ('CREATE UNIQUE INDEX "i""x" ON t(a)', {"index": 'i"x'}),
        ('ALTER TABLE t RENAME COLUMN "a" TO "c""d"', {"column": "a", "new": 'c"d'}),
        ('ALTER TABLE t ADD COLUMN "c""d" REFERENCES "p""x"', {"column": 'c"d', "parent": 'p"x'}),
        ('UPDATE t SET "c""d" = 1', {"columns": ('c"d',)}),
        (
            'INSERT INTO t("c""d") SELECT "e""f" FROM "g""h"',
            {"columns": ('c"d',), "source_columns": ('e"f',), "source_table": 'g"h'},
        ),
        ('PRAGMA "foreign_keys" = ON', {"name": "foreign_keys"}),
    ],
)
def test_every_name_of_a_statement_is_read_without_its_quotes(statement, names):
    """Whatever the tree makes of them."""
    for change in reading.read(statement):
        assert {each: getattr(change, each) for each in names} == names


_READER = (
    "CREATE VIEW booked AS SELECT * FROM bookings; CREATE TRIGGER put INSTEAD OF INSERT ON booked "
    "BEGIN INSERT INTO bookings(name) VALUES (NEW.name); END;"
)


def test_a_trigger_on_a_view_that_is_broken_is_told_as_broken(review, populated):
    """SQLite cannot list such a view's columns: that is what it says of the trigger, too."""
    populated.executescript(_READER)
    found = {each.rule: each for each in review("DROP TABLE bookings;")}
    assert found["broken-view"].evidence[0].startswith("view booked: no such table")
    assert found["broken-trigger"].evidence[0].startswith("trigger put: no such table")


def test_a_view_that_was_broken_before_stops_no_review(review, populated):
    """It is no fault of the files."""
    populated.executescript(_READER + "DROP TABLE bookings;")
    assert review("CREATE TABLE a(b); DROP TABLE a;") == ()


def test_a_refusal_of_sqlite_is_told_behind_a_loss_that_is_meant(review):
    """A view reads the column: the allowance is for its values, and not for a run that stops."""
    found = review('-- drydock: allow drop-column: so\nALTER TABLE "trip log" DROP COLUMN notes;')
    assert {(each.rule, each.allowed) for each in found} == {
        ("drop-column", "so"),
        ("would-fail", None),
    }
    assert "error in view titles after drop column" in found[-1].evidence[0]


def test_what_sqlite_refuses_is_told_once_where_a_rule_foretells_it(review):
    """With the rows, or by what stands in the way."""
    found = review("ALTER TABLE empty DROP COLUMN b;")
    assert rules(found) == {"drop-column", "drop-column-blocked"}


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("drop-column-blocked", "ALTER TABLE empty DROP COLUMN b;"),
        ("would-fail", "DROP TABLE nowhere;"),
        ("unsupported-syntax", "CREAT TABLE a(b);"),
        ("already-applied", "CREATE TABLE empty(a);"),
        ("add-column-unique", "ALTER TABLE empty ADD COLUMN d UNIQUE;"),
    ],
)
def test_what_sqlite_refuses_cannot_be_meant(review, rule, statement):
    """The review would end in exit 0, and the run at that statement."""
    found = review(f"SELECT 1;\n-- drydock: allow {rule}: it is meant\n{statement}")
    (told,) = [each for each in found if each.rule == "impossible-allowance"]
    assert (told.severity, told.line) == ("error", 2)
    assert [each.allowed for each in found if each.rule == rule] == [None]


def test_a_column_that_is_there_is_told_with_a_form_that_sqlite_has(review, populated):
    """There is no ADD COLUMN IF NOT EXISTS."""
    (found,) = review("ALTER TABLE towns ADD COLUMN region TEXT;")
    assert found.rule == "already-applied"
    assert "IF NOT EXISTS" not in found.fix
    program = found.fix.partition("in a .py migration: ")[2]
    assert review(f"def migrate(db):\n    {program}\n", suffix=".py") == ()
    db = Database(populated)
    for _ in range(2):
        exec(program.replace("region", "land"), {"db": db})
    assert "land" in db["towns"].columns_dict
    (again,) = review("ALTER TABLE towns ADD COLUMN x TEXT;", rerun=True)
    assert (again.rule, "IF NOT EXISTS" in again.fix) == ("not-rerunnable", False)


def test_an_allowance_that_the_evidence_asks_for_is_not_called_unused(review):
    """Rows that go one by one are all gone in the end, and the run asks for that to be declared."""
    text = "DELETE FROM towns WHERE id = 1; DELETE FROM towns WHERE id = 2;"
    lines = "".join(f"-- drydock: allow {e}: so\n" for e in ("delete-rows", "delete-without-where"))
    assert "unused-allowance" not in rules(review(lines + text))
    assert "unused-allowance" in rules(review(f"{lines}SELECT 1;"))


def test_leave_to_open_another_file_is_a_programs_and_never_unused(review):
    """What a program opens is seen by nobody before it runs, and SQL may open nothing."""
    line = "drydock: allow foreign-file: the archive\n"
    assert "unused-allowance" not in rules(review(f"# {line}x = 1\n", suffix=".py"))
    found = review(f"-- {line}ATTACH DATABASE 'a.db' AS a;")
    assert [each.allowed for each in found if each.rule == "foreign-file"] == [None]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ALTER TABLE towns ADD COLUMN z TEXT;", "broken-view"),
        ("alter table [towns] add z;", "broken-view"),
        ("ALTER TABLE audit ADD COLUMN z;", "broken-trigger"),
        ("CREATE VIEW bad AS SELECT nope FROM towns;", "broken-view"),
        ("CREATE TRIGGER bad AFTER DELETE ON towns BEGIN SELECT new.nope; END;", "broken-trigger"),
    ],
)
def test_what_widens_or_makes_is_compiled(review, populated, text, rule):
    """ADD COLUMN changes what * means; a new view or trigger need not compile to be made."""
    populated.execute("CREATE VIEW starred(a, b, c) AS SELECT * FROM towns")
    found = review(text)
    assert rule in rules(found)
    assert worst(found) == "error"


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW fresh AS SELECT mine(name) AS m FROM towns ORDER BY name COLLATE ours;",
        "CREATE TRIGGER more AFTER INSERT ON towns BEGIN SELECT mine(new.name); END;",
        "ALTER TABLE bookings ADD COLUMN z TEXT;",
    ],
)
def test_what_only_the_application_knows_breaks_nothing(review, text):
    """A function or collation that is not here is no fault of the view's or trigger's."""
    assert review(text) == ()


def test_a_view_that_does_not_compile_already_stands_in_no_ones_way(review, populated):
    """Its INSTEAD OF triggers cannot be asked for, and that is no reason to end."""
    populated.executescript(
        "CREATE VIEW broken AS SELECT nope FROM towns;"
        "CREATE TRIGGER into_it INSTEAD OF INSERT ON broken BEGIN SELECT 1; END;"
    )
    assert review("ALTER TABLE towns ADD COLUMN z TEXT;") == ()


def test_a_rename_tells_the_full_text_table_over_it(review, populated):
    """SQLite leaves its content= as it is, so that every search fails from then on."""
    populated.execute("CREATE VIRTUAL TABLE f USING fts5(name, content='towns')")
    for text, old in (
        ("ALTER TABLE towns RENAME TO cities;", "towns"),
        ("ALTER TABLE towns RENAME COLUMN name TO called;", "name"),
    ):
        found = review(text)
        told = [line for each in found for line in each.evidence]
        assert f"virtual table f names {old}, and SQLite does not rewrite it" in told
        assert "broken-virtual-table" in rules(found)
