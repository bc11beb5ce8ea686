"""The column types that the database declares to the letter and SQLAlchemy would spell otherwise.

It refuses nothing: what a column accepts is said by its CHECKs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy.types import Text, UserDefinedType

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Dialect


class Money(UserDefinedType[Decimal]):
    """``DECIMAL(10,2)``: SQLite keeps a number, the application sees cents exactly."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type as the migrations write it, with no space after the comma."""
        return "DECIMAL(10,2)"

    def bind_processor(self, dialect: Dialect) -> Callable[[Decimal | None], str | None]:
        """Return what is stored: text, which the column's affinity makes a number."""
        del dialect
        return lambda value: None if value is None else str(value)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[float | None], Decimal | None]:
        """Return what is read: a decimal of two places."""
        del dialect, coltype
        return lambda value: None if value is None else Decimal(f"{value:.2f}")


NoCase = Text(collation="NOCASE")
"""``TEXT COLLATE NOCASE``: 'groceries' and 'Groceries' are one category."""
