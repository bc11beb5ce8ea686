"""Rows carried back: exactly those that were shown, or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import since
from drydock.evidence import carry
from drydock.evidence.anchor import CarryImpossible

SHOP = """
CREATE TABLE "a shop"(id INTEGER PRIMARY KEY, "name" TEXT COLLATE NOCASE, old TEXT,
  loud TEXT AS (upper("name")));
INSERT INTO "a shop"(id, "name", old) VALUES (1, 'one', 'x'), (2, 'two', 'y'), (3, 'three', NULL);
CREATE TABLE item(shop INTEGER REFERENCES "a shop", code TEXT, n, PRIMARY KEY (shop, code))
  WITHOUT ROWID;
INSERT INTO item VALUES (1, 'a', 1), (2, 'b', 2.0), (3, 'c', X'00');
CREATE TABLE log(line); INSERT INTO log VALUES ('first'), ('second');
"""


def rows(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def apply(files, planned):
    with closing(
        sqlite3.connect(files.after.as_uri(), uri=True, isolation_level=None)
    ) as connection:
        carry.apply([planned], connection)
        assert not connection.in_transaction
        attached = [row[1] for row in connection.execute("PRAGMA database_list")]
        assert set(attached) <= {"main", "temp"}
        assert connection.execute("SELECT * FROM sqlite_temp_schema").fetchall() == []


def plan(files, table, where="1", **more):
    return carry.plan(files.before, files.after, table, where=where, **more)


def test_deleted_and_changed_rows_come_back(files):
    """Missing rows are inserted, changed ones updated, the others left alone."""
    files.make(
        SHOP,
        """DELETE FROM "a shop" WHERE id = 2; UPDATE "a shop" SET "name" = 'ONE' WHERE id = 1""",
    )
    known = files.after.read_bytes()
    planned = plan(files, "A SHOP")
    assert files.after.read_bytes() == known
    assert (planned.inserts, planned.updates, planned.same) == (1, 1, 1)
    assert (planned.key, planned.columns) == (("id",), ("id", "name", "old"))
    assert [sample.key for sample in (*planned.inserted, *planned.updated)] == ["id=2", "id=1"]
    apply(files, planned)
    everything = 'SELECT * FROM "a shop"'
    assert rows(files.after, everything) == rows(files.before, everything)


def test_only_the_rows_that_were_chosen_come_back(files):
    """The condition speaks of the source's columns."""
    files.make(SHOP, "DELETE FROM item")
    planned = plan(files, "item", "code = 'b' -- a comment")
    assert (planned.inserts, planned.key) == (1, ("shop", "code"))
    apply(files, planned)
    assert rows(files.after, "SELECT code, n, typeof(n) FROM item") == [("b", 2.0, "real")]


def test_columns_that_match_are_carried_and_the_rest_is_told(files):
    """A dropped column's values stay behind; an added one gets its default, or keeps its value."""
    files.make(
        SHOP,
        'ALTER TABLE "a shop" DROP COLUMN old;'
        """ALTER TABLE "a shop" ADD COLUMN extra TEXT DEFAULT 'd';"""
        """UPDATE "a shop" SET extra = 'mine', "name" = 'changed' WHERE id = 1;"""
        'DELETE FROM "a shop" WHERE id = 2',
    )
    planned = plan(files, "a shop")
    assert planned.defaulted == ("extra",)
    assert [(left.what, left.count) for left in planned.left_behind] == [("value of old", 2)]
    apply(files, planned)
    assert rows(files.after, 'SELECT id, "name", extra FROM "a shop"') == [
        (1, "one", "mine"),
        (2, "two", "d"),
        (3, "three", "d"),
    ]


