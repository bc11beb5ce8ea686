"""Trees built again elsewhere: proved by their pages only where every entry is the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import evidence
from drydock.evidence import moved

ROWS = 4_000


@pytest.fixture(params=[512, 4096])
def before(tmp_path, request):
    path = tmp_path / "before.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size={request.param}")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("BEGIN")
        db.execute("CREATE TABLE quiet (x)")
        db.execute("CREATE TABLE trip (id INTEGER PRIMARY KEY, day DATE, cost, note TEXT)")
        db.executemany(
            "INSERT INTO trip VALUES (?, ?, ?, ?)",
            [(i, f"2026-{i % 12:02}", i * 7 % 1000, f"note {i}") for i in range(ROWS)],
        )
        db.execute("CREATE INDEX trip_cost ON trip (cost)")
        db.execute("CREATE INDEX trip_day ON trip (day DESC, cost)")
        db.execute("COMMIT")
    return path


REBUILD = (
    "CREATE TABLE trip_new (id INTEGER PRIMARY KEY, day DATE, cost CHECK (cost >= 0), note TEXT)",
    "INSERT INTO trip_new SELECT * FROM trip",
    "DROP TABLE trip",
    "ALTER TABLE trip_new RENAME TO trip",
    "CREATE INDEX trip_cost ON trip (cost)",
    "CREATE INDEX trip_day ON trip (day DESC, cost)",
)


def changed(before, *statements):
    after = before.with_name("after.db")
    after.write_bytes(before.read_bytes())
    with closing(sqlite3.connect(after, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
    return after


def test_a_rebuilt_table_with_the_same_rows_is_proved_without_comparing_a_row(before):
    """Pages under other numbers, the same entries: 4,000 rows kept, none compared."""
    found = evidence.compare(before, changed(before, *REBUILD))
    trip = found.table("trip")
    assert (trip.kept, trip.changed, trip.removed, trip.pages_proved) == (ROWS, 0, 0, True)
    assert found.rows_compared == 0
    assert not [problem for problem in found.integrity if problem.is_new]


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("UPDATE trip_new SET note = 'note X' WHERE id = 3999", {"changed": 1, "removed": 0}),
        ("DELETE FROM trip_new WHERE id = 0", {"changed": 0, "removed": 1}),
        ("UPDATE trip_new SET cost = 1.0 WHERE cost = 1 AND id > 3000", {"removed": 0}),
    ],
)
def test_one_different_row_in_a_rebuilt_table_is_found(before, statement, fact):
    """The last row, the first row, or 1 that became 1.0: never proved by pages."""
    after = changed(before, *REBUILD[:2], statement, *REBUILD[2:])
    trip = evidence.compare(before, after).table("trip")
    assert not trip.pages_proved
    assert trip.kept < ROWS
    for name, count in fact.items():
        assert getattr(trip, name) == count


def test_a_check_that_came_by_an_edit_of_the_schema_is_asked_of_rows_that_nobody_touched(before):
    """Identical pages prove the rows, not that they meet a new CHECK."""
    after = changed(
        before,
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'note TEXT', 'note TEXT CHECK (cost < 900)')"
        " WHERE name = 'trip'",
    )
    found = evidence.compare(before, after, options=evidence.Options(small_bytes=0))
    assert any("CHECK" in problem.text for problem in found.integrity if problem.is_new)


def test_an_index_whose_entries_were_damaged_is_still_found_by_integrity_check(before):
    """A moved index that is not the same is handed to SQLite's own check."""
    after = changed(before, *REBUILD)
    with closing(sqlite3.connect(after)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name='trip_cost'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    data = bytearray(after.read_bytes())
    page = data[(root - 1) * size : root * size]
    child = int.from_bytes(page[8:12], "big")
    data[child * size - 3] ^= 1  # the last bytes of an entry on the page furthest to the right
    after.write_bytes(data)
    found = evidence.compare(before, after)
    assert [problem for problem in found.integrity if problem.is_new]


def test_entries_that_spill_over_are_never_proved_by_their_first_page(tmp_path):
    """Equal local bytes say nothing of the overflow pages behind them."""
    before = tmp_path / "before.db"
    with closing(sqlite3.connect(before)) as db, db:
        db.execute("CREATE TABLE long (id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO long VALUES (?, ?)", [(i, "x" * 9000) for i in range(20)])
    after = changed(
        before,
        "CREATE TABLE long_new (id INTEGER PRIMARY KEY, text TEXT)",
        "INSERT INTO long_new SELECT * FROM long",
        "UPDATE long_new SET text = substr(text, 1, 8999) || 'y' WHERE id = 7",
        "DROP TABLE long",
        "ALTER TABLE long_new RENAME TO long",
    )
    assert evidence.compare(before, after).table("long").changed == 1


def test_a_page_with_a_spilled_entry_is_never_proved_by_its_bytes(tmp_path):
    """The same first part, and the same page behind it by number: no proof of that page."""
    path = tmp_path / "long.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE long (id INTEGER PRIMARY KEY, text TEXT)")
        db.execute("INSERT INTO long VALUES (1, ?)", ("x" * 9000,))
    page = path.read_bytes()[4096:8192]
    assert moved.entries_if_same(lambda _: page, lambda _: page, (2, 3), 4096, limit=50) is None


def test_a_tree_that_leads_in_a_circle_ends(tmp_path):
    """A damaged file cannot keep the comparison busy for ever."""
    page = bytearray(512)
    page[0] = 5  # an interior page of a table whose only child is itself
    page[5:7] = (512).to_bytes(2, "big")
    page[8:12] = (2).to_bytes(4, "big")
    assert (
        moved.entries_if_same(lambda _: bytes(page), lambda _: bytes(page), (2, 3), 512, limit=50)
        is None
    )
