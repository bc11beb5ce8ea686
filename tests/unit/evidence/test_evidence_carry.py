"""Rows carried back: exactly those that were shown, or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

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
