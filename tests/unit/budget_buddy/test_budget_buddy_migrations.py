"""What each of Budget Buddy's migrations means; what all of them must keep is the contract's."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from backend.sample import history
from tests.unit.budget_buddy.databases import change, rows

STEPS = {step.number: step for step in history.steps()}
LAST = max(STEPS)


def test_there_are_at_least_twenty_two_numbered_without_a_gap():
    """The list is a story that can be followed: 001 to the last, none left out."""
    assert list(STEPS) == list(range(1, LAST + 1))
    assert LAST >= 22


@pytest.mark.parametrize("number", STEPS)
def test_each_says_what_when_who_and_why(number):
    """Review shows the header, so every file has one."""
    for field in ("Migration", "Date", "Author", "Purpose"):
        assert f"{field}: " in STEPS[number].text


def test_the_search_index_fits_its_transactions_to_the_end(at):
    """Since 009 there is one; no later migration changes rows behind its back."""
    path = at(9)
    for number in range(10, LAST + 1):
        history.apply(path, STEPS[number])
    change(path, "INSERT INTO transactions_fts (transactions_fts) VALUES ('integrity-check')")


def test_f15_the_hand_written_rebuild_keeps_the_children_and_the_next_id(at):
    """014 rebuilds a parent whose children CASCADE; they stay, and no id is given out twice."""
    path = at(13)
    change(path, "INSERT INTO sinking_funds (id, name, target_amount) VALUES (900, 'gone', 5)")
    change(path, "DELETE FROM sinking_funds WHERE id = 900")
    change(path, "UPDATE sinking_funds SET target_amount = 0 WHERE id = 1")
    contents = rows(path, "SELECT * FROM sinking_fund_transactions ORDER BY id")

    history.apply(path, STEPS[14])

    assert rows(path, "SELECT * FROM sinking_fund_transactions ORDER BY id") == contents
    assert rows(path, "SELECT target_amount FROM sinking_funds WHERE id = 1") == [(0.01,)]
    change(path, "INSERT INTO sinking_funds (name, target_amount) VALUES ('new', 5)")
    assert rows(path, "SELECT max(id) FROM sinking_funds") == [(901,)]
    assert rows(path, "SELECT count(*) FROM sinking_fund_balances") == [(13,)]


def test_016_adds_up_each_month_s_income(at):
    """total_income is the sum of the month's sources, and total_saved what was not spent of it."""
    path = at(15)
    history.apply(path, STEPS[16])
    wrong = rows(
        path,
        "SELECT r.household, r.month FROM monthly_reflections AS r WHERE abs(total_income -"
        " (SELECT sum(amount) FROM monthly_income AS i WHERE i.household = r.household"
        " AND i.month = r.month)) > 0.001 OR abs(total_income - total_spent - total_saved) > 0.001",
    )
    assert wrong == []
    assert rows(path, "SELECT count(*) > 20 FROM monthly_reflections") == [(1,)]


def test_018_renames_the_category_whatever_its_case(at):
    """Every 'Dining Out' and 'dining out' becomes 'Going Out', and no other row is touched."""
    path = at(17)
    change(path, "UPDATE transactions SET category = 'dining OUT' WHERE id = 5")
    sql = "SELECT count(*) FROM transactions WHERE category = ?"
    (count,) = rows(path, sql, "Dining Out")[0]
    others = "SELECT * FROM transactions WHERE category NOT IN ('Dining Out', 'Going Out')"
    kept = rows(path, others)

    history.apply(path, STEPS[18])

    assert rows(path, sql, "Dining Out") == [(0,)]
    assert rows(path, sql, "Going Out") == [(count,)]
    assert rows(path, others) == kept
    assert rows(path, "SELECT DISTINCT category FROM transactions WHERE id = 5") == [("Going Out",)]


