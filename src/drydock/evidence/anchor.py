"""What a row is found again by in another database, and which rows a condition chooses.

A key that both tables hold without NULL, or the rowid where it is a column; a hidden rowid only
where all rows still stand under theirs (F22). It writes nothing but a temporary table.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection as opening
from drydock.errors import DrydockError, ExitCode
from drydock.evidence import inventory, pairing, rows
from drydock.evidence.carrying import Carrying, Known
from drydock.names import fold, quote
from drydock.tokens import code

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.evidence.inventory import Shape, Table
    from drydock.evidence.pairing import Pair

ALL = "1"
"""The condition that chooses every row."""


class CarryImpossible(DrydockError):
    """The rows asked for cannot be carried; nothing was changed."""

    exit_code = ExitCode.REFUSED


def carrying(
    connection: sqlite3.Connection,
    table: str,
    *,
    source: Path,
    where: str = ALL,
    with_since: bool,
) -> Carrying:
    """Find out how the rows of `table` that `where` chooses are carried.

    Args:
        connection: The target's, with ``was`` and perhaps ``since`` attached; not in a transaction.
        table: The table's name.
        source: The file that is attached as ``was``; the condition is asked there.
        where: SQL that chooses rows of the source.
        with_since: Whether ``since`` is attached.

    Raises:
        CarryImpossible: No such table, no way to find a row again, or a bad condition.
    """
    (old, old_shape), (new, new_shape) = (
        _table(connection, schema, table) for schema in ("was", "main")
    )
    found = pairing.columns(old_shape, new_shape)
    stored = pairing.Columns(
        tuple(p for p in found.common if not (p[0].is_generated or p[1].is_generated)),
        found.dropped,
        tuple(column for column in found.added if not column.is_generated),
    )
    known = None
    if with_since:
        then, shape = _table(connection, "since", table)
        known = Known(
            then,
            tuple(shape.column(one.name) for one, _ in stored.common),
            tuple(shape.column(one.name) for one in stored.dropped),
        )
    pair = _by_key(connection, (old, old_shape), (new, new_shape), stored)
    has_key = pair is not None
    if pair is None:
        pair = pairing.by_rowid((old, old_shape), (new, new_shape), stored)
        if pair is None:
            raise CarryImpossible(
                f"{table} has no key that both databases share; nothing was changed",
                cause="without one, a row cannot be found again",
            )
        _require_steady(connection, pair, known)
    chosen = _choose(connection, source, old, old_shape, where)
    resolves = any(token.is_word("CONFLICT") for token in code(new.sql))
    return Carrying(pair, chosen, known, has_key, resolves)


def attach(connection: sqlite3.Connection, source: Path, since: Path | None) -> None:
    """Attach the source, and what it was, to the target's connection; both only to be read."""
    for schema, path in (("was", source), ("since", since)):
        if path is not None:
            connection.execute(f"ATTACH ? AS {schema}", (f"{path.absolute().as_uri()}?mode=ro",))


def forget(connection: sqlite3.Connection) -> None:
    """Drop the list of the rows that a condition chose."""
    connection.execute("DROP TABLE IF EXISTS temp._drydock_chosen")


def _by_key(
    connection: sqlite3.Connection,
    before: tuple[Table, Shape],
    after: tuple[Table, Shape],
    columns: pairing.Columns,
) -> Pair | None:
    """Return the first identity that lasts: the rowid's alias, or a key without NULL."""
    (_, old), (_, new) = before, after
    if old.alias is not None and new.alias is not None and fold(old.alias) == fold(new.alias):
        return pairing.by_rowid(before, after, columns)
    for pair in pairing.key_identities(before, after, columns):
        nulls = " OR ".join(f"{quote(name)} IS NULL" for _, name in pair.on)
        (null,) = connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM main.{quote(pair.after.name)} WHERE {nulls})"
        ).fetchone()
        if not null and rows.is_identity(connection, pair):
            return pair
    return None


def _require_steady(connection: sqlite3.Connection, pair: Pair, known: Known | None) -> None:
    """Raise CarryImpossible unless hidden rowids still mean the rows that they meant (F22)."""
    name = pair.before.name
    if known is None:
        moved = f"SELECT 1 FROM {pairing.source(pair)} WHERE NOT {pairing.is_gone(pair)} "
        moved += f"AND NOT {pairing.is_same_row(pair)}"
        said = "rows of it are others than those under their rowids, changed or renumbered"
    else:
        same = pairing.all_of(
            [
                pairing.is_same(column, then, "s")
                for (column, _), then in zip(pair.columns.common, known.columns, strict=True)
                if then is not None
            ]
        )
        rowid = quote(pair.on[0][0])
        moved = f"SELECT 1 FROM since.{quote(known.table.name)} AS s LEFT JOIN was.{quote(name)} "
        moved += f"AS o ON o.{rowid} = s.{rowid} WHERE o.{rowid} IS NULL OR NOT {same}"
        said = "rows of it were changed, deleted or renumbered since"
    if connection.execute(f"SELECT EXISTS ({moved})").fetchone()[0]:
        raise CarryImpossible(
            f"the rows of {name} cannot be found again; nothing was changed",
            cause=f"{name} has no key without NULL, and {said}",
        )


def _choose(
    connection: sqlite3.Connection, source: Path, table: Table, shape: Shape, where: str
) -> str:
    """Return the condition for a chosen row; the source alone is asked, by its own rowids."""
    if where == ALL:
        return ALL
    ids = [shape.rowid] if shape.rowid else list(shape.primary_key)
    named = ", ".join(quote(name) for name in ids)
    read_only = connection.execute("PRAGMA query_only").fetchone()[0]
    connection.execute("PRAGMA query_only = OFF")
    forget(connection)
    places = ", ".join(f"id{at}" for at in range(len(ids)))
    connection.execute(f"CREATE TEMP TABLE _drydock_chosen({places})")
    try:
        with closing(opening.read_only(source)) as own:
            asked = own.execute(f"SELECT {named} FROM {quote(table.name)} WHERE ({where}\n)")
            marks = ", ".join("?" for _ in ids)
            connection.executemany(f"INSERT INTO temp._drydock_chosen VALUES ({marks})", asked)
    except sqlite3.Error as error:
        raise CarryImpossible(
            f"the condition does not fit {table.name}; nothing was changed",
            cause=str(error),
            at=where,
        ) from error
    finally:
        connection.execute(f"PRAGMA query_only = {read_only}")
    exact = ", ".join(f"+o.{quote(name)} COLLATE BINARY" for name in ids)
    return f"({exact}) IN (SELECT {places} FROM temp._drydock_chosen)"


def _table(connection: sqlite3.Connection, schema: str, name: str) -> tuple[Table, Shape]:
    found = inventory.read(connection, schema)
    table = found.tables.get(fold(name))
    place = {"was": "carried from", "main": "carried into"}.get(schema, "that was published")
    if table is not None and table.kind == "table":
        return table, inventory.shape(connection, schema, table)
    views = [one.name for one in found.objects if one.kind == "view"]
    if table is None and fold(name) not in map(fold, views):
        raise CarryImpossible(
            f"there is no table {name} in the database {place}; nothing was changed"
        )
    kind = "a view" if table is None else f"a {table.kind} table"
    raise CarryImpossible(
        f"the rows of {name} cannot be carried; nothing was changed",
        cause=f"{name} is {kind} in the database {place}; only ordinary tables' rows are carried",
    )
