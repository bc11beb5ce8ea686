"""The twelve steps of SQLite's manual (ALTER TABLE, section 7), written by hand for one table.

Only for the speed comparison: it knows the benchmark's table, and keeps what a careful author
would keep of it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from benchmarks.tools.request import NotOfferedError, Request


def change(request: Request) -> None:
    """Rebuild the table with the edit made in its text; raises what SQLite raises."""
    with closing(sqlite3.connect(request.path, isolation_level=None)) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute("BEGIN IMMEDIATE")
        table = request.table
        sql, *rest = _texts(conn, table)
        new = _edited(sql, request).replace(f"CREATE TABLE {table}", f"CREATE TABLE new_{table}", 1)
        conn.execute(new)
        kept = [r[1] for r in conn.execute(f"PRAGMA table_info(new_{table})")]
        names = ", ".join(kept)
        conn.execute(f"INSERT INTO new_{table}({names}) SELECT {names} FROM {table}")
        conn.execute(f"DROP TABLE {table}")
        conn.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
        for index in rest:
            if request.kind != "drop" or f"({request.column})" not in index:
                conn.execute(index)
        if conn.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError("a foreign key is broken")
        conn.execute("COMMIT")


def _texts(conn: sqlite3.Connection, table: str) -> list[str]:
    """Return the text of the table, then those of its indexes."""
    query = "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY rowid"
    return [row[0] for row in conn.execute(query, [table])]


def _edited(sql: str, request: Request) -> str:
    """Return the CREATE TABLE text with the change made in the column's own line."""
    lines = sql.split("\n")
    place = next(i for i, line in enumerate(lines) if line.split()[:1] == [request.column])
    line = lines[place]
    if request.kind == "set not null":
        lines[place] = line.replace(" TEXT", " TEXT NOT NULL")
    elif request.kind == "drop not null":
        lines[place] = line.replace(" NOT NULL", "")
    elif request.kind == "drop":
        del lines[place]
    elif request.asked:
        lines[place] = line.replace(line.split()[1].rstrip(","), request.asked)
    elif request.kind == "move first":
        lines.insert(1, lines.pop(place))
    else:
        raise NotOfferedError(request.kind)
    return "\n".join(lines)
