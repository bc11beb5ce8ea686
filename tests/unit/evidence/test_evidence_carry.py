"""Rows carried back: exactly those that were shown, or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import since
from drydock.evidence import carry
from drydock.evidence.carrying import CarryImpossible

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
        carry.apply(planned, connection)
        assert not connection.in_transaction
        assert [row[1] for row in connection.execute("PRAGMA database_list")] == ["main"]


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


def test_a_row_that_only_a_hidden_rowid_names_is_never_overwritten(files):
    """Another row may stand there by now: it is told, and only missing rows are inserted."""
    files.make(
        SHOP, "UPDATE log SET line = 'other' WHERE rowid = 1; DELETE FROM log WHERE rowid = 2"
    )
    planned = plan(files, "log")
    assert (planned.inserts, planned.updates) == (1, 0)
    assert [(left.what, left.count) for left in planned.left_behind] == [("differing row", 1)]
    apply(files, planned)
    assert rows(files.after, "SELECT rowid, line FROM log") == [(1, "other"), (2, "second")]


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
    assert "1 row that was deleted since may be there again" in str(told)
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
        carry.apply(planned, connection)
        assert connection.execute("SELECT balance FROM account").fetchall() == [(5,), (18,)]
    files.after.write_bytes(before)
    with closing(sqlite3.connect(files.after, isolation_level=None)) as connection:
        carry.apply(planned, connection, silent=True)
        assert connection.execute("SELECT balance FROM account").fetchall() == [(5,), (9,)]
        assert connection.execute("PRAGMA writable_schema").fetchone() == (0,)
        with pytest.raises(CarryImpossible, match="was changed since"):
            carry.apply(planned, connection, silent=True)
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


def test_a_trigger_that_cannot_be_silenced_stops_the_carrying(files, tmp_path):
    """Its text has two beginnings; rows are left rather than written twice."""
    odd = """CREATE TRIGGER odd AFTER INSERT ON beginning WHEN NEW.begin BEGIN
        INSERT INTO log(what) VALUES (NEW.begin); END"""
    files.make(f"{BANK}; CREATE TABLE beginning(id INTEGER PRIMARY KEY, begin); {odd}")
    now = tmp_path / "now.db"
    now.write_bytes(files.after.read_bytes())
    with closing(sqlite3.connect(now, isolation_level=None)) as connection:
        connection.execute("INSERT INTO beginning VALUES (1, 1)")
    told = {each.table: each for each in since.carry_over(files.before, now, files.after)}
    assert "the trigger odd cannot be kept from writing to log" in str(told["beginning"])
    assert rows(files.after, "SELECT * FROM beginning") == []
    assert rows(files.after, "SELECT * FROM sqlite_schema") == rows(
        now, "SELECT * FROM sqlite_schema"
    )
