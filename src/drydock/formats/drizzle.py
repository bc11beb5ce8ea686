"""Drizzle: ``meta/_journal.json`` and the files it names, rows of ``__drizzle_migrations``.

After drizzle-orm 0.4x (drizzle-orm/src/migrator.ts, sqlite-core/dialect.ts). The journal gives
the order and each entry's time, which is its identity; the newest time in the table is a
high-water mark. ``--> statement-breakpoint`` ends a statement. It refuses a journal that names a
file which is not there, and one that it cannot read.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from drydock.formats import sections
from drydock.formats.format import Format, Mark, require_unique
from drydock.formats.sights import DRIZZLE_JOURNAL
from drydock.origin import Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_BREAK = "--> statement-breakpoint"


class Drizzle(Format):
    """Drizzle's folder and books."""

    name = "drizzle"
    table = "__drizzle_migrations"
    how_to_make = "npx drizzle-kit generate --custom --name NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the files of the journal, in its order; others are no migrations."""
        journal = folder / DRIZZLE_JOURNAL
        migrations = sections.in_order(_read(journal, entry) for entry in _entries(journal))
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the files up to the newest time in the table, with the checksums of their rows."""
        rows = connection.execute(f"SELECT created_at, hash FROM {self.table} ORDER BY created_at")
        digests = {int(float(when)): str(digest) for when, digest in rows}
        newest = max(digests, default=-1)
        known = {_when(each): each for each in files}
        applied = sorted({when for when in known if when <= newest} | set(digests))
        return tuple(Mark(str(when), digest=digests.get(when, "")) for when in applied)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as Drizzle does."""
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self.table} "
            "(\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\t"
            "created_at numeric\n\t\t\t)"
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, _at: datetime, _seconds: float
    ) -> None:
        """Add a row with the journal's time, as Drizzle does: not that of today."""
        assert migration.origin is not None
        connection.execute(
            f'INSERT INTO {self.table} ("hash", "created_at") VALUES (?, ?)',
            (migration.origin.digest, _when(migration)),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take the row out."""
        connection.execute(f"DELETE FROM {self.table} WHERE created_at = ?", (_when(migration),))


def _when(migration: Migration) -> int:
    assert migration.origin is not None
    return int(migration.origin.version)


def _entries(journal: Path) -> list[dict[str, Any]]:
    _, text = sections.read(journal)
    try:
        found: list[dict[str, Any]] = json.loads(text)["entries"]
        for entry in found:
            str(entry["tag"]), int(entry["when"])
    except (ValueError, KeyError, TypeError) as error:
        raise MigrationError(
            journal,
            f"it is no journal of Drizzle's ({error})",
            hint="make it again with drizzle-kit, or bring it back from git",
        ) from error
    return found


def _read(journal: Path, entry: dict[str, Any]) -> Migration:
    path = journal.parent.parent / f"{entry['tag']}.sql"
    if not path.is_file():
        raise MigrationError(
            journal, f"it names {path.name}, which is not there", hint="bring the file back"
        )
    data, text = sections.read(path)
    # A statement may lack its semicolon before a breakpoint; an empty one more does no harm.
    text = text.replace(_BREAK, f";{_BREAK}")
    digest = hashlib.sha256(data).hexdigest()
    return sections.made(
        str(entry["tag"]), path, text, Origin("drizzle", str(int(entry["when"])), digest=digest)
    )
