"""The weeks of the sample: their summaries, and the reflections and plans of some of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.sample import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from random import Random

    from backend.sample.transactions import Row

SUMMARY_COLUMNS = (
    "household",
    "week_start",
    "total_spent",
    "total_income",
    "top_category",
    "transaction_count",
    "created_at",
    "buddy_insights",
)
REFLECTION_COLUMNS = (
    "id",
    "household",
    "week_start",
    "proud_of",
    "surprised_by",
    "mood",
    "created_at",
)
PLAN_COLUMNS = (
    "household",
    "week_start",
    "reflection_id",
    "focus_category",
    "spending_limit",
    "status",
    "created_at",
)
PROUD = ("Lunch from home all week", "Sold two chairs", "Walked instead of driving", None)
SURPRISED = ("The heating bill", 'What "just a coffee" adds up to', "A refund of 12.40", None)


@dataclass(frozen=True, slots=True)
class CategoryWeek:
    """A household's week in one category, added up from its transactions."""

    household: str
    week_start: str
    category: str
    spent: float
    income: float
    count: int


def summaries(weeks: Iterable[CategoryWeek]) -> Iterator[Row]:
    """Yield a summary for each household and week, from parts that stand together."""
    parts: list[CategoryWeek] = []
    for part in weeks:
        if parts and (part.household, part.week_start) != (
            parts[0].household,
            parts[0].week_start,
        ):
            yield _summary(parts)
            parts = []
        parts.append(part)
    if parts:
        yield _summary(parts)


def _summary(parts: Sequence[CategoryWeek]) -> Row:
    top = max(parts, key=lambda part: part.spent)
    count = sum(part.count for part in parts)
    sunday = dt.date.fromisoformat(parts[0].week_start) + dt.timedelta(days=6)
    category = top.category if top.spent > 0 else None
    return (
        parts[0].household,
        parts[0].week_start,
        round(sum(part.spent for part in parts), 2),
        round(sum(part.income for part in parts), 2),
        category,
        count,
        f"{sunday} 18:00:00",
        f"{count} purchases, most of them {category}." if category else None,
    )


def reflections_and_plans(
    rng: Random, households: Sequence[str], renamed: Mapping[str, str]
) -> tuple[list[Row], list[Row]]:
    """Return the reflections of about half of the weeks, and the plans that followed."""
    reflections: list[Row] = []
    plans: list[Row] = []
    for week in world.weeks():
        following = week + dt.timedelta(weeks=1)
        for household in households:
            written = rng.random() < 0.5
            if written:
                reflections.append(
                    (
                        len(reflections) + 1,
                        household,
                        week.isoformat(),
                        rng.choice(PROUD),
                        rng.choice(SURPRISED),
                        rng.randint(1, 5),
                        f"{week + dt.timedelta(days=6)} 19:00:00",
                    )
                )
            if rng.random() < 0.4:
                category = rng.choice(world.BUDGETS)[0]
                plans.append(
                    (
                        household,
                        following.isoformat(),
                        len(reflections) if written else None,
                        renamed.get(category, category),
                        rng.randrange(20, 300, 5),
                        rng.choice(("kept", "missed", "kept")),
                        f"{week + dt.timedelta(days=6)} 19:10:00",
                    )
                )
    return reflections, plans
