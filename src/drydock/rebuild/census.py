"""What the stored rows say to a change, asked before anything is touched.

Reads only. Each function returns what stands in the way, counted and with samples, or nothing;
`program` turns it into a refusal. A conversion that the caller gave is asked in place of the
column, so that rows are judged as they would arrive.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from drydock.rebuild.shape import ColumnShape, TableShape

_KEEPS = "_drydock_keeps_number"
_NUMBER = re.compile(r"[ \t\n\v\f\r]*[+-]?(?P<whole>\d*)\.?\d*(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*")
_NUMBER_CHARACTERS = "*[^-0-9+.eE \t\n\v\f\r]*"
_SAMPLES = 3
_BIGGEST = 2**63
_EXACT_AS_REAL = 2**53  # 16 digits: any number of 15 is exact


@dataclass(frozen=True, slots=True)
class Offence:
    """How many rows stand in the way, and some of them as ``where: value``."""

    count: int
    samples: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the samples, and how many more there are."""
        more = self.count - len(self.samples)
        return [*self.samples, *([f"and {more} more"] if more > 0 else [])]


@contextmanager
def readable(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the block read any stored text, damaged or not, and count digits."""
    factory = connection.text_factory
    connection.text_factory = _decode
    connection.create_function(_KEEPS, 2, keeps_number, deterministic=True)
    try:
        yield
    finally:
        connection.text_factory = factory
        connection.create_function(_KEEPS, 2, None)


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")


def keeps_number(text: str, affinity: str) -> bool:
    """Whether SQLite, storing the text under a numeric affinity, keeps every digit of it.

    '1.10' keeps its value as 1.1; '007' loses what sets it apart from 7, '9007199254740993' its
    last digit as a REAL, and 'abc' is no number at all.
    """
    found = _NUMBER.fullmatch(text)
    if not found or (len(found["whole"]) > 1 and found["whole"][0] == "0"):
        return False
    try:
        exact = Decimal(text.strip())
        if affinity != "REAL" and exact == exact.to_integral_value() and abs(exact) < _BIGGEST:
            return True
        return Decimal(repr(float(exact))) == exact
    except (InvalidOperation, OverflowError, ValueError):
        return False


def offences(
    connection: sqlite3.Connection, shape: TableShape, condition: str, shown: str
) -> Offence | None:
    """Return the rows for which `condition` holds, `shown` being what a sample shows of them."""
    source = f"FROM {quote(shape.name)} WHERE {condition}"
    where = _address(shape)
    rows = connection.execute(
        f"SELECT {where}, quote({shown}) {source} LIMIT {_SAMPLES}"
    ).fetchall()
    if not rows:
        return None
    (count,) = connection.execute(f"SELECT count(*) {source}").fetchone()
    return Offence(int(count), tuple(f"{place}: {_brief(value)}" for place, value in rows))


def _address(shape: TableShape) -> str:
    """Return SQL that says which row it is: by its key, or by its rowid."""
    names = [quote(name) for name in shape.primary_key]
    if not names and shape.rowid_name:
        return f"'row ' || {shape.rowid_name}"
    if not names:
        return "'a row'"
    parts = [f"{literal_name(name)} || quote({name})" for name in names]
    return " || ' ' || ".join(parts)


def literal_name(quoted: str) -> str:
    """Return the SQL string ``name =`` for a quoted name."""
    name = quoted[1:-1].replace('""', '"')
    return "'" + name.replace("'", "''") + " = '"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def lossy(value: str, old: ColumnShape, new: ColumnShape) -> str | None:
    """Return the condition under which storing `value` as `new` declares loses information."""
    numeric = ("INTEGER", "NUMERIC", "REAL")
    losing = []
    if new.affinity in numeric and old.affinity not in numeric:
        losing.append(f"({_not_kept(value, new.affinity)})")
    if new.affinity == "REAL":
        losing.append(
            f"(typeof({value}) = 'integer' AND "
            f"({value} NOT BETWEEN -{_EXACT_AS_REAL} AND {_EXACT_AS_REAL}) "
            f"AND CAST(CAST({value} AS REAL) AS INTEGER) IS NOT {value})"
        )
    if new.affinity == "TEXT":
        losing.append(
            f"(typeof({value}) = 'real' AND CAST(CAST({value} AS TEXT) AS REAL) IS NOT {value})"
        )
    return " OR ".join(losing) or None


def _not_kept(value: str, affinity: str) -> str:
    """A plain whole number is settled by SQLite itself, first; only the rest is worth a call."""
    odd = f"CAST(CAST({value} AS INTEGER) AS TEXT) IS NOT {value} COLLATE BINARY"
    if affinity == "REAL":
        odd = f"({odd} OR length({value}) > 15)"
    number = f"{value} NOT GLOB '{_NUMBER_CHARACTERS}' AND {_KEEPS}({value}, '{affinity}')"
    return f"{odd} AND typeof({value}) = 'text' AND NOT ({number})"


def changed_form(value: str, old: ColumnShape, new: ColumnShape) -> str:
    """Return the condition under which a value that loses nothing is stored in another form."""
    if new.affinity == "TEXT":
        return f"typeof({value}) IN ('integer', 'real')"
    if new.affinity == "REAL":
        return f"typeof({value}) IN ('integer', 'text')"
    if new.affinity == "BLOB":
        return "0"
    whole = f"typeof({value}) = 'real' AND CAST({value} AS INTEGER) = {value}"
    return is_text(value) + ("" if old.affinity == "TEXT" else f" OR {whole}")


def is_text(value: str) -> str:
    """Return the condition for text, by the order of types (datatype3.html, section 4.1).

    `typeof` would say it plainer, and makes a count half as slow again.
    """
    return f"+{value} COLLATE BINARY >= '' AND +{value} < x''"


def not_strict(value: str, new: ColumnShape) -> str | None:
    """Return the condition under which a STRICT table refuses `value`."""
    integral = f"(typeof({value}) = 'real' AND CAST({value} AS INTEGER) = {value})"
    number = f"(typeof({value}) = 'text' AND NOT ({_not_kept(value, new.affinity)}))"
    match new.type.upper():
        case "INT" | "INTEGER":
            return f"typeof({value}) NOT IN ('null', 'integer') AND NOT {integral} AND NOT {number}"
        case "REAL":
            return f"typeof({value}) NOT IN ('null', 'integer', 'real') AND NOT {number}"
        case "TEXT":
            return f"typeof({value}) = 'blob'"
        case "BLOB":
            return f"typeof({value}) NOT IN ('null', 'blob')"
    return None


def duplicates(
    connection: sqlite3.Connection, shape: TableShape, columns: tuple[str, ...]
) -> Offence | None:
    """Return the groups of rows that a key of these columns would not tell apart."""
    names = ", ".join(quote(name) for name in columns)
    groups = f"FROM {quote(shape.name)} GROUP BY {names} HAVING count(*) > 1"
    shown = " || ', ' || ".join(f"quote({quote(name)})" for name in columns)
    rows = connection.execute(f"SELECT {shown}, count(*) {groups} LIMIT {_SAMPLES}").fetchall()
    if not rows:
        return None
    (count,) = connection.execute(f"SELECT count(*) FROM (SELECT 1 {groups})").fetchone()
    return Offence(int(count), tuple(f"{_brief(value)}: {times} rows" for value, times in rows))


def tally(
    connection: sqlite3.Connection, table: str, forms: Sequence[tuple[str, str]]
) -> list[tuple[int, int]]:
    """Return how many rows meet each condition, in pairs, all counted in one pass.

    Args:
        connection: The database.
        table: The table.
        forms: What loses a value (as `lossy` has it), and what changes its form in any way.
    """
    if len(forms) == 1:  # only what changes its form can be lost: the rest need not be looked at
        ((losing, changing),) = forms
        counts, source = f"count(*) FILTER (WHERE {losing}), count(*)", f" WHERE {changing}"
    else:
        each = [
            f"count(*) FILTER (WHERE {losing}), count(*) FILTER (WHERE {changing})"
            for losing, changing in forms
        ]
        counts, source = ", ".join(each), ""
    row = connection.execute(f"SELECT {counts} FROM {quote(table)}{source}").fetchone()
    return [(int(lost), int(changed)) for lost, changed in zip(row[::2], row[1::2], strict=True)]


def any_row(connection: sqlite3.Connection, table: str, condition: str = "1") -> bool:
    """Whether a row of the table meets the condition."""
    sql = f"SELECT EXISTS (SELECT 1 FROM {quote(table)} WHERE {condition})"
    return bool(connection.execute(sql).fetchone()[0])


def count_rows(connection: sqlite3.Connection, table: str, condition: str = "1") -> int:
    """Return how many rows of the table meet the condition."""
    sql = f"SELECT count(*) FROM {quote(table)}"
    return int(
        connection.execute(sql if condition == "1" else f"{sql} WHERE {condition}").fetchone()[0]
    )
