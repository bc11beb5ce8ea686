"""The verdict on one script: each kind of evidence, and each way in which it could mislead."""

from __future__ import annotations

import pytest

from tests.unit.adopt.conftest import STAMP

ADD_TAG = "ALTER TABLE owner ADD COLUMN tag TEXT DEFAULT 'none';"


def test_a_second_run_that_changes_nothing_proves_the_effect(lab):
    """Guarded SQL; what it made is named."""
    (found,) = lab.judge(guarded='CREATE INDEX IF NOT EXISTS "by price" ON owner (name);').values()
    assert found.verdict == "applied"
    assert found.reasons == ("a second run changes nothing; there: index by price",)


@pytest.mark.parametrize(
    ("by_hand", "script", "thing"),
    [
        (
            "CREATE TABLE {0} (a INT, b TEXT UNIQUE);",
            "create table {0}(a int,b text unique);",
            "table",
        ),
        ("CREATE INDEX {0} ON owner (name);", "CREATE INDEX {0} on Owner(name);", "index"),
        ("CREATE VIEW {0} AS SELECT 1 AS one;", "CREATE VIEW {0} as select 1 as one;", "view"),
        (
            "CREATE TRIGGER {0} AFTER DELETE ON owner BEGIN SELECT 1; END;",
            "CREATE TRIGGER {0} AFTER DELETE ON owner BEGIN SELECT 1; END;",
            "trigger",
        ),
    ],
)
def test_what_exists_exactly_so_is_applied(lab, by_hand, script, thing):
    """SQLite refuses the second CREATE; made anew, it is what was there. Spelling is no matter."""
    lab.sql(by_hand.format('"the new"'))
    (found,) = lab.judge(again=script.format('"the new"')).values()
    assert (found.verdict, found.reasons) == ("applied", (f"exactly so: {thing} the new",))


def test_a_column_that_exists_exactly_so_is_applied(lab):
    """With an index on it, and values that the script filled in then and the application since."""
    lab.sql(ADD_TAG + "CREATE INDEX by_tag ON owner (tag); UPDATE owner SET tag = 'mine';")
    script = ADD_TAG + "UPDATE owner SET tag = 'first'; CREATE INDEX by_tag ON owner (tag);"
    (found,) = lab.judge(tag=script).values()
    assert found.verdict == "applied"
    assert found.reasons == ("exactly so: owner.tag, index by_tag",)


def test_what_exists_in_another_form_is_a_conflict_that_tells_the_difference(lab):
    lab.sql("ALTER TABLE owner ADD COLUMN tag INTEGER;")
    (found,) = lab.judge(tag=ADD_TAG).values()
    assert found.verdict == "conflict"
    assert "owner.tag (type INTEGER → TEXT)" in found.reasons[0]


def test_a_part_that_is_there_and_a_part_that_is_not_is_partial(lab):
    """Unguarded: it cannot run as it is, and both parts are named."""
    lab.sql("ALTER TABLE owner ADD COLUMN one;")
    two = "ALTER TABLE owner ADD COLUMN one; ALTER TABLE owner ADD COLUMN two;"
    (found,) = lab.judge(two_columns=two).values()
    assert (found.verdict, found.runs) == ("partial", False)
    assert found.reasons == (
        "there: owner.one",
        "not there; it would make owner.two",
        "it cannot run as it is: duplicate column name: one",
    )


def test_a_guarded_script_of_which_a_part_is_missing_is_partial_and_runs(lab):
    lab.sql("CREATE TABLE note (a);")
    script = "CREATE TABLE IF NOT EXISTS note (a); CREATE INDEX IF NOT EXISTS by_a ON note (a);"
    (found,) = lab.judge(notes=script).values()
    assert (found.verdict, found.runs) == ("partial", True)
    assert found.reasons == ("there: table note", "would make index by_a")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (ADD_TAG, "would make owner.tag"),
        ("CREATE TABLE new AS SELECT * FROM owner;", "would make table new with 3 rows"),
        ('DROP INDEX "by price";', "would drop index by price"),
        ("DELETE FROM owner WHERE name IS NULL;", "would remove 1 row of owner"),
        ("PRAGMA user_version = 7;", "would set user_version 0 → 7"),
        ("PRAGMA journal_mode = WAL;", "would set journal mode delete → wal"),
        ("ANALYZE;", "would set statistics (ANALYZE)"),
    ],
)
def test_what_would_change_something_is_pending_and_says_what(lab, script, reason):
    (found,) = lab.judge(pending=script).values()
    assert (found.verdict, found.reasons) == ("pending", (reason,))


