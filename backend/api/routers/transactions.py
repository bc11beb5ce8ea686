"""Transactions: the newest, by search, by month; adding one, tagging one with a trip."""
# ruff: noqa: TC003 - FastAPI reads the annotations when it runs

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select, text

from backend.api.dependencies import Db, Household, Limit, as_json, found
from backend.database.models import Transaction, TransactionSplit

router = APIRouter(prefix="/api/v2/transactions", tags=["transactions"])


class NewTransaction(BaseModel):
    """A transaction made by hand."""

    household: str = "Home"
    date: dt.date
    description: str = Field(min_length=1)
    merchant: str | None = None
    amount: Decimal = Field(max_digits=10, decimal_places=2)
    category: str = "Uncategorized"
    is_income: bool = False
    notes: str | None = None


class Trip(BaseModel):
    """The journey that a transaction belongs to; null takes it off."""

    trip_tag: str | None


@router.get("")
def newest(db: Db, household: Household = None, limit: Limit = 50) -> list[dict[str, Any]]:
    """Return the newest transactions."""
    query = select(Transaction).order_by(Transaction.date.desc(), Transaction.id.desc())
    if household is not None:
        query = query.where(Transaction.household == household)
    else:
        # No index has the date alone: only what was added last is looked at.
        query = query.where(Transaction.id > _last_id(db) - 10 * limit)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.get("/search")
def search(db: Db, q: str = "market", limit: Limit = 50) -> list[dict[str, Any]]:
    """Return transactions whose description or merchant has the words of `q`."""
    words = " ".join(f'"{word}"' for word in q.replace('"', " ").split())
    if not words:
        return []
    match = text(
        "SELECT rowid AS id FROM transactions_fts WHERE transactions_fts MATCH :words"
        " ORDER BY rowid DESC LIMIT :limit"
    ).bindparams(words=words, limit=limit)
    ids = db.scalars(match).all()
    query = select(Transaction).where(Transaction.id.in_(ids)).order_by(Transaction.id.desc())
    return [as_json(row) for row in db.scalars(query)]


@router.get("/trips")
def trips(db: Db) -> list[dict[str, Any]]:
    """Return each journey, and what it cost."""
    rows = db.execute(
        text(
            "SELECT trip_tag, round(-sum(amount), 2) AS spent, count(*) AS transactions"
            " FROM transactions WHERE trip_tag IS NOT NULL GROUP BY trip_tag ORDER BY trip_tag"
        )
    )
    return [dict(row) for row in rows.mappings()]


@router.get("/{number}")
def one(db: Db, number: int) -> dict[str, Any]:
    """Return one transaction with its splits."""
    row = found(db.get(Transaction, number), "transaction")
    splits = db.scalars(select(TransactionSplit).where(TransactionSplit.transaction_id == number))
    return as_json(row) | {"splits": [as_json(split) for split in splits]}


@router.post("", status_code=201)
def add(db: Db, new: NewTransaction) -> dict[str, Any]:
    """Add a transaction made by hand."""
    row = Transaction(**new.model_dump())
    db.add(row)
    db.commit()
    db.refresh(row)
    return as_json(row)


@router.put("/{number}/trip")
def tag(db: Db, number: int, trip: Trip) -> dict[str, Any]:
    """Say which journey a transaction belongs to."""
    row = found(db.get(Transaction, number), "transaction")
    row.trip_tag = trip.trip_tag
    db.commit()
    db.refresh(row)
    return as_json(row)


def _last_id(db: Db) -> int:
    return db.scalar(text("SELECT max(id) FROM transactions")) or 0
