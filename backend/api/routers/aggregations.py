"""Aggregations: totals by month and category, and adding up a month anew."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import func, select, text

from backend.api.dependencies import Db, Household, as_json
from backend.database.models import TransactionAggregation

router = APIRouter(prefix="/api/v2/aggregations", tags=["aggregations"])


class Month(BaseModel):
    """The month to add up."""

    household: str = "Home"
    month: str = Field(pattern=r"^\d{4}-[01]\d$")


@router.get("")
def totals(db: Db, household: Household = None, month: str | None = None) -> list[dict[str, Any]]:
    """Return the totals of a month (the last one there is), by category."""
    month = month or db.scalar(select(func.max(TransactionAggregation.month)))
    query = (
        select(TransactionAggregation)
        .where(TransactionAggregation.month == month)
        .order_by(TransactionAggregation.household, TransactionAggregation.category)
    )
    if household is not None:
        query = query.where(TransactionAggregation.household == household)
    return [as_json(row) for row in db.scalars(query)]


@router.get("/years")
def years(db: Db, household: Household = None) -> list[dict[str, Any]]:
    """Return what came in and what was spent, by year; transfers left out."""
    rows = db.execute(
        text(
            "SELECT substr(month, 1, 4) AS year, round(sum(spent), 2) AS spent,"
            " round(sum(income), 2) AS income FROM transaction_aggregations"
            " WHERE category <> 'Transfer' AND (:household IS NULL OR household = :household)"
            " GROUP BY year ORDER BY year"
        ),
        {"household": household},
    )
    return [dict(row) for row in rows.mappings()]


@router.post("/refresh")
def refresh(db: Db, which: Month) -> dict[str, Any]:
    """Add up a household's month anew, from its transactions."""
    values = {"household": which.household, "first": f"{which.month}-01", "month": which.month}
    db.execute(
        text(
            "DELETE FROM transaction_aggregations WHERE household = :household AND month = :month"
        ),
        values,
    )
    db.execute(
        text(
            "INSERT INTO transaction_aggregations"
            " (household, month, category, spent, income, transaction_count)"
            " SELECT household, :month, category,"
            " round(-sum(CASE WHEN is_income THEN 0 ELSE amount END), 2),"
            " round(sum(CASE WHEN is_income THEN amount ELSE 0 END), 2), count(*)"
            " FROM transactions WHERE household = :household"
            " AND date >= :first AND date < date(:first, '+1 month')"
            " GROUP BY household, category"
        ),
        values,
    )
    db.commit()
    count = db.scalar(
        select(func.count())
        .select_from(TransactionAggregation)
        .filter_by(household=which.household, month=which.month)
    )
    return {"household": which.household, "month": which.month, "categories": count}
