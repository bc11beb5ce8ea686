"""A declared type has the affinity that SQLite itself gives it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.affinity import affinity


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("VARCHAR(20)", "TEXT"), ("DECIMAL(10,2)", "NUMERIC"), ("DATE", "NUMERIC"),
        ("FLOATING POINT", "INTEGER"), ("DOUBLE", "REAL"), ("", "BLOB"), ("CHARINT", "INTEGER"),
        ("BLOB", "BLOB"), ("STRING", "NUMERIC"), ("boolean", "NUMERIC"), ("float", "REAL"),
        ('"\u0131nteger"', "NUMERIC"), ('"\ufb02oat"', "NUMERIC"),
    ],
)  # fmt: skip
def test_affinity_is_sqlites(declared, expected):
    """Checked against SQLite itself: CREATE TABLE AS writes the affinity of its source.

    Only A to Z count: a letter that Python alone would take for an I is none.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(f"CREATE TABLE s(c {declared}); CREATE TABLE t AS SELECT c FROM s")
        ((written,),) = connection.execute("SELECT type FROM pragma_table_info('t')")
    named = {"TEXT": "TEXT", "NUM": "NUMERIC", "INT": "INTEGER", "REAL": "REAL", "": "BLOB"}
    assert affinity(declared.strip('"')) == named[written] == expected


def test_any_keeps_what_it_is_given_in_a_strict_table():
    """Elsewhere it is a word like another."""
    assert affinity("ANY", strict=True) == "BLOB"
    assert affinity("ANY") == "NUMERIC"
