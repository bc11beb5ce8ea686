"""Which way a change goes: the cheapest that keeps every stored value's meaning.

A pure function of the table's shape before and after; it looks at no row and runs nothing. From
cheap to dear:

``schema-edit``
    Only the stored CREATE text changes, in O(1) of the rows (lang_altertable.html, section 7);
    indexes whose order changes are built anew.
``native``
    SQLite's own ALTER TABLE: RENAME COLUMN, DROP COLUMN.
``update``
    The declared type changes in the text, and an UPDATE gives the values their new form where they
    lie: only where no index, key, trigger or computed column looks at them.
``swap``
    The rows are copied into a new tree and the table takes it over: triggers, views, keys,
    statistics and every index on untouched columns stay where they are.
``rebuild``
    The documented twelve steps, where the key that places the rows changes.

Traps it exists for: a DEFAULT edited in the text changes the rows written before its ADD COLUMN;
a type edited across affinities leaves unconverted values, and gives those rows the default's form
for that of their value; REAL keeps whole numbers as integers on disk, so that leaving REAL is never
free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock.names import fold
from drydock.rebuild.changes import constraints

if TYPE_CHECKING:
    from drydock.rebuild.changes import Changes
    from drydock.rebuild.ddl import CreateTable
    from drydock.rebuild.shape import ColumnShape, IndexShape, TableShape

Way = Literal["nothing", "schema-edit", "native", "update", "swap", "rebuild"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The way, why it and no cheaper one, and the indexes that must be built anew."""

    way: Way
    why: str
    reindex: tuple[str, ...] = ()
    native_drop: str | None = None
    converted: tuple[str, ...] = ()


def touched_columns(
    before: TableShape, after: TableShape, create: CreateTable, changes: Changes
) -> frozenset[str]:
    """Return the columns (folded) whose values or order change, computed ones included."""
    names = {*changes.conversions, *changes.collate, *retyped(before, after)}
    names |= {name for name, one in changes.generated.items() if one.expression}
    touched = {fold(name) for name in names}
    while True:
        computed = {
            fold(item.column.name)
            for item, one, columns in constraints(create)
            if one.kind == "GENERATED" and item.column and columns & touched
        }
        if computed <= touched:
            return frozenset(touched)
        touched |= computed


def storage_class(column: ColumnShape) -> str:
    """Return the affinity as far as stored bytes go: INTEGER and NUMERIC store alike."""
    return "NUMERIC" if column.affinity == "INTEGER" else column.affinity


def retyped(before: TableShape, after: TableShape) -> tuple[str, ...]:
    """Return the columns whose values the new declaration gives another form."""
    names = []
    for old in before.columns:
        new = after.column(old.name)
        if new and storage_class(old) != storage_class(new):
            names.append(old.name)
    return tuple(names)


def decide(
    before: TableShape,
    after: TableShape,
    create: CreateTable,
    changes: Changes,
    late_defaults: frozenset[str],
    *,
    watched: bool,
) -> Decision:
    """Return the cheapest safe way from `before` to `after`.

    Args:
        before: The table now, with its indexes.
        after: The table as asked, before any rename; CREATE INDEX is not part of its text, so
            only the indexes of its constraints are in it.
        create: The tree of the new text.
        changes: What was asked.
        late_defaults: Columns (folded) that may be missing in rows written before their ADD
            COLUMN, so that the new text's default would show through in them.
        watched: Whether a trigger or a foreign key looks at a column whose values change.
    """
    touched = touched_columns(before, after, create, changes)
    if reason := _rebuild_reason(before, after, changes):
        return Decision("rebuild", reason)
    reason = _copy_reason(before, after, changes, late_defaults, touched)
    made = [one for one in after.indexes if one.origin != "c"]
    kept = [one for one in before.indexes if one.origin == "c"]
    reindex = tuple(one.name for one in (*made, *kept) if _stale(one, touched, after))
    gone = [one.name for one in before.columns if one.stored and not after.column(one.name)]
    in_place = _converts_in_place(before, after, changes, touched)
    elsewhere = watched or reindex or gone or _layout_reason(before, after, late_defaults, touched)
    if in_place and not elsewhere:
        return Decision("update", reason, converted=retyped(before, after))
    if not reason and len(gone) == 1:
        return Decision("native", f"ALTER TABLE drops {gone[0]} in place", reindex, gone[0])
    if reason or gone:
        if before.rowid_name is None and not before.without_rowid and before.rowid_alias is None:
            return Decision("rebuild", "its columns shadow every name of the rowid")
        return Decision("swap", reason or f"{len(gone)} columns go in one copy", reindex)
    return _without_rows(before, after, changes, reindex)


