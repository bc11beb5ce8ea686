"""Foreign keys: the rows that break one now and did not before (F15, F16).

The question is put as one anti-join by key, with the row's own state before as part of it, so
that a rebuild that renumbers keys or rowids cannot confuse old violations with new ones. It is
not put at all where the evidence already answers it: no row came, no row went, no key changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.evidence import samples
from drydock.evidence.facts import ForeignKeyEvidence, Problem
from drydock.names import fold, quote

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.facts import TableEvidence
    from drydock.evidence.inventory import Inventory, Shapes, Table


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One declared key: columns of a child, and the parent's columns that they name.

    `parent` is None when there is no such table, `unique` whether the parent's columns are a key.
    """

    child: Table
    columns: tuple[str, ...]
    parent_name: str
    parent: Table | None
    parent_columns: tuple[str, ...]
    unique: bool


def read(
    connection: sqlite3.Connection, schema: str, tables: Inventory, child: Table, shapes: Shapes
) -> list[ForeignKey]:
    """Read the foreign keys that `child` declares in the attached database `schema`."""
    if "references" not in fold(child.sql):
        return []
    listed: dict[int, list[tuple[str, str, str | None]]] = {}
    pragma = f"PRAGMA {schema}.foreign_key_list({quote(child.name)})"
    for number, _, parent, column, target, *_ in connection.execute(pragma):
        listed.setdefault(number, []).append((parent, column, target))
    found = []
    for parts in listed.values():
        name = parts[0][0]
        parent_table = tables.tables.get(fold(name))
        shape = shapes.of(schema, parent_table) if parent_table else None
        targets = tuple(target for _, _, target in parts if target is not None)
        if len(targets) < len(parts):
            targets = shape.primary_key if shape else ()
        wanted = {fold(target) for target in targets}
        keys = [shape.primary_key, *shape.keys] if shape else []
        found.append(
            ForeignKey(
                child,
                tuple(column for _, column, _ in parts),
                name,
                parent_table,
                targets,
                len(targets) == len(parts)
                and any({fold(part) for part in key} == wanted for key in keys),
            )
        )
    return found


def is_answered(
    key: ForeignKey,
    was: ForeignKey | None,
    child: TableEvidence,
    parent: TableEvidence | None,
) -> bool:
    """Whether the evidence of both tables proves that no row can break `key` that did not. Pure."""
    if was is None or key.parent is None or was.parent is None or parent is None:
        return False
    touched = {fold(column.name) for column in child.columns if column.changed}
    moved = {fold(column.name) for column in parent.columns if column.changed}
    return (
        child.added == 0
        and parent.removed == 0
        and touched.isdisjoint(map(fold, key.columns))
        and moved.isdisjoint(map(fold, key.parent_columns))
        and (
            key.parent.sql == was.parent.sql
            # Another collation or type of the parent's key can part what was equal.
            or (
                parent.kind != "rebuilt"
                and fold(key.parent.sql).count("collate") == fold(was.parent.sql).count("collate")
            )
        )
    )


def mismatch(key: ForeignKey, was: ForeignKey | None) -> Problem | None:
    """The problem of a key whose parent columns are not unique: every write would fail. Pure."""
    if key.parent is None or key.unique:
        return None
    named = f"{key.child.name} ({', '.join(key.columns)})"
    target = f"{key.parent_name} ({', '.join(key.parent_columns)})"
    return Problem(
        key.child.name,
        f"foreign key mismatch: {named} refers to {target}, which is no unique key",
        is_new=was is None or was.unique,
    )


def new_violations(
    connection: sqlite3.Connection,
    key: ForeignKey,
    was: ForeignKey | None,
    *,
    identity: tuple[tuple[str, str], ...],
    named: tuple[str, ...],
    limit: int,
) -> ForeignKeyEvidence | None:
    """Count the rows that break `key` in ``main`` and did not break `was` in ``was``.

    Args:
        connection: Of a crew: ``main`` and ``was``.
        key: The key as it is now.
        was: The same key before; None: it is new, so every row that breaks it counts.
        identity: Pairs of names (before, after) that are equal for the same row; empty where
            rows have no identity, and then a key's value that was an orphan before may stay one.
        named: The columns that name a row of the child in the samples.
        limit: The most sample rows.
    """
    child = quote(key.child.name)
    condition = [_is_orphan("main", key, "c")]
    if was is not None:
        same = [f"w.{quote(old)} IS c.{quote(new)}" for old, new in identity]
        same += [
            f"w.{quote(old)} IS c.{quote(new)}"
            for old, new in zip(was.columns, key.columns, strict=True)
        ]
        condition.append(
            f"NOT EXISTS (SELECT 1 FROM was.{quote(was.child.name)} AS w "
            f"WHERE {' AND '.join(same)} AND {_is_orphan('was', was, 'w')})"
        )
    body = f"FROM main.{child} AS c WHERE {' AND '.join(condition)}"
    (rows,) = connection.execute(f"SELECT count(*) {body}").fetchone()
    if not rows:
        return None
    shown = tuple(dict.fromkeys((*named, *key.columns)))
    asked = ", ".join(f"c.{quote(name)}" for name in shown)
    found = tuple(
        ", ".join(
            f"{name}={samples.text(value, name)}" for name, value in zip(shown, row, strict=True)
        )
        for row in connection.execute(f"SELECT {asked} {body} LIMIT {limit}")
    )
    return ForeignKeyEvidence(key.child.name, key.columns, key.parent_name, rows, found)


def _is_orphan(schema: str, key: ForeignKey, row: str) -> str:
    """Whether `row` names a parent that is not there (a NULL in the key names none).

    The parent's columns stand left and bare: their collation and affinity decide, as in SQLite.
    """
    named = [f"{row}.{quote(column)} IS NOT NULL" for column in key.columns]
    if key.parent is not None:
        equal = " AND ".join(
            f"p.{quote(target)} = +{row}.{quote(column)}"
            for target, column in zip(key.parent_columns, key.columns, strict=True)
        )
        named.append(
            f"NOT EXISTS (SELECT 1 FROM {schema}.{quote(key.parent.name)} AS p WHERE {equal})"
        )
    return f"({' AND '.join(named)})"
