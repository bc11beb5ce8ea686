"""Subscriptions: charges that come back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select

from backend.api.dependencies import Db, Household, Limit, as_json, found
from backend.database.models import SubscriptionPattern

router = APIRouter(prefix="/api/v2/subscriptions", tags=["subscriptions"])


class Activity(BaseModel):
    """Whether a subscription still runs."""

    is_active: bool


@router.get("")
def subscriptions(db: Db, household: Household = None, limit: Limit = 100) -> list[dict[str, Any]]:
    """Return the subscriptions that run, the dearest first."""
    query = (
        select(SubscriptionPattern)
        .where(SubscriptionPattern.is_active.is_(True))
        .order_by(SubscriptionPattern.typical_amount.desc(), SubscriptionPattern.id)
    )
    if household is not None:
        query = query.where(SubscriptionPattern.household == household)
    return [as_json(row) for row in db.scalars(query.limit(limit))]


@router.put("/{number}")
def set_active(db: Db, number: int, activity: Activity) -> dict[str, Any]:
    """Say whether a subscription still runs."""
    row = found(db.get(SubscriptionPattern, number), "subscription")
    row.is_active = activity.is_active
    db.commit()
    return as_json(row)
