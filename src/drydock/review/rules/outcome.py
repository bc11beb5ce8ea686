"""What is told of a rehearsal's outcome: that a run would refuse it.

Judged on the evidence, once all has run; the decision itself is `drydock.inspection`'s.
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
class Undeclared:
    """A loss in the evidence that nothing covers: what it is, and where to declare it."""

    evidence: tuple[str, ...]
    directive: str
    table: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Unsound:
    """Damage, or rows without their parent, that the migrations brought."""

    evidence: tuple[str, ...]
    table: str | None


@rule(
    "undeclared-loss",
    Undeclared,
    severity="error",
    why="a run stops before publish: the rehearsal lost data that no rule foresaw or file declares",
    evidence="what was lost in the rehearsal, and some of it",
    example="INSERT OR REPLACE INTO trips(id, title) VALUES (9, 'Oslo');  -- where title is UNIQUE",
)
def undeclared_loss(change: Undeclared, s: Situation) -> Iterator[Verdict]:
    """A loss that only the rehearsal's evidence shows; the directive is that of its own rule."""
    del s
    yield Verdict(
        "error",
        change.evidence,
        f"mend the migration; or declare it in {change.directive}",
        table=change.table,
        column=change.column,
        destructive=True,
    )


@rule(
    "unsound",
    Unsound,
    severity="error",
    why="a run stops before publish: what the rehearsal left is not sound",
    evidence="what SQLite's checks say of the rehearsed database and not of the one before",
    example="INSERT INTO notes VALUES (9, 'x');  -- while fts5(body, content='notes') is not told",
)
def unsound(change: Unsound, s: Situation) -> Iterator[Verdict]:
    """Damage and orphans that were not there before the rehearsal."""
    del s
    yield Verdict("error", change.evidence, "mend the migration", table=change.table)
