"""What keeps a change from being made, as far as names and dependents can say.

Each function raises the first refusal it finds, with everything of that kind named at once, so
that a second try is the last. Looks at no row (`rows` does) and runs before anything is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.changes import constraints, label, normal
from drydock.rebuild.dependents import Dependent
from drydock.rebuild.refusals import (
    ContradictoryChangeError,
    DependentsError,
    NoSuchColumnError,
    NotATableError,
)
from drydock.tokens import code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.rebuild.changes import Changes
    from drydock.rebuild.ddl import CreateTable
    from drydock.rebuild.dependents import Surroundings
    from drydock.rebuild.shape import Schema, TableShape

_ROWID_NAMES = ("rowid", "_rowid_", "oid")


def subject(schema: Schema, name: str, temporary: Iterable[str]) -> str:
    """Return the table's name as stored, if it is a table that can be changed.

    Raises:
        NotATableError: It is none, or not one of ours to change.
    """
    if fold(name) in {fold(one) for one in temporary}:
        raise NotATableError(
            f"{name} is a temporary table here, which hides any other of that name",
            hint=f"drop it, or make it anew: DROP TABLE temp.{quote(name)}",
        )
    if view := schema.find("view", name):
        raise NotATableError(
            f"{view.name} is a view; only tables can be transformed",
            hint=f"DROP VIEW {quote(view.name)}, then CREATE VIEW with the new query",
        )
    table = schema.find("table", name)
    if table is None:
        near = _near(name, [one.name for one in schema.objects if one.type == "table"])
        raise NotATableError(f"there is no table {name}", cause=near)
    if fold(name) in {fold(one.name) for one in schema.virtual} or not (table.sql or "").strip():
        raise NotATableError(
            f"{table.name} is a virtual table; its module alone decides its columns",
            hint=f"DROP TABLE {quote(table.name)}, then create and fill it anew",
        )
    if fold(name) in schema.shadows or fold(name).startswith("sqlite_"):
        raise NotATableError(f"{table.name} belongs to SQLite itself or to a virtual table")
    if "virtual" in {token.folded for token in code(table.sql or "")[:2]}:
        raise NotATableError(
            f"{table.name} is a virtual table whose module is not loaded on this connection"
        )
    return table.name


def _near(name: str, names: list[str]) -> list[str]:
    from difflib import get_close_matches

    found = get_close_matches(name, names, n=1)
    return [f"did you mean {found[0]}?"] if found else []


def columns_exist(shape: TableShape, changes: Changes) -> None:
    """Check that every column that the change names is there.

    Raises:
        NoSuchColumnError: One is not.
        ContradictoryChangeError: One is both dropped and changed, or every one is dropped.
    """
    changed = {
        *changes.rename, *changes.not_null, *changes.defaults, *changes.collate,
        *changes.conversions, *(changes.pk or ()),
        *(name for one in changes.add_foreign_keys for name in one.columns),
        *(name for name in changes.types if name not in changes.generated),
        *(name for name, one in changes.generated.items() if one.expression is None),
    }  # fmt: skip
    known = {fold(one.name) for one in shape.columns}
    known |= {fold(name) for name in changes.generated}
    asked = {*changed, *changes.drop, *changes.column_order}
    missing = sorted(name for name in asked if fold(name) not in known)
    if missing:
        present = [one.name for one in shape.columns]
        raise NoSuchColumnError(
            f"table {shape.name} has no column {', '.join(missing)}",
            cause=_near(missing[0], present),
            hint=f"its columns are: {', '.join(present)}",
        )
    dropped = {fold(name) for name in changes.drop}
    if both := sorted(name for name in changed if fold(name) in dropped):
        raise ContradictoryChangeError(
            f"{', '.join(both)} cannot be dropped and changed at once",
            cause=f"drop={list(changes.drop)!r} says that it goes",
            hint="leave it out of one of the two",
        )
    if not known - dropped:
        raise ContradictoryChangeError(
            f"table {shape.name} would have no column left",
            hint=f"to be rid of the table: DROP TABLE {quote(shape.name)}",
        )


def checks_exist(around: Surroundings, changes: Changes) -> None:
    """Check that every CHECK to drop, and everything in `cascade`, is there.

    Raises:
        ContradictoryChangeError: One is not.
    """
    found = [(one.kind, label(item, one)) for item, one, _ in constraints(around.create)]
    checks = {normal(name) for kind, names in found if kind == "CHECK" for name in names}
    for wanted in changes.drop_check:
        if normal(wanted) not in checks:
            stated = [names[0] for kind, names in found if kind == "CHECK"]
            raise ContradictoryChangeError(
                f"table {around.shape.name} has no CHECK {wanted}",
                cause=[f"it has: {name}" for name in stated] or "it has none",
                hint="name it by its constraint's name, or by its expression",
            )


def sequence_allows(after: CreateTable, changes: Changes) -> None:
    """Check that AUTOINCREMENT has a key to stand at, where it is asked for.

    Raises:
        ContradictoryChangeError: It has none.
    """
    if changes.autoincrement and not autoincrements(after):
        raise ContradictoryChangeError(
            f"table {after.name.name} has no primary key that could count",
            hint='name an INTEGER column as well: pk="id"',
        )


def autoincrements(create: CreateTable) -> bool:
    """Whether the table's key never gives a number twice."""
    return any(
        one.kind == "PRIMARY KEY" and one.has("AUTOINCREMENT") for _, one, _ in constraints(create)
    )


