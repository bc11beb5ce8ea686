"""The transactions of the sample, oldest first, as tuples ready to be inserted.

It refuses to hold them all: rows are made as they are taken, so that memory stays flat at any size.
"""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import TYPE_CHECKING

from backend.sample import world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

COLUMNS = (
    "household",
    "date",
    "description",
    "merchant",
    "amount",
    "category",
    "is_income",
    "notes",
    "created_at",
    "updated_at",
    "account_id",
    "plaid_transaction_id",
    "pending",
    "trip_tag",
)
NOTES = ("for the kids", 'paid back by "Zoë"', "receipt in the blue folder", "50% off; returned?")
PENDING_DAYS = 4
BATCH = 1_000

Row = tuple[str | int | float | None, ...]


def rows(
    rng: Random, count: int, accounts: Mapping[str, Sequence[int]], renamed: Mapping[str, str]
) -> Iterator[Row]:
    """Yield `count` rows in the order of `COLUMNS`.

    Args:
        rng: Where chance comes from.
        count: How many.
        accounts: The ids of the accounts of each household.
        renamed: Categories that a later migration has renamed, old name to new.
    """
    names = tuple(accounts)
    shops = (*world.SHOPS, world.PAY)
    weights = tuple(accumulate(shop.weight for shop in shops))
    days = [_day(number) for number in range(world.DAYS)]
    chance = rng.random
    for index in range(count):
        if index % BATCH == 0:
            visits = iter(rng.choices(shops, cum_weights=weights, k=BATCH))
        day, recent, trip = days[index * world.DAYS // count]
        household = names[int(chance() * len(names))]
        shop = next(visits)
        luck = chance()
        by_hand = luck < 0.1
        earned = shop is world.PAY
        amount = round(shop.least + chance() * (shop.most - shop.least), 2)
        category = renamed.get(shop.category, shop.category)
        owned = accounts[household]
        at = f"{day} {7 + int(luck * 14):02d}:{index % 60:02d}:00"
        yield (
            household,
            day,
            f"{shop.merchant.upper()} #{1000 + int(luck * 9000)}",
            shop.merchant if luck < 0.97 else None,
            amount if earned else -amount,
            category.lower() if luck > 0.995 else category,
            int(earned),
            _note(luck, amount),
            at,
            at,
            None if by_hand else owned[int(chance() * len(owned))],
            None if by_hand else f"txn_{index:08x}",
            int(recent and not by_hand),
            trip if shop.category == "Travel" else None,
        )


def _day(number: int) -> tuple[str, bool, str]:
    day = world.FIRST_DAY + dt.timedelta(days=number)
    trip = f"{world.TRIPS[(number // 45) % len(world.TRIPS)]} {day.year}"
    return day.isoformat(), number >= world.DAYS - PENDING_DAYS, trip


def _note(luck: float, amount: float) -> str | None:
    """Return what one row in twenty-five has: a remark, or a split written by hand."""
    if not 0.5 < luck < 0.54:
        return None
    if luck < 0.51 and amount > 2:
        return f"split: {int(amount) // 2} household"
    return NOTES[int(luck * 1000) % len(NOTES)]
