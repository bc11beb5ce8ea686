"""Institutions, accounts, their log, and the subscriptions that are paid from them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from backend.sample import world

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from backend.sample.transactions import Row

INSTITUTION_COLUMNS = (
    "id",
    "household",
    "name",
    "plaid_item_id",
    "status",
    "last_synced_at",
    "created_at",
)
ACCOUNT_COLUMNS = (
    "id",
    "institution_id",
    "plaid_account_id",
    "name",
    "kind",
    "mask",
    "currency",
    "balance",
    "is_hidden",
    "created_at",
    "updated_at",
)
LOG_COLUMNS = ("institution_id", "account_id", "event", "detail", "logged_at")
SUBSCRIPTION_COLUMNS = (
    "household",
    "merchant",
    "account_id",
    "typical_amount",
    "frequency",
    "first_seen",
    "last_seen",
    "confidence",
    "is_active",
    "created_at",
)
BANKS_A_HOUSEHOLD = 2
LINKED_AT = "2021-09-18 10:00:00"
SYNCED_AT = f"{world.LAST_DAY} 04:30:00"


def account_ids(households: Sequence[str]) -> dict[str, range]:
    """Return the ids of the accounts of each household."""
    each = BANKS_A_HOUSEHOLD * len(world.ACCOUNTS)
    return {
        name: range(1 + index * each, 1 + (index + 1) * each)
        for index, name in enumerate(households)
    }


def institutions(rng: Random, households: Sequence[str]) -> Iterator[Row]:
    """Yield two banks for each household; one in six wants to be logged in again."""
    for index, household in enumerate(households):
        for bank in range(BANKS_A_HOUSEHOLD):
            number = index * BANKS_A_HOUSEHOLD + bank + 1
            name = world.BANKS[(number * 5) % len(world.BANKS)]
            status = "connected" if rng.random() > 1 / 6 else "login_required"
            yield number, household, name, f"item-{number:06d}", status, SYNCED_AT, LINKED_AT


def accounts(
    rng: Random, households: Sequence[str], *, masks_as_text: bool, currency_required: bool
) -> Iterator[Row]:
    """Yield the accounts of each bank; one mask in eight begins with a zero."""
    total = len(households) * BANKS_A_HOUSEHOLD * len(world.ACCOUNTS)
    for index in range(total):
        name, kind = world.ACCOUNTS[index % len(world.ACCOUNTS)]
        mask = rng.randrange(1000) if index % 8 == 0 else rng.randrange(1000, 10_000)
        known = "EUR" if index % 11 == 3 else "USD"
        yield (
            index + 1,
            index // len(world.ACCOUNTS) + 1,
            f"acc-{index + 1:06d}",
            name,
            kind,
            f"{mask:04d}" if masks_as_text else mask,
            known if currency_required or index % 3 else None,
            round(rng.uniform(-2500, 9000), 2),
            int(index % 17 == 16),
            LINKED_AT,
            SYNCED_AT,
        )


def connection_log(rng: Random, households: Sequence[str]) -> Iterator[Row]:
    """Yield that each account was linked, and each month's synchronisation of each bank."""
    banks = len(households) * BANKS_A_HOUSEHOLD
    for number in range(banks * len(world.ACCOUNTS)):
        yield number // len(world.ACCOUNTS) + 1, number + 1, "linked", None, LINKED_AT
    for month in world.months():
        for bank in range(1, banks + 1):
            failed = rng.random() < 0.08
            detail = "ITEM_LOGIN_REQUIRED: the login details have changed" if failed else None
            event = "failed" if failed else "synced"
            yield bank, None, event, detail, f"{month}-{1 + bank % 28:02d} 04:30:00"


def subscriptions(rng: Random, households: Sequence[str]) -> Iterator[Row]:
    """Yield the charges that come back to each household."""
    ids = account_ids(households)
    for household in households:
        for merchant, amount, frequency in world.SUBSCRIPTIONS:
            first = world.FIRST_DAY + dt.timedelta(days=rng.randrange(900))
            active = rng.random() > 0.2
            last = world.LAST_DAY if active else first + dt.timedelta(days=rng.randrange(900))
            yield (
                household,
                merchant,
                rng.choice(ids[household]),
                str(amount),
                frequency,
                first.isoformat(),
                last.isoformat(),
                round(rng.uniform(0.6, 1), 3),
                int(active),
                f"{first} 05:00:00",
            )
