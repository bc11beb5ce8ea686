"""The plans of the application's queries, on the database before and after a rehearsal.

Queries stand in the settings, with their parameters as ``?`` or ``:name``. EXPLAIN QUERY PLAN is
SQLite's own word (eqp.html); nothing is executed.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import connection
from drydock.review.finding import Finding
from drydock.review.registry import judge
from drydock.review.rules.plans import PlanChange
from drydock.review.situation import Known, Situation

if TYPE_CHECKING:
    from collections.abc import Sequence

_SETTINGS = Path("pyproject.toml")


def regressions(before: Path, after: Path, queries: Sequence[str]) -> tuple[Finding, ...]:
    """Return a finding for each query that scans more than before, or cannot run any more."""
    if not queries:
        return ()
    found: list[Finding] = []
    with (
        closing(connection.read_only(before)) as old,
        closing(connection.read_only(after)) as new,
    ):
        situation = Situation(new, new, Known())
        for query in queries:
            change = _change(old, new, query)
            if change is None:
                continue
            found += [
                Finding(
                    rule.name,
                    verdict.severity,
                    "queries",
                    _SETTINGS,
                    1,
                    verdict.evidence,
                    rule.why,
                    verdict.fix,
                )
                for rule, verdict in judge(change, situation)
            ]
    return tuple(found)


def _change(old: sqlite3.Connection, new: sqlite3.Connection, query: str) -> PlanChange | None:
    try:
        before = _plan(old, query)
    except sqlite3.Error:
        return None
    try:
        return PlanChange(query, before, _plan(new, query))
    except sqlite3.Error as error:
        return PlanChange(query, before, (), str(error))


def _plan(opened: sqlite3.Connection, query: str) -> tuple[str, ...]:
    explained = f"EXPLAIN QUERY PLAN {query}"
    try:
        return tuple(str(row[3]) for row in opened.execute(explained, defaultdict(lambda: None)))
    except sqlite3.ProgrammingError:
        blanks = [None] * query.count("?")
        return tuple(str(row[3]) for row in opened.execute(explained, blanks))