def test_wal_mode_that_is_on_is_no_change(lab):
    """The copies are worked on in no mode; the live database's own counts."""
    lab.write(wal="PRAGMA journal_mode = WAL;")
    (found,) = lab.survey(mode="wal").judged
    assert found.verdict == "applied"


def test_rows_that_none_match_are_applied_and_told_so(lab):
    (found,) = lab.judge(rows="UPDATE owner SET name = 'Bob' WHERE name = 'Bobby';").values()
    assert found.verdict == "applied"
    assert found.reasons == ("a run changes nothing here: no row would change",)


def test_rows_that_change_at_every_run_are_for_the_author_to_judge(lab):
    """Running it twice would be wrong, and no database can tell whether it ran."""
    found = lab.judge(
        cents='UPDATE "order items" SET price = price * 100;',
        names="UPDATE owner SET name = 'nobody' WHERE name IS NULL;",
    )
    assert (found["cents"].verdict, found["cents"].is_unsure) == ("pending", True)
    assert "again at every run" in found["cents"].reasons[0]
    assert (found["names"].verdict, found["names"].is_unsure) == ("pending", False)


def test_rows_that_are_there_by_their_keys_are_applied(lab):
    """A plain INSERT stops at the first of them; some of them there is partial, none pending."""
    lab.sql("INSERT INTO owner VALUES (10, 'ten'), (11, 'renamed since'), (20, 'x');")
    insert = "INSERT INTO owner (id, name) VALUES ({0}, 'a'), ({1}, 'b');"
    found = lab.judge(
        a_all=insert.format(10, 11), b_some=insert.format(20, 21), c_none=insert.format(30, 31)
    )
    assert {name: each.verdict for name, each in found.items()} == {
        "a_all": "applied",
        "b_some": "partial",
        "c_none": "pending",
    }
    assert found["a_all"].reasons == ("its rows, by their keys",)
    assert found["b_some"].reasons[:2] == (
        "there: some of its rows",
        "not there; it would add 1 row to owner",
    )
    assert not found["c_none"].is_unsure
    assert not found["b_some"].runs


def test_what_only_triggers_stamp_is_no_change_of_the_script(lab):
    """An UPDATE to the values that are there already moves a touched column every time."""
    lab.sql(STAMP + 'UPDATE "order items" SET price = 1 WHERE id < 9;')
    (found,) = lab.judge(prices='UPDATE "order items" SET price = 1 WHERE id < 9;').values()
    assert found.verdict == "applied"
    assert found.reasons == ("a second run changes nothing but what triggers stamp",)


def test_a_drop_of_what_is_gone_is_applied(lab):
    """Put there again, it goes again; nothing else happens."""
    found = lab.judge(
        column="ALTER TABLE owner DROP COLUMN shoe_size;",
        table="DROP TABLE spare;",
        view="DROP VIEW v;",
    )
    assert {each.verdict for each in found.values()} == {"applied"}
    assert found["column"].reasons == ("gone already: owner.shoe_size",)


def test_a_rename_that_has_happened_is_applied(lab):
    lab.sql(
        "ALTER TABLE owner RENAME COLUMN name TO full_name; ALTER TABLE owner RENAME TO person;"
    )
    found = lab.judge(
        a_column="ALTER TABLE person RENAME COLUMN name TO full_name;",
        b_table="ALTER TABLE owner RENAME TO person;",
    )
    assert [each.verdict for each in found.values()] == ["applied", "applied"]
    assert found["b_table"].reasons == ("renamed already: person",)


