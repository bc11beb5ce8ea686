"""Prisma: ``NAME/migration.sql``, rows of ``_prisma_migrations``.

After Prisma 5 and 6 (schema-engine's SQLite flavour, as its databases show it; and
prisma.io/docs, "About the _prisma_migrations table"). The checksum is the SHA-256 of the file's
bytes, times are milliseconds. It refuses books with a migration that started and never finished.
Prisma has no way back; a down.sql beside the file is nothing that Prisma knows.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drydock.formats import folders, sections
from drydock.formats.format import BooksRefused, Format, Mark, version_of
from drydock.origin import Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from drydock.migration import Migration


class Prisma(Format):
    """Prisma's folder and books."""

    name = "prisma"
    table = "_prisma_migrations"
    how_to_make = "npx prisma migrate dev --create-only --name NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the folders by name."""
        return sections.in_order(_read(path) for path in folders.each(folder, "migration.sql"))

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return what finished and was not rolled back, with its checksum.

        Raises:
            BooksRefused: One started and neither finished nor was resolved.
        """
        rows = connection.execute(
            f"SELECT migration_name, finished_at, rolled_back_at, checksum FROM {self.table}"
            " ORDER BY started_at, rowid"
        ).fetchall()
        failed = next((row[0] for row in rows if row[1] is None and row[2] is None), None)
        if failed is not None:
            raise BooksRefused(
                self.name,
                f"{failed} started and never finished; part of it may be in the database",
                hint=f"say what holds: npx prisma migrate resolve --rolled-back {failed}",
            )
        return tuple(
            Mark(str(row[0]), _shown(row[1]), str(row[3])) for row in rows if row[2] is None
        )

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as Prisma does."""
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS "{self.table}" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)"""
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, seconds: float
    ) -> None:
        """Add a finished row."""
        assert migration.origin is not None
        finished = round(at.timestamp() * 1000)
        connection.execute(
            f"INSERT INTO {self.table} (id, checksum, finished_at, migration_name, started_at,"
            " applied_steps_count) VALUES (?, ?, ?, ?, ?, 1)",
            (
                str(uuid.uuid4()),
                migration.origin.digest,
                finished,
                version_of(migration),
                finished - round(seconds * 1000),
            ),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Mark the row as rolled back."""
        connection.execute(
            f"UPDATE {self.table} SET rolled_back_at = ?"
            " WHERE migration_name = ? AND rolled_back_at IS NULL",
            (round(at.timestamp() * 1000), version_of(migration)),
        )


def _shown(at: int | str) -> str:
    """Return a time of the table's, milliseconds or text, in ISO 8601."""
    if isinstance(at, str):
        return at
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")


def _read(path: Path) -> Migration:
    data, text = sections.read(path)
    name = path.parent.name
    return sections.made(
        name, path, text, Origin("prisma", name, digest=hashlib.sha256(data).hexdigest())
    )
