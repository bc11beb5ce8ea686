"""Rules about promises that a table begins to make: NOT NULL, UNIQUE, foreign keys."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import changes, syntax
from drydock.review import table as tables
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import SAMPLES, Situation, counted, samples

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "set-not-null",
    changes.SetNotNull,
    severity="error",
    refusal="rows",
    why="rows that hold NULL cannot go into the new table",
    evidence="how many rows hold NULL, and some of them",
    example="-- a rebuild of trips whose new table says: notes TEXT NOT NULL",
)
def set_not_null(change: changes.SetNotNull, s: Situation) -> Iterator[Verdict]:
    """A column that becomes NOT NULL while rows hold NULL in it is an error."""
    name = f"{quote(change.image.name)}.{quote(change.column)}"
    nulls = s.matching(change.image, f"{name} IS NULL", change.table, column=change.column)
    if nulls is None or not nulls[0]:
        return
    yield Verdict(
        s.gravity(change.table),
        (
            f"{counted(nulls[0], 'row')} of {change.table} hold NULL in {change.column}",
            *(f"for example {line}" for line in nulls[1]),
            *s.caveat(change.table),
        ),
        f"fill them first: UPDATE {quote(change.table)} SET {quote(change.column)} = … "
        f"WHERE {quote(change.column)} IS NULL;",
        table=change.table,
        column=change.column,
    )


@rule(
    "unique-index-duplicates",
    changes.NewUnique,
    severity="error",
    refusal="rows",
    why="rows that are alike cannot be made unique",
    evidence="how many groups of rows are alike, and some of them with their counts",
    example="CREATE UNIQUE INDEX one_title ON trips(title);",
)
def unique_index_duplicates(change: changes.NewUnique, s: Situation) -> Iterator[Verdict]:
    """A UNIQUE that rows break is an error, with the groups."""
    image = change.image
    listed = ", ".join(change.terms)
    labels = [_label(each) for each in change.terms]
    present = " AND ".join(f"({each}) IS NOT NULL" for each in change.terms)
    where = present if change.where is None else f"({change.where}) AND {present}"
    source = f"FROM {quote(change.table)}"
    groups = (
        f"SELECT {listed}, count(*) {source} WHERE {where} GROUP BY {listed} HAVING count(*) > 1"
    )
    number = _one(s, image, f"SELECT count(*) FROM ({groups})", change.table)
    if not number:
        return
    some = _rows(s, image, f"{groups} LIMIT {SAMPLES}", change.table)
    lines = samples(some, (*labels, "rows"))
    yield Verdict(
        s.gravity(change.table),
        (
            (f"{counted(number, 'group')} of rows of {change.table} share {', '.join(labels)}"),
            *(f"for example {line}" for line in lines),
            *s.caveat(change.table),
        ),
        f"see them: SELECT {listed}, count(*), group_concat(rowid) {source} "
        f"GROUP BY {listed} HAVING count(*) > 1;",
        table=change.table,
        column=labels[0] if len(labels) == 1 else None,
    )


def _label(term: str) -> str:
    """Return a column's bare name, or an expression as it is."""
    tokens = syntax.words(term)
    is_name = all(each.is_name or each.text == "." for each in tokens)
    return tokens[-1].name if is_name else term


def _rows(
    s: Situation, image: changes.Image, question: str, table: str
) -> list[tuple[object, ...]] | None:
    return s.image(image, question, table) if image.select else s.ask(question, table)


def _one(s: Situation, image: changes.Image, question: str, table: str) -> int:
    rows = _rows(s, image, question, table)
    return int(str(rows[0][0])) if rows else 0


@rule(
    "foreign-key-orphans",
    changes.NewForeignKey,
    changes.Write,
    changes.DropTable,
    changes.Finished,
    severity="error",
    refusal="rows",
    why="rows would point at a parent that is not there",
    evidence="the rows that would have no parent",
    example="DELETE FROM trips WHERE id = 1;  -- while bookings.trip_id = 1",
)
def foreign_key_orphans(change: object, s: Situation) -> Iterator[Verdict]:
    """Orphans are foreseen for a new key and a deleted parent, and counted at the end of a file."""
    if isinstance(change, changes.NewForeignKey):
        yield from _orphans_of_new_key(change, s)
    elif isinstance(change, changes.Finished):
        yield from _orphans_left(change, s)
    elif isinstance(change, changes.DropTable):
        yield from _orphans_of(change.table, None, s)
    elif isinstance(change, changes.Write) and change.verb == "delete" and change.plain:
        yield from _orphans_of(change.table, change.where, s)


def _orphans_of_new_key(change: changes.NewForeignKey, s: Situation) -> Iterator[Verdict]:
    parent = s.table(change.key.parent)
    to = change.key.parent_columns or (parent.key if parent else ())
    if parent is None or len(to) != len(change.key.columns):
        return
    child, name = quote(change.image.name), quote(parent.name)
    present = " AND ".join(f"{child}.{quote(each)} IS NOT NULL" for each in change.key.columns)
    match = " AND ".join(
        f"p.{quote(there)} = {child}.{quote(here)}"
        for there, here in zip(to, change.key.columns, strict=True)
    )
    where = f"{present} AND NOT EXISTS (SELECT 1 FROM main.{name} AS p WHERE {match})"
    orphans = s.matching(change.image, where, change.table, parent.name)
    if orphans is None or not orphans[0]:
        return
    yield Verdict(
        s.gravity(change.table),
        (
            f"{counted(orphans[0], 'row')} of {change.table} have no parent in {parent.name}",
            *(f"for example {line}" for line in orphans[1]),
            *s.caveat(change.table),
        ),
        f"see them: SELECT * FROM {quote(change.table)} AS c WHERE NOT EXISTS "
        f"(SELECT 1 FROM {name} AS p WHERE {match.replace(child, 'c')});",
        table=change.table,
    )


