"""The part of a schema that a change is about, where the whole would be no picture any more. Pure.

Small schemas are shown whole. It refuses to draw more than a page can hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.names import fold

if TYPE_CHECKING:
    from drydock.schema.difference import SchemaDifference
    from drydock.schema.objects import Schema

MOST_TABLES = 40


def excerpt(schema: Schema, changes: SchemaDifference) -> tuple[Schema, SchemaDifference]:
    """Return what to draw: the changed tables, their neighbours, and no more than fit.

    Neighbours are the tables that a changed one refers to, or that refer to it.
    """
    names = {fold(table.name) for table in schema.own_tables}
    changed = list(dict.fromkeys(fold(one.table) for one in changes.changes if one.table))
    if len(names.union(changed)) <= MOST_TABLES:
        return schema, changes
    near: list[str] = []
    for table in schema.own_tables:
        parents = [fold(key.parent) for key in table.foreign_keys]
        if fold(table.name) in changed:
            near += parents
        elif not set(parents).isdisjoint(changed):
            near.append(fold(table.name))
    kept = set(list(dict.fromkeys([*changed, *near]))[:MOST_TABLES])
    return (
        replace(schema, tables=tuple(each for each in schema.tables if fold(each.name) in kept)),
        replace(changes, changes=tuple(one for one in changes.changes if fold(one.table) in kept)),
    )
