"""Weekly plans, and the summaries of the weeks that they were for."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend.api.dependencies import Db, Household, Limit, as_json
from backend.database.models import WeeklyPlan, WeeklySummary

router = APIRouter(prefix="/api/v2/weekly-plans", tags=["weekly plans"])


class NewPlan(BaseModel):
    """What a week is to be about."""

    household: str = "Home"
    week_start: dt.date
    reflection_id: int | None = None
    focus_category: str | None = None
    spending_limit: Decimal | None = Field(default=None, gt=0, max_digits=10, decimal_places=2)


@router.get("")
def plans(db: Db, household: Household = None, limit: Limit = 24) -> list[dict[str, Any]]:
    """Return the last plans, newest first."""
    query = select(WeeklyPlan).order_by(WeeklyPlan.week_start.desc())
    if household is not None:
        query = query.where(WeeklyPlan.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.get("/summaries")
def summaries(db: Db, household: Household = None, limit: Limit = 24) -> list[dict[str, Any]]:
    """Return what the last weeks cost, newest first."""
    query = select(WeeklySummary).order_by(WeeklySummary.week_start.desc())
    if household is not None:
        query = query.where(WeeklySummary.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.post("", status_code=201)
def add(db: Db, new: NewPlan) -> dict[str, Any]:
    """Make a plan for a week that has none."""
    row = WeeklyPlan(**new.model_dump())
    db.add(row)
    try:
        db.commit()
    except IntegrityError as error:
        raise HTTPException(409, f"the plan does not fit: {error.orig}") from error
    db.refresh(row)
    return as_json(row)
