"""The target schema: every table and index as they are when all migrations have been applied.

Whoever adds a migration changes this module with it; verify-schema compares the two. Views,
triggers and the search index are the migrations' own: models cannot express them. It refuses to
create the database (`create_all` is called nowhere but in tests).
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - SQLAlchemy reads the annotations
from decimal import Decimal  # noqa: TC003

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.banking import (
    Account,
    AccountConnectionEvent,
    Institution,
    SubscriptionPattern,
)
from backend.database.base import (
    NO,
    YES,
    ZERO,
    Base,
    Created,
    Owned,
    Row,
    Updated,
    month_check,
    table,
)
from backend.database.types import NoCase

__all__ = ["Account", "AccountConnectionEvent", "Base", "Institution", "SubscriptionPattern"]


class Transaction(Owned, Updated, Base):
    """Money that came or went; below zero is spent."""

    __tablename__ = "transactions"

    date: Mapped[dt.date]
    description: Mapped[str]
    merchant: Mapped[str | None] = mapped_column(NoCase)
    amount: Mapped[Decimal]
    category: Mapped[str] = mapped_column(NoCase, server_default="Uncategorized")
    is_income: Mapped[bool] = mapped_column(server_default=NO)
    notes: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    plaid_transaction_id: Mapped[str | None]
    pending: Mapped[bool] = mapped_column(server_default=NO)
    trip_tag: Mapped[str | None]

    __table_args__ = table(
        CheckConstraint("amount <> 0"),
        CheckConstraint("is_income IN (0, 1)"),
        CheckConstraint("pending IN (0, 1)"),
        Index("idx_transactions_household_date", "household", text("date DESC")),
        Index("idx_transactions_household_category", "household", "category", text("date DESC")),
        Index(
            "idx_transactions_account",
            "account_id",
            "date",
            sqlite_where=text("account_id IS NOT NULL"),
        ),
        Index(
            "idx_transactions_plaid",
            "plaid_transaction_id",
            unique=True,
            sqlite_where=text("plaid_transaction_id IS NOT NULL"),
        ),
        Index("idx_transactions_trip_tag", "trip_tag", sqlite_where=text("trip_tag IS NOT NULL")),
    )


class TransactionSplit(Row, Created, Base):
    """A part of a transaction that belongs to another category."""

    __tablename__ = "transaction_splits"

    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id", ondelete="CASCADE"))
    category: Mapped[str] = mapped_column(NoCase)
    amount: Mapped[Decimal]
    note: Mapped[str | None]

    __table_args__ = table(
        CheckConstraint("amount <> 0"), UniqueConstraint("transaction_id", "category")
    )


class TransactionAggregation(Base):
    """A household's month in one category, summed up."""

    __tablename__ = "transaction_aggregations"

    id: Mapped[int] = mapped_column(primary_key=True)
    household: Mapped[str] = mapped_column(NoCase)
    month: Mapped[str]
    category: Mapped[str] = mapped_column(NoCase)
    spent: Mapped[Decimal] = mapped_column(server_default=ZERO)
    income: Mapped[Decimal] = mapped_column(server_default=ZERO)
    transaction_count: Mapped[int] = mapped_column(server_default=ZERO)

    __table_args__ = (
        CheckConstraint("transaction_count >= 0"),
        UniqueConstraint("household", "month", "category"),
    )


class BudgetAllocation(Owned, Updated, Base):
    """What a household means to spend on a category in a month."""

    __tablename__ = "budget_allocations"

    month: Mapped[str]
    category: Mapped[str] = mapped_column(NoCase)
    amount: Mapped[Decimal]
    rollover: Mapped[bool] = mapped_column(server_default=NO)

    __table_args__ = table(
        month_check(),
        CheckConstraint("amount >= 0"),
        CheckConstraint("rollover IN (0, 1)"),
        UniqueConstraint("household", "month", "category"),
    )


class MonthlyIncome(Owned, Created, Base):
    """What came in during a month, by source."""

    __tablename__ = "monthly_income"

    month: Mapped[str]
    source: Mapped[str]
    amount: Mapped[Decimal]
    received_on: Mapped[dt.date | None]

    __table_args__ = table(
        month_check(),
        CheckConstraint("amount >= 0"),
        Index("idx_monthly_income_month", "household", "month"),
    )


