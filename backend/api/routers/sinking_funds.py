"""Sinking funds: what is saved for, and how far it is."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select, text

from backend.api.dependencies import Db, Household, as_json, found
from backend.database.models import SinkingFund, SinkingFundTransaction

router = APIRouter(prefix="/api/v2/sinking-funds", tags=["sinking funds"])


class Movement(BaseModel):
    """Money put into a fund, or taken out."""

    date: dt.date
    amount: Decimal = Field(gt=0, max_digits=10, decimal_places=2)
    kind: Literal["contribution", "withdrawal"] = "contribution"
    note: str | None = None


@router.get("")
def balances(db: Db, household: Household = None) -> list[dict[str, Any]]:
    """Return each fund with what is saved in it."""
    rows = db.execute(text("SELECT id, saved FROM sinking_fund_balances"))
    saved = {row.id: row.saved for row in rows}
    query = select(SinkingFund).order_by(SinkingFund.id)
    if household is not None:
        query = query.where(SinkingFund.household == household)
    return [as_json(row) | {"saved": saved[row.id]} for row in db.scalars(query)]


@router.post("/{number}/transactions", status_code=201)
def move(db: Db, number: int, movement: Movement) -> dict[str, Any]:
    """Put money into a fund, or take it out."""
    found(db.get(SinkingFund, number), "sinking fund")
    row = SinkingFundTransaction(fund_id=number, **movement.model_dump())
    db.add(row)
    db.commit()
    db.refresh(row)
    return as_json(row)
