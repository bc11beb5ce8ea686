"""refinery: ``V1__name.sql`` and ``U1__name.sql``, rows of ``refinery_schema_history``.

After refinery 0.8 and 0.9 (refinery_core/src/runner.rs, util.rs, traits/mod.rs). The checksum is
SipHash-1-3 over name, version and text. It refuses migrations written in Rust, which run only
inside the application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import Format, Mark, require_unique, version_of
from drydock.formats.sights import REFINERY_FILE
from drydock.formats.siphash import siphash13
from drydock.origin import Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration


class Refinery(Format):
    """refinery's folder and books."""

    name = "refinery"
    table = "refinery_schema_history"
    how_to_make = "a file V<number>__<name>.sql"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the files by version."""
        found: list[Migration] = []
        for path in sorted(folder.rglob("*")):
            named = REFINERY_FILE.fullmatch(path.name)
            if named is None:
                continue
            if named[3] == "rs":
                raise MigrationError(
                    path,
                    "a migration written in Rust runs only inside the application",
                    hint="apply it with refinery, or write it as .sql or as Python",
                )
            found.append(_read(path, int(named[1]), named[2]))
        migrations = sections.in_order(sorted(found, key=lambda each: int(version_of(each))))
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the rows with their checksums."""
        rows = connection.execute(
            f"SELECT version, applied_on, checksum FROM {self.table} ORDER BY version"
        )
        return tuple(Mark(str(version), str(at), str(digest)) for version, at, digest in rows)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as refinery does."""
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {self.table}(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255))"""
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, _seconds: float
    ) -> None:
        """Add a row; the time is as in RFC 3339."""
        assert migration.origin is not None
        origin = migration.origin
        connection.execute(
            f"INSERT INTO {self.table} (version, name, applied_on, checksum) VALUES (?, ?, ?, ?)",
            (int(origin.version), origin.description, f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", origin.digest),
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


def _read(path: Path, version: int, name: str) -> Migration:
    data, text = sections.read(path)
    # Rust ends a text that it hashes with a byte that no UTF-8 has.
    hashed = name.encode() + b"\xff" + version.to_bytes(4, "little") + data + b"\xff"
    origin = Origin("refinery", str(version), name, str(siphash13(hashed)))
    return sections.made(path.stem, path, text, origin)