def _without_rows(
    before: TableShape, after: TableShape, changes: Changes, reindex: tuple[str, ...]
) -> Decision:
    if after.sql != before.sql:
        why = "no stored byte changes its meaning"
        if reindex:
            why += f"; {', '.join(reindex)} built anew for the new order"
        return Decision("schema-edit", why, reindex)
    if changes.rename:
        return Decision("native", "ALTER TABLE carries a rename to everything that names it")
    return Decision("nothing", "the table already is as asked")


def _rebuild_reason(before: TableShape, after: TableShape, changes: Changes) -> str:
    if changes.keep_table:
        return f"the old table is kept as {changes.keep_table}"
    if before.without_rowid != after.without_rowid:
        return "WITHOUT ROWID decides where the rows lie"
    if fold(before.rowid_alias or "") != fold(after.rowid_alias or ""):
        return "the INTEGER PRIMARY KEY decides where the rows lie"
    if before.constraint_indexes != after.constraint_indexes:
        return "the indexes of its PRIMARY KEY and UNIQUE constraints change"
    clustered = {fold(name) for name in after.primary_key} if after.without_rowid else set()
    if clustered & {fold(name) for name in (*changes.collate, *retyped(before, after))}:
        return "the rows lie in the order of a key that changes"
    return ""


def _copy_reason(
    before: TableShape,
    after: TableShape,
    changes: Changes,
    late_defaults: frozenset[str],
    touched: frozenset[str],
) -> str:
    if changes.conversions:
        return "values are converted"
    virtual = [one.name for one in before.columns if not one.stored]
    if names := [name for name in retyped(before, after) if name not in virtual]:
        return f"the values of {', '.join(names)} change their form"
    return _layout_reason(before, after, late_defaults, touched)


def _converts_in_place(
    before: TableShape, after: TableShape, changes: Changes, touched: frozenset[str]
) -> bool:
    """Whether SQLite itself, writing the values again, would give them their new form."""
    names = retyped(before, after)
    columns = [one for one in before.columns if one.name in names]
    columns += [one for one in after.columns if one.name in names]
    return (
        bool(names)
        and not changes.conversions
        and touched == {fold(name) for name in names}
        # REAL keeps whole numbers as integers on disk, and shows them as what they are not there.
        and all(one.affinity != "REAL" and not one.hidden for one in columns)
    )


def _layout_reason(
    before: TableShape,
    after: TableShape,
    late_defaults: frozenset[str],
    touched: frozenset[str],
) -> str:
    stays = [one.name for one in before.columns if one.stored and after.column(one.name)]
    comes = [one.name for one in after.columns if one.stored]
    if [fold(name) for name in stays] != [fold(name) for name in comes]:
        return "columns are added or change places"
    if late_defaults:
        return f"rows older than {', '.join(sorted(late_defaults))} would read another default"
    stored = [one.name for one in after.columns if one.hidden == 3 and fold(one.name) in touched]
    return f"{', '.join(stored)} is computed anew" if stored else ""


def _stale(index: IndexShape, touched: frozenset[str], table: TableShape) -> bool:
    """Whether what the index holds may no longer be what the table would put into it."""
    if index.origin == "pk" and table.without_rowid:
        return False  # it is the table
    clustered = {fold(name) for name in table.primary_key} if table.without_rowid else set()
    return bool(touched) and (index.computed or index.holds(touched) or bool(clustered & touched))
