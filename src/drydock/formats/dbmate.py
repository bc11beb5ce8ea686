"""dbmate: ``-- migrate:up`` and ``-- migrate:down`` in one file, ``schema_migrations(version)``.

After dbmate 2.36 (pkg/dbmate/migration.go, pkg/driver/sqlite/sqlite.go). A file may have several
pairs of sections: the ups run in their order. ``transaction:false`` means nothing on a candidate,
where nothing can half-apply. It refuses what dbmate refuses: no up, no down, SQL before the up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import (
    BooksRefused,
    Format,
    Mark,
    require_unique,
    version_of,
)
from drydock.formats.sights import columns
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_FILE = re.compile(r"(\d+).*\.sql", re.DOTALL)
_MARK = re.compile(r"--\s*migrate:(up|down)(?:\s|$)")


class Dbmate(Format):
    """dbmate's folder and books."""

    name = "dbmate"
    table = "schema_migrations"
    how_to_make = "dbmate new NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the numbered .sql files by name, as dbmate orders them."""
        paths = sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))
        migrations = sections.in_order(_read(path) for path in paths)
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the versions; dbmate keeps no time and no checksum.

        Raises:
            BooksRefused: The table is golang-migrate's.
        """
        if "dirty" in columns(connection, self.table):
            raise BooksRefused(
                self.name,
                f"{self.table} has the column dirty, which is golang-migrate's",
                hint='say whose the folder is in the settings: format = "golang-migrate"',
            )
        rows = connection.execute(f"SELECT version FROM {self.table} ORDER BY version")
        return tuple(Mark(str(version)) for (version,) in rows)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table as dbmate does."""
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.table}" (version varchar(128) primary key)'
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, _at: datetime, _seconds: float
    ) -> None:
        """Add the version."""
        connection.execute(
            f"INSERT INTO {self.table} (version) VALUES (?)", (version_of(migration),)
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take the version out."""
        connection.execute(f"DELETE FROM {self.table} WHERE version = ?", (version_of(migration),))


def _read(path: Path) -> Migration:
    _, text = sections.read(path)
    lines = text.split("\n")
    marks = [
        (at, found[1]) for at, line in enumerate(lines, start=1) if (found := _MARK.match(line))
    ]
    _require_pairs(path, lines, marks)
    direction: dict[int, str] = {}
    current = "up"  # comments before the first mark are the file's header
    turns = dict(marks)
    for at in range(1, len(lines) + 1):
        current = direction[at] = turns.get(at, current)
    down = _backwards(lines, direction)
    match = _FILE.fullmatch(path.name)
    assert match is not None
    return sections.made(
        path.stem,
        path,
        sections.keep(text, lambda at: direction[at] == "up"),
        Origin("dbmate", match[1], down=Down(path, down) if down.strip() else None),
    )


def _backwards(lines: Sequence[str], direction: dict[int, str]) -> str:
    """Return the down sections, the last one first, as dbmate runs them.

    One section, the usual case, keeps its line numbers.
    """
    blocks: list[list[int]] = []
    for at, way in direction.items():
        if way == "down":
            if direction.get(at - 1) != "down":
                blocks.append([])
            blocks[-1].append(at)
    if len(blocks) == 1:
        wanted = set(blocks[0])
        return "\n".join(line if at in wanted else "" for at, line in enumerate(lines, start=1))
    return "\n".join(lines[at - 1] for block in reversed(blocks) for at in block)


def _require_pairs(path: Path, lines: Sequence[str], marks: Sequence[tuple[int, str]]) -> None:
    def refuse(problem: str, line: int | None = None) -> MigrationError:
        return MigrationError(
            path, problem, line=line, hint="mend the file as dbmate wants it, then: inv migrate"
        )

    ups = [at for at, way in marks if way == "up"]
    if not ups:
        raise refuse("it has no line -- migrate:up, which dbmate requires")
    before = (at for at, line in enumerate(lines[: ups[0] - 1], start=1) if _is_statement(line))
    if (first := next(before, None)) is not None:
        raise refuse("SQL stands before the line -- migrate:up", first)
    ways = [way for _, way in marks]
    if ways != ["up", "down"] * len(ups):
        raise refuse("each -- migrate:up must be followed by its own -- migrate:down", ups[-1])


def _is_statement(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("--")