def test_f48_rows_written_since_are_carried_and_no_others(files, tmp_path):
    """`since` is what was published: only what the application wrote afterwards is carried."""
    files.make(SHOP)
    live = tmp_path / "live.db"
    live.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.executescript(
            """INSERT INTO "a shop"(id, "name") VALUES (9, 'new');
            UPDATE "a shop" SET old = 'since' WHERE id = 3;"""
        )
    restored = files.change("""UPDATE "a shop" SET old = 'of old' WHERE id = 1""")
    planned = carry.plan(live, restored.after, "a shop", since=files.before)
    assert (planned.inserts, planned.updates) == (1, 1)
    apply(files, planned)
    assert rows(files.after, 'SELECT id, old FROM "a shop"') == [
        (1, "of old"),
        (2, "y"),
        (3, "since"),
        (9, None),
    ]


def test_f22_rows_that_only_a_hidden_rowid_names_are_brought_back_while_it_holds(files):
    """Where another row stands under one, all may have been renumbered: none is carried."""
    files.make(SHOP, "DELETE FROM log WHERE rowid = 2")
    planned = plan(files, "log", "line = 'second'")
    assert (planned.inserts, planned.updates, planned.key) == (1, 0, ())
    apply(files, planned)
    assert rows(files.after, "SELECT rowid, line FROM log") == [(1, "first"), (2, "second")]
    files.change("DELETE FROM log WHERE rowid = 1; VACUUM")
    with pytest.raises(CarryImpossible) as raised:
        plan(files, "log", "line = 'second'")
    assert "changed or renumbered" in raised.value.cause[0]


def test_f16_rows_without_their_parent_are_refused(files):
    """The parent is gone too: nothing is carried, and the hint says what to carry first."""
    files.make(SHOP, 'DELETE FROM item WHERE shop = 2; DELETE FROM "a shop" WHERE id = 2')
    known = rows(files.after, "SELECT * FROM item")
    with pytest.raises(CarryImpossible) as raised:
        apply(files, plan(files, "item"))
    assert "would break foreign keys" in raised.value.what
    assert rows(files.after, "SELECT * FROM item") == known
    apply(files, plan(files, "a shop", "id = 2"))
    apply(files, plan(files, "item"))
    assert rows(files.after, "SELECT * FROM item") == rows(files.before, "SELECT * FROM item")