def _orphans_of(parent_name: str, where: str | None, s: Situation) -> Iterator[Verdict]:
    """Yield the children that deleting these parents leaves behind, keys being off (F16)."""
    parent = s.table(parent_name)
    if parent is None or s.is_new(parent_name) or s.keys_on:
        return
    for key in s.children(parent.name):
        to = key.parent_columns or parent.key
        if fold(key.child) == fold(parent.name) or len(to) != 1 or len(key.columns) != 1:
            continue
        gone = f"SELECT {quote(parent.name)}.{quote(to[0])} FROM {quote(parent.name)}"
        gone += f" WHERE {where}" if where else ""
        child = f"{quote(key.child)}.{quote(key.columns[0])}"
        number = s.number(
            f"SELECT count(*) FROM {quote(key.child)} WHERE {child} IN ({gone})",
            parent.name,
            key.child,
        )
        if number:
            yield Verdict(
                "warning",
                (
                    f"{counted(number, 'row')} of {key.child} point at them through {key}",
                    *s.caveat(parent.name),
                ),
                f"DELETE FROM {quote(key.child)} WHERE {quote(key.columns[0])} IN ({gone}); "
                f"before it, or set them to NULL",
                table=key.child,
                column=key.columns[0],
            )


def _orphans_left(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    if not s.exact:
        return
    fresh = orphans(s.schema) - change.orphans
    by_key: dict[tuple[str, str], int] = {}
    for child, _, parent, _ in fresh:
        by_key[child, parent] = by_key.get((child, parent), 0) + 1
    for (child, parent), number in sorted(by_key.items()):
        rowids = sorted(row for c, row, p, _ in fresh if (c, p) == (child, parent) and row)
        yield Verdict(
            "error",
            (
                (
                    f"{counted(number, 'row')} of {child} have no parent in {parent} "
                    f"when this migration has run"
                ),
                *([f"rowid {', '.join(map(str, rowids[:SAMPLES]))}"] if rowids else []),
            ),
            f"see them: SELECT * FROM {quote(child)} WHERE rowid IN "
            f"({', '.join(map(str, rowids[:SAMPLES]))});",
            table=child,
        )


def orphans(connection: sqlite3.Connection) -> frozenset[tuple[str, int | None, str, int]]:
    """Return the violations of foreign keys as SQLite lists them; none where it cannot tell."""
    try:
        return frozenset(connection.execute("PRAGMA foreign_key_check").fetchall())
    except sqlite3.Error:
        # A key that points at no unique column stops the check; foreign-key-mismatch tells it.
        return frozenset()


@rule(
    "foreign-key-mismatch",
    changes.Finished,
    severity="error",
    why="a parent key that is not unique makes every write to the child fail once keys are on",
    evidence="the key, and what its parent lacks",
    example="CREATE TABLE stops(id INTEGER PRIMARY KEY, town TEXT REFERENCES towns(name));",
)
def foreign_key_mismatch(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """A new foreign key whose parent columns are no PRIMARY KEY or UNIQUE is an error."""
    for key in _fresh_keys(change, s):
        parent = s.table(key.parent)
        if parent is None:
            continue
        wanted = {fold(each) for each in key.parent_columns or parent.key}
        unique = [parent.key] + [
            tuple(each or "" for each in index.columns)
            for index in parent.indexes
            if index.unique and not index.partial
        ]
        if wanted and any({fold(each) for each in columns} == wanted for columns in unique):
            continue
        listed = ", ".join(quote(each) for each in key.parent_columns)
        yield Verdict(
            "error",
            (f"{key}: {key.parent} has no unique index on exactly these columns",),
            f"CREATE UNIQUE INDEX {quote(f'{key.parent}_key')} ON {quote(key.parent)}({listed});",
            table=key.child,
        )


@rule(
    "foreign-key-unindexed",
    changes.Finished,
    severity="note",
    why="each change of a parent reads the whole child table",
    evidence="the rows that are read for each deleted parent",
    example="ALTER TABLE bookings ADD COLUMN trip_id INTEGER REFERENCES trips(id);",
)
def foreign_key_unindexed(change: changes.Finished, s: Situation) -> Iterator[Verdict]:
    """A new foreign key without an index on the child is a note."""
    for key in _fresh_keys(change, s):
        child = s.table(key.child)
        if child is None or _is_indexed(child, key.columns):
            continue
        rows = s.rows(child.name)
        read = f" ({counted(rows, 'row')} to read)" if rows else ""
        listed = ", ".join(quote(each) for each in key.columns)
        index = quote("_".join((child.name, *key.columns)))
        yield Verdict(
            "note",
            (f"{key} has no index on the child's side{read}",),
            f"CREATE INDEX {index} ON {quote(child.name)}({listed});",
            table=child.name,
            column=key.columns[0],
        )


def _fresh_keys(change: changes.Finished, s: Situation) -> Iterator[tables.ForeignKey]:
    for table, before in change.keys:
        for key in tables.foreign_keys(s.schema, table):
            if key not in before:
                yield key


def _is_indexed(table: tables.Table, columns: tuple[str, ...]) -> bool:
    wanted = [fold(each) for each in columns]
    lists = [[fold(each or "") for each in index.columns] for index in table.indexes]
    lists.append([fold(each) for each in table.key])
    return any(sorted(each[: len(wanted)]) == sorted(wanted) for each in lists)
