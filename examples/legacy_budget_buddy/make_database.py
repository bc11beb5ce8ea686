"""Makes budget_buddy.db as it is found in the wild: some scripts have been run, others have not.

    python make_database.py [--path P] [--rows N] [--seed S]

The same arguments give the same rows. APPLIED names the scripts whose effect is in the database;
nothing in the database says so. It refuses an existing file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

APPLIED = (
    "add_account_to_transactions",
    "add_buddy_insights",
    "add_category_index",
    "add_notes_column",
    "add_updated_at_trigger",
    "create_buddy_insights_tables",
    "create_chat_goals",
    "create_sinking_funds",
)

SCHEMA = """
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date DATE NOT NULL,
    description TEXT NOT NULL,
    amount DECIMAL(10,2) NOT NULL,
    category TEXT COLLATE NOCASE,
    is_income BOOLEAN DEFAULT 0,
    import_hash TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
, account TEXT, notes TEXT);
CREATE INDEX idx_transactions_hash ON transactions(import_hash);
CREATE INDEX idx_transactions_category ON transactions(category);
CREATE TRIGGER trg_transactions_updated AFTER UPDATE ON transactions
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE transactions SET updated_at = CURRENT_TIMESTAMP
    WHERE id = NEW.id AND updated_at IS NOT CURRENT_TIMESTAMP;
END;
CREATE TABLE budget_allocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    month TEXT NOT NULL,
    category TEXT NOT NULL,
    amount REAL NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE monthly_income (
    id INTEGER PRIMARY KEY AUTOINCREMENT, month TEXT NOT NULL, amount DECIMAL(10,2) NOT NULL
);
CREATE TABLE monthly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    month TEXT NOT NULL UNIQUE,
    total_spent DECIMAL(10,2) DEFAULT 0,
    what_went_well TEXT
, buddy_insights TEXT);
CREATE TABLE weekly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    week_start DATE NOT NULL,
    reflection TEXT,
    mood INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_weekly_reflections_week ON weekly_reflections(week_start);
CREATE TABLE sinking_funds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE,
    target_amount DECIMAL(10,2),
    is_active BOOLEAN DEFAULT 1
);
CREATE TABLE sinking_fund_transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fund_id INTEGER NOT NULL REFERENCES sinking_funds(id) ON DELETE CASCADE,
    date DATE NOT NULL,
    amount DECIMAL(10,2) NOT NULL
);
CREATE TABLE chat_goals (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    dimension TEXT,
    dimension_value TEXT,
    target_amount REAL,
    status TEXT DEFAULT 'active'
);
CREATE VIEW monthly_spending AS
SELECT strftime('%Y-%m', date) AS month, category, SUM(-amount) AS spent
FROM transactions WHERE is_income = 0 GROUP BY 1, 2;
"""

SHOPS = (
    ("CORNER MARKET", "Groceries"),
    ("NETFLIX.COM", "Subscriptions"),
    ("SPOTIFY P0D1", "Subscriptions"),
    ("CAFÉ ZOË", "Dining Out"),
    ("O'MALLEY'S", "Dining Out"),
    ("CITY TRANSIT", "Transport"),
    ("MAPLE STREET RENTALS", "Housing"),
    ("CASH", None),
)
MONTHS = tuple(f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13))
FIRST = dt.date(2023, 1, 1)
DUPLICATES = 5
AT = "2025-05-01 12:00:00"


def make(path: Path, rows: int = 2000, seed: int = 7) -> None:
    """Write the database with `rows` transactions, the last five of them twice.

    Raises:
        FileExistsError: There is something at `path`.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    rng = random.Random(seed)
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCHEMA)
        made = [_transaction(rng, number, rows) for number in range(rows)]
        db.executemany(
            "INSERT INTO transactions (date, description, amount, category, is_income,"
            " import_hash, created_at, updated_at, account, notes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            made + made[-DUPLICATES:],
        )
        db.executemany(
            "INSERT INTO budget_allocations (month, category, amount, created_at)"
            " VALUES (?, ?, ?, ?)",
            [
                (month, category, rng.randrange(50, 900), AT)
                for month in MONTHS
                for category in ("Groceries", "Dining Out", "Transport", "Housing")
            ],
        )
        for month in MONTHS:
            income, spent = rng.randrange(3000, 4500), rng.randrange(2000, 4000)
            db.execute("INSERT INTO monthly_income (month, amount) VALUES (?, ?)", (month, income))
            db.execute(
                "INSERT INTO monthly_reflections (month, total_spent, what_went_well)"
                " VALUES (?, ?, ?)",
                (month, spent, rng.choice(("cooked at home", "didn't buy the bike", None))),
            )
        for week in range(100):
            day = FIRST + dt.timedelta(weeks=week)
            db.execute(
                "INSERT INTO weekly_reflections (week_start, reflection, mood, created_at)"
                " VALUES (?, ?, ?, ?)",
                (day.isoformat(), 'a "quiet" week', rng.randint(1, 5), AT),
            )
        for fund, name in enumerate(("Roof", "Car", "Holidays"), start=1):
            db.execute(
                "INSERT INTO sinking_funds (name, target_amount) VALUES (?, ?)", (name, 1000 * fund)
            )
            db.executemany(
                "INSERT INTO sinking_fund_transactions (fund_id, date, amount) VALUES (?, ?, ?)",
                [(fund, f"{month}-02", 25 * fund) for month in MONTHS],
            )
        db.executemany(
            "INSERT INTO chat_goals (title, dimension, dimension_value, target_amount)"
            " VALUES (?, ?, ?, ?)",
            [
                ("Spend less on eating out", "category", "Dining Out", 150.0),
                ("Save for the roof", "fund", "Roof", 3000.0),
                ("Just be careful", None, None, None),
                ("No more Netflix", "merchant", "NETFLIX.COM", None),
            ],
        )


def _transaction(rng: random.Random, number: int, rows: int) -> tuple[object, ...]:
    day = FIRST + dt.timedelta(days=number * 1095 // rows)
    shop, category = rng.choice(SHOPS)
    # One bank's export writes its dates with slashes, and without zeros.
    written = f"{day.year}/{day.month}/{day.day}" if number % 40 == 7 else day.isoformat()
    earned = number % 60 == 59
    return (
        written,
        "PAYROLL" if earned else f"{shop} #{number}",
        rng.randrange(280000, 420000) / 100 if earned else -rng.randrange(150, 20000) / 100,
        "Salary" if earned else category,
        int(earned),
        f"{rng.getrandbits(64):016x}",
        AT,
        AT,
        rng.choice(("checking", "card", None)),
        "to be split" if number % 97 == 0 else None,
    )


def main() -> int:
    """Make the database that the arguments describe; return the exit status."""
    parser = argparse.ArgumentParser(description="Make the legacy Budget Buddy database.")
    default = Path(__file__).resolve().parent / "budget_buddy.db"
    parser.add_argument("--path", type=Path, default=default)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    try:
        make(args.path, rows=args.rows, seed=args.seed)
    except FileExistsError:
        sys.stderr.write(f"{args.path} exists and was left as it is\n")
        return 3
    sys.stderr.write(f"{args.path}: {args.rows:,} transactions, {len(APPLIED)} scripts applied\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
