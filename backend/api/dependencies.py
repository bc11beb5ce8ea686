"""What the endpoints share: the session of a request, the household asked for, rows as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Query
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from backend.database.session import open_session

if TYPE_CHECKING:
    from backend.database.base import Base

Row = TypeVar("Row")

Db = Annotated[Session, Depends(open_session)]
"""The session of the request."""

Household = Annotated[str | None, Query(description="Only this household's rows.")]
"""Which household; all of them when it is left out."""

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many rows.")]
"""How many rows at most."""


def as_json(row: Base) -> dict[str, Any]:
    """Return the columns of `row` by name; FastAPI makes dates and decimals JSON."""
    return {name: getattr(row, name) for name in inspect(type(row)).column_attrs.keys()}  # noqa: SIM118 - not a dict


def found(row: Row | None, what: str) -> Row:
    """Return `row`.

    Raises:
        HTTPException: 404, there is no such row.
    """
    if row is None:
        raise HTTPException(404, f"there is no such {what}")
    return row
