"""Budgets: what a month was meant to cost, beside what it did; setting an amount."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert

from backend.api.dependencies import Db, Household, as_json
from backend.database.models import BudgetAllocation, MonthlyIncome, TransactionAggregation

router = APIRouter(prefix="/api/v2/budgets", tags=["budgets"])


class NewAllocation(BaseModel):
    """What is to be spent on a category in a month."""

    household: str = "Home"
    month: str = Field(pattern=r"^\d{4}-[01]\d$")
    category: str = Field(min_length=1)
    amount: Decimal = Field(ge=0, max_digits=10, decimal_places=2)


@router.get("")
def of_month(db: Db, household: Household = None, month: str | None = None) -> list[dict[str, Any]]:
    """Return each allocation of a month (the last one planned), with what was spent."""
    month = month or db.scalar(select(func.max(BudgetAllocation.month)))
    query = (
        select(BudgetAllocation, TransactionAggregation.spent)
        .outerjoin(
            TransactionAggregation,
            (TransactionAggregation.household == BudgetAllocation.household)
            & (TransactionAggregation.month == BudgetAllocation.month)
            & (TransactionAggregation.category == BudgetAllocation.category),
        )
        .where(BudgetAllocation.month == month)
        .order_by(BudgetAllocation.household, BudgetAllocation.category)
    )
    if household is not None:
        query = query.where(BudgetAllocation.household == household)
    return [as_json(row) | {"spent": spent or 0} for row, spent in db.execute(query)]


@router.get("/income")
def income(db: Db, household: Household = None) -> list[dict[str, Any]]:
    """Return the last twelve months' income by source, newest first."""
    query = select(MonthlyIncome).order_by(MonthlyIncome.month.desc(), MonthlyIncome.id)
    if household is not None:
        query = query.where(MonthlyIncome.household == household)
    return [as_json(row) for row in db.scalars(query.limit(12))]


@router.put("")
def allocate(db: Db, new: NewAllocation) -> dict[str, Any]:
    """Set what is to be spent, whether or not it was set before."""
    db.execute(
        insert(BudgetAllocation)
        .values(**new.model_dump())
        .on_conflict_do_update(
            index_elements=["household", "month", "category"], set_={"amount": new.amount}
        )
    )
    db.commit()
    row = db.scalars(
        select(BudgetAllocation).filter_by(
            household=new.household, month=new.month, category=new.category
        )
    ).one()
    return as_json(row)
