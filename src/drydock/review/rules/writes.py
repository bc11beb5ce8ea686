"""Rules about INSERT, UPDATE, DELETE and REPLACE: which rows, and whether that is meant."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import changes
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import Situation, counted, shown
from drydock.tokens import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

_EQUALS = re.compile(
    r"^\s*(?P<column>[\w\"`\[\]]+)\s*(?:=|==|IS)\s*'(?P<value>(?:[^']|'')*)'\s*$", re.IGNORECASE
)
_NEAR = 200


def _changed(change: changes.Write, s: Situation) -> int | None:
    """Return how many rows the statement changes, None where unknowable."""
    if change.rows is not None:
        return change.rows
    if s.is_new(change.table) or not change.plain:
        return None
    return s.rows(change.table, change.where)


def _is_everything(change: changes.Write, verb: str) -> bool:
    return change.verb == verb and change.where is None and change.plain


@rule(
    "update-without-where",
    changes.Write,
    severity="warning",
    why="every row of the table gets the value",
    evidence="the rows changed",
    example="UPDATE trips SET stars = 0;",
)
def update_without_where(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """Told as a note, for a backfill is mostly meant; silent on no rows."""
    rows = _changed(change, s)
    if not _is_everything(change, "update") or not rows:
        return
    listed = ", ".join(change.columns) or "its columns"
    held = [name for name in change.columns if _holds_values(s, change.table, name)]
    yield Verdict(
        "warning" if held else "note",
        (
            f"{counted(rows, 'row')} of {change.table} change in {listed}",
            *(f"{each} holds values now that would be overwritten" for each in held),
        ),
        f"add a condition, for example: WHERE {quote((change.columns or ('…',))[0])} IS NULL",
        table=change.table,
    )


def _holds_values(s: Situation, table: str, column: str) -> bool:
    name = f"{quote(table)}.{quote(column)}"
    found = s.ask(
        f"SELECT count(DISTINCT {name}) FROM (SELECT {name} FROM {quote(table)} LIMIT 1000) "
        f"AS {quote(table)}",
        table,
    )
    return bool(found) and int(str(found[0][0])) > 1 if found else False


@rule(
    "delete-without-where",
    changes.Write,
    severity="error",
    why="every row of the table is gone for good",
    evidence="the rows deleted",
    example="DELETE FROM trips;",
)
def delete_without_where(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """An error on a table with rows, silent on an empty or a new one."""
    rows = _changed(change, s)
    if not _is_everything(change, "delete") or rows == 0 or s.is_new(change.table):
        return
    if rows is None and s.table(change.table) is None:
        return
    told = (
        f"{counted(rows, 'row')} of {change.table} would be deleted"
        if rows is not None
        else (f"every row of {change.table}; how many is not known")
    )
    yield Verdict(
        s.loss if rows else "warning",
        (told, *s.caveat(change.table)),
        f"add the condition that is meant: DELETE FROM {quote(change.table)} WHERE …;",
        table=change.table,
        destructive=True,
        rows=rows,
    )


@rule(
    "delete-rows",
    changes.Write,
    severity="note",
    why="the rows that its condition meets are gone for good",
    evidence="the rows deleted, of how many",
    example="DELETE FROM trips WHERE stars IS NULL;",
)
def delete_rows(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """A DELETE with a condition is told with its number, so that the loss is a declared one."""
    if change.verb != "delete" or _is_everything(change, "delete") or s.is_new(change.table):
        return
    rows = _changed(change, s)
    if rows == 0 or s.table(change.table) is None:
        return
    total = s.rows(change.table) if change.rows is None else None
    told = "how many rows is not known before the rehearsal"
    if rows is not None:
        of = f" of {total:,}" if total is not None else ""
        told = f"{counted(rows, 'row')}{of} would be deleted"
    everything = rows is not None and rows == total
    yield Verdict(
        "warning" if everything else "note",
        (told, *s.caveat(change.table)),
        f"see them first: SELECT * FROM {quote(change.table)}"
        f"{f' WHERE {change.where}' if change.where else ''};",
        table=change.table,
        destructive=True,
        rows=rows,
    )


@rule(
    "replace-into-parent",
    changes.Write,
    severity="warning",
    why="REPLACE deletes the row that is in the way, and its children with it or without a parent",
    evidence="the children at risk, for each key and its action",
    example="INSERT OR REPLACE INTO trips(id, title) VALUES (1, 'Oslo');",
)
def replace_into_parent(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """REPLACE on a table that others refer to, while they hold rows."""
    if change.verb != "replace" or s.is_new(change.table):
        return
    table = s.table(change.table)
    if table is None or s.rows(table.name) == 0:
        return
    at_risk = []
    for key in s.children(table.name):
        rows = s.rows(key.child)
        if rows != 0 and not s.is_new(key.child):
            told = counted(rows, "row") if rows is not None else "rows"
            at_risk.append(f"{told} of {key.child} refer to it ({key}, ON DELETE {key.on_delete})")
    if not at_risk:
        return
    listed = ", ".join(quote(each) for each in table.key) or "…"
    yield Verdict(
        s.gravity(table.name) if s.keys_on else "warning",
        tuple(at_risk),
        f"INSERT INTO {quote(table.name)} … ON CONFLICT({listed}) DO UPDATE SET …;",
        table=table.name,
        destructive=s.keys_on,
    )


@rule(
    "replace-rows",
    changes.Write,
    severity="note",
    why="REPLACE deletes each row that is in the way, whatever its other columns hold",
    evidence="the rows that the table has now",
    example="REPLACE INTO settings(name, value) VALUES ('theme', 'dark');",
)
def replace_rows(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """REPLACE on a table with rows is a note."""
    replaces = change.verb == "replace" or (change.verb == "update" and change.ignores)
    if not replaces or s.is_new(change.table) or s.table(change.table) is None:
        return
    rows = s.rows(change.table)
    if rows == 0:
        return
    told = counted(rows, "row") if rows is not None else "rows not known"
    yield Verdict(
        "note",
        (f"{told} in {change.table} that it may replace",),
        f"INSERT INTO {quote(change.table)} … ON CONFLICT DO UPDATE SET …; keeps the rest of a row",
        table=change.table,
    )


@rule(
    "zero-row-change",
    changes.Write,
    severity="warning",
    why="a change that meets no row is mostly a condition that is written wrong",
    evidence="0, with the values that the column does hold",
    example="UPDATE trips SET stars = 5 WHERE title = 'oslo';  -- it is 'Oslo'",
)
def zero_row_change(change: changes.Write, s: Situation) -> Iterator[Verdict]:
    """An UPDATE or DELETE with a condition that no row fulfils, on a table that has rows."""
    if change.verb not in {"update", "delete"} or change.where is None:
        return
    if s.is_new(change.table) or _changed(change, s) != 0 or not s.rows(change.table):
        return
    near = _near_values(change, s)
    yield Verdict(
        "warning" if near else "note",
        (
            f"0 rows of {change.table} fulfil: {shown(change.where)[1:-1]}",
            *near,
            *s.caveat(change.table),
        ),
        f"look: SELECT count(*) FROM {quote(change.table)} WHERE {change.where};",
        table=change.table,
    )


def _near_values(change: changes.Write, s: Situation) -> tuple[str, ...]:
    """Return the near values of a compared column, where the condition is ``column = 'text'``."""
    compared = _EQUALS.match(change.where or "")
    if not compared:
        return ()
    column, value = unquote(compared["column"]), compared["value"].replace("''", "'")
    name = f"{quote(change.table)}.{quote(column)}"
    rows = s.ask(
        f"SELECT DISTINCT {name} FROM {quote(change.table)} WHERE {name} IS NOT NULL LIMIT {_NEAR}",
        change.table,
    )
    by_fold = {fold(str(row[0]).strip()): str(row[0]) for row in rows or []}
    near = difflib.get_close_matches(fold(value.strip()), by_fold, n=3, cutoff=0.6)
    if not near:
        return ()
    return (f"{column} holds {', '.join(shown(by_fold[each], column) for each in near)}",)
