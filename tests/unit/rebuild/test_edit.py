"""Every edit of a CREATE TABLE text changes what it is asked and no other byte."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.rebuild import edit
from drydock.rebuild.ddl import parse

TEXT = """CREATE TABLE t ( -- head
  a INTEGER PRIMARY KEY, -- of a
  [b] /* kind */ TEXT CONSTRAINT nn NOT NULL ON CONFLICT FAIL DEFAULT 'x, y', -- of b
  c,
  CONSTRAINT u UNIQUE (a, c), -- of u
  CHECK (t.c > 0) -- last
) STRICT, WITHOUT ROWID"""


def edited(change):
    """Return the lines that the edit took out and put in."""
    after = change(parse(TEXT)).render()
    old, new = TEXT.split("\n"), after.split("\n")
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_type_is_set_to_the_letter_and_the_comment_before_it_stays():
    gone, come = edited(lambda create: edit.set_type(create, "B", "VARCHAR (9)"))
    assert gone == [TEXT.split("\n")[2]]
    assert come == [gone[0].replace("TEXT", "VARCHAR (9)")]
    assert edited(lambda create: edit.set_type(create, "c", "INT"))[1] == ["  c INT,"]


def test_not_null_goes_with_its_name_and_conflict_clause():
    gone, come = edited(lambda create: edit.set_not_null(create, "b", wanted=False))
    assert come == [gone[0].replace(" CONSTRAINT nn NOT NULL ON CONFLICT FAIL", "")]
    assert edited(lambda create: edit.set_not_null(create, "b", wanted=True)) == ([], [])
    assert edited(lambda create: edit.set_not_null(create, "c", wanted=True))[1] == [
        "  c NOT NULL,"
    ]


def test_a_default_is_replaced_where_it_stands():
    gone, come = edited(lambda create: edit.set_default(create, "b", "5"))
    assert come == [gone[0].replace("'x, y'", "5")]
    assert "DEFAULT" not in edited(lambda create: edit.set_default(create, "b", None))[1][0]


def test_a_dropped_column_takes_its_own_comment_along_and_no_other():
    gone, come = edited(lambda create: edit.drop_columns(create, ["b"]))
    assert (gone, come) == ([TEXT.split("\n")[2]], [])


def test_what_becomes_last_loses_its_comma_and_keeps_its_comment():
    create = parse("CREATE TABLE t(a, -- of a\n b -- of b\n)")
    assert edit.drop_columns(create, ["b"]).render() == "CREATE TABLE t(a -- of a\n)"
    assert edit.drop_columns(create, ["a"]).render() == "CREATE TABLE t(b -- of b\n)"


def test_reordered_columns_move_with_their_comments_and_the_layout_stays():
    create = parse("CREATE TABLE t(\n  a, -- of a\n  -- before b\n  b -- of b\n)")
    assert edit.reorder(create, ["b"]).render() == (
        "CREATE TABLE t(\n  -- before b\n  b, -- of b\n  a -- of a\n)"
    )


def test_a_constraint_is_added_in_the_layout_of_the_others():
    gone, come = edited(lambda create: edit.add_constraint(create, "CHECK (c < 9)"))
    assert gone == ["  CHECK (t.c > 0) -- last"]
    assert come == ["  CHECK (t.c > 0), -- last", "  CHECK (c < 9)"]


def test_commas_that_an_author_left_out_stay_out():
    """Between table constraints the grammar lets them go."""
    create = parse("CREATE TABLE t(a, b, c, CHECK (a) UNIQUE (a) CHECK (c))")
    assert edit.drop_columns(create, ["b"]).render() == (
        "CREATE TABLE t(a, c, CHECK (a) UNIQUE (a) CHECK (c))"
    )
    assert edit.reorder(create, ["c"]).render() == (
        "CREATE TABLE t(c, a, b, CHECK (a) UNIQUE (a) CHECK (c))"
    )
    assert edit.add_constraint(create, "CHECK (b)").render() == (
        "CREATE TABLE t(a, b, c, CHECK (a) UNIQUE (a) CHECK (c), CHECK (b))"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["c"], "CREATE TABLE t(a INT, b, c PRIMARY KEY)"),
        (["b", "c"], "CREATE TABLE t(a INT, b, c, PRIMARY KEY (b, c))"),
        ([], "CREATE TABLE t(a INT, b, c)"),
    ],
)
def test_a_primary_key_replaces_the_one_before(names, expected):
    for text in (
        "CREATE TABLE t(a INT PRIMARY KEY DESC AUTOINCREMENT, b, c)",
        "CREATE TABLE t(a INT, b, c, PRIMARY KEY (a))",
    ):
        assert edit.set_primary_key(parse(text), names).render() == expected


def test_autoincrement_is_set_in_either_form_of_key():
    for text in ("id INTEGER PRIMARY KEY{}", "id INTEGER, x, PRIMARY KEY (id{})"):
        plain = f"CREATE TABLE t({text.format('')})"
        counting = f"CREATE TABLE t({text.format(' AUTOINCREMENT')})"
        assert edit.set_autoincrement(parse(plain), wanted=True).render() == counting
        assert edit.set_autoincrement(parse(counting), wanted=False).render() == plain


def test_table_options_come_and_go_one_by_one():
    create = parse(TEXT)
    assert edit.set_option(create, ("STRICT",), wanted=False).options == ") WITHOUT ROWID"
    assert edit.set_option(create, ("WITHOUT", "ROWID"), wanted=False).options == ") STRICT"
    both = edit.set_option(parse("CREATE TABLE t(a)"), ("STRICT",), wanted=True)
    assert edit.set_option(both, ("WITHOUT", "ROWID"), wanted=True).options == (
        ") STRICT, WITHOUT ROWID"
    )


def test_storage_stores_alike_and_judges_nothing():
    """No CHECK, NOT NULL or key could refuse or swallow a row while it is copied (F17)."""
    create = parse(
        "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE NOCASE NOT NULL "
        "UNIQUE ON CONFLICT REPLACE REFERENCES p, g AS (t.b || t.a) STORED, CHECK (t.a > 9))"
    )
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(edit.storage(create, "new t", rowid_alias="a", uniques=False))
        rows = [(1, None), (2, "x"), (3, "X")]
        connection.executemany('INSERT INTO "new t"(a, b) VALUES (?, ?)', rows)
        assert connection.execute('SELECT a, b, g FROM "new t" WHERE b = "X"').fetchall() == [
            (2, "x", "x2"), (3, "X", "X3"),
        ]  # fmt: skip
    assert "UNIQUE ON CONFLICT REPLACE" in edit.storage(
        create, "new t", rowid_alias=None, uniques=True
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a", "a"),
        ("Å", "Å"),
        ("order", '"order"'),
        ("a b", '"a b"'),
        ('q"', '"q"""'),
        ("", '""'),
        ("1a", '"1a"'),
    ],
)
def test_a_name_is_quoted_only_where_it_cannot_stand_bare(name, written):
    assert edit.spell(name) == written
