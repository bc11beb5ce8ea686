"""Whose a folder looks like: what is seen of it, tool by tool, before any tool's module is loaded.

A marker in a file, a name, a table, a line in a project's file. It reads, and decides nothing:
what two sights mean together is `drydock.formats.recognition`'s to say. All of it is in one module
because a run must ask for all of it; the thirteen modules that read what was seen take longer to
load than small migrations take to run.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drydock.names import quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

DIRECTED_FILE = re.compile(r"(\d+)_(.*?)(?:\.(up|down))?\.sql", re.DOTALL)
FLYWAY_FILE = re.compile(
    r"(?P<kind>[VUB](?=\d)|R(?=__))(?P<version>[\d._]*?)__(?P<title>.*)\.sql", re.DOTALL
)
REFINERY_FILE = re.compile(r"[VU](\d+)__(\w+)\.(sql|rs)")
DRIZZLE_JOURNAL = "meta/_journal.json"
YOYO_BACK = ".rollback.sql"
_DBMATE_UP = re.compile(r"^--\s*migrate:up(\s|$)", re.MULTILINE)
_GOOSE_UP = re.compile(r"^--\s*\+goose\s+Up\b", re.MULTILINE | re.IGNORECASE)
_USES_YOYO = re.compile(r"^\s*(from\s+yoyo\s+import|import\s+yoyo)\b", re.MULTILINE)
_USES_SQLITE_UTILS = re.compile(
    r"^\s*(from\s+(sqlite_utils(\.migrations)?|sqlite_migrate)\s+import"
    r"|import\s+(sqlite_utils|sqlite_migrate))\b",
    re.MULTILINE,
)
_MAKES_A_SET = re.compile(r"\bMigrations\(")
_NAMES_A_SET = re.compile(r"\bMigrations\b")
_APPLIES = re.compile(r"\.apply\s*\(")
DJANGO_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"](?P<module>[\w.]+)")


class Look:
    """What can be seen of a folder and a database, without deciding anything."""

    def __init__(self, folder: Path, connection: sqlite3.Connection | None) -> None:
        self.folder = folder
        self._connection = connection

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The names of the files in the folder, sorted; hidden ones left out."""
        return tuple(sorted(entry.name for entry in self._entries if entry.is_file()))

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders in it, sorted; hidden ones and those of Python left out."""
        names = (entry.name for entry in self._entries if entry.is_dir())
        return tuple(sorted(name for name in names if name != "__pycache__"))

    @cached_property
    def _entries(self) -> tuple[os.DirEntry[str], ...]:
        if not self.folder.is_dir():
            return ()
        with os.scandir(self.folder) as entries:
            return tuple(entry for entry in entries if not entry.name.startswith("."))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The names of the database's tables."""
        if self._connection is None:
            return frozenset()
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return frozenset(str(name) for (name,) in rows)

    def has_column(self, table: str, column: str) -> bool:
        """Say whether the database's `table` has `column`."""
        return self._connection is not None and column in columns(self._connection, table)

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """The bytes of each .sql and .py file that can be read, so that none is read twice."""
        contents: dict[str, bytes] = {}
        for name in self.files:
            if name.endswith((".sql", ".py")):
                with suppress(OSError):  # told with its hint by whoever reads it as a migration
                    contents[name] = (self.folder / name).read_bytes()
        return contents

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each .sql and .py file, as far as it is text."""
        return {
            name: data.decode("utf-8-sig", errors="replace") for name, data in self.contents.items()
        }

    def project(self, name: str) -> str:
        """Return the text of the nearest project file `name`, up to three folders above."""
        for folder in (self.folder, *self.folder.parents[:3]):
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8", errors="replace")
        return ""

    def text_with(self, *patterns: re.Pattern[str], ending: str = "") -> str | None:
        """Return the first file of that ending whose text has all patterns, None without one."""
        named = (
            name
            for name, text in self.texts.items()
            if name.endswith(ending) and all(pattern.search(text) for pattern in patterns)
        )
        return next(named, None)

    def folder_with(self, file: str) -> str | None:
        """Return the first folder that has `file`, as ``folder/file``; None where none has it."""
        having = (name for name in self.folders if (self.folder / name / file).is_file())
        found = next(having, None)
        return f"{found}/{file}" if found is not None else None


@dataclass(frozen=True, slots=True)
class Sight:
    """Why a folder looks like a format's; not `decides` where another tool's looks the same."""

    reason: str
    decides: bool = True


def columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the names of a table's columns; none where there is no such table."""
    rows = connection.execute(f"PRAGMA table_info({quote(table)})")
    return tuple(str(row[1]) for row in rows)


def is_directed(name: str) -> bool:
    """Say whether a file's name has a direction: ``N_name.up.sql``."""
    found = DIRECTED_FILE.fullmatch(name)
    return found is not None and found[3] is not None


def only_makes_a_set(text: str) -> bool:
    """Say whether a file is about sqlite-utils' ``Migrations``, and applies none itself."""
    return bool(
        _USES_SQLITE_UTILS.search(text) and _NAMES_A_SET.search(text) and not _APPLIES.search(text)
    )


def alembic_home(folder: Path) -> Path | None:
    """Return the folder that has env.py, given it or its versions; None where there is none."""
    homes = (folder, folder.parent) if folder.name == "versions" else (folder,)
    return next(
        (each for each in homes if (each / "env.py").is_file() and (each / "versions").is_dir()),
        None,
    )


