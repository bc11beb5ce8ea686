"""Rules about the form in which values are stored: types, money, STRICT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.affinity import affinity
from drydock.names import quote
from drydock.review import changes
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import SAMPLES, Situation, counted, samples

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONEY = re.compile(
    r"(^|_)(amount|price|cost|total|balance|fee|salary|budget|sum|tax|paid|payment|money)s?(_|$)",
    re.IGNORECASE,
)
_STRICT_CLASSES = {
    "INT": ("integer",),
    "INTEGER": ("integer",),
    "REAL": ("real", "integer"),
    "TEXT": ("text",),
    "BLOB": ("blob",),
}


def _altered(table: str, column: str, kind: str) -> str:
    """Return the condition under which a value cannot be had back once stored with `kind`.

    Texts that are no numbers stay as they are under every numeric affinity; a number that became
    text comes back by CAST, unless it has more digits than its text.
    """
    value = f"{quote(table)}.{quote(column)}"
    if kind == "TEXT":
        return f"typeof({value}) = 'real' AND CAST(CAST({value} AS TEXT) AS REAL) <> {value}"
    if kind == "BLOB":
        return "0"
    # Compared with a number, a text gets numeric affinity: only a well-formed one is equal then,
    # and others (a date is one) stay text. `+ 0` of it is what is stored.
    looks = f"typeof({value}) = 'text' AND {value} = CAST({value} AS NUMERIC)"
    text = f"({looks} AND CAST(({value} + 0) AS TEXT) <> {value})"
    if kind == "REAL":
        return f"({text} OR (typeof({value}) = 'integer' AND CAST({value} AS REAL) <> {value}))"
    return text


@rule(
    "change-type",
    changes.Retype,
    severity="warning",
    why="another affinity changes how values are stored, and '007' becomes 7",
    evidence="how many values of each storage class there are, and those whose form would change",
    example="-- a rebuild of trips whose new table says: code INTEGER, where it was TEXT",
)
def change_type(change: changes.Retype, s: Situation) -> Iterator[Verdict]:
    """A change within one affinity is silent; across it, the values that change are shown."""
    new = affinity(change.new)
    if affinity(change.old) == new or s.is_new(change.table):
        return
    value = f"{quote(change.table)}.{quote(change.column)}"
    census = s.ask(
        f"SELECT typeof({value}), count(*) FROM {quote(change.table)} GROUP BY 1 ORDER BY 2 DESC",
        change.table,
    )
    told = f"{change.old or 'no type'} → {change.new or 'no type'}"
    if census is None:
        yield Verdict(
            "warning",
            (told, "its values are not known"),
            "",
            table=change.table,
            column=change.column,
        )
        return
    where = _altered(change.table, change.column, new)
    number = s.rows(change.table, where) or 0
    classes = ", ".join(f"{name} {count:,}" for name, count in census) or "0 rows"
    some = s.ask(
        f"SELECT DISTINCT {value} FROM {quote(change.table)} WHERE {where} LIMIT {SAMPLES}",
        change.table,
    )
    yield Verdict(
        "warning" if number else "note",
        (
            told,
            f"values by storage class: {classes}",
            f"{counted(number, 'value')} could not be turned back"
            if number
            else "every value can be turned back",
            *(f"for example {line}" for line in samples(some, (change.column,))),
            *s.caveat(change.table),
        ),
        f"keep the type {change.old or '(none)'}, or convert on purpose and compare: "
        f"SELECT {quote(change.column)}, CAST({quote(change.column)} AS {change.new or 'BLOB'}) "
        f"FROM {quote(change.table)};",
        table=change.table,
        column=change.column,
        destructive=number > 0,
    )


@rule(
    "money-as-float",
    changes.Retype,
    severity="warning",
    why="binary fractions cannot hold most decimal amounts, so sums drift",
    evidence="how many values would no longer be exact",
    example="-- a rebuild of budgets whose new table says: amount REAL, where it was DECIMAL(10,2)",
)
def money_as_float(change: changes.Retype, s: Situation) -> Iterator[Verdict]:
    """A column with a money-like name that becomes REAL is a warning."""
    if affinity(change.new) != "REAL" or affinity(change.old) == "REAL":
        return
    if not _MONEY.search(change.column) or s.is_new(change.table):
        return
    value = f"{quote(change.table)}.{quote(change.column)}"
    lost = s.rows(
        change.table,
        f"typeof({value}) = 'integer' AND abs({value}) > 9007199254740992 "
        f"OR (typeof({value}) = 'text' AND CAST(CAST({value} AS REAL) AS TEXT) <> {value})",
    )
    yield Verdict(
        "warning",
        (
            f"{change.column} becomes {change.new}",
            f"{counted(lost or 0, 'value')} would lose digits",
        ),
        f"keep {change.old or 'it'}, or store whole cents: {quote(change.column + '_cents')} "
        f"INTEGER = CAST(round({quote(change.column)} * 100) AS INTEGER)",
        table=change.table,
        column=change.column,
    )


@rule(
    "strict-copy",
    changes.BecomeStrict,
    severity="error",
    refusal="rows",
    why="a STRICT table refuses values that are not of its column's type",
    evidence="the values that do not fit, by column",
    example="-- a rebuild of trips whose new table ends in: ) STRICT",
)
def strict_copy(change: changes.BecomeStrict, s: Situation) -> Iterator[Verdict]:
    """A value that cannot be converted without loss into its STRICT column is an error."""
    for column, declared in change.types:
        classes = _STRICT_CLASSES.get(declared.upper())
        if classes is None:
            continue
        value = f"{quote(change.image.name)}.{quote(column)}"
        listed = ", ".join(f"'{each}'" for each in (*classes, "null"))
        where = f"typeof({value}) NOT IN ({listed})"
        if declared.upper() in {"INT", "INTEGER", "REAL"}:
            # As above: '1e3' is equal to the number that it spells, '2026-01-01' to none.
            number = f"CAST({value} AS NUMERIC)"
            whole = "" if declared.upper() == "REAL" else f" AND {number} = CAST({number} AS INT)"
            where += f" AND NOT ({value} = {number}{whole})"
        elif declared.upper() == "TEXT":
            where = f"typeof({value}) = 'blob'"
        found = s.matching(change.image, where, change.table, column=column)
        if found is None or not found[0]:
            continue
        yield Verdict(
            s.gravity(change.table),
            (
                f"{counted(found[0], 'value')} of {change.table}.{column} do not fit {declared}",
                *(f"for example {line}" for line in found[1]),
                *s.caveat(change.table),
            ),
            f"UPDATE {quote(change.table)} SET {quote(column)} = … WHERE "
            f"{where.replace(value, quote(column))}; or declare the column ANY",
            table=change.table,
            column=column,
        )
