"""An operation in the words of `Table.transform()`: sqlite-utils' own, and the ones beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.matrix.operations import Operation, new_type

if TYPE_CHECKING:
    from tests.matrix.feature import Feature
    from tests.matrix.snapshot import Snapshot

BEYOND = frozenset(
    {
        "add check", "drop check", "collate", "autoincrement", "no autoincrement",
        "without rowid", "with rowid", "generated", "drop cascade",
    }
)  # fmt: skip
"""The kinds that sqlite-utils does not offer."""


def arguments(operation: Operation, feature: Feature, before: Snapshot) -> dict[str, Any]:
    """Return the keyword arguments of `transform()` that ask for the operation."""
    column, value = operation.column, operation.value
    if asked := new_type(operation, feature, before):
        return {"types": {column: asked}}
    columns = tuple(c.name for c in before.columns)
    wanted: dict[str, dict[str, Any]] = {
        "set not null": {"not_null": {column}},
        "drop not null": {"not_null": {column: False}},
        "set default": {"defaults": {column: value}},
        "drop default": {"defaults": {column: None}},
        "rename": {"rename": {column: value}},
        "drop": {"drop": {column}},
        "drop cascade": {"drop": {column}, "cascade": list(feature.cascade)},
        "move first": {"column_order": [column, *(c for c in columns if c != column)]},
        "add key": {"add_foreign_keys": [(column, "other", "id")]},
        "drop key": {"drop_foreign_keys": [column]},
        "collate": {"collate": {column: value}},
        "keep": {"not_null": {column: False}, "keep_table": value},
        "strict": {"strict": True},
        "not strict": {"strict": False},
        "add check": {"add_check": [value]},
        "drop check": {"drop_check": [value]},
        "pk": {"pk": column},
        "autoincrement": {"autoincrement": True},
        "no autoincrement": {"autoincrement": False},
        "without rowid": {"without_rowid": True},
        "with rowid": {"without_rowid": False},
        "generated": {"generated": {column: value}},
    }
    return wanted[operation.kind]
