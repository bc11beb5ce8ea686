"""Rules about ADD COLUMN: what SQLite refuses on a table that has rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.names import quote
from drydock.review import changes
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import Situation, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMPTY = "0 rows: safe here; a database with rows refuses it"


def _on_rows(
    change: changes.AddColumn, s: Situation, fix: str, *, only: bool = True
) -> Iterator[Verdict]:
    """Yield an error where the table has rows, a note where it is known to have none."""
    table = s.table(change.table)
    if not only or table is None or s.is_new(change.table):
        return
    rows = s.rows(table.name)
    if rows == 0 and s.is_sure(table.name):
        yield Verdict("note", (_EMPTY,), fix, table=table.name, column=change.column)
        return
    told = f"rows of {table.name}: not known"
    if rows is not None:
        told = f"{counted(rows, 'row')} in {table.name}"
    yield Verdict(
        s.gravity(table.name) if rows else "warning",
        (told, *s.caveat(table.name)),
        fix,
        table=table.name,
        column=change.column,
    )


@rule(
    "add-not-null",
    changes.AddColumn,
    severity="error",
    refusal="rows",
    why="SQLite has no value to put into the rows that are there",
    evidence="the table's row count",
    example="ALTER TABLE trips ADD COLUMN stars INTEGER NOT NULL;",
)
def add_not_null(change: changes.AddColumn, s: Situation) -> Iterator[Verdict]:
    """NOT NULL without a default fails on a table with rows."""
    meant = change.not_null and change.default is None and not change.generated
    example = "''" if "CHAR" in change.type.upper() or "TEXT" in change.type.upper() else "0"
    fix = (
        f"ALTER TABLE {quote(change.table)} ADD COLUMN {quote(change.column)} "
        f"{change.type} NOT NULL DEFAULT {example};"
    )
    yield from _on_rows(change, s, fix, only=meant)


@rule(
    "add-nonconstant-default",
    changes.AddColumn,
    severity="error",
    refusal="rows",
    why="SQLite adds a column without touching the rows, so its default must be a constant",
    evidence="the table's row count",
    example="ALTER TABLE trips ADD COLUMN added_at TEXT DEFAULT CURRENT_TIMESTAMP;",
)
def add_nonconstant_default(change: changes.AddColumn, s: Situation) -> Iterator[Verdict]:
    """CURRENT_TIMESTAMP or an expression as default fails on a table with rows."""
    fix = (
        f"in a .py migration: db[{change.table!r}].add_column({change.column!r}, "
        f"{change.type or 'TEXT'!r}), then UPDATE {quote(change.table)} "
        f"SET {quote(change.column)} = {change.default}, then "
        f"db[{change.table!r}].transform(defaults={{{change.column!r}: {change.default!r}}})"
    )
    yield from _on_rows(change, s, fix, only=not change.constant)


@rule(
    "add-stored-generated",
    changes.AddColumn,
    severity="error",
    refusal="rows",
    why="SQLite can add a VIRTUAL generated column, but not a STORED one",
    evidence="the table's row count",
    example="ALTER TABLE trips ADD COLUMN total AS (price * nights) STORED;",
)
def add_stored_generated(change: changes.AddColumn, s: Situation) -> Iterator[Verdict]:
    """STORED fails on a table with rows."""
    fix = f"write VIRTUAL for STORED, or rebuild {quote(change.table)} with the column in it"
    yield from _on_rows(change, s, fix, only=change.stored)


@rule(
    "add-references-default",
    changes.AddColumn,
    severity="error",
    refusal="rows",
    why="with foreign keys on, SQLite refuses a REFERENCES column whose default is not NULL",
    evidence="whether foreign keys are on at that line, and the table's row count",
    example="PRAGMA foreign_keys=ON;\n"
    "ALTER TABLE bookings ADD COLUMN trip_id INTEGER DEFAULT 1 REFERENCES trips(id);",
)
def add_references_default(change: changes.AddColumn, s: Situation) -> Iterator[Verdict]:
    """REFERENCES with a default fails on a table with rows while keys are on."""
    meant = change.parent is not None and change.default is not None and s.keys_on
    fix = (
        f"ALTER TABLE {quote(change.table)} ADD COLUMN {quote(change.column)} {change.type} "
        f"REFERENCES {quote(change.parent or '')}; UPDATE {quote(change.table)} "
        f"SET {quote(change.column)} = {change.default};"
    )
    yield from _on_rows(change, s, fix, only=meant)


@rule(
    "add-column-unique",
    changes.AddColumn,
    severity="error",
    refusal="always",
    why="SQLite never adds a UNIQUE or PRIMARY KEY column to a table that exists",
    evidence="none is needed: it fails on an empty table too",
    example="ALTER TABLE trips ADD COLUMN code TEXT UNIQUE;",
)
def add_column_unique(change: changes.AddColumn, s: Situation) -> Iterator[Verdict]:
    """UNIQUE and PRIMARY KEY always fail; the index does what is meant."""
    if not (change.unique or change.primary_key) or s.table(change.table) is None:
        return
    index = quote(f"{change.table}_{change.column}")
    yield Verdict(
        "warning" if s.conditional else "error",
        ("it fails whatever the table holds",),
        f"ALTER TABLE {quote(change.table)} ADD COLUMN {quote(change.column)} {change.type}; "
        f"CREATE UNIQUE INDEX {index} ON {quote(change.table)}({quote(change.column)});",
        table=change.table,
        column=change.column,
    )


@rule(
    "add-check-violated",
    changes.AddColumn,
    changes.NewCheck,
    severity="error",
    refusal="rows",
    why="rows that are there break the new CHECK, so SQLite refuses it",
    evidence="the rows that break it",
    example="ALTER TABLE trips ADD COLUMN stars INTEGER DEFAULT 0 CHECK (stars > 0);",
)
def add_check_violated(
    change: changes.AddColumn | changes.NewCheck, s: Situation
) -> Iterator[Verdict]:
    """A CHECK that rows break is an error, with the rows."""
    if isinstance(change, changes.NewCheck):
        image, expression = change.image, change.expression
    elif change.check is None or change.generated:
        return
    else:
        table = s.table(change.table)
        if table is None:
            return
        names = tuple(each.name for each in table.columns if not each.generated)
        listed = ", ".join(f"{quote(table.name)}.{quote(each)}" for each in names)
        select = f"SELECT {listed}, {change.default or 'NULL'} FROM main.{quote(table.name)}"
        image = changes.Image(table.name, (*names, change.column), select)
        expression = change.check
    broken = s.matching(image, f"NOT ({expression})", change.table)
    if broken is None or not broken[0]:
        return
    yield Verdict(
        s.gravity(change.table),
        (
            f"{counted(broken[0], 'row')} of {change.table} would break CHECK ({expression})",
            *(f"for example {line}" for line in broken[1]),
            *s.caveat(change.table),
        ),
        f"mend them first: UPDATE {quote(change.table)} SET … WHERE NOT ({expression});",
        table=change.table,
        column=change.column if isinstance(change, changes.AddColumn) else None,
    )
