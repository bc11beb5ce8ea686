"""Goals that were set in the chat."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from backend.api.dependencies import Db, Household, Limit, as_json, found
from backend.database.models import ChatGoal

router = APIRouter(prefix="/api/v2/goals", tags=["goals"])


class NewGoal(BaseModel):
    """A goal, as the chat understood it."""

    household: str = "Home"
    title: str = Field(min_length=1)
    dimension: str = Field(pattern=r"^\w+:.+$")
    target_amount: Decimal | None = Field(default=None, gt=0, max_digits=10, decimal_places=2)
    due: dt.date | None = None
    source_message: str | None = None


class Outcome(BaseModel):
    """What became of a goal."""

    status: Literal["active", "reached", "abandoned"]


@router.get("")
def goals(db: Db, household: Household = None, limit: Limit = 50) -> list[dict[str, Any]]:
    """Return goals, those that are due first."""
    query = select(ChatGoal).order_by(ChatGoal.due.is_(None), ChatGoal.due, ChatGoal.id)
    if household is not None:
        query = query.where(ChatGoal.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.post("", status_code=201)
def add(db: Db, new: NewGoal) -> dict[str, Any]:
    """Set a goal."""
    row = ChatGoal(**new.model_dump())
    db.add(row)
    db.commit()
    db.refresh(row)
    return as_json(row)


@router.put("/{number}")
def conclude(db: Db, number: int, outcome: Outcome) -> dict[str, Any]:
    """Say what became of a goal."""
    row = found(db.get(ChatGoal, number), "goal")
    row.status = outcome.status
    db.commit()
    return as_json(row)