def nulls_allow(after: TableShape, changes: Changes) -> None:
    """Check that NULL is allowed where it is to be.

    Raises:
        ContradictoryChangeError: A key forbids it.
    """
    for name, wanted in changes.not_null.items():
        column = after.column(name)
        if column and not wanted and column.not_null:
            raise ContradictoryChangeError(
                f"column {name} of {after.name} is part of a key that cannot be NULL",
                hint="change the key as well: pk=…, or without_rowid=False",
            )


def temporary_triggers_allow(table: str, triggers: list[str]) -> None:
    """Check that the connection has no temporary trigger, which a rebuild would drop.

    Raises:
        DependentsError: It has one.
    """
    found = [
        Dependent(
            "temporary trigger", (name,), "would be lost", f"DROP TRIGGER temp.{quote(name)}",
            cascades=False,
        )
        for name in triggers
    ]  # fmt: skip
    refuse_dependents(f"table {table} cannot be rebuilt", found)


def implied_keys_allow(around: Surroundings, after: TableShape) -> None:
    """Check that no foreign key without parent columns would come to mean another key.

    Raises:
        DependentsError: One says REFERENCES and no columns, and the primary key changes.
    """
    before = [fold(name) for name in around.shape.primary_key]
    if before != [fold(name) for name in after.primary_key]:
        found = [one.dependent() for one in around.children if one.implied]
        refuse_dependents(f"the primary key of {around.shape.name} cannot change", found)


def dependents_allow(around: Surroundings, changes: Changes) -> list[Dependent]:
    """Return the dependents of dropped columns that go along, as `cascade` says.

    Raises:
        DependentsError: Something that was not named depends on a column that would go.
    """
    going: list[Dependent] = []
    dropped = {fold(name) for name in changes.drop}
    for name in changes.drop:
        found = [one for one in around.of_column(name) if fold(one.labels[0]) not in dropped]
        if not any(one.kind != "primary key" for one in found) and changes.pk is not None:
            found = []
        refuse_dependents(
            f"column {name} of {around.shape.name} cannot be dropped",
            [one for one in found if not (one.cascades and changes.cascades(*one.labels))],
        )
        going += [one for one in found if one not in going]
    return going


def order_allows(around: Surroundings, after: TableShape, changes: Changes) -> None:
    """Check that nothing takes the columns by a position that would be another's.

    Raises:
        DependentsError: Something does.
    """
    before = [fold(one.name) for one in around.shape.columns]
    if [fold(one.name) for one in after.columns] != before:
        found = [one for one in around.by_position() if not changes.cascades(*one.labels)]
        refuse_dependents(f"the columns of {around.shape.name} cannot change places", found)


def rowids_allow(around: Surroundings, after: TableShape, changes: Changes) -> None:
    """Check that nothing finds rows by a rowid that would be another's, or hidden.

    Raises:
        DependentsError: Something does.
    """
    before, shape = around.shape.rowid_alias, around.shape
    moved = after.rowid_alias is not None and fold(after.rowid_alias) != fold(before or "")
    lost = after.without_rowid and not shape.without_rowid
    hidden = any(fold(name) in _ROWID_NAMES for name in changes.rename.values())
    # What reads a rowid that is lost no longer compiles: `readings_kept` finds exactly that.
    found = around.by_rowid() if moved or hidden else []
    found += around.full_text("rowid") if moved or hidden or lost else []
    refuse_dependents(
        f"the rowids of {shape.name} cannot change",
        [one for one in found if not (one.cascades and changes.cascades(*one.labels))],
    )


def renames_allow(around: Surroundings, changes: Changes) -> None:
    """Check that no full-text table reads a renamed column: SQLite's ALTER does not see it.

    Raises:
        DependentsError: One does.
    """
    for old, new in changes.rename.items():
        if fold(old) != fold(new):
            refuse_dependents(
                f"column {old} of {around.shape.name} cannot be renamed", around.full_text(old)
            )


def refuse_dependents(what: str, found: list[Dependent]) -> None:
    """Refuse in the name of the dependents, if there are any.

    Raises:
        DependentsError: There are.
    """
    if not found:
        return
    names = tuple(one.labels[0] for one in found)
    named = [one.labels[0] for one in found if one.cascades]
    hint = "resolve each with its statement"
    if named:
        hint += f", or let them go along: cascade={named!r}"
    count = "1 thing depends" if len(found) == 1 else f"{len(found)} things depend"
    raise DependentsError(
        f"{what}: {count} on it", dependents=names, cause=[one.line() for one in found], hint=hint
    )
