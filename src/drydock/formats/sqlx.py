"""sqlx: ``N_name.sql``, or ``.up.sql`` and ``.down.sql``, rows of ``_sqlx_migrations``.

After sqlx 0.9 (sqlx-core/src/migrate/source.rs, sqlx-sqlite/src/migrate.rs). The checksum is the
SHA-384 of the file's bytes; ``-- no-transaction`` means nothing on a candidate. It refuses books
with a migration that did not succeed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from drydock.formats import pairs, sections
from drydock.formats.format import BooksRefused, Format, Mark, version_of
from drydock.origin import Down, Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration


class Sqlx(Format):
    """sqlx's folder and books."""

    name = "sqlx"
    table = "_sqlx_migrations"
    how_to_make = "sqlx migrate add NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the migrations by number."""
        return sections.in_order(_read(pair) for pair in pairs.read(folder, plain=True))

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the rows with their checksums.

        Raises:
            BooksRefused: One did not succeed.
        """
        rows = connection.execute(
            f"SELECT version, installed_on, success, checksum FROM {self.table} ORDER BY version"
        ).fetchall()
        failed = next((version for version, _, success, _ in rows if not success), None)
        if failed is not None:
            raise BooksRefused(
                self.name,
                f"version {failed} did not succeed, and part of it may be in the database",
                hint=f"mend the database by hand, then delete its row from {self.table}",
            )
        return tuple(
            Mark(str(version), str(at), checksum.hex()) for version, at, _, checksum in rows
        )

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as sqlx does."""
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {self.table} (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)"""
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, seconds: float
    ) -> None:
        """Add a row; its time is in nanoseconds."""
        assert migration.origin is not None
        connection.execute(
            f"INSERT INTO {self.table} (version, description, installed_on, success, checksum,"
            " execution_time) VALUES (?, ?, ?, 1, ?, ?)",
            (
                int(migration.origin.version),
                migration.origin.description,
                f"{at:%Y-%m-%d %H:%M:%S}",
                bytes.fromhex(migration.origin.digest),
                round(seconds * 1e9),
            ),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take the row out."""
        connection.execute(
            f"DELETE FROM {self.table} WHERE version = ?", (int(version_of(migration)),)
        )


def _read(pair: pairs.Pair) -> Migration:
    data, text = sections.read(pair.up)
    down = Down(pair.down, sections.read(pair.down)[1]) if pair.down is not None else None
    origin = Origin(
        "sqlx",
        str(int(pair.number)),
        pair.title.replace("_", " "),
        hashlib.sha384(data).hexdigest(),
        down,
    )
    return sections.made(pair.name, pair.up, text, origin)
