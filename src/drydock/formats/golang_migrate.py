"""golang-migrate: ``N_name.up.sql``, and one row of ``schema_migrations(version, dirty)``.

After golang-migrate 4 (source/parse.go, database/sqlite3/sqlite3.go). The one row is a high-water
mark: everything up to it counts as applied. It refuses a row that is `dirty`: a run of the tool
failed halfway, and only a person can say what of it is in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.formats import pairs, sections
from drydock.formats.format import BooksRefused, Format, Mark, version_of
from drydock.formats.sights import columns
from drydock.origin import Down, Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration


class GolangMigrate(Format):
    """golang-migrate's folder and books."""

    name = "golang-migrate"
    table = "schema_migrations"
    how_to_make = "migrate create -ext sql -dir FOLDER NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the pairs by number."""
        return sections.in_order(_read(pair) for pair in pairs.read(folder, plain=False))

    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return every version up to the one in the table.

        Raises:
            BooksRefused: The row is dirty, or the table is dbmate's.
        """
        if "dirty" not in columns(connection, self.table):
            raise BooksRefused(
                self.name,
                f"{self.table} has no column dirty: it is dbmate's",
                hint='say whose the folder is in the settings: format = "dbmate"',
            )
        row = connection.execute(f"SELECT version, dirty FROM {self.table}").fetchone()
        if row is None:
            return ()
        version, dirty = int(row[0]), bool(row[1])
        if dirty:
            raise BooksRefused(
                self.name,
                f"a run of the tool failed halfway in version {version} and left it dirty",
                hint="mend the database by hand, then say where it stands: "
                f"migrate … force {max(version - 1, 0)} (or {version} when all of it is there)",
            )
        known = [int(version_of(each)) for each in files]
        reached = [each for each in known if each <= version]
        return tuple(Mark(str(each)) for each in [*reached, *([version] * (version not in known))])

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create table and index as the tool does."""
        connection.execute(f"CREATE TABLE IF NOT EXISTS {self.table} (version uint64,dirty bool)")
        connection.execute(
            f"CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON {self.table} (version)"
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, _at: datetime, _seconds: float
    ) -> None:
        """Make it the one row; an older migration applied late leaves the mark where it is."""
        self._mark(connection, int(version_of(migration)), only_up=True)

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Make the one before it the one row."""
        version = int(version_of(migration))
        earlier = [int(version_of(each)) for each in files if int(version_of(each)) < version]
        self._mark(connection, max(earlier, default=None), only_up=False)

    def _mark(self, connection: sqlite3.Connection, version: int | None, *, only_up: bool) -> None:
        row = connection.execute(f"SELECT max(version) FROM {self.table}").fetchone()
        if only_up and version is not None and row[0] is not None:
            version = max(version, int(row[0]))
        connection.execute(f"DELETE FROM {self.table}")
        if version is not None:
            connection.execute(
                f"INSERT INTO {self.table} (version, dirty) VALUES (?, 0)", (version,)
            )


def _read(pair: pairs.Pair) -> Migration:
    _, text = sections.read(pair.up)
    down = None
    if pair.down is not None:
        down = Down(pair.down, sections.read(pair.down)[1])
    origin = Origin("golang-migrate", str(int(pair.number)), pair.title, down=down)
    return sections.made(pair.name, pair.up, text, origin)
