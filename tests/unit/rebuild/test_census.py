"""What the rows say is counted in one pass, of every kind of value."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.rebuild import Database, census
from drydock.rebuild.refusals import LossyValuesError

VALUES = (
    "", " ", "a", "A", "0", "007", "1.10", "12", "å", "\0", "a\0b", b"", b"\0", b"12", 0, 12, -1,
    2**62, 1.5, 2.0, 1e300, None,
)  # fmt: skip


@pytest.mark.parametrize(
    "declared", ["", "TEXT", "TEXT COLLATE NOCASE", "x COLLATE RTRIM", "TEXT COLLATE mine", "REAL"]
)
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_text_is_told_by_the_order_of_types(declared, encoding):
    """As `typeof` tells it, whatever the collation, also of text left in a numeric column."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.create_collation("mine", lambda one, other: -1 if one != other else 0)
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        connection.execute(f"CREATE TABLE t(v {declared})")
        connection.executemany("INSERT INTO t VALUES (?)", [(value,) for value in VALUES])
        for then in (declared, "INTEGER"):
            connection.executescript(
                "PRAGMA writable_schema = ON;"
                f"UPDATE sqlite_master SET sql = 'CREATE TABLE t(v {then})';"
                "PRAGMA writable_schema = RESET;"
            )
            told, meant = connection.execute(
                f"SELECT count(*) FILTER (WHERE {census.is_text('v')}), "
                "count(*) FILTER (WHERE typeof(v) = 'text') FROM t"
            ).fetchone()
            assert told == meant > 0


def test_one_column_and_two_are_counted_alike():
    """Blobs and NULL keep their form; what loses information is counted with the rest."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE t(a TEXT, b TEXT)")
        rows = [("1", "2.0"), (b"1", None), (None, "7"), ("007", "8"), ("x", "9")]
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        table = Database(connection)["t"]
        with pytest.raises(LossyValuesError) as caught:
            table.plan(types={"a": "INTEGER"})
        assert caught.value.count == 2
        with pytest.raises(LossyValuesError) as caught:
            table.plan(types={"a": "INTEGER", "b": "INTEGER"})
        assert caught.value.count == 2
        for asked, changed in (
            ({"a": "INTEGER"}, {"a": 3}),
            ({"b": "REAL"}, {"b": 4}),
            ({"a": "INTEGER", "b": "REAL"}, {"a": 3, "b": 4}),
        ):
            plan = table.plan(types=asked, allow_lossy=True)
            assert dict(plan.changed) == changed
