from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.schema import meaning
from drydock.schema.clauses import canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a  FROM\n\tt -- x", "select A /* y */ from T;"),
        ('"a b" + [c]', "`a b` + C"),
        ("((a > 0))", "a > 0"),
        ('"key"', "KEY"),
    ],
)
def test_texts_that_differ_only_in_writing_are_one(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'A'", "'a'"),
        ("'a  b'", "'a b'"),
        ("Å", "å"),
        ("(a) > (b)", "a) > (b"),
        ('"null"', "NULL"),
        ("a - -b", "a --b"),
        ("x'00'", "'00'"),
        ("'a'", '"a"'),
    ],
)
def test_texts_that_mean_something_else_stay_apart(one, other):
    assert canonical(one) != canonical(other)


SAME = [
    ("1", "'1'", "INTEGER"),
    ("0", "false", "BOOLEAN"),
    ("1", "1.0", "DECIMAL(10,2)"),
    ("1", "1.0", "REAL"),
    ("-1.50", "- 1.5", "NUMERIC"),
    ("'x'", '"x"', "TEXT"),
    ("'x'", "x", "TEXT"),
    ("0", "'0'", "TEXT"),
    ("1e3", "1000", "INTEGER"),
    ("NULL", None, "TEXT"),
]
APART = [
    ("0", "'0'", ""),
    ("'1'", "'1.0'", "TEXT"),
    ("1", "2", "INTEGER"),
    ("'X'", "'x'", "TEXT"),
    ("'null'", "NULL", "TEXT"),
    ("x'61'", "'a'", "BLOB"),
    ("''", "NULL", "TEXT"),
]


@pytest.mark.parametrize(("one", "other", "declared"), SAME)
def test_defaults_that_store_the_same_are_one(one, other, declared):
    assert meaning.default(one, declared) == meaning.default(other, declared)


@pytest.mark.parametrize(("one", "other", "declared"), APART)
def test_defaults_that_store_something_else_stay_apart(one, other, declared):
    assert meaning.default(one, declared) != meaning.default(other, declared)


@pytest.mark.parametrize(("one", "other", "declared"), SAME + APART)
def test_sqlite_agrees_on_what_a_default_stores(one, other, declared):
    """The judgement is held against what an INSERT really stored."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            f"CREATE TABLE t(n, a {declared} DEFAULT {one}, b {declared} DEFAULT {other or 'NULL'})"
        )
        connection.execute("INSERT INTO t(n) VALUES (1)")
        ((stored, beside),) = connection.execute(
            "SELECT typeof(a) || quote(a), typeof(b) || quote(b) FROM t"
        )
    assert (stored == beside) is ((one, other, declared) in SAME)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CURRENT_TIMESTAMP", "(current_timestamp)"),
        ("CURRENT_TIMESTAMP", "(datetime('now'))"),
        ("CURRENT_TIMESTAMP", "now()"),
        ("CURRENT_DATE", "date('now')"),
        ("(1 + 2)", "1+2"),
    ],
)
def test_default_expressions_compare_by_meaning(one, other):
    assert meaning.default(one, "TIMESTAMP") == meaning.default(other, "TIMESTAMP")


def test_a_default_now_is_not_the_string_of_that_name():
    assert meaning.default("CURRENT_TIMESTAMP", "TEXT") != meaning.default(
        "'CURRENT_TIMESTAMP'", "TEXT"
    )
