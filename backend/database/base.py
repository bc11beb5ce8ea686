"""What Budget Buddy's models share: the registry, the columns that most tables have, defaults.

It knows no table.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import REAL, TIMESTAMP, Boolean, CheckConstraint, Date, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from backend.database.types import Money, NoCase

NOW = text("CURRENT_TIMESTAMP")
NO, YES, ZERO = text("0"), text("1"), text("0")


class Base(DeclarativeBase):
    """The registry of all models."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own attribute
        bool: Boolean(),
        dt.date: Date(),
        dt.datetime: TIMESTAMP(),
        Decimal: Money(),
        float: REAL(),
        str: Text(),
    }


class Row:
    """What nearly every table has."""

    __table_args__: tuple[object, ...] = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-2)


class Owned(Row):
    """A row of one household."""

    household: Mapped[str] = mapped_column(NoCase, server_default="Home", sort_order=-1)


class Created:
    """A row that remembers when it was made."""

    created_at: Mapped[dt.datetime | None] = mapped_column(server_default=NOW, sort_order=98)


class Updated(Created):
    """A row whose last change a trigger remembers."""

    updated_at: Mapped[dt.datetime | None] = mapped_column(server_default=NOW, sort_order=99)


def table(*args: object) -> tuple[object, ...]:
    """Return `args` as table arguments, with AUTOINCREMENT as all tables but one have it."""
    return (*args, {"sqlite_autoincrement": True})


def month_check() -> CheckConstraint:
    """Return the CHECK that a month is written as 2026-11."""
    return CheckConstraint("month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'")
