"""Alembic's `batch_alter_table`, as its manual shows it for SQLite.

Foreign keys are off, which is the driver's default: with them on, the batch's DROP TABLE deletes
every child row that cascades, in every cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.pool import NullPool

from benchmarks.tools.request import NotOfferedError, Request

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES: dict[str, Any] = {
    "TEXT": sa.Text(),
    "INTEGER": sa.Integer(),
    "BIGINT": sa.BigInteger(),
    "BLOB": sa.LargeBinary(),
    "DOUBLE": sa.DOUBLE(),
    "VARCHAR(20)": sa.String(20),
    "NVARCHAR(99)": sa.NVARCHAR(99),
    "DECIMAL(12,3)": sa.DECIMAL(12, 3),
}
_NAMING = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
_TABLE_OPTIONS = {
    "autoincrement": {"sqlite_autoincrement": True},
    "without rowid": {"sqlite_with_rowid": False},
    "strict": {"sqlite_strict": True},
}


def change(request: Request) -> None:
    """Do it; raises what Alembic, SQLAlchemy or SQLite raises."""
    if request.kind in ("keep", "drop cascade", "not strict", "with rowid", "no autoincrement"):
        raise NotOfferedError(request.kind)
    if request.kind == "collate" and not request.is_text:
        raise NotOfferedError(request.declared)
    engine = sa.create_engine(f"sqlite:///{request.path}", poolclass=NullPool)
    options: dict[str, Any] = {"naming_convention": _NAMING}
    if request.kind in _TABLE_OPTIONS:
        options |= {"recreate": "always", "table_kwargs": _TABLE_OPTIONS[request.kind]}
    if request.kind == "move first":
        rest = [c for c in request.columns if c != request.column]
        options |= {"recreate": "always", "partial_reordering": [(request.column, *rest)]}
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(request.table, **options) as batch:
            _ask(batch, request)


def _ask(batch: Any, request: Request) -> None:
    """Say the change in Alembic's words."""
    column, value = request.column, request.value
    asked: dict[str, dict[str, Any]] = {
        "set not null": {"nullable": False},
        "drop not null": {"nullable": True},
        "set default": {"server_default": value},
        "drop default": {"server_default": None},
        "rename": {"new_column_name": value},
        "collate": {"type_": sa.Text(collation=value)},
    }
    if request.asked:
        if request.asked not in _TYPES:
            raise NotOfferedError(request.asked)
        batch.alter_column(column, type_=_TYPES[request.asked])
        return
    if request.kind in asked:
        batch.alter_column(column, **asked[request.kind])
    elif request.kind not in _TABLE_OPTIONS and request.kind != "move first":
        _operations(batch, request)[request.kind]()


def _operations(batch: Any, request: Request) -> dict[str, Callable[[], object]]:
    """Return what is said by an operation of its own, by the kind of change."""
    table, column, value = request.table, request.column, request.value
    return {
        "drop": lambda: batch.drop_column(column),
        "add key": lambda: batch.create_foreign_key("fk_new", "other", [column], ["id"]),
        "drop key": lambda: batch.drop_constraint(f"fk_{table}_{column}_other", "foreignkey"),
        "add check": lambda: batch.create_check_constraint("ck_new", sa.text(value)),
        "drop check": lambda: batch.drop_constraint(value, "check"),
        "pk": lambda: batch.create_primary_key("pk_new", [column]),
        "generated": lambda: batch.add_column(sa.Column(column, sa.Integer(), sa.Computed(value))),
    }
