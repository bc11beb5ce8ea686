"""Rules about what goes away or changes its name: tables, columns, foreign keys."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from drydock.errors import DrydockError
from drydock.names import fold, quote
from drydock.review import changes, syntax
from drydock.review import table as tables
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import SAMPLES, Situation, counted, samples

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "drop-table",
    changes.DropTable,
    severity="error",
    why="every row of the table is gone for good",
    evidence="the rows lost, and the foreign keys that point at the table",
    example="DROP TABLE notes;",
)
def drop_table(change: changes.DropTable, s: Situation) -> Iterator[Verdict]:
    """A dropped table with rows is an error; an empty one, or one made by this run, is not."""
    table = s.table(change.table)
    if table is None or s.is_new(change.table):
        return
    rows = s.rows(change.table)
    inbound = [key for key in s.children(table.name) if fold(key.child) != fold(table.name)]
    keys = tuple(f"{key} points at it" for key in inbound)
    lost = (
        f"{counted(rows, 'row')} would be lost" if rows is not None else "its rows are not known",
    )
    if rows == 0 and not inbound:
        yield Verdict("note", ("0 rows: nothing is lost",), table=table.name)
        return
    yield Verdict(
        s.loss if rows is not None else "warning",
        (*lost, *keys, *s.caveat(table.name)),
        f"keep the rows under another name: ALTER TABLE {quote(table.name)} "
        f"RENAME TO {quote(table.name + '_retired')};",
        table=table.name,
        destructive=True,
    )


@rule(
    "drop-column",
    changes.DropColumn,
    severity="error",
    why="the column's values are gone for good",
    evidence="values that are not NULL, samples, and where the application still names the column",
    example="ALTER TABLE trips DROP COLUMN notes;",
)
def drop_column(change: changes.DropColumn, s: Situation) -> Iterator[Verdict]:
    """A dropped column with values is an error; with only NULLs, a note."""
    table = s.table(change.table)
    column = table.column(change.column) if table else None
    if table is None or column is None or column.generated:
        return
    if s.is_new_column(table.name, column.name):
        return
    where = f"{quote(table.name)}.{quote(column.name)} IS NOT NULL"
    values = s.rows(table.name, where)
    code = tuple(f"{place} still names it" for place in s.in_code(column.name))
    if values == 0:
        yield Verdict(
            "warning" if code else "note",
            ("0 values: nothing is lost", *code),
            table=table.name,
            column=column.name,
        )
        return
    rows = s.ask(
        f"SELECT DISTINCT {quote(table.name)}.{quote(column.name)} FROM {quote(table.name)} "
        f"WHERE {where} LIMIT {SAMPLES}",
        table.name,
    )
    by_rows = change.way == "rows"
    said = (
        f"{counted(values, 'value')} would be lost"
        f"{', unless the Python code carries them over' if by_rows else ''}"
        if values is not None
        else "its values are not known",
        *(f"for example {line}" for line in samples(rows, (column.name,))),
    )
    yield Verdict(
        s.loss if values is not None and not by_rows else "warning",
        (*said, *code, *s.caveat(table.name)),
        f"copy them first, for example: CREATE TABLE {quote(table.name + '_' + column.name)} AS "
        f"SELECT rowid AS id, {quote(column.name)} FROM {quote(table.name)};",
        table=table.name,
        column=column.name,
        destructive=True,
    )


@rule(
    "drop-column-blocked",
    changes.DropColumn,
    severity="error",
    refusal="always",
    why="SQLite refuses to drop a column that something else still uses",
    evidence="the indexes, constraints, views and triggers that use the column, by name",
    example="CREATE INDEX by_notes ON trips(notes);\nALTER TABLE trips DROP COLUMN notes;",
)
def drop_column_blocked(change: changes.DropColumn, s: Situation) -> Iterator[Verdict]:
    """Only ``ALTER TABLE … DROP COLUMN`` is blocked; a rebuild or `transform` is not."""
    table = s.table(change.table)
    column = table.column(change.column) if table else None
    if change.way != "alter" or table is None or column is None:
        return
    blockers = _blockers(table, column.name)
    if blockers:
        yield Verdict(
            s.gravity(table.name),
            tuple(f"used by {each}" for each in blockers),
            _way_around(table.name, column.name, s),
            table=table.name,
            column=column.name,
        )


def _way_around(table: str, column: str, s: Situation) -> str:
    """Return the ``transform()`` that drops a column with what uses it, and what comes first."""
    from drydock.rebuild.changes import Changes
    from drydock.rebuild.program import make_plan
    from drydock.rebuild.refusals import DependentsError

    begin = f"in a .py migration: db[{table!r}].transform(drop=[{column!r}]"
    try:
        make_plan(s.schema, table, Changes(drop=(column,)))
    except DependentsError as refused:
        named = refused.dependents
    except (DrydockError, sqlite3.Error):
        return f"{begin}), which says what is in its way"
    else:
        return f"{begin})"
    call = f"{begin}, cascade={list(named)!r})"
    try:
        make_plan(s.schema, table, Changes(drop=(column,), cascade=named))
    except (DrydockError, sqlite3.Error) as refused:
        first = getattr(refused, "cause", None) or [str(refused)]
        return f"{call}; before it: {'; '.join(first)}"
    return call


def _blockers(table: tables.Table, column: str) -> list[str]:
    name = fold(column)
    found = [
        f"{'index ' + index.name if index.origin == 'c' else _constraint(index)}"
        for index in table.indexes
        if name in {fold(each or "") for each in index.columns}
        or (index.sql is not None and name in syntax.identifiers(index.sql.partition("(")[2]))
    ]
    if name in {fold(each) for each in table.key}:
        found.append("PRIMARY KEY")
    found += [
        f"foreign key {key}"
        for key in table.foreign_keys
        if name in {fold(each) for each in key.columns} and len(key.columns) > 1
    ]
    found += [f"CHECK ({each})" for each in _other_checks(table, name)]
    return list(dict.fromkeys(found))


def _other_checks(table: tables.Table, column: str) -> Iterator[str]:
    """Yield the CHECKs that name a column and stay when it goes: its own go along."""
    from drydock.rebuild.changes import constraints
    from drydock.rebuild.ddl import parse

    if not table.checks:
        return
    for item, one, columns in constraints(parse(table.sql)):
        own = item.column is not None and fold(item.column.name) == column
        if one.kind == "CHECK" and column in columns and not own:
            yield item.inner(one)


def _constraint(index: tables.Index) -> str:
    kind = "PRIMARY KEY" if index.origin == "pk" else "UNIQUE"
    return f"{kind} ({', '.join(each or '?' for each in index.columns)})"


@rule(
    "rename-table",
    changes.RenameTable,
    severity="warning",
    why="whatever still says the old name stops working after the deploy",
    evidence="the views, triggers and lines of the application that have the old name",
    example="ALTER TABLE trips RENAME TO journeys;",
)
def rename_table(change: changes.RenameTable, s: Situation) -> Iterator[Verdict]:
    """A rename that is a step of a rebuild is silent; the rest tells who has the old name."""
    if change.first or change.last or s.is_new(change.table) or s.table(change.table) is None:
        return
    yield _renamed(
        change.table, change.new, s, f"CREATE VIEW {quote(change.table)} AS "
        f"SELECT * FROM {quote(change.new)};", table=change.table, column=None,
    )  # fmt: skip


@rule(
    "rename-column",
    changes.RenameColumn,
    severity="warning",
    why="whatever still says the old name stops working after the deploy",
    evidence="the views, triggers and lines of the application that have the old name",
    example="ALTER TABLE trips RENAME COLUMN notes TO memo;",
)
def rename_column(change: changes.RenameColumn, s: Situation) -> Iterator[Verdict]:
    """A renamed column tells who has the old name."""
    table = s.table(change.table)
    if table is None or s.is_new(table.name):
        return
    yield _renamed(
        change.column, change.new, s,
        f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(change.column)} "
        f"AS ({quote(change.new)});", table=table.name, column=change.column,
    )  # fmt: skip


def _renamed(
    old: str, new: str, s: Situation, bridge: str, *, table: str, column: str | None
) -> Verdict:
    users = (
        *(f"{place} still names {old}" for place in s.in_code(old)),
        *(f"{each} names {old} (SQLite rewrites it)" for each in s.mentions(old)),
        *(
            f"{each} names {old}, and SQLite does not rewrite it"
            for each in tables.indexed_by(s.schema, table, column)
        ),
    )
    code = bool(s.in_code(old))
    return Verdict(
        "warning" if code else "note",
        users or (f"nothing in the schema names {old}",),
        f"change {old} to {new} in the application in the same deploy, or keep the old name "
        f"readable: {bridge}",
        table=table,
        column=column,
    )


@rule(
    "drop-foreign-key",
    changes.DropForeignKey,
    severity="warning",
    why="nothing keeps children without a parent out any more",
    evidence="the key, and the rows that it guards now",
    example="-- a rebuild of bookings whose new table leaves out REFERENCES trips(id)",
)
def drop_foreign_key(change: changes.DropForeignKey, s: Situation) -> Iterator[Verdict]:
    """A rebuild that leaves a foreign key out is told, with the rows that it guarded."""
    guarded = " AND ".join(
        f"{quote(change.table)}.{quote(each)} IS NOT NULL" for each in change.key.columns
    )
    rows = s.rows(change.table, guarded)
    columns = ", ".join(quote(each) for each in change.key.columns)
    to = ", ".join(quote(each) for each in change.key.parent_columns)
    yield Verdict(
        "warning",
        (
            f"{change.key} disappears",
            *([f"{counted(rows, 'row')} are guarded by it"] if rows else []),
        ),
        f"keep it in the new table: FOREIGN KEY ({columns}) REFERENCES "
        f"{quote(change.key.parent)}{f'({to})' if to else ''}"
        f"{'' if change.key.on_delete == 'NO ACTION' else ' ON DELETE ' + change.key.on_delete}",
        table=change.table,
    )
