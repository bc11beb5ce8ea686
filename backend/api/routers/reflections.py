"""Reflections: the pages at the end of a month and of a week."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from backend.api.dependencies import Db, Household, Limit, as_json
from backend.database.models import MonthlyReflection, WeeklyReflection

router = APIRouter(prefix="/api/v2/reflections", tags=["reflections"])


class NewReflection(BaseModel):
    """A week looked back on."""

    household: str = "Home"
    week_start: dt.date
    proud_of: str | None = None
    surprised_by: str | None = None
    mood: int | None = Field(default=None, ge=1, le=5)


@router.get("/monthly")
def monthly(db: Db, household: Household = None, limit: Limit = 24) -> list[dict[str, Any]]:
    """Return the pages of the last months, newest first."""
    query = select(MonthlyReflection).order_by(MonthlyReflection.month.desc())
    if household is not None:
        query = query.where(MonthlyReflection.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.get("/weekly")
def weekly(db: Db, household: Household = None, limit: Limit = 24) -> list[dict[str, Any]]:
    """Return the pages of the last weeks, newest first."""
    query = select(WeeklyReflection).order_by(WeeklyReflection.week_start.desc())
    if household is not None:
        query = query.where(WeeklyReflection.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.put("/weekly")
def write(db: Db, new: NewReflection) -> dict[str, Any]:
    """Write a week's page, in place of an earlier one."""
    page = new.model_dump()
    db.execute(
        insert(WeeklyReflection)
        .values(**page)
        .on_conflict_do_update(index_elements=["household", "week_start"], set_=page)
    )
    db.commit()
    row = db.scalars(
        select(WeeklyReflection).filter_by(household=new.household, week_start=new.week_start)
    ).one()
    return as_json(row)