def test_018_adds_up_what_a_month_has_under_both_names(at):
    """A month with both budgets keeps their sum; UNIQUE would refuse a plain rename."""
    path = at(17)
    change(
        path,
        "INSERT INTO budget_allocations (household, month, category, amount)"
        " VALUES ('Home', '2024-03', 'Going Out', 12.34)",
    )
    old = "SELECT amount FROM budget_allocations WHERE household = 'Home' AND month = '2024-03'"
    (amount,) = rows(path, old + " AND category = 'Dining Out'")[0]

    history.apply(path, STEPS[18])

    assert rows(path, old + " AND category = 'Going Out'") == [(pytest.approx(amount + 12.34),)]


def test_019_merges_both_columns_of_a_goal(at):
    """What was half said, or padded, becomes kind:detail."""
    path = at(18)
    for number, (kind, detail) in enumerate(
        (("Fund ", " Roof"), ("category", None), ("merchant", "O'Malley's"), ("category", " ")), 1
    ):
        sql = "UPDATE chat_goals SET dimension_kind = ?, dimension_detail = ? WHERE id = ?"
        change(path, sql, kind, detail, number)

    history.apply(path, STEPS[19])

    found = rows(path, "SELECT dimension FROM chat_goals WHERE id <= 4 ORDER BY id")
    assert found == [("fund:Roof",), ("category:*",), ("merchant:O'Malley's",), ("category:*",)]
    with pytest.raises(sqlite3.OperationalError, match="dimension_kind"):
        rows(path, "SELECT dimension_kind FROM chat_goals")


def test_020_masks_get_their_leading_zeros_back(at):
    """42 becomes '0042' as text, and every transaction keeps its account."""
    path = at(19)
    change(path, "UPDATE accounts SET mask = 42 WHERE id = 2")
    change(path, "UPDATE accounts SET mask = NULL WHERE id = 3")
    linked = rows(path, "SELECT id, account_id FROM transactions ORDER BY id")

    history.apply(path, STEPS[20])

    assert rows(path, "SELECT mask FROM accounts WHERE id IN (2, 3)") == [("0042",), (None,)]
    assert rows(path, "SELECT DISTINCT length(mask) FROM accounts WHERE mask NOTNULL") == [(4,)]
    assert rows(path, "SELECT id, account_id FROM transactions ORDER BY id") == linked


def test_022_fills_in_the_currency_and_then_requires_it(at):
    """What had none is in US dollars, what had one keeps it, and NULL is refused from then on."""
    path = at(21)
    known = "SELECT id FROM accounts WHERE currency = 'EUR'"
    euros = rows(path, known)

    history.apply(path, STEPS[22])

    assert rows(path, known) == euros
    assert rows(path, "SELECT count(*) FROM accounts WHERE currency IS NULL") == [(0,)]
    with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
        change(path, "UPDATE accounts SET currency = NULL")


def test_023_makes_a_split_of_each_note_that_says_so(at):
    """'split: 40 household' becomes 40 spent on Household; other notes are left alone."""
    path = at(22)
    change(path, "UPDATE transactions SET notes = 'split: 40 household' WHERE id = 3")
    change(path, "UPDATE transactions SET notes = 'split: soon' WHERE id = 4")

    history.apply(path, STEPS[23])

    found = rows(path, "SELECT amount FROM transaction_splits WHERE transaction_id IN (3, 4)")
    assert found == [(-40,)]


def test_updated_at_is_kept_also_where_triggers_recurse(at):
    """sqlite-utils turns recursive_triggers on; the trigger must not set itself off."""
    path = at(LAST)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA recursive_triggers = ON")
        for table, column in (
            ("transactions", "notes"),
            ("budget_allocations", "amount"),
            ("sinking_funds", "is_active"),
            ("accounts", "name"),
        ):
            for _ in range(2):
                connection.execute(f"UPDATE {table} SET {column} = {column} WHERE id = 1")
            sql = f"SELECT updated_at > '2026-10-31 23:59:59' FROM {table} WHERE id = 1"
            assert connection.execute(sql).fetchone() == (1,)