def _dbmate(look: Look) -> Sight | None:
    """A file with its marker; golang-migrate's table of the same name has `dirty`."""
    marked = look.text_with(_DBMATE_UP)
    return Sight(f"{marked} has a line -- migrate:up") if marked is not None else None


def _goose(look: Look) -> Sight | None:
    """A file with its marker."""
    marked = look.text_with(_GOOSE_UP)
    return Sight(f"{marked} has a line -- +goose Up") if marked is not None else None


def _golang_migrate(look: Look) -> Sight | None:
    """Pairs of files; for certain with its table, or with its line in go.mod."""
    pair = next((name for name in look.files if is_directed(name)), None)
    if pair is None:
        return None
    if look.has_column("schema_migrations", "dirty"):
        return Sight(f"{pair}, and the table schema_migrations with its column dirty")
    if "golang-migrate/migrate" in look.project("go.mod"):
        return Sight(f"{pair}, and go.mod names golang-migrate")
    return Sight(f"{pair} is named as golang-migrate names files", decides=False)


def _sqlx(look: Look) -> Sight | None:
    """Numbered files; for certain with its table, or with its line in Cargo.toml."""
    named = next((name for name in look.files if DIRECTED_FILE.fullmatch(name)), None)
    if named is None:
        return None
    if "_sqlx_migrations" in look.tables:
        return Sight(f"{named}, and the table _sqlx_migrations")
    if "sqlx" in look.project("Cargo.toml"):
        return Sight(f"{named}, and Cargo.toml names sqlx")
    pair = next((name for name in look.files if is_directed(name)), None)
    return None if pair is None else Sight(f"{pair} is named as sqlx names files", decides=False)


def _flyway(look: Look) -> Sight | None:
    """Files of its form; refinery's are like its plainest ones."""
    names = [name for name in look.files if FLYWAY_FILE.fullmatch(name)]
    if not names or "refinery_schema_history" in look.tables:
        return None
    if "flyway_schema_history" in look.tables:
        return Sight(f"{names[0]}, and the table flyway_schema_history")
    own = [name for name in names if name[0] in "RB" or "." in name.partition("__")[0]]
    if own:
        return Sight(f"{own[0]} is a name that only Flyway gives")
    if look.project("flyway.conf") or look.project("flyway.toml"):
        return Sight(f"{names[0]}, and Flyway's configuration")
    return Sight(f"{names[0]} is named as Flyway names files", decides=False)


def _refinery(look: Look) -> Sight | None:
    """Files of its form; for certain with its table, or with its line in Cargo.toml."""
    named = next((name for name in look.files if REFINERY_FILE.fullmatch(name)), None)
    if named is None:
        return None
    if "refinery_schema_history" in look.tables:
        return Sight(f"{named}, and the table refinery_schema_history")
    if "refinery" in look.project("Cargo.toml"):
        return Sight(f"{named}, and Cargo.toml names refinery")
    return Sight(f"{named} is named as refinery names files", decides=False)


def _diesel(look: Look) -> Sight | None:
    """A folder with an up.sql."""
    found = look.folder_with("up.sql")
    return Sight(found) if found is not None else None


def _prisma(look: Look) -> Sight | None:
    """A folder with a migration.sql."""
    found = look.folder_with("migration.sql")
    return Sight(found) if found is not None else None


def _drizzle(look: Look) -> Sight | None:
    """Its journal."""
    return Sight(DRIZZLE_JOURNAL) if (look.folder / DRIZZLE_JOURNAL).is_file() else None


def _yoyo(look: Look) -> Sight | None:
    """A file that imports yoyo, a way back in its own file, or yoyo's table."""
    if (named := look.text_with(_USES_YOYO, ending=".py")) is not None:
        return Sight(f"{named} imports yoyo")
    if (back := next((name for name in look.files if name.endswith(YOYO_BACK)), None)) is not None:
        return Sight(f"{back} is named as yoyo names ways back")
    if "_yoyo_migration" in look.tables and any(name.endswith(".sql") for name in look.files):
        return Sight("the table _yoyo_migration")
    return None


def _alembic(look: Look) -> Sight | None:
    """Its env.py with the folder versions beside it, or that folder itself."""
    return None if alembic_home(look.folder) is None else Sight("env.py and the folder versions")


def _sqlite_utils(look: Look) -> Sight | None:
    """A file that makes a set."""
    if look.folder.is_file() and look.folder.suffix == ".py":
        return Sight(f"{look.folder.name} is one file of Python")
    found = look.text_with(_USES_SQLITE_UTILS, _MAKES_A_SET, ending=".py")
    return Sight(f"{found} makes a Migrations set") if found is not None else None


def _django(look: Look) -> Sight | None:
    """A folder with manage.py, or an application's own in a project that has one."""
    if "manage.py" in look.texts and DJANGO_SETTINGS.search(look.texts["manage.py"]):
        return Sight("manage.py names Django's settings")
    uses = (name for name, text in look.texts.items() if "from django.db import" in text)
    found = next((name for name in uses if name[:4].isdigit()), None)
    return Sight(f"{found} imports Django's migrations") if found is not None else None


SIGHTS: dict[str, Callable[[Look], Sight | None]] = {
    "dbmate": _dbmate,
    "goose": _goose,
    "golang-migrate": _golang_migrate,
    "sqlx": _sqlx,
    "flyway": _flyway,
    "refinery": _refinery,
    "diesel": _diesel,
    "prisma": _prisma,
    "drizzle": _drizzle,
    "yoyo": _yoyo,
    "alembic": _alembic,
    "sqlite-utils": _sqlite_utils,
    "django": _django,
}
"""The format's name → what says why a folder looks like it, None where it does not."""