def test_a_rebuild_that_takes_a_gone_column_over_is_applied(lab):
    """It fails on reading the column; with the column there it makes the table that is there."""
    rebuild = """
    CREATE TABLE owner_new (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE);
    INSERT INTO owner_new SELECT id, coalesce(name, nick) FROM owner;
    DROP TABLE owner;
    ALTER TABLE owner_new RENAME TO owner;
    """
    (found,) = lab.judge(rebuild=rebuild).values()
    assert (found.verdict, found.reasons) == ("applied", ("gone already: owner.nick",))


def test_a_rebuild_that_keeps_what_is_missing_needs_it(lab):
    """Put there for the trial it stays, so it was never this script's to drop."""
    rebuild = """
    CREATE TABLE owner_new (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, nick TEXT);
    INSERT INTO owner_new SELECT id, name, nick FROM owner;
    DROP TABLE owner;
    ALTER TABLE owner_new RENAME TO owner;
    """
    (found,) = lab.judge(rebuild=rebuild).values()
    assert (found.verdict, found.runs) == ("conflict", False)
    assert found.reasons[0] == "it needs owner.nick, which is not there"


def test_a_view_that_was_broken_before_is_in_nobodys_way(lab):
    """SQLite renames nothing beside a broken view, unless it is asked in the old way."""
    lab.sql("CREATE VIEW old AS SELECT gone FROM owner; CREATE TABLE note (a INT);" + ADD_TAG)
    found = lab.judge(notes="CREATE TABLE note (a INT);", tag=ADD_TAG)
    assert [each.verdict for each in found.values()] == ["applied", "applied"]


def test_a_guarded_index_of_another_form_is_found_behind_its_table(lab):
    """Its table stops the script; made anew with it, the index is not the one that is there."""
    lab.sql("CREATE TABLE note (a, b); CREATE INDEX by_a ON note (b);")
    script = "CREATE TABLE note (a, b); CREATE INDEX IF NOT EXISTS by_a ON note (a);"
    (found,) = lab.judge(notes=script).values()
    assert found.verdict == "conflict"
    assert "index by_a" in found.reasons[0]


def test_indexes_that_python_names_by_itself_go_with_their_table(lab):
    """No text tells their names, and the table that is made anew needs them free."""
    lab.sql(
        "CREATE TABLE note (a, b); CREATE INDEX by_a ON note (a); CREATE INDEX by_b ON note (b);"
    )
    script = (
        "import sqlite3\ndb = sqlite3.connect('the app.db')\n"
        "db.execute('CREATE TABLE note (a, b)')\n"
        "for name in 'ab':\n    db.execute(f'CREATE INDEX by_{name} ON note ({name})')\n"
        "db.commit()\ndb.close()\n"
    )
    (found,) = lab.judge(notes_py=script).values()
    assert (found.verdict, found.reasons) == ("applied", ("exactly so: table note",))


def test_a_table_that_grew_since_is_applied(lab):
    """Made anew it lacks a column that somebody added later: that is no part of the script."""
    lab.sql("CREATE TABLE note (a INT); ALTER TABLE note ADD COLUMN later TEXT;")
    (found,) = lab.judge(notes="CREATE TABLE note (a INT);").values()
    assert found.verdict == "applied"
    assert found.reasons == ("exactly so: table note", "added since: note.later")


def test_a_table_that_lacks_a_column_is_not_taken_for_the_scripts(lab):
    """The same, the other way round: what the script makes is not all there."""
    lab.sql("CREATE TABLE note (a INT);")
    (found,) = lab.judge(notes="CREATE TABLE note (a INT, b TEXT NOT NULL);").values()
    assert (found.verdict, found.runs) == ("partial", False)
    assert "note.b" in found.reasons[1]


def test_what_something_else_made_without_its_rows_is_partial(lab):
    """The application's create_all made table and column; the script's values never came."""
    lab.sql("CREATE TABLE kind (name TEXT); ALTER TABLE owner ADD COLUMN size INT DEFAULT 0;")
    found = lab.judge(
        kinds="CREATE TABLE kind (name TEXT); INSERT INTO kind VALUES ('a'), ('b');",
        size="ALTER TABLE owner ADD COLUMN size INT DEFAULT 0; UPDATE owner SET size = id;",
    )
    assert [each.verdict for each in found.values()] == ["partial", "partial"]
    assert found["kinds"].reasons[1] == "not there; it would add 2 rows to kind, which is empty"
    assert found["size"].reasons[1] == "not there; it would fill owner.size in 3 rows"