class MonthlyReflection(Owned, Created, Base):
    """The page at the end of a month."""

    __tablename__ = "monthly_reflections"

    month: Mapped[str]
    mood: Mapped[int | None]
    went_well: Mapped[str | None]
    to_improve: Mapped[str | None]
    total_spent: Mapped[Decimal] = mapped_column(server_default=ZERO)
    buddy_insights: Mapped[str | None]
    total_income: Mapped[Decimal] = mapped_column(server_default=ZERO)
    total_saved: Mapped[Decimal] = mapped_column(server_default=ZERO)

    __table_args__ = table(
        month_check(),
        CheckConstraint("mood BETWEEN 1 AND 5"),
        UniqueConstraint("household", "month"),
    )


class SinkingFund(Owned, Updated, Base):
    """Something that is saved for, a little each month."""

    __tablename__ = "sinking_funds"

    name: Mapped[str] = mapped_column(NoCase)
    target_amount: Mapped[Decimal]
    target_date: Mapped[dt.date | None]
    monthly_contribution: Mapped[Decimal | None]
    is_active: Mapped[bool] = mapped_column(server_default=YES)

    __table_args__ = table(
        CheckConstraint("target_amount > 0"),
        CheckConstraint("is_active IN (0, 1)"),
        UniqueConstraint("household", "name"),
    )


class SinkingFundTransaction(Row, Created, Base):
    """Money put into a sinking fund, or taken out."""

    __tablename__ = "sinking_fund_transactions"

    fund_id: Mapped[int] = mapped_column(ForeignKey("sinking_funds.id", ondelete="CASCADE"))
    transaction_id: Mapped[int | None] = mapped_column(
        ForeignKey("transactions.id", ondelete="SET NULL")
    )
    date: Mapped[dt.date]
    amount: Mapped[Decimal]
    kind: Mapped[str] = mapped_column(server_default="contribution")
    note: Mapped[str | None]

    __table_args__ = table(
        CheckConstraint("amount > 0"),
        CheckConstraint("kind IN ('contribution', 'withdrawal')"),
        Index("idx_sinking_fund_transactions_fund", "fund_id", "date"),
        Index(
            "idx_sinking_fund_transactions_transaction",
            "transaction_id",
            sqlite_where=text("transaction_id IS NOT NULL"),
        ),
    )


class WeeklySummary(Owned, Created, Base):
    """What a week cost, and on what."""

    __tablename__ = "weekly_summaries"

    week_start: Mapped[dt.date]
    total_spent: Mapped[Decimal] = mapped_column(server_default=ZERO)
    total_income: Mapped[Decimal] = mapped_column(server_default=ZERO)
    top_category: Mapped[str | None] = mapped_column(NoCase)
    transaction_count: Mapped[int] = mapped_column(server_default=ZERO)
    buddy_insights: Mapped[str | None]

    __table_args__ = table(
        CheckConstraint("transaction_count >= 0"), UniqueConstraint("household", "week_start")
    )


class WeeklyReflection(Owned, Created, Base):
    """The page at the end of a week."""

    __tablename__ = "weekly_reflections"

    week_start: Mapped[dt.date]
    proud_of: Mapped[str | None]
    surprised_by: Mapped[str | None]
    mood: Mapped[int | None]

    __table_args__ = table(
        CheckConstraint("mood BETWEEN 1 AND 5"),
        Index("idx_weekly_reflections_week", "household", "week_start", unique=True),
    )


class WeeklyPlan(Owned, Created, Base):
    """What a household means to do in a week."""

    __tablename__ = "weekly_plans"

    week_start: Mapped[dt.date]
    reflection_id: Mapped[int | None] = mapped_column(
        ForeignKey("weekly_reflections.id", ondelete="SET NULL")
    )
    focus_category: Mapped[str | None] = mapped_column(NoCase)
    spending_limit: Mapped[Decimal | None]
    status: Mapped[str] = mapped_column(server_default="open")

    __table_args__ = table(
        CheckConstraint("spending_limit > 0"),
        CheckConstraint("status IN ('open', 'kept', 'missed')"),
        UniqueConstraint("household", "week_start"),
        Index("idx_weekly_plans_reflection", "reflection_id"),
    )


class ChatGoal(Owned, Created, Base):
    """A goal that was set in the chat."""

    __tablename__ = "chat_goals"

    title: Mapped[str]
    target_amount: Mapped[Decimal | None]
    due: Mapped[dt.date | None]
    status: Mapped[str] = mapped_column(server_default="active")
    source_message: Mapped[str | None]
    dimension: Mapped[str]

    __table_args__ = table(
        CheckConstraint("target_amount > 0"),
        CheckConstraint("status IN ('active', 'reached', 'abandoned')"),
        Index("idx_chat_goals_active", "household", "due", sqlite_where=text("status = 'active'")),
    )
