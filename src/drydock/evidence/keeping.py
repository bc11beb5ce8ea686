"""What follows carried rows, and is no row of an ordinary table: counters and full-text indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.evidence import inventory, modules
from drydock.names import fold, quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path


def catch_up(connection: sqlite3.Connection, source: Path, tables: Iterable[str]) -> None:
    """Bring the counters and indexes of `connection`'s database up to rows carried from `source`.

    An AUTOINCREMENT counter is as far as the source's: an id that was given is not given again.
    A full-text index over the content of a table of `tables` is built anew: the application may
    keep it without a trigger (fts5.html, section 6.6).
    """
    names = {fold(name): name for name in tables}
    found = inventory.read(connection, "main")
    if not names:
        return
    _raise_counters(connection, source, names)
    for table in found.tables.values():
        module = modules.read(table.sql) if table.kind == "virtual" else None
        if module is not None and module.is_full_text and module.content in names:
            own = quote(table.name)
            connection.execute(f"INSERT INTO main.{own}({own}) VALUES ('rebuild')")


def _raise_counters(connection: sqlite3.Connection, source: Path, names: dict[str, str]) -> None:
    connection.execute("ATTACH ? AS was", (f"{source.absolute().as_uri()}?mode=ro",))
    try:
        both = [
            connection.execute(
                f"SELECT 1 FROM {schema}.sqlite_schema WHERE name = 'sqlite_sequence'"
            ).fetchone()
            for schema in ("main", "was")
        ]
        counters = []
        if all(both):
            counters = connection.execute("SELECT name, seq FROM was.sqlite_sequence").fetchall()
        for name, last in counters:
            if fold(str(name)) in names and isinstance(last, int):
                connection.execute(
                    "UPDATE main.sqlite_sequence SET seq = ? WHERE name = ? AND seq < ?",
                    (last, names[fold(name)], last),
                )
    finally:
        connection.execute("DETACH was")
