"""Builds the sample database: the schema of one moment of its history, and rows that fit it.

Each table is filled with the columns that it has at that moment. It refuses an existing file:
replacing one is for `backend.demo` to decide.
"""

from __future__ import annotations

import os
from contextlib import closing
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

from backend.sample import banking, history, planning, transactions, weekly, world

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from backend.sample.transactions import Row

# The migrations after which rows are written otherwise.
GOING_OUT, MASKS_AS_TEXT, CURRENCY_REQUIRED = 18, 20, 22

_WEEK = "date(date, '-6 days', 'weekday 1')"
_SPENT = "round(-sum(CASE WHEN is_income THEN 0 ELSE amount END), 2)"
_INCOME = "round(sum(CASE WHEN is_income THEN amount ELSE 0 END), 2)"


def build(path: Path, *, rows: int, at: int, seed: int) -> None:
    """Write a database of `rows` transactions, at the schema of migration `at`, into `path`.

    The file is created with mode 0600, and left in WAL mode. The same arguments give the same
    SQL dump.

    Raises:
        FileExistsError: There is something at `path`.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    history.build(path, at)
    with closing(history.connect(path)) as connection:
        connection.execute("BEGIN")
        taken = _take_indexes_and_triggers(connection)
        _fill(connection, rows, at, Random(seed))  # noqa: S311 - a sample, not a secret
        for sql in taken:
            connection.execute(sql)
        if _columns(connection, "transactions_fts"):
            connection.execute("INSERT INTO transactions_fts (transactions_fts) VALUES ('rebuild')")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


def _fill(connection: sqlite3.Connection, rows: int, at: int, rng: Random) -> None:
    names = world.households(rows)
    renamed = {"Dining Out": "Going Out"} if at >= GOING_OUT else {}
    _insert(
        connection,
        "institutions",
        banking.INSTITUTION_COLUMNS,
        banking.institutions(rng, names),
    )
    accounts = banking.accounts(
        rng,
        names,
        masks_as_text=at >= MASKS_AS_TEXT,
        currency_required=at >= CURRENCY_REQUIRED,
    )
    _insert(connection, "accounts", banking.ACCOUNT_COLUMNS, accounts)
    _insert(
        connection,
        "transactions",
        transactions.COLUMNS,
        transactions.rows(rng, rows, banking.account_ids(names), renamed),
    )
    for table, columns, values in (
        ("account_connection_log", banking.LOG_COLUMNS, banking.connection_log(rng, names)),
        ("subscription_patterns", banking.SUBSCRIPTION_COLUMNS, banking.subscriptions(rng, names)),
        ("budget_allocations", planning.BUDGET_COLUMNS, planning.budgets(rng, names, renamed)),
        ("monthly_income", planning.INCOME_COLUMNS, planning.income(rng, names)),
        ("sinking_funds", planning.FUND_COLUMNS, planning.funds(names)),
        ("chat_goals", planning.GOAL_COLUMNS, planning.goals(rng, names, renamed)),
    ):
        _insert(connection, table, columns, values)
    reflections, plans = weekly.reflections_and_plans(rng, names, renamed)
    _insert(connection, "weekly_reflections", weekly.REFLECTION_COLUMNS, reflections)
    _insert(connection, "weekly_plans", weekly.PLAN_COLUMNS, plans)
    _fill_totals(connection, names, rng)


def _fill_totals(connection: sqlite3.Connection, names: Sequence[str], rng: Random) -> None:
    """Fill what is derived from the transactions."""
    months = {
        (household, month): planning.MonthTotals(spent, income, saving)
        for household, month, spent, income, saving in connection.execute(
            f"SELECT household, strftime('%Y-%m', date) AS month, {_SPENT}, {_INCOME},"
            " max(id) FILTER (WHERE category = 'Savings')"
            " FROM transactions GROUP BY 1, 2 ORDER BY 1, 2"
        )
    }
    weeks = (
        weekly.CategoryWeek(*row)
        for row in connection.execute(
            f"SELECT household, {_WEEK} AS week, max(category), {_SPENT}, {_INCOME}, count(*)"
            " FROM transactions GROUP BY household, week, category ORDER BY 1, 2, 3"
        )
    )
    for table, columns, values in (
        ("weekly_summaries", weekly.SUMMARY_COLUMNS, weekly.summaries(weeks)),
        (
            "monthly_reflections",
            planning.REFLECTION_COLUMNS,
            planning.reflections(rng, months),
        ),
        (
            "sinking_fund_transactions",
            planning.FUND_TRANSACTION_COLUMNS,
            planning.fund_transactions(names, months),
        ),
    ):
        _insert(connection, table, columns, values)
    if _columns(connection, "transaction_aggregations"):
        connection.execute(
            "INSERT INTO transaction_aggregations"
            " (household, month, category, spent, income, transaction_count)"
            f" SELECT household, strftime('%Y-%m', date) AS month, max(category), {_SPENT},"
            f" {_INCOME}, count(*) FROM transactions GROUP BY household, month, category"
            " ORDER BY 1, 2, 3"
        )
    if _columns(connection, "transaction_splits"):
        connection.execute(
            "INSERT INTO transaction_splits (transaction_id, category, amount, note, created_at)"
            " SELECT id, 'Household', -CAST(substr(notes, 8) AS REAL), notes, created_at"
            " FROM transactions WHERE notes LIKE 'split: %' AND amount < 0 ORDER BY id"
        )


def _insert(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """Insert the columns of `rows` that `table` has; nothing where there is no such table."""
    there = _columns(connection, table)
    places = [place for place, name in enumerate(columns) if name in there]
    if not places:
        return
    names = ", ".join(columns[place] for place in places)
    marks = ", ".join("?" * len(places))
    connection.executemany(
        f"INSERT INTO {table} ({names}) VALUES ({marks})", _pick(rows, columns, places)
    )


def _pick(rows: Iterable[Row], columns: Sequence[str], places: Sequence[int]) -> Iterable[Row]:
    return rows if len(places) == len(columns) else map(itemgetter(*places), rows)


def _columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    found: Iterator[tuple[str]] = connection.execute(
        "SELECT name FROM pragma_table_info(?)", (table,)
    )
    return frozenset(name for (name,) in found)


def _take_indexes_and_triggers(connection: sqlite3.Connection) -> list[str]:
    """Drop what slows loading down, and return the SQL that makes it again, in its order."""
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema"
        " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    for kind, name, _ in found:
        connection.execute(f"DROP {kind} {name}")
    return [sql for _, _, sql in found]
