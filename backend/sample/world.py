"""The households, banks and shops of the sample, as data.

Names are awkward on purpose: apostrophes, ampersands, umlauts and quotes are what real rows have.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

FIRST_DAY = dt.date(2021, 1, 1)
LAST_DAY = dt.date(2026, 10, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1

ROWS_A_HOUSEHOLD = 5_000
"""Transactions of one household in these years; a larger sample has more households."""

FAMILIES = (
    "Home",
    "O'Brien",
    "Åkesson",
    "Smith & Daughters",
    'The "Old Mill" flat',
    "Nguyễn",
    "García López",
    "Weber-Tanaka",
)
BANKS = (
    "First Platypus Bank",
    "Houndstooth Bank",
    "Tartan Credit Union",
    "Tattersall Federal",
    "Windowpane Savings",
    "Gingham & Sons",
)
ACCOUNTS = (
    ("Everyday Checking", "checking"),
    ("Rainy Day Savings", "savings"),
    ("Cashback Card", "credit"),
    ("Car Loan", "loan"),
)
FUNDS = (("Roof", 9000), ("Car", 4800), ("Holidays", 2400), ("Dentist", 600))
SUBSCRIPTIONS = (
    ("Netflix.com", Decimal("15.99"), "monthly"),
    ("SPOTIFY P0D1", Decimal("10.99"), "monthly"),
    ("Gym & Sauna", Decimal("39.00"), "monthly"),
    ("Cloud Backup", Decimal("99.00"), "yearly"),
    ("Veg Box", Decimal("24.50"), "weekly"),
)
TRIPS = ("lisbon", "oslo-fjord", "nan's 80th", "kyoto")


@dataclass(frozen=True, slots=True)
class Shop:
    """Where money goes: how often, and how much at a time."""

    merchant: str
    category: str
    weight: int
    least: int
    most: int


SHOPS = (
    Shop("Corner Market", "Groceries", 60, 5, 60),
    Shop("Whole Harvest", "Groceries", 45, 15, 140),
    Shop("Warehouse Club", "Groceries", 18, 60, 320),
    Shop("Trattoria da Lucia", "Dining Out", 22, 18, 95),
    Shop("Noodle Bar 88", "Dining Out", 26, 9, 38),
    Shop("Café Zoë", "Dining Out", 34, 3, 16),
    Shop("City Transit", "Transport", 40, 2, 6),
    Shop("Shell", "Transport", 20, 25, 80),
    Shop("Bike Repair Co-op", "Transport", 3, 15, 120),
    Shop("City Power & Light", "Utilities", 7, 40, 180),
    Shop("Water Works", "Utilities", 5, 20, 70),
    Shop("FiberNet", "Utilities", 6, 45, 60),
    Shop("Maple Street Rentals", "Housing", 6, 1100, 1900),
    Shop("Hardware Barn", "Household", 10, 6, 150),
    Shop("Linen & Loaf", "Household", 8, 10, 90),
    Shop("Dr. Nakamura", "Health", 5, 30, 220),
    Shop("Pharmacy Plus", "Health", 12, 4, 60),
    Shop("Netflix.com", "Subscriptions", 6, 16, 16),
    Shop("SPOTIFY P0D1", "Subscriptions", 6, 11, 11),
    Shop("Gym & Sauna", "Subscriptions", 6, 39, 39),
    Shop("Bookshop by the Canal", "Fun", 12, 8, 60),
    Shop("Cinema Rex", "Fun", 8, 11, 45),
    Shop("TAP Air Portugal", "Travel", 3, 90, 700),
    Shop("Hotel Miramar", "Travel", 3, 120, 900),
    Shop("Rainy Day Savings", "Savings", 8, 50, 400),
    Shop("Card payment", "Transfer", 6, 200, 1500),
)
PAY = Shop("Payroll", "Salary", 9, 1800, 4200)

BUDGETS = (
    ("Groceries", 650),
    ("Dining Out", 220),
    ("Transport", 180),
    ("Utilities", 240),
    ("Housing", 1600),
    ("Household", 120),
    ("Health", 90),
    ("Subscriptions", 70),
    ("Fun", 110),
    ("Travel", 200),
)


def households(rows: int) -> tuple[str, ...]:
    """Return the names of the households that `rows` transactions belong to."""
    count = max(3, rows // ROWS_A_HOUSEHOLD)
    return tuple(
        FAMILIES[index % len(FAMILIES)] + (f" {turn + 1}" if turn else "")
        for index in range(count)
        for turn in (index // len(FAMILIES),)
    )


def months() -> tuple[str, ...]:
    """Return each month of the sample, as 2026-10."""
    return tuple(
        f"{year}-{month:02d}"
        for year in range(FIRST_DAY.year, LAST_DAY.year + 1)
        for month in range(1, 13)
        if (year, month) <= (LAST_DAY.year, LAST_DAY.month)
    )


def weeks() -> tuple[dt.date, ...]:
    """Return the Monday of each week of the sample."""
    monday = FIRST_DAY + dt.timedelta(days=-FIRST_DAY.weekday() % 7)
    return tuple(
        monday + dt.timedelta(weeks=week) for week in range((LAST_DAY - monday).days // 7 + 1)
    )
