"""What households plan and look back on: budgets, income, funds, reflections, goals.

Totals are those of the transactions that are there; nothing is made up that can be added up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.sample import world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from backend.sample.transactions import Row

BUDGET_COLUMNS = (
    "household",
    "month",
    "category",
    "amount",
    "rollover",
    "created_at",
    "updated_at",
)
INCOME_COLUMNS = (
    "household",
    "month",
    "source",
    "amount",
    "received_on",
    "spreadsheet_row",
    "created_at",
)
REFLECTION_COLUMNS = (
    "household",
    "month",
    "mood",
    "went_well",
    "to_improve",
    "total_spent",
    "created_at",
    "buddy_insights",
    "total_income",
    "total_saved",
)
FUND_COLUMNS = (
    "id",
    "household",
    "name",
    "target_amount",
    "target_date",
    "monthly_contribution",
    "is_active",
    "created_at",
    "updated_at",
)
FUND_TRANSACTION_COLUMNS = (
    "fund_id",
    "transaction_id",
    "date",
    "amount",
    "kind",
    "note",
    "created_at",
)
GOAL_COLUMNS = (
    "household",
    "title",
    "dimension_kind",
    "dimension_detail",
    "dimension",
    "target_amount",
    "due",
    "status",
    "source_message",
    "created_at",
)
SPREADSHEET_UNTIL = "2023-01"
WELL = ("Cooked at home", "No impulse buys", "Sold the old bike", "Nothing, really")
IMPROVE = ("Fewer late-night orders", "Cancel what we don't watch", "Plan the week's meals", None)
GOALS = (
    ("Spend less on {0}", "category", "Dining Out", 180),
    ("Stop paying for {0}", "merchant", "Cloud Backup", None),
    ("Save for {0}", "Fund ", "Roof", 9000),
    ("No spending on Sundays", "category", None, None),
    ("Keep {0} under control", "category", " Groceries", 600),
)


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """A household's month, added up from its transactions."""

    spent: float
    income: float
    saving: int | None
    """The id of the month's last transfer into savings, if any."""


def budgets(rng: Random, households: Sequence[str], renamed: Mapping[str, str]) -> Iterator[Row]:
    """Yield what each household meant to spend in each month, prices rising."""
    for year, month in enumerate(world.months()):
        at = f"{month}-01 08:00:00"
        for household in households:
            for category, amount in world.BUDGETS:
                planned = round(amount * (1 + year / 400) * rng.uniform(0.9, 1.1), 2)
                name = renamed.get(category, category)
                yield household, month, name, planned, int(category == "Travel"), at, at


def income(rng: Random, households: Sequence[str]) -> Iterator[Row]:
    """Yield each household's salary, and now and then a second source."""
    row = 1
    for month in world.months():
        imported = month < SPREADSHEET_UNTIL
        for household in households:
            sources = ("Payroll", "Flea market") if rng.random() < 0.15 else ("Payroll",)
            for source in sources:
                row += 1
                least, most = (2800, 5200) if source == "Payroll" else (20, 300)
                yield (
                    household,
                    month,
                    source,
                    round(rng.uniform(least, most), 2),
                    f"{month}-25",
                    row if imported else None,
                    f"{month}-25 18:00:00",
                )


def reflections(rng: Random, totals: Mapping[tuple[str, str], MonthTotals]) -> Iterator[Row]:
    """Yield the page of three months in four."""
    for (household, month), total in totals.items():
        if rng.random() < 0.25:
            continue
        yield (
            household,
            month,
            rng.randint(1, 5),
            rng.choice(WELL),
            rng.choice(IMPROVE),
            total.spent,
            f"{month}-28 20:00:00",
            f"You spent {total.spent:.2f} in {month}.",
            total.income,
            round(total.income - total.spent, 2),
        )


def funds(households: Sequence[str]) -> Iterator[Row]:
    """Yield what each household saves for."""
    at = "2021-05-15 12:00:00"
    for index, household in enumerate(households):
        for number, (name, target) in enumerate(world.FUNDS, start=1):
            monthly = round(target / 36, 2)
            active = int(name != "Dentist")
            fund = index * len(world.FUNDS) + number
            yield fund, household, name, target, "2027-06-30", monthly, active, at, at


def fund_transactions(
    households: Sequence[str], totals: Mapping[tuple[str, str], MonthTotals]
) -> Iterator[Row]:
    """Yield each month's contribution, and every tenth month a withdrawal."""
    index = {household: number for number, household in enumerate(households)}
    for turn, ((household, month), total) in enumerate(totals.items()):
        for number, (name, target) in enumerate(world.FUNDS, start=1):
            fund = index[household] * len(world.FUNDS) + number
            kind = "withdrawal" if turn % 10 == 9 else "contribution"
            linked = total.saving if number == 1 else None
            note = f"{name}: it's raining in" if (turn, number) == (9, 1) else None
            yield (
                fund,
                linked,
                f"{month}-02",
                round(target / 36, 2),
                kind,
                note,
                f"{month}-02 06:00:00",
            )


def goals(rng: Random, households: Sequence[str], renamed: Mapping[str, str]) -> Iterator[Row]:
    """Yield the goals that each household set in the chat, some of them half said."""
    for household in households:
        for title, kind, detail, amount in GOALS:
            named = renamed.get(detail, detail) if detail else None
            due = dt.date(2026, 12, 31) - dt.timedelta(days=rng.randrange(500))
            whole = title.format((named or "").strip())
            yield (
                household,
                whole,
                kind,
                named,
                f"{kind.strip().lower()}:{(named or '*').strip()}",
                amount,
                due.isoformat() if rng.random() < 0.8 else None,
                rng.choice(("active", "active", "reached", "abandoned")),
                f'"{whole}, please" … from the chat',
                f"2024-{rng.randint(1, 12):02d}-10 19:30:00",
            )
