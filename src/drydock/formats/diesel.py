"""diesel: ``VERSION_name/up.sql`` and ``down.sql``, rows of ``__diesel_schema_migrations``.

After diesel 2 (diesel_migrations/migrations_internals/src/lib.rs and
diesel/src/migration/setup_migration_table.sql). The version is the folder's name up to its first
``_``, without ``-``; `run_in_transaction` in metadata.toml means nothing on a candidate. It
refuses an empty up.sql, as diesel does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.formats import folders, sections
from drydock.formats.format import Format, Mark, require_unique, version_of
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration


class Diesel(Format):
    """diesel's folder and books."""

    name = "diesel"
    table = "__diesel_schema_migrations"
    how_to_make = "diesel migration generate NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the folders by version."""
        read = [_read(path) for path in folders.each(folder, "up.sql")]
        migrations = sections.in_order(sorted(read, key=version_of))
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the versions; diesel keeps no checksum."""
        rows = connection.execute(f"SELECT version, run_on FROM {self.table} ORDER BY version")
        return tuple(Mark(str(version), str(at)) for version, at in rows)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as diesel does."""
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {self.table} (
       version VARCHAR(50) PRIMARY KEY NOT NULL,
       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
)"""
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, _seconds: float
    ) -> None:
        """Add a row."""
        connection.execute(
            f"INSERT INTO {self.table} (version, run_on) VALUES (?, ?)",
            (version_of(migration), f"{at:%Y-%m-%d %H:%M:%S}"),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take the row out."""
        connection.execute(f"DELETE FROM {self.table} WHERE version = ?", (version_of(migration),))


def _read(path: Path) -> Migration:
    _, text = sections.read(path)
    if not text:
        raise MigrationError(
            path, "it is empty, which diesel refuses", hint="write SELECT 1; to do nothing"
        )
    back = path.with_name("down.sql")
    down = Down(back, sections.read(back)[1]) if back.is_file() else None
    name = path.parent.name
    origin = Origin("diesel", name.split("_", 1)[0].replace("-", ""), down=down)
    return sections.made(name, path, text, origin)
