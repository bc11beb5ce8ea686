"""What a row reads in a column that was added after it was written: the default of today's text.

ADD COLUMN writes no row (lang_altertable.html, section 5). Such a row takes its value from the
CREATE text whenever it is read, in the form that the affinity of today gives it: an edit of either
is an edit of the row. SQLite itself is asked what it reads, in memory; it reads NULL where the
default is no constant.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from drydock.rebuild.shape import ColumnShape


class Declared(NamedTuple):
    """A column as its table declares it, and whether that table is STRICT."""

    column: ColumnShape
    strict: bool


def read_otherwise(before: Declared, after: Declared) -> str | None:
    """Return the value that older rows read now, if another text would give them another.

    Args:
        before: The column as it is.
        after: The column as it would be; what a copy of the row holds in it is the measure.

    Returns:
        The value now, as an SQL literal; None where older rows keep it under the other text.
    """
    if _depends_on(before) == _depends_on(after):
        return None
    with closing(sqlite3.connect(":memory:")) as scratch:
        now, then = _read(scratch, "old", before), _read(scratch, "new", after)
        return None if _copied(scratch, now, after) == then else now


def is_read_as_copied(declared: Declared) -> bool:
    """Whether a copy of an older row, by the same text, holds what the row reads.

    ``TEXT DEFAULT TRUE`` reads an integer, which a copy makes text of.
    """
    with closing(sqlite3.connect(":memory:")) as scratch:
        now = _read(scratch, "old", declared)
        return _copied(scratch, now, declared) == now


def _depends_on(declared: Declared) -> tuple[object, ...]:
    """Return what a default's value depends on: nothing where there is none."""
    column = declared.column
    return (column.default, column.affinity, declared.strict) if column.default else ()


def _read(scratch: sqlite3.Connection, table: str, declared: Declared) -> str:
    """Return, as an SQL literal, what a row older than the column reads in it."""
    scratch.execute(f"CREATE TABLE {table}(older INTEGER){_options(declared)}")
    scratch.execute(f"INSERT INTO {table} VALUES (1)")
    text = declared.column.default or "NULL"
    # PRAGMA table_info leaves out the parentheses that an expression is written in.
    for default in (text, f"({text})"):
        try:
            scratch.execute(
                f"ALTER TABLE {table} ADD COLUMN value {_type(declared)} DEFAULT {default}"
            )
        except sqlite3.Error:
            continue
        return str(scratch.execute(f"SELECT quote(value) FROM {table}").fetchone()[0])
    return "NULL"


def _copied(scratch: sqlite3.Connection, value: str, declared: Declared) -> str | None:
    """Return what the column holds of a value, as SQL literals; None if it does not take it."""
    scratch.execute(f"CREATE TABLE copy(value {_type(declared)}){_options(declared)}")
    try:
        scratch.execute(f"INSERT INTO copy VALUES ({value})")
    except sqlite3.IntegrityError:
        return None
    return str(scratch.execute("SELECT quote(value) FROM copy").fetchone()[0])


def _type(declared: Declared) -> str:
    return declared.column.type if declared.strict else declared.column.affinity


def _options(declared: Declared) -> str:
    return " STRICT" if declared.strict else ""
