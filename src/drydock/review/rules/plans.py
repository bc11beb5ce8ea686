"""The application's own queries: a plan that turns from a search into a scan.

Judged on two copies, from before and after the rehearsal; a query that could not be prepared
before is passed over, and one that cannot be prepared any more is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.review.finding import Verdict
from drydock.review.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.review.situation import Situation


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One query of the settings, with its plan before and after; no plan after: it fails now."""

    query: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    error: str = ""


@rule(
    "plan-regressed",
    PlanChange,
    severity="warning",
    why="a query of the application reads whole tables where it used an index before",
    evidence="the query's plan before and after, as SQLite tells it",
    example="DROP INDEX trips_by_day;  -- with queries = [\"SELECT * FROM trips WHERE day = '…'\"]",
)
def plan_regressed(change: PlanChange, s: Situation) -> Iterator[Verdict]:
    """More tables are scanned than before."""
    del s
    if change.error or _scans(change.after) <= _scans(change.before):
        return
    yield Verdict(
        "warning",
        (
            change.query,
            f"before: {'; '.join(change.before)}",
            f"after: {'; '.join(change.after)}",
        ),
        "keep the index it used, or add one for its condition: CREATE INDEX …",
    )


@rule(
    "query-fails",
    PlanChange,
    severity="error",
    why="a query of the application cannot run on the new schema",
    evidence="the query and what SQLite says",
    example='ALTER TABLE trips DROP COLUMN day;  -- with queries = ["SELECT day FROM trips"]',
)
def query_fails(change: PlanChange, s: Situation) -> Iterator[Verdict]:
    """It was prepared before and is refused now."""
    del s
    if change.error:
        yield Verdict(
            "error",
            (change.query, f"after: {change.error}"),
            "change the query with the schema, or keep what it names",
        )


def _scans(plan: tuple[str, ...]) -> int:
    return sum(step.startswith("SCAN ") and " USING " not in step for step in plan)
