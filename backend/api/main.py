"""The application: ``python -m uvicorn backend.api.main:app --port 8000``.

It never creates or changes the schema; that is the migrations' doing. It refuses to start on a
database whose history is not that of the files in migrations/. Where the schema is only behind the
code, it starts, so that there is something to go back to when a migration fails; the endpoints
that need what is missing answer 503 and say what to type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError

from backend.api.routers import (
    accounts,
    aggregations,
    budgets,
    diagnostics,
    goals,
    reflections,
    sinking_funds,
    subscriptions,
    transactions,
    weekly_plans,
)
from backend.database.location import MIGRATIONS, database_path
from drydock import guard
from drydock.errors import DrydockError

if TYPE_CHECKING:
    from fastapi import Request

app = FastAPI(
    title="Budget Buddy",
    version="2.0",
    lifespan=guard.lifespan(database_path, MIGRATIONS, pending="serve"),
)

for area in (
    diagnostics,
    transactions,
    budgets,
    goals,
    sinking_funds,
    accounts,
    reflections,
    weekly_plans,
    subscriptions,
    aggregations,
):
    app.include_router(area.router)


@app.exception_handler(OperationalError)
def database_does_not_serve(request: Request, error: OperationalError) -> JSONResponse:
    """Answer 503 where the database is missing, locked or behind the code."""
    del request
    cause = str(error.orig)
    behind = cause.startswith(("no such column", "no such table"))
    hint = "run: inv migrate" if behind else "see: inv doctor"
    return JSONResponse({"detail": cause, "hint": hint}, status_code=503)


@app.exception_handler(DrydockError)
def migrations_cannot_be_told(request: Request, error: DrydockError) -> JSONResponse:
    """Answer 503 where the files in migrations/ cannot be read while the application runs."""
    del request
    return JSONResponse({"detail": str(error), "hint": error.hint}, status_code=503)
