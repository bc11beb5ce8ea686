"""The application's queries: searches that become scans, and queries that fail."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.review.plans import regressions


@pytest.fixture
def before(tmp_path):
    path = tmp_path / "before.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute('CREATE TABLE trip (id INTEGER PRIMARY KEY, day DATE, "odd name" TEXT)')
        db.executemany(
            "INSERT INTO trip (day) VALUES (?)", [(f"2026-01-{i:02}",) for i in range(1, 29)]
        )
        db.execute("CREATE INDEX trip_by_day ON trip (day)")
    return path


def changed(before, *statements):
    after = before.with_name("after.db")
    after.write_bytes(before.read_bytes())
    with closing(sqlite3.connect(after)) as db, db:
        for statement in statements:
            db.execute(statement)
    return after


def test_a_search_that_becomes_a_scan_is_a_warning_with_both_plans(before):
    """Dropping the index that a query used is told with SQLite's own words."""
    after = changed(before, "DROP INDEX trip_by_day")
    (found,) = regressions(before, after, ["SELECT * FROM trip WHERE day = :day"])
    assert (found.rule, found.severity) == ("plan-regressed", "warning")
    assert any("SEARCH trip USING INDEX trip_by_day" in fact for fact in found.evidence)
    assert any(fact.startswith("after: SCAN trip") for fact in found.evidence)


def test_a_query_that_cannot_run_any_more_is_an_error(before):
    """A dropped column that the application still asks for stops a review."""
    after = changed(before, "ALTER TABLE trip RENAME TO tour")
    (found,) = regressions(before, after, ["SELECT id FROM trip"])
    assert (found.rule, found.severity) == ("query-fails", "error")
    assert "after: no such table: trip" in found.evidence


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM trip WHERE day = ?",  # still searched
        "SELECT * FROM trip WHERE \"odd name\" = 'x'",  # scanned before, too
        "SELECT nonsense FROM nowhere",  # could not run before
    ],
)
def test_a_query_that_is_no_worse_than_before_is_silent(before, query):
    """An index under another name serves as well; what was broken before is no news."""
    after = changed(before, "DROP INDEX trip_by_day", "CREATE INDEX day_of_trip ON trip (day)")
    assert regressions(before, after, [query]) == ()


def test_two_kinds_of_parameters_are_understood(before):
    """``?`` and ``:name`` need no values to be explained."""
    after = changed(before, "DROP INDEX trip_by_day")
    queries = ["SELECT 1 FROM trip WHERE day = ? AND id > ?", "SELECT 1 FROM trip WHERE day = :a"]
    assert [each.rule for each in regressions(before, after, queries)][-1] == "plan-regressed"
