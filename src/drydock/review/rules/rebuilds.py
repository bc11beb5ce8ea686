"""Rules about tables rebuilt by hand: what SQLite loses without a word on the way."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import changes, syntax
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import SAMPLES, Situation, counted, samples

if TYPE_CHECKING:
    from collections.abc import Iterator

BIG = 100_000
"""Rows from which a rewrite of a table is worth a word; about half a second."""

_DOES = {
    "CASCADE": "would be deleted",
    "SET NULL": "would be set to NULL",
    "SET DEFAULT": "would be set to their default",
}


@rule(
    "rebuild-cascade",
    changes.DropRebuilt,
    changes.DropTable,
    severity="error",
    refusal="rows",
    why="with foreign keys on, DROP TABLE deletes its rows first, and every child follows (F15)",
    evidence="the child rows at risk, for each key and its action",
    example="PRAGMA foreign_keys=ON;\nDROP TABLE trips;  -- the old table of a rebuild",
)
def rebuild_cascade(
    change: changes.DropRebuilt | changes.DropTable, s: Situation
) -> Iterator[Verdict]:
    """Dropping a referenced table with keys on is an error where children have rows."""
    if not s.keys_on:
        return
    for key in s.children(change.table):
        if fold(key.child) == fold(change.table):
            continue
        present = " AND ".join(f"{quote(key.child)}.{quote(e)} IS NOT NULL" for e in key.columns)
        rows = s.rows(key.child, present)
        if rows == 0 or s.is_new(key.child):
            continue
        told = counted(rows, "row") if rows is not None else "rows"
        does = _DOES.get(key.on_delete, "would make the statement fail")
        yield Verdict(
            s.gravity(key.child) if rows is not None else "warning",
            (f"{told} of {key.child} {does} ({key}, ON DELETE {key.on_delete})",),
            "PRAGMA foreign_keys=OFF; before any BEGIN; or in a .py migration: "
            f"db[{change.table!r}].transform(…), which keeps the children",
            table=key.child,
            destructive=key.on_delete == "CASCADE",
            rows=rows,
        )


@rule(
    "rebuild-loses-objects",
    changes.Finished,
    severity="error",
    why="DROP TABLE takes the table's indexes and triggers with it, and nothing brings them back",
    evidence="the indexes, triggers and views that are gone, by name",
    example="-- a rebuild of trips that does not create by_title again",
)
def rebuild_loses_objects(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """Indexes and triggers of a rebuilt table that are not back at the end are an error."""
    if not change.rebuilt:
        return
    now = {
        (kind, fold(name))
        for kind, name in s.schema.execute("SELECT type, name FROM sqlite_schema").fetchall()
    }
    for table in change.rebuilt:
        if s.table(table) is None:
            continue
        gone = [
            (kind, name, sql)
            for kind, name, sql in sorted(change.objects or ())
            if kind in {"index", "trigger"}
            and sql
            and (kind, fold(name)) not in now
            and _is_of(sql, table)
        ]
        if gone:
            yield Verdict(
                "error" if not s.known.open or s.exact else "warning",
                tuple(f"{kind} {name} is gone" for kind, name, _ in gone),
                " ".join(f"{sql.rstrip(';')};" for _, _, sql in gone),
                table=table,
            )


def _is_of(sql: str, table: str) -> bool:
    tokens = [each.folded for each in syntax.words(sql)]
    after_on = [b for a, b in itertools.pairwise(tokens) if a == "on"]
    return bool(after_on) and after_on[0] == fold(table)


@rule(
    "rebuild-loses-rows",
    changes.Copy,
    severity="error",
    why="rows that the copy leaves out are dropped with the old table",
    evidence="how many rows the old table has, and how many the copy takes",
    example="-- a rebuild with INSERT INTO trips_new SELECT … FROM trips WHERE title IS NOT NULL",
)
def rebuild_loses_rows(change: changes.Copy, s: Situation) -> Iterator[Verdict]:
    """A copy with a WHERE, a join or LIMIT is measured; OR IGNORE is told, as it hides a loss."""
    if s.is_new(change.old.name):
        return
    if change.ignores:
        yield Verdict(
            "warning",
            ("rows that break a constraint of the new table are left out without a word",),
            "write INSERT, not INSERT OR IGNORE, so that such a row stops the run",
            table=change.old.name,
        )
    if not change.filtered:
        return
    table = change.old.name
    before = s.rows(table)
    taken = s.image(change.image, f"SELECT count(*) FROM {quote(change.image.name)}", table)
    if before is None or taken is None:
        return
    lost = before - int(str(taken[0][0]))
    if lost > 0:
        yield Verdict(
            s.loss,
            (f"{counted(lost, 'row')} of {before:,} would not be copied", *s.caveat(table)),
            f"copy every row: INSERT INTO {quote(change.new.name)} SELECT … FROM {quote(table)};",
            table=table,
            destructive=True,
            rows=lost,
        )


@rule(
    "rename-old-first",
    changes.RenameTable,
    severity="warning",
    why="SQLite rewrites keys and views to follow the renamed table, and they stay there (F17)",
    evidence="the foreign keys, views and triggers that would follow",
    example="ALTER TABLE trips RENAME TO trips_old;\n-- then CREATE TABLE trips, copy, "
    "DROP TABLE trips_old",
)
def rename_old_first(change: changes.RenameTable, s: Situation) -> Iterator[Verdict]:
    """The idiom is told with what follows the old table; an error where children would."""
    if not change.first or s.schema.execute("PRAGMA legacy_alter_table").fetchone()[0]:
        return
    keys = [key for key in s.children(change.table) if fold(key.child) != fold(change.table)]
    users = (
        *(f"{key} would point at {change.new}" for key in keys),
        *(f"{each} would read {change.new}" for each in s.mentions(change.table)),
    )
    yield Verdict(
        "error" if keys and not s.conditional else "warning" if users else "note",
        users or ("nothing refers to it",),
        f"make {quote(change.table + '_new')} first, copy, DROP TABLE {quote(change.table)}, then "
        f"ALTER TABLE {quote(change.table + '_new')} RENAME TO {quote(change.table)};",
        table=change.table,
    )


@rule(
    "select-star-copy",
    changes.Copy,
    severity="warning",
    why="`SELECT *` copies by position, so a column that moved takes another's values",
    evidence="the columns that land in others, and a row of them",
    example="INSERT INTO trips_new SELECT * FROM trips;",
)
def select_star_copy(change: changes.Copy, s: Situation) -> Iterator[Verdict]:
    """A star copy is silent where the columns agree by name and order, generated ones included.

    With fewer columns to fill than there are, SQLite refuses it, or the tables are made alike.
    """
    old = [each.name for each in change.old.columns]
    new = list(change.image.columns)
    if not change.star or len(new) < len(old):
        return
    crossed = [
        (here, there) for here, there in zip(old, new, strict=False) if fold(here) != fold(there)
    ]
    moved = [pair for pair in crossed if fold(pair[0]) in {fold(each) for each in new}]
    if not crossed:
        return
    rows = s.ask(f"SELECT * FROM {quote(change.old.name)} LIMIT 1", change.old.name)
    listed = ", ".join(quote(each) for each in old if each in new)
    yield Verdict(
        "error" if moved and s.is_sure(change.old.name) and rows else "warning",
        (
            *(f"{here} would land in {there}" for here, there in crossed[:8]),
            *(f"for example {line}" for line in samples(rows, tuple(new))[:SAMPLES]),
        ),
        f"INSERT INTO {quote(change.new.name)} ({listed}) SELECT {listed} "
        f"FROM {quote(change.old.name)};",
        table=change.old.name,
    )


@rule(
    "autoincrement-reset",
    changes.Finished,
    severity="warning",
    why="AUTOINCREMENT's memory is kept by table name, so ids of deleted rows are used again",
    evidence="the highest id ever given against the highest that is left",
    example="-- a rebuild of an AUTOINCREMENT table whose last rows were deleted",
)
def autoincrement_reset(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """Told where ids above the highest row were given and the file does not put the counter back,
    or where AUTOINCREMENT goes.
    """
    for name, given, highest in change.counters:
        new = s.table(name)
        if new is None:
            continue
        kept = s.exact and new.has_autoincrement and s.counter(name)[0][1] >= given
        if given > highest and not kept:
            yield Verdict(
                "warning",
                (f"ids up to {given:,} were given, the highest left is {highest:,}",),
                "at the end of the file: "
                f"UPDATE sqlite_sequence SET seq = {given} WHERE name = {_text(name)};",
                table=name,
            )
        elif not new.has_autoincrement:
            yield Verdict("note", ("the new table has no AUTOINCREMENT",), "", table=name)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@rule(
    "big-rewrite",
    changes.Copy,
    changes.Write,
    severity="note",
    why="the application is down for as long as every row is written again",
    evidence="the rows written, and the size of the file",
    example="UPDATE trips SET slug = lower(title);  -- on 5,000,000 rows",
)
def big_rewrite(change: changes.Copy | changes.Write, s: Situation) -> Iterator[Verdict]:
    """From 100,000 rows on, a rebuild or an UPDATE is told with its size."""
    if isinstance(change, changes.Write):
        if change.verb != "update" or not change.plain:
            return
        table, rows, fate = change.table, change.rows, "are written"
        rows = s.rows(table, change.where) if rows is None else rows
    else:
        table, rows = change.old.name, s.rows(change.old.name)
        fate = "are copied"
        if not change.filtered:  # the executor may find that an edit of the schema comes to it
            fate += ", or only read if all stay as they are"
    if rows is None or rows < BIG:
        return
    size = s.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") or 0
    yield Verdict(
        "note",
        (f"{counted(rows, 'row')} of {table} {fate}", f"the file has {size / 1e6:,.0f} MB"),
        "rehearse it for the time it takes: inv review",
        table=table,
    )
