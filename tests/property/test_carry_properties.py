"""Whatever rows there are: what is brought back or carried over is there, and nothing else changed.

Tables come with every kind of key (and none), rows from a pool of values that collations, types
and NULL confuse. The oracle is a dictionary of rows by key, or a bag of rows; it knows nothing of
how a row is found again.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drydock import since
from drydock.evidence import carry
from drydock.evidence.anchor import CarryImpossible

PROFILE = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
KEYED = (
    "k INTEGER PRIMARY KEY, a {0}, b {1}",
    "k INTEGER PRIMARY KEY AUTOINCREMENT, a {0}, b {1}",
    "k TEXT PRIMARY KEY NOT NULL, a {0}, b {1}",
    "a {0}, k PRIMARY KEY, b {1}",
    "k INT, a {0}, b {1}, PRIMARY KEY (k) ",
    "k TEXT COLLATE NOCASE, a {0}, b {1}, PRIMARY KEY (k COLLATE BINARY)",
)
OTHERS = (
    "k, a {0}, b {1}",
    "k UNIQUE, a {0}, b {1}",
    "k UNIQUE ON CONFLICT REPLACE, a {0}, b {1}",
    "k TEXT COLLATE NOCASE UNIQUE, a {0}, b {1}",
    "k, a {0}, b {1}, UNIQUE (k, a)",
    "k, a {0}, b {1}, PRIMARY KEY (k, a)",
)
TYPES = ("", "TEXT", "INTEGER", "REAL", "BLOB", "TEXT COLLATE NOCASE")
VALUES = (None, 0, 1, 1.0, 1.5, -7, 2**53 + 1, "", "a", "A", "1", "007", "é", b"a", b"")
KEYS = (1, 2, 3, 4, 5, 6)
SPELLED = ("a", "A", "b", "1", "01", "é")


def filled(path: Path, schema: str, rows: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"CREATE TABLE t({schema})")
        connection.executemany("INSERT OR IGNORE INTO t(k, a, b) VALUES (?, ?, ?)", rows)


def changed(path: Path, changes: list[tuple[str, object, object]]) -> None:
    """Do what an application does, as far as the constraints allow it."""
    statements = {
        "insert": "INSERT OR IGNORE INTO t(k, a, b) VALUES (?, ?, ?)",
        "a": "UPDATE OR IGNORE t SET a = ?2 WHERE k IS ?1",
        "b": "UPDATE OR IGNORE t SET b = ?2 WHERE k IS ?1",
        "delete": "DELETE FROM t WHERE k IS ?1 AND ?2 IS ?2",
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for what, key, value in changes:
            if what == "vacuum":
                connection.execute("VACUUM")
            else:
                values = (key, value, value) if what == "insert" else (key, value)
                connection.execute(statements[what], values)


def read(path: Path) -> list[tuple[object, ...]]:
    """The rows to the bit: storage classes beside the values."""
    classes = ", ".join(f"typeof({name}), hex({name})" for name in "kab")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(f"SELECT {classes} FROM t").fetchall()


@st.composite
def cases(draw: st.DrawFn, schemas: tuple[str, ...]) -> tuple[str, list, list, list]:
    """A table, its rows, and two rounds of changes."""
    schema = draw(st.sampled_from(schemas)).format(*draw(st.tuples(*[st.sampled_from(TYPES)] * 2)))
    keys = st.sampled_from(KEYS if "k INT" in schema else SPELLED)
    if schemas is OTHERS:
        keys = st.one_of(st.none(), st.sampled_from((*KEYS, *SPELLED)))
    values = st.sampled_from(VALUES)
    rows = draw(st.lists(st.tuples(keys, values, values), min_size=1, max_size=6))
    kinds = st.sampled_from(("insert", "a", "b", "delete", *(["vacuum"] * (schemas is OTHERS))))
    rounds = [draw(st.lists(st.tuples(kinds, keys, values), max_size=5)) for _ in range(2)]
    return schema, rows, *rounds


@given(cases((*KEYED, *OTHERS)))
@PROFILE
def test_rows_that_are_brought_back_are_there_and_no_other_one_went(case):
    """All of the source's rows are there then, as often as they were; or nothing changed."""
    schema, rows, before, after = case
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.db", Path(folder) / "target.db"
        filled(source, schema, rows)
        target.write_bytes(source.read_bytes())
        changed(source, before)
        changed(target, after)
        wanted, had = Counter(read(source)), Counter(read(target))
        try:
            planned = carry.plan(source, target, "t")
            with closing(sqlite3.connect(target, isolation_level=None)) as connection:
                carry.apply([planned], connection)
        except CarryImpossible:
            assert Counter(read(target)) == had
            return
        now = Counter(read(target))
        assert not wanted - now
        assert now.total() == had.total() + planned.inserts
        assert (had - now).total() <= planned.updates
        again = carry.plan(source, target, "t")
        assert (again.inserts, again.updates) == (0, 0)


@given(cases(KEYED))
@PROFILE
def test_f48_what_was_written_since_is_carried_by_key_and_nothing_else(case):
    """Each value is the one that was written since, or else the one that the target had."""
    schema, rows, migration, written = case
    with tempfile.TemporaryDirectory() as folder:
        target, published, now = (Path(folder) / name for name in ("t.db", "p.db", "n.db"))
        filled(target, schema, rows)
        published.write_bytes(target.read_bytes())
        changed(published, migration)
        now.write_bytes(published.read_bytes())
        changed(now, written)
        had, was, new = (
            {row[:2]: row[2:] for row in read(path)} for path in (target, published, now)
        )
        told = since.carry_over(published, now, target)
        found = {row[:2]: row[2:] for row in read(target)}
        expected = dict(had)
        for key, row in new.items():
            if row == was.get(key):
                continue
            if key not in had:
                expected[key] = row
            elif key in was:
                pairs = zip(had[key], was[key], row, strict=True)
                changed_at = [one != two for one, two in zip(was[key], row, strict=True)]
                differs = [changed_at[0] or changed_at[1]] * 2 + [any(changed_at[2:])] * 2
                expected[key] = tuple(
                    fresh if is_new else old
                    for (old, _, fresh), is_new in zip(pairs, differs, strict=True)
                )
        assert found == expected, told
