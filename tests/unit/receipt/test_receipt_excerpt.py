"""The picture on a receipt: whole where it can be, about the change where it cannot."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from drydock.receipt.excerpt import MOST_TABLES, excerpt
from drydock.schema.diagram import svg
from drydock.schema.difference import difference
from drydock.schema.inventory import inventory

MANY = "".join(f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY);" for n in range(100))
CHANGE = """
CREATE TABLE child (id INTEGER PRIMARY KEY, t5 INTEGER REFERENCES t5);
CREATE TABLE parent (id INTEGER PRIMARY KEY);
"""


def schema_of(sql):
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(sql)
        return inventory(db)


def drawn_tables(before, after):
    """Return the names on the picture of this change."""
    schema, changes = excerpt(after, difference(before, after))
    assert svg(schema, changes).startswith("<svg")
    return {table.name for table in schema.own_tables} | {
        each.subject for each in changes.of("-", "table")
    }


def test_a_schema_that_fits_is_shown_whole():
    before, after = (
        schema_of("CREATE TABLE a (x); CREATE TABLE b (x);"),
        schema_of("CREATE TABLE a (y)"),
    )
    assert drawn_tables(before, after) == {"a", "b"}


def test_of_a_large_schema_the_change_and_its_neighbours_are_shown():
    """Those that a changed table refers to and those that refer to it; what went as well."""
    before = schema_of(MANY + CHANGE + "CREATE TABLE gone (x);")
    edit = "ALTER TABLE t5 ADD COLUMN tag; ALTER TABLE parent ADD COLUMN t9 REFERENCES t9;"
    after = schema_of(MANY + CHANGE + edit)
    assert drawn_tables(before, after) == {"t5", "child", "parent", "t9", "gone"}


def test_a_change_of_everything_is_cut_to_what_a_page_holds():
    before = schema_of(MANY)
    after = schema_of(MANY.replace("KEY)", "KEY, tag TEXT)"))
    assert len(drawn_tables(before, after)) == MOST_TABLES
    assert len(drawn_tables(before, schema_of("CREATE TABLE t0 (id INTEGER PRIMARY KEY)"))) == (
        MOST_TABLES
    )


def test_a_large_schema_without_a_change_is_no_picture():
    """A hundred tables that did not change say nothing."""
    assert drawn_tables(schema_of(MANY), schema_of(MANY)) == set()
