"""Tables matched by content: for rows that have no lasting identity.

VACUUM and a rebuild renumber hidden rowids (F22). A table without any key whose rowids moved is
then a bag of rows: this module counts which rows are in one bag and not in the other, exactly,
with SQLite's own sorter on disk. It cannot tell a changed row from one removed and one added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.pairing import Pair


def differences(connection: sqlite3.Connection, pair: Pair) -> tuple[int, int]:
    """The number of rows that are only in the table before, and only in the one after."""
    found = connection.execute(
        "SELECT total(max(surplus, 0)), total(max(-surplus, 0)) "
        f"FROM ({_bags(pair)} HAVING surplus <> 0)"
    ).fetchone()
    return int(found[0]), int(found[1])


def missing_rows(
    connection: sqlite3.Connection, pair: Pair, limit: int
) -> list[tuple[object, ...]]:
    """Up to `limit` rows, as values of the common columns, that are only in the table before."""
    width = len(pair.columns.common)
    rows = connection.execute(f"{_bags(pair)} HAVING surplus > 0 LIMIT {limit}").fetchall()
    return [row[:width] for row in rows]


def _bags(pair: Pair) -> str:
    """Every different row of both tables with how many more of it there are before than after."""
    common = pair.columns.common
    names = [f"c{at}" for at in range(len(common))]
    # Grouping holds 1 and 1.0 for equal, so the storage class is grouped by too where both fit.
    classed = [
        at for at, (old, new) in enumerate(common) if not old.storage == new.storage != "any"
    ]
    sides = []
    for table, columns, sign in (
        (f"was.{quote(pair.before.name)}", [old for old, _ in common], 1),
        (f"main.{quote(pair.after.name)}", [new for _, new in common], -1),
    ):
        values = [f"+{quote(column.name)} AS c{at}" for at, column in enumerate(columns)]
        values += [f"typeof({quote(columns[at].name)}) AS t{at}" for at in classed]
        sides.append(f"SELECT {', '.join([*values, f'{sign} AS side'])} FROM {table}")
    groups = [*(f"{name} COLLATE BINARY" for name in names), *(f"t{at}" for at in classed)]
    return (
        f"SELECT {', '.join([*names, 'sum(side) AS surplus'])} "
        f"FROM ({' UNION ALL '.join(sides)}) GROUP BY {', '.join(groups)}"
    )
