"""Diagnostics: whether the database is the one that this code was written for.

It always answers, also on a schema that is behind; it changes nothing.
"""
# ruff: noqa: TC001 - FastAPI reads the annotations when it runs

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import text

import drydock
from backend.api.dependencies import Db
from backend.database.location import MIGRATIONS, database_path
from backend.database.models import Base

router = APIRouter(tags=["diagnostics"])


@router.get("/health")
def health(db: Db) -> dict[str, str]:
    """Say that the application answers and can read its database."""
    db.execute(text("PRAGMA schema_version"))
    return {"status": "ok"}


@router.get("/api/v2/diagnostics")
def diagnostics(db: Db) -> dict[str, Any]:
    """Return the state of the schema, the migrations, the tables and the foreign keys."""
    problems = schema_problems(db)
    migrations = migration_state()
    violations = db.execute(text("PRAGMA foreign_key_check")).all()
    current = not (migrations["pending"] or migrations["edited"] or migrations["missing"])
    sound = not problems and current
    return {
        "status": "ok" if sound and not violations else "degraded",
        "schema": {"ok": not problems, "problems": problems},
        "migrations": migrations,
        "tables": row_counts(db),
        "foreign_keys": {"ok": not violations, "violations": len(violations)},
    }


def schema_problems(db: Db) -> list[str]:
    """Return each table and column that the models have and the database has not."""
    problems = []
    for table in Base.metadata.sorted_tables:
        names = text("SELECT name FROM pragma_table_info(:table)").bindparams(table=table.name)
        columns = set(db.scalars(names))
        if not columns:
            problems.append(f"{table.name}: no such table")
            continue
        missing = (column.name for column in table.columns if column.name not in columns)
        problems += [f"{table.name}.{name}: no such column" for name in missing]
    return problems


def migration_state() -> dict[str, Any]:
    """Return how the ledger in the database compares with the files in migrations/."""
    found = drydock.current_state(database_path(), MIGRATIONS)
    return {
        "applied": len(found.applied),
        "last": found.applied[-1] if found.applied else None,
        "pending": found.pending,
        "edited": found.edited,
        "missing": found.unknown,
    }


def row_counts(db: Db) -> dict[str, int]:
    """Return how many rows each table of the models has; those that are not there are left out."""
    there = set(db.scalars(text("SELECT name FROM sqlite_schema WHERE type = 'table'")))
    return {
        name: db.scalar(text(f"SELECT count(*) FROM {name}")) or 0
        for name in sorted(Base.metadata.tables)
        if name in there
    }
