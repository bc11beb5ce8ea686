"""The models of what comes from banks: institutions, accounts, their log, subscriptions.

They are part of `backend.database.models`, which everyone imports.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - SQLAlchemy reads the annotations
from decimal import Decimal  # noqa: TC003

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.base import NO, NOW, YES, ZERO, Base, Created, Owned, Row, Updated, table
from backend.database.types import NoCase


class Institution(Owned, Created, Base):
    """One connection to a bank."""

    __tablename__ = "institutions"

    name: Mapped[str] = mapped_column(NoCase)
    plaid_item_id: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="connected")
    last_synced_at: Mapped[dt.datetime | None]

    __table_args__ = table(
        CheckConstraint("status IN ('connected', 'login_required', 'disconnected')"),
    )


class Account(Row, Updated, Base):
    """An account at an institution."""

    __tablename__ = "accounts"

    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institutions.id", ondelete="CASCADE", onupdate="CASCADE")
    )
    plaid_account_id: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    mask: Mapped[str | None]
    currency: Mapped[str] = mapped_column(server_default="USD")
    balance: Mapped[Decimal] = mapped_column(server_default=ZERO)
    is_hidden: Mapped[bool] = mapped_column(server_default=NO)

    __table_args__ = table(
        CheckConstraint("kind IN ('checking', 'savings', 'credit', 'loan')"),
        CheckConstraint("is_hidden IN (0, 1)"),
        Index("idx_accounts_plaid_account", "plaid_account_id", unique=True),
        Index("idx_accounts_institution", "institution_id"),
    )


class AccountConnectionEvent(Row, Base):
    """Something that happened to a connection."""

    __tablename__ = "account_connection_log"

    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    event: Mapped[str]
    detail: Mapped[str | None]
    logged_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = table(
        CheckConstraint("event IN ('linked', 'synced', 'failed', 'relinked', 'removed')"),
        Index("idx_account_connection_log_institution", "institution_id", text("logged_at DESC")),
        Index("idx_account_connection_log_account", "account_id"),
    )


class SubscriptionPattern(Owned, Created, Base):
    """A charge that comes back."""

    __tablename__ = "subscription_patterns"

    merchant: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    typical_amount: Mapped[Decimal]
    frequency: Mapped[str] = mapped_column(server_default="monthly")
    first_seen: Mapped[dt.date]
    last_seen: Mapped[dt.date]
    confidence: Mapped[float] = mapped_column(server_default=text("0.5"))
    is_active: Mapped[bool] = mapped_column(server_default=YES)

    __table_args__ = table(
        CheckConstraint("typical_amount > 0"),
        CheckConstraint("frequency IN ('weekly', 'monthly', 'yearly')"),
        CheckConstraint("confidence BETWEEN 0 AND 1"),
        CheckConstraint("is_active IN (0, 1)"),
        CheckConstraint("last_seen >= first_seen"),
        Index(
            "idx_subscription_patterns_merchant",
            "household",
            func.lower(text("merchant")),
            unique=True,
        ),
        Index("idx_subscription_patterns_account", "account_id"),
    )