def test_a_swallowed_error_does_not_pass_for_an_effect(lab):
    """Printed or not: a run that makes nothing of what its text makes has not been applied."""
    swallow = (
        "import sqlite3\ndb = sqlite3.connect('the app.db')\n"
        "try:\n    db.execute('ALTER TABLE {} ADD COLUMN tag TEXT')\n"
        "except sqlite3.Error as error:\n    {}\ndb.close()\n"
    )
    found = lab.judge(
        told_py=swallow.format("ownr", "print('failed:', error)"),
        silent_py=swallow.format("ownr", "pass"),
    )
    assert {each.verdict for each in found.values()} == {"conflict"}
    assert found["told"].reasons == ("it ends well and does nothing: no table ownr",)
    assert found["silent"].reasons == (
        "it ends well and changes nothing, but there is no ownr.tag",
    )


def test_a_script_that_reports_failure_by_its_exit_status_is_read(lab):
    """`except: print` and `sys.exit(1)`, as people write them: what it printed is the evidence."""
    lab.sql(ADD_TAG + "CREATE INDEX by_tag ON owner (tag);")
    script = (
        "import sqlite3, sys\n\ndef migrate():\n    db = sqlite3.connect('the app.db')\n"
        "    try:\n        db.execute(\"ALTER TABLE owner ADD COLUMN tag TEXT DEFAULT 'none'\")\n"
        "        db.execute('CREATE INDEX by_tag ON owner (tag)')\n        db.commit()\n"
        "        return True\n    except sqlite3.Error as e:\n        print('failed:', e)\n"
        "        return False\n    finally:\n        db.close()\n\n"
        "if __name__ == '__main__':\n    sys.exit(0 if migrate() else 1)\n"
    )
    (found,) = lab.judge(tag_py=script).values()
    assert (found.verdict, found.reasons) == ("applied", ("exactly so: owner.tag, index by_tag",))


def test_what_fails_for_another_reason_is_a_conflict_with_the_error(lab):
    """The error and its place; a file that cannot be read is one as well."""
    found = lab.judge(
        divide="SELECT abs(-9223372036854775808);",
        broken_py="def migrate(:\n",
        open_comment="/* never closed",
    )
    assert {each.verdict for each in found.values()} == {"conflict"}
    assert found["divide"].reasons[0] == "integer overflow"
    assert found["divide"].reasons[1].endswith("divide.sql:1")
    assert found["broken"].reasons[0].startswith("it cannot be read: ")


def test_a_view_that_is_missing_is_not_explained_by_a_later_change_of_its_table(lab):
    """What another script changed since accounts for its table, and for nothing else."""
    lab.sql("CREATE TABLE goal (a); INSERT INTO goal VALUES (1);")
    found = lab.judge(
        a_create="CREATE TABLE goal (a, b); CREATE VIEW goals AS SELECT a FROM goal;",
        b_rebuild="CREATE TABLE g2 (a); INSERT INTO g2 SELECT a FROM goal; DROP TABLE goal;"
        "ALTER TABLE g2 RENAME TO goal;",
    )
    assert {name: each.verdict for name, each in found.items()} == {
        "b_rebuild": "applied",
        "a_create": "partial",
    }


def test_judging_touches_nothing_but_copies(lab):
    """The live database is the same to the byte, and no copy is left but the last ones."""
    lab.sql(ADD_TAG)
    before = lab.live.read_bytes()
    lab.judge(
        tag=ADD_TAG,
        gone="DROP TABLE owner;",
        leaves_py="import sqlite3\nsqlite3.connect('the app.db').execute('DELETE FROM owner')\n",
    )
    assert lab.live.read_bytes() == before
    assert sorted(path.name for path in lab.root.iterdir()) == [
        "old scripts",
        "scratch 1",
        "the app.db",
    ]