def carry_since(files, tmp_path, schema, migration, written):
    """Return what is told, where `written` came after `migration`, and going back carries it."""
    files.make(schema)
    published, now = tmp_path / "published.db", tmp_path / "now.db"
    published.write_bytes(files.before.read_bytes())
    with closing(sqlite3.connect(published, isolation_level=None)) as connection:
        connection.executescript(migration)
    now.write_bytes(published.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.executescript(written)
    return [str(each) for each in since.carry_over(published, now, files.after)]


@pytest.mark.parametrize("clause", ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"])
def test_f16_a_conflict_clause_of_the_table_decides_nothing(files, clause):
    """REPLACE would delete the application's rows and their children, IGNORE pass over ours."""
    files.make(
        f"""CREATE TABLE t(id INTEGER PRIMARY KEY, e TEXT UNIQUE ON CONFLICT {clause}, v);
        INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2);
        CREATE TABLE child(t REFERENCES t ON DELETE CASCADE)""",
        "DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (9, 'a', 7); UPDATE t SET e = 'q' "
        "WHERE id = 2; INSERT INTO t VALUES (10, 'b', 8); INSERT INTO child VALUES (9), (2)",
    )
    for where in ("id = 1", "id = 2", "1"):
        with pytest.raises(CarryImpossible) as raised:
            apply(files, plan(files, "t", where))
        assert raised.value.cause == ["UNIQUE constraint failed: t.e"]
    assert rows(files.after, "SELECT id FROM t ORDER BY id") == [(2,), (9,), (10,)]
    assert rows(files.after, "SELECT t FROM child") == [(9,), (2,)]


def test_a_key_narrower_than_its_column_finds_its_own_row(files):
    """The column is NOCASE, its key BINARY: 'a' is not 'A', in the key and in the condition."""
    files.make(
        """CREATE TABLE t(k TEXT COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY));
        INSERT INTO t VALUES ('A', 1), ('a', 2), ('B', 3)""",
        "UPDATE t SET v = v + 90",
    )
    planned = plan(files, "t", "k = 'A' COLLATE BINARY")
    assert (planned.inserts, planned.updates) == (0, 1)
    apply(files, planned)
    assert rows(files.after, "SELECT k, v FROM t") == [("A", 1), ("a", 92), ("B", 93)]


def test_a_key_wider_than_its_spelling_is_carried_with_its_spelling(files):
    """'Alice' that became 'ALICE' is the same row, and 'Alice' again afterwards."""
    files.make(
        """CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO t VALUES ('Alice', 1);
        CREATE TABLE only(k TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO only VALUES ('Bob')""",
        "UPDATE t SET k = 'ALICE'; UPDATE only SET k = 'BOB'",
    )
    for table in ("t", "only"):
        apply(files, plan(files, table))
        assert plan(files, table).same == 1
        everything = f"SELECT * FROM {table}"
        assert rows(files.after, everything) == rows(files.before, everything)


def test_rows_with_null_in_their_key_are_found_by_rowid(files, tmp_path):
    """A UNIQUE column may hold NULL any number of times."""
    schema = """CREATE TABLE t(k TEXT PRIMARY KEY, v);
        INSERT INTO t VALUES (NULL, 1), (NULL, 2), ('a', 3)"""
    files.make(schema, "DELETE FROM t WHERE v < 3")
    planned = plan(files, "t")
    assert (planned.inserts, planned.same) == (2, 1)
    apply(files, planned)
    assert rows(files.after, "SELECT * FROM t") == rows(files.before, "SELECT * FROM t")


def test_f48_only_what_was_written_since_is_carried_of_a_row(files, tmp_path):
    """The migration made cents of euros; the application wrote a note."""
    told = carry_since(
        files,
        tmp_path,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, sum INT, note); INSERT INTO t VALUES (1, 5, 'x'), "
        "(2, 6, 'y'), (3, 7, 'z')",
        "UPDATE t SET sum = sum * 100",
        "UPDATE t SET note = 'since' WHERE id = 1; UPDATE t SET sum = 900 WHERE id = 2",
    )
    assert rows(files.after, "SELECT * FROM t") == [(1, 5, "since"), (2, 900, "y"), (3, 7, "z")]
    (line,) = told
    assert "2 rows carried over; 1 row to look at: the migration had changed" in line


def test_f48_a_key_that_was_changed_since_is_a_row_gone_and_a_new_one(files, tmp_path):
    """No deletion is carried, and that is said."""
    told = carry_since(
        files,
        tmp_path,
        "CREATE TABLE t(k TEXT PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1), ('b', 2)",
        "CREATE TABLE other(x)",
        "UPDATE t SET k = 'z' WHERE k = 'a'",
    )
    assert rows(files.after, "SELECT k FROM t ORDER BY k") == [("a",), ("b",), ("z",)]
    (line,) = told
    assert line.startswith("t: 1 row carried over; 1 row there again that had been deleted since")


@pytest.mark.parametrize(
    ("written", "carried", "said"),
    [
        ("INSERT INTO log VALUES ('new'), ('a')", ["a", "c", "d", "new", "a"], "2 rows carried"),
        ("INSERT INTO log VALUES ('new'); VACUUM", ["a", "c", "d"], "changed, deleted or renumber"),
        (
            "UPDATE log SET line = 'other' WHERE line = 'c'",
            ["a", "c", "d"],
            "cannot be found again",
        ),
    ],
)
def test_f22_lines_without_a_key_are_added_while_rowids_hold(
    files, tmp_path, written, carried, said
):
    """Only a table to which rows were added, and nothing else, says which of them are new."""
    told = carry_since(
        files,
        tmp_path,
        "CREATE TABLE log(line); INSERT INTO log VALUES ('a'), ('b'), ('c'), ('d'); "
        "DELETE FROM log WHERE line = 'b'",
        "CREATE TABLE other(x)",
        written,
    )
    assert said in told[0]
    assert [line for (line,) in rows(files.after, "SELECT line FROM log")] == carried


def test_f17_a_value_that_the_target_would_change_is_not_carried(files):
    """'007' is 7 in an INTEGER column; '12' comes back from 12."""
    files.make(
        """CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
        INSERT INTO t VALUES (1, '007'), (2, '12')""",
        "DROP TABLE t; CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER)",
    )
    with pytest.raises(CarryImpossible) as raised:
        apply(files, plan(files, "t"))
    assert "1 of them would not be there as they are" in raised.value.cause[0]
    assert rows(files.after, "SELECT * FROM t") == []
    apply(files, plan(files, "t", "id = 2"))
    assert plan(files, "t", "id = 2").same == 1


def test_f15_no_action_of_a_foreign_key_changes_a_child(files):
    """Where the children name the key of now, bringing back the old one is refused."""
    files.make(
        """PRAGMA foreign_keys = ON; CREATE TABLE p(id INTEGER PRIMARY KEY, code TEXT UNIQUE);
        INSERT INTO p VALUES (1, 'x'), (2, 'y');
        CREATE TABLE c(id INTEGER PRIMARY KEY, code REFERENCES p(code) ON UPDATE SET NULL)""",
        "UPDATE p SET code = 'z' WHERE id = 1; INSERT INTO c VALUES (1, 'z'), (2, 'y')",
    )
    with closing(sqlite3.connect(files.after, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(CarryImpossible, match="would break foreign keys"):
            carry.apply([plan(files, "p")], connection)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert rows(files.after, "SELECT code FROM c") == [("z",), ("y",)]


def test_the_condition_sees_the_source_alone(files):
    """Its subqueries, too: the live table of that name may be empty."""
    files.make(
        "CREATE TABLE c(id INTEGER PRIMARY KEY); INSERT INTO c VALUES (1), (2), (3); "
        "CREATE TABLE o(cid); INSERT INTO o VALUES (2)",
        "DELETE FROM c; DELETE FROM o",
    )
    assert plan(files, "c", "id IN (SELECT cid FROM o)").inserts == 1
    apply(files, plan(files, "c", "id = (SELECT max(id) FROM c)"))
    assert rows(files.after, "SELECT id FROM c") == [(3,)]


def test_f21_text_that_is_no_utf8_is_carried_as_it_is(files):
    """It is shown as it can be."""
    files.make(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES "
        "(1, CAST(x'ff41' AS TEXT))",
        "DELETE FROM t",
    )
    planned = plan(files, "t")
    assert "A" in str(planned.inserted)
    apply(files, planned)
    assert rows(files.after, "SELECT hex(v) FROM t") == [("FF41",)]


def test_tables_that_name_each_other_are_carried_together(files, tmp_path):
    """Neither can go first."""
    told = carry_since(
        files,
        tmp_path,
        "CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b); "
        "CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a); INSERT INTO a VALUES (1, NULL)",
        "CREATE TABLE other(x)",
        "INSERT INTO a VALUES (7, 7); INSERT INTO b VALUES (7, 7)",
    )
    assert told == ["a: 1 row carried over", "b: 1 row carried over"]
    assert rows(files.after, "SELECT * FROM a, b") == [(1, None, 7, 7), (7, 7, 7, 7)]
    assert rows(files.after, "PRAGMA foreign_key_check") == []


def test_an_id_that_was_given_since_is_not_given_again(files, tmp_path):
    """Its row was deleted: somebody may know it."""
    carry_since(
        files,
        tmp_path,
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t VALUES (1, 'x')",
        "CREATE TABLE other(x)",
        "INSERT INTO t(v) VALUES ('kept'), ('gone'); DELETE FROM t WHERE v = 'gone'",
    )
    assert rows(files.after, "SELECT seq FROM sqlite_sequence") == [(3,)]


def test_a_full_text_index_that_the_application_keeps_is_built_anew(files, tmp_path):
    """No trigger does it: MATCH finds the carried row all the same."""
    carry_since(
        files,
        tmp_path,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'one'); "
        "CREATE VIRTUAL TABLE f USING fts5(v, content='t', content_rowid='id'); "
        "INSERT INTO f(f) VALUES ('rebuild')",
        "CREATE TABLE other(x)",
        "INSERT INTO t VALUES (2, 'two'); INSERT INTO f(rowid, v) VALUES (2, 'two')",
    )
    assert rows(files.after, "SELECT rowid FROM f WHERE f MATCH 'two'") == [(2,)]


def test_what_a_silent_trigger_had_written_and_cannot_be_carried_is_said(files, tmp_path):
    """The counter has no key: its row was changed, and is not found again."""
    told = carry_since(
        files,
        tmp_path,
        "CREATE TABLE t(id INTEGER PRIMARY KEY); CREATE TABLE counter(n); "
        "INSERT INTO counter VALUES (0); CREATE TRIGGER counts AFTER INSERT ON t BEGIN "
        "UPDATE counter SET n = n + 1; END",
        "CREATE TABLE other(x)",
        "INSERT INTO t VALUES (1)",
    )
    assert any("the trigger counts was kept silent" in line for line in told)


@pytest.mark.parametrize("name", ["seen", "found", "found_data"])
def test_what_is_no_ordinary_table_is_called_what_it_is(files, name):
    """It is there, and its rows are not carried."""
    files.make(
        f"{SHOP}; CREATE VIEW seen AS SELECT 1 AS x; CREATE VIRTUAL TABLE found USING fts5(x)"
    )
    with pytest.raises(CarryImpossible) as raised:
        plan(files, name)
    assert f"{name} is a " in raised.value.cause[0]


def test_a_row_that_a_trigger_passes_over_is_no_row_that_changed(files):
    """RAISE(IGNORE) is told as what it is, and undone."""
    files.make(
        f"""{SHOP}; CREATE TRIGGER strict BEFORE INSERT ON item WHEN NEW.code = 'b'
        BEGIN SELECT RAISE(IGNORE); END""",
        "DELETE FROM item",
    )
    with pytest.raises(CarryImpossible) as raised:
        apply(files, plan(files, "item"))
    assert "of 3 rows to insert, 2 arrived" in raised.value.cause[0]
    assert rows(files.after, "SELECT count(*) FROM item") == [(0,)]


def test_only_the_triggers_of_what_is_done_are_named(files):
    """Nothing is inserted, so that no AFTER INSERT fires."""
    files.make(BANK, """UPDATE "a tx" SET note = 'x' WHERE id = 1""")
    assert plan(files, "a tx").triggers == ()


def test_rows_that_changed_since_they_were_shown_are_not_carried(files):
    """What is applied is what was shown; anything else is rolled back."""
    files.make(SHOP, "DELETE FROM item")
    planned = plan(files, "item")
    files.change("INSERT INTO item VALUES (1, 'a', 'other')")
    with pytest.raises(CarryImpossible, match="was changed since"):
        apply(files, planned)
    assert rows(files.after, "SELECT n FROM item") == [("other",)]


def test_a_row_that_a_constraint_refuses_rolls_all_back(files):
    """The third row collides with a new UNIQUE index: none is carried."""
    files.make(
        SHOP,
        """DELETE FROM "a shop"; CREATE UNIQUE INDEX u ON "a shop"("name");"""
        """INSERT INTO "a shop"(id, "name") VALUES (7, 'THREE')""",
    )
    with pytest.raises(CarryImpossible) as raised:
        apply(files, plan(files, "a shop"))
    assert raised.value.cause == ["UNIQUE constraint failed: a shop.name"]
    assert rows(files.after, 'SELECT id FROM "a shop"') == [(7,)]


@pytest.mark.parametrize(
    ("table", "where", "said"),
    [
        ("nothing", "1", "there is no table nothing"),
        ("item", "colour = 'red'", "the condition does not fit item"),
        ("item", "1); DROP TABLE item; --", "the condition does not fit item"),
        ("item", "1 OR", "the condition does not fit item"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(files, table, where, said):
    """A missing table, an unknown column, a second statement: said before anything is touched."""
    files.make(SHOP)
    with pytest.raises(CarryImpossible, match=said):
        plan(files, table, where)
    assert rows(files.after, "SELECT count(*) FROM item") == [(3,)]


def test_a_table_without_any_identity_is_refused(files):
    """No key, and every name of the rowid taken by a column."""
    files.make(
        "CREATE TABLE t(rowid, _rowid_, oid); INSERT INTO t VALUES (1, 2, 3)", "DELETE FROM t"
    )
    with pytest.raises(CarryImpossible, match="no key"):
        plan(files, "t")


BANK = """
CREATE TABLE account(id INTEGER PRIMARY KEY, balance INT, touched TEXT DEFAULT 'never');
CREATE TABLE "a tx"(id INTEGER PRIMARY KEY, account INT REFERENCES account, amount INT, note TEXT);
CREATE TABLE log(id INTEGER PRIMARY KEY, what);
CREATE VIRTUAL TABLE find USING fts5(note, content='a tx', content_rowid='id');
CREATE TRIGGER "it's booked" AFTER INSERT ON "a tx"
BEGIN UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.account; END;
CREATE TRIGGER found AFTER INSERT ON "a tx"
BEGIN INSERT INTO find(rowid, note) VALUES (NEW.id, NEW.note); END;
CREATE TRIGGER touched AFTER UPDATE ON account
BEGIN UPDATE account SET touched = 'by a trigger' WHERE id = NEW.id; END;
CREATE TRIGGER logged AFTER INSERT ON "a tx" BEGIN INSERT INTO log(what) VALUES (NEW.id); END;
CREATE TRIGGER positive BEFORE INSERT ON "a tx" WHEN NEW.amount < 0
BEGIN SELECT RAISE(ABORT, 'amounts are positive'); END;
INSERT INTO account(id, balance) VALUES (1, 0), (2, 0);
INSERT INTO "a tx" VALUES (1, 1, 5, 'first'), (2, 2, 9, 'second');
"""
BANK_TABLES = ("account", '"a tx"', "log", "sqlite_schema")
NEW_ROW = """INSERT INTO "a tx" VALUES (3, 1, 7, 'third')"""


def test_f48_what_a_trigger_wrote_since_is_carried_and_not_written_again(files, tmp_path):
    """Balance, log and time are those of now; the full-text index is kept all the same."""
    files.make(BANK)
    now = tmp_path / "now.db"
    now.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.execute(NEW_ROW)
    told = since.carry_over(files.before, now, files.after)
    assert {each.table: each.rows for each in told} == {"account": 1, "a tx": 1, "log": 1}
    for table in BANK_TABLES:
        sql = f"SELECT rowid, * FROM {table}"
        assert rows(files.after, sql) == rows(now, sql)
    assert rows(files.after, "SELECT rowid FROM find WHERE find MATCH 'third'") == [(3,)]
    with closing(sqlite3.connect(files.after, isolation_level=None)) as connection:
        connection.execute("INSERT INTO find(find) VALUES ('integrity-check')")
        connection.execute("""INSERT INTO "a tx" VALUES (4, 1, 1, 'fourth')""")  # triggers fire
    assert rows(files.after, "SELECT balance FROM account WHERE id = 1") == [(13,)]


def test_what_was_deleted_since_is_counted(files, tmp_path):
    """No deletion is carried, and a table with nothing else is told, too."""
    files.make(BANK)
    now = tmp_path / "now.db"
    now.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.execute('DELETE FROM "a tx" WHERE id = 2')
    (told,) = since.carry_over(files.before, now, files.after)
    assert (told.table, told.rows) == ("a tx", 0)
    assert "1 row there again that had been deleted since" in str(told)
    assert rows(files.after, 'SELECT id FROM "a tx"') == [(1,), (2,)]


def test_triggers_fire_unless_they_are_silenced(files):
    """Both are told before; silenced, they stand where they stood, also after a failure."""
    files.make(BANK, """DELETE FROM "a tx" WHERE id = 2; DELETE FROM log WHERE what = 2""")
    planned = plan(files, "a tx")
    assert {each.name: each.writes for each in planned.triggers} == {
        "it's booked": ("account",),
        "touched": ("account",),
        "logged": ("log",),
    }
    before, schema = files.after.read_bytes(), rows(files.after, "SELECT * FROM sqlite_schema")
    with closing(sqlite3.connect(files.after, isolation_level=None)) as connection:
        carry.apply([planned], connection)
        assert connection.execute("SELECT balance FROM account").fetchall() == [(5,), (18,)]
    files.after.write_bytes(before)
    with closing(sqlite3.connect(files.after, isolation_level=None)) as connection:
        carry.apply([planned], connection, silent=True)
        assert connection.execute("SELECT balance FROM account").fetchall() == [(5,), (9,)]
        assert connection.execute("PRAGMA writable_schema").fetchone() == (0,)
        with pytest.raises(CarryImpossible, match="was changed since"):
            carry.apply([planned], connection, silent=True)
        connection.execute(NEW_ROW)
    assert rows(files.after, "SELECT balance FROM account") == [(12,), (9,)]
    assert rows(files.after, "SELECT * FROM sqlite_schema") == schema


def test_of_a_trigger_that_writes_rows_and_an_index_only_the_index_is_written(files, tmp_path):
    """Fired, the rows come twice; silenced, the index has them not at all."""
    both = """CREATE TRIGGER both AFTER INSERT ON "a tx" WHEN CASE WHEN NEW.id THEN 1 END BEGIN
        INSERT OR IGNORE INTO log(what) SELECT CASE WHEN 1 THEN 'both; the first' END;
        INSERT INTO find(rowid, note) VALUES (NEW.id, NEW.note);
        UPDATE OR IGNORE [Log] SET what = 'both'; DELETE FROM "log" WHERE what IS NULL; END"""
    files.make(f"{BANK}; DROP TRIGGER found; {both}")
    now = tmp_path / "now.db"
    now.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.execute(NEW_ROW)
        connection.execute("UPDATE log SET what = 'of the application' WHERE id = 1")
    told = {each.table: each.rows for each in since.carry_over(files.before, now, files.after)}
    assert told["a tx"] == 1
    for table in BANK_TABLES:
        sql = f"SELECT rowid, * FROM {table}"
        assert rows(files.after, sql) == rows(now, sql)
    assert rows(files.after, "SELECT rowid FROM find WHERE find MATCH 'third'") == [(3,)]


def test_begin_may_be_the_name_of_a_column_a_table_and_a_trigger(files, tmp_path):
    """The body begins where SQLite says; a view's own trigger is reached through it."""
    odd = """CREATE TABLE "begin"(id INTEGER PRIMARY KEY, begin); CREATE VIEW seen AS SELECT 1 AS x;
        CREATE TRIGGER looks INSTEAD OF INSERT ON seen BEGIN INSERT INTO log(what) VALUES (8); END;
        CREATE TRIGGER begin AFTER INSERT ON "begin" WHEN NEW.begin BEGIN
        INSERT INTO 'log'(what) VALUES (NEW.begin); INSERT INTO seen VALUES (1); END"""
    files.make(f"{BANK}; {odd}")
    now = tmp_path / "now.db"
    now.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.execute("INSERT INTO begin VALUES (1, 1)")
    told = {each.table: str(each) for each in since.carry_over(files.before, now, files.after)}
    assert told == {"begin": "begin: 1 row carried over", "log": "log: 2 rows carried over"}
    for table in ("begin", "log", "sqlite_schema"):
        assert rows(files.after, f"SELECT * FROM {table}") == rows(now, f"SELECT * FROM {table}")
