"""Accounts by institution, and what happened to the connections."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from backend.api.dependencies import Db, Household, Limit, as_json
from backend.database.models import Account, AccountConnectionEvent, Institution

router = APIRouter(prefix="/api/v2/accounts", tags=["accounts"])


@router.get("")
def accounts(db: Db, household: Household = None, limit: Limit = 100) -> list[dict[str, Any]]:
    """Return the accounts that are not hidden, each with its institution."""
    query = (
        select(Account, Institution)
        .join(Institution, Institution.id == Account.institution_id)
        .where(Account.is_hidden.is_(False))
        .order_by(Account.id)
    )
    if household is not None:
        query = query.where(Institution.household == household)
    return [
        as_json(account) | {"household": bank.household, "institution": bank.name}
        for account, bank in db.execute(query.limit(limit))
    ]


@router.get("/connections")
def connections(db: Db, limit: Limit = 50) -> list[dict[str, Any]]:
    """Return the last events of the connections, newest first."""
    query = select(AccountConnectionEvent).order_by(AccountConnectionEvent.id.desc())
    return [as_json(row) for row in db.scalars(query.limit(limit))]
