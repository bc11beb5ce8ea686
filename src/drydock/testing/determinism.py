"""Whether two databases that the same migration made of the same rows are the same.

A time that was read from the clock while the migration ran is no difference: it says when, and a
run is meant to say so. Random numbers, addresses, the order of a set are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_TABLES = """\
SELECT name FROM pragma_table_list
 WHERE schema = 'main' AND type = 'table'
   AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_drydock\\_%' ESCAPE '\\'
 ORDER BY name"""
_SCHEMA = (
    "SELECT type, name, sql FROM sqlite_schema"
    " WHERE name NOT LIKE '\\_drydock\\_%' ESCAPE '\\' ORDER BY type, name"
)
_JULIAN_EPOCH = 2_440_587.5
_SECONDS_A_DAY = 86_400


def differences(
    first: sqlite3.Connection,
    second: sqlite3.Connection,
    began: float,
    ended: float,
    *,
    leave_out: frozenset[str] = frozenset(),
) -> list[str]:
    """Return what differs in schema or rows, one line for each column, one for a schema or a count.

    Args:
        first: One database.
        second: The other one.
        began: When the first run began, in seconds since 1970.
        ended: When the second one had ended.
        leave_out: Tables that are not the migration's: another tool's books.
    """
    if first.execute(_SCHEMA).fetchall() != second.execute(_SCHEMA).fetchall():
        return ["the schema"]
    return in_rows(first, second, began, ended, leave_out=leave_out)


def in_rows(
    first: sqlite3.Connection,
    second: sqlite3.Connection,
    began: float,
    ended: float,
    *,
    leave_out: frozenset[str] = frozenset(),
) -> list[str]:
    """Return what differs in the rows of two databases of one schema; see `differences`."""
    names = [str(row[0]) for row in first.execute(_TABLES) if row[0] not in leave_out]
    return [line for name in names for line in _in_table(first, second, name, began, ended)]


def _in_table(
    first: sqlite3.Connection, second: sqlite3.Connection, name: str, began: float, ended: float
) -> Iterator[str]:
    # In the order of the table itself: an index on a time would give each run an order of its own.
    sql = f"SELECT * FROM {quote(name)} NOT INDEXED"
    one, other = first.execute(sql), second.execute(sql)
    columns = [str(each[0]) for each in one.description]
    told: set[str] = set()
    for row, twin in zip_longest(one, other):
        if row is None or twin is None:
            yield f"{name}: the number of rows"
            return
        for column, value, other_value in zip(columns, row, twin, strict=True):
            same = value == other_value and type(value) is type(other_value)
            if same or column in told:
                continue
            if not (_is_now(value, began, ended) and _is_now(other_value, began, ended)):
                told.add(column)
                yield f"{name}.{column}: {value!r}, and then {other_value!r}"


def _is_now(value: Any, began: float, ended: float) -> bool:
    """Say whether `value` is a time of the runs, in any of the forms that SQLite knows."""
    return any(began - 1 <= each <= ended + 1 for each in _as_times(value))


def _as_times(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)):
        yield float(value)
        yield value / 1000
        yield (value - _JULIAN_EPOCH) * _SECONDS_A_DAY
    elif isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
            # Where it does not say, it may be local time or UTC.
            yield read.timestamp()
            yield read.replace(tzinfo=read.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            return
