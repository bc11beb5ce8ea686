"""Flyway: ``V1.2__x.sql``, ``R__``, ``U__`` and ``B__``, rows of ``flyway_schema_history``.

After Flyway 11 (ChecksumCalculator.java, ResourceNameParser.java, SqlMigrationResolver.java,
SQLiteDatabase.java). Versions run by number, then repeatables by description whenever their text
changed. A baseline migration runs only where the versions below it have no files, since those do
the same. It refuses books with a failed row, and Java migrations.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import BooksRefused, Format, Mark, require_unique
from drydock.formats.placeholders import Placeholders
from drydock.formats.sights import FLYWAY_FILE
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_LINE_END = re.compile(r"\r\n|\r|\n")
_TYPES = {"V": "SQL", "R": "SQL", "B": "SQL_BASELINE"}


@dataclass(frozen=True, slots=True)
class _Name:
    """A file's name, read: its kind, its version as Flyway shows it and as a number, its title."""

    kind: str
    shown: str
    parts: tuple[int, ...]
    title: str

    @property
    def version(self) -> str:
        """What it is known by here: 1.0 and 1 are one version, a repeatable is its title."""
        return ".".join(map(str, self.parts)) if self.parts else f"R__{self.title}"


class Flyway(Format):
    """Flyway's folder and books."""

    name = "flyway"
    table = "flyway_schema_history"
    how_to_make = "a file V<version>__<name>.sql"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the versions in their order, then the repeatables."""
        found = [
            (_name(match), path)
            for path in sorted(folder.rglob("*.sql"))
            if (match := FLYWAY_FILE.fullmatch(path.name))
        ]
        versions = {name.parts for name, _ in found if name.kind == "V"}
        downs = {name.parts: path for name, path in found if name.kind == "U"}
        values = Placeholders(folder)
        wanted = [(name, path) for name, path in found if _counts(name, versions)]
        wanted.sort(key=lambda pair: (not pair[0].parts, pair[0].parts, pair[0].title))
        migrations = sections.in_order(
            _read(folder, name, path, downs.get(name.parts) if name.parts else None, values)
            for name, path in wanted
        )
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return what was applied and not undone; a baseline stands for all versions up to it.

        Raises:
            BooksRefused: A row says that its migration failed.
        """
        rows = connection.execute(
            "SELECT version, description, type, checksum, installed_on, success, script"
            f" FROM {self.table} ORDER BY installed_rank"
        ).fetchall()
        found: dict[str, Mark] = {}
        for version, title, kind, digest, at, success, script in rows:
            if not success:
                raise BooksRefused(
                    self.name,
                    f"{script} failed, and part of it may be in the database",
                    hint="mend the database by hand, then: flyway repair",
                )
            known_by = _normal(version) if version is not None else f"R__{title}"
            found.pop(known_by, None)
            if kind in {"BASELINE", "SQL_BASELINE"}:
                found |= {each: Mark(each, str(at)) for each in _up_to(_normal(version), files)}
            elif not (kind.startswith("UNDO") or kind == "DELETE"):
                digest_text = "" if digest is None else str(digest)
                found[known_by] = Mark(known_by, str(at), digest_text)
        if rows:  # a baseline migration is for an empty database
            baselines = (
                each.origin.version for each in files if each.origin and each.name[0] == "B"
            )
            found |= {each: Mark(each) for each in baselines if each not in found}
        return tuple(found.values())

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create table and index as Flyway does."""
        if self.keeps(connection):
            return
        connection.execute(
            f"""CREATE TABLE "{self.table}" (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INT,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INT NOT NULL,
    "success" BOOLEAN NOT NULL
)"""
        )
        connection.execute(f'CREATE INDEX "{self.table}_s_idx" ON "{self.table}" ("success")')

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, seconds: float
    ) -> None:
        """Add a row; its time is in milliseconds."""
        self._add(connection, migration, _TYPES[migration.path.name[0]], at, seconds)

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Add a row that says undone: Flyway takes none out."""
        self._add(connection, migration, "UNDO_SQL", at, 0.0)

    def _add(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        kind: str,
        at: datetime,
        seconds: float,
    ) -> None:
        origin = migration.origin
        assert origin is not None
        match = FLYWAY_FILE.fullmatch(migration.path.name)
        assert match is not None
        name = _name(match)
        script, digest = origin.description, int(origin.digest)
        if kind == "UNDO_SQL":
            undo = origin.down.path if origin.down is not None else migration.path
            script, digest = undo.name, checksum(sections.read(undo)[0])
        connection.execute(
            f"INSERT INTO {self.table} (installed_rank, version, description, type, script,"
            " checksum, installed_by, installed_on, execution_time, success)"
            f" SELECT coalesce(max(installed_rank), 0) + 1, ?, ?, ?, ?, ?, '', ?, ?, 1"
            f" FROM {self.table}",
            (
                name.shown or None,
                name.title,
                kind,
                script,
                digest,
                f"{at:%Y-%m-%d %H:%M:%S.%f}"[:-3],
                round(seconds * 1000),
            ),
        )


def checksum(data: bytes) -> int:
    """Return Flyway's CRC32 of a file: over its lines without their ends, as a signed number."""
    crc = 0
    for line in _LINE_END.split(data.decode("utf-8-sig")):
        crc = zlib.crc32(line.encode(), crc)
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def _name(match: re.Match[str]) -> _Name:
    shown = match["version"].replace("_", ".")
    return _Name(match["kind"], shown, _parts(shown), match["title"].replace("_", " "))


def _parts(shown: str) -> tuple[int, ...]:
    parts = [int(part) for part in shown.split(".") if part]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _normal(version: str) -> str:
    return ".".join(map(str, _parts(version)))


def _counts(name: _Name, versions: set[tuple[int, ...]]) -> bool:
    """Say whether a file is run at all; a baseline only where nothing below it is left."""
    if name.kind == "B":
        return not any(each <= name.parts for each in versions)
    return name.kind != "U"


def _up_to(baseline: str, files: Iterable[Migration]) -> list[str]:
    limit = _parts(baseline)
    versions = [each.origin.version for each in files if each.origin is not None]
    return [each for each in versions if not each.startswith("R__") and _parts(each) <= limit]


def _read(
    folder: Path, name: _Name, path: Path, back: Path | None, values: Placeholders
) -> Migration:
    if name.kind != "R" and not name.parts:
        raise MigrationError(
            path, "its name has no version", hint=f"name it like V1.2__{name.title}.sql"
        )
    data, text = sections.read(path)
    text = values.replaced(text, path)
    # Of a repeatable, what counts is the text as it runs.
    digest = checksum(text.encode() if name.kind == "R" else data)
    down = Down(back, values.replaced(sections.read(back)[1], back)) if back is not None else None
    origin = Origin(
        "flyway",
        name.version,
        path.relative_to(folder).as_posix(),
        str(digest),
        down,
        is_repeatable=name.kind == "R",
    )
    return sections.made(path.stem, path, text, origin)
