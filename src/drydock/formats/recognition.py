"""Which tool a folder of migrations belongs to: recognised, or asked; never guessed.

A format is taken where it alone is seen for certain. Where two are, or where only a table of the
database could tell one from another and is not there, the run is refused with what was seen and
the setting that decides.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from drydock import migration
from drydock.errors import DrydockError, ExitCode
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from drydock.formats.format import Format
    from drydock.formats.sights import Look, Sight
    from drydock.migration import Migration

OURS = "drydock"
AUTO = "auto"
_CLASSES = {
    "dbmate": "Dbmate",
    "goose": "Goose",
    "golang-migrate": "GolangMigrate",
    "sqlx": "Sqlx",
    "flyway": "Flyway",
    "refinery": "Refinery",
    "diesel": "Diesel",
    "prisma": "Prisma",
    "drizzle": "Drizzle",
    "yoyo": "Yoyo",
    "alembic": "Alembic",
    "sqlite-utils": "SqliteUtils",
    "django": "Django",
}
"""The format's name → its class, in the module of the same name (``-`` is ``_`` there)."""


class FormatUnclear(DrydockError):
    """The folder looks like more than one tool's."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path, seen: Sequence[tuple[str, str]]) -> None:
        self.seen = tuple(seen)
        choices = " or ".join(f'format = "{name}"' for name, _ in seen)
        super().__init__(
            f"which tool's migrations are in {folder}? nothing was touched",
            cause=[f"{name}: {reason}" for name, reason in seen],
            hint=f"say it in the settings: {choices}",
        )


class UnknownFormat(DrydockError):
    """The setting names no format."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        import difflib

        known = names()
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        super().__init__(
            f"there is no format {name!r}; nothing was touched",
            hint=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}",
        )


def names() -> tuple[str, ...]:
    """Return what the setting ``format`` may be."""
    return (AUTO, OURS, *_CLASSES)


def format_named(name: str) -> Format:
    """Return the format called `name`.

    Raises:
        UnknownFormat: There is none.
    """
    if name not in _CLASSES:
        raise UnknownFormat(name)
    module = import_module(f"drydock.formats.{name.replace('-', '_')}")
    made: Format = getattr(module, _CLASSES[name])()
    return made


def format_of(files: Sequence[Migration]) -> Format | None:
    """Return the format that `files` were read in; None for Drydock's own."""
    origin = files[0].origin if files else None
    return format_named(origin.tool) if origin is not None else None


def read(
    folder: Path, connection: sqlite3.Connection | None, wanted: str = AUTO
) -> tuple[Migration, ...]:
    """Return the migrations of `folder`, in their order.

    Args:
        folder: The folder of migrations.
        connection: The database, whose tables may tell two tools apart; None where there is none.
        wanted: The setting ``format``.

    Raises:
        FormatUnclear: The folder looks like more than one tool's.
        UnknownFormat: `wanted` is none.
        MigrationError, OrderError, FolderMissing: as they say.
    """
    if wanted not in (AUTO, OURS):
        format_ = format_named(wanted)
        may_be_a_file = wanted == "sqlite-utils"
        if not (folder.is_dir() or (may_be_a_file and folder.is_file())):
            raise migration.FolderMissing(folder)
        return format_.read(folder)
    if wanted == OURS or not folder.exists() or _is_surely_ours(connection):
        return _ours(migration.read_folder(folder), connection)
    from drydock.formats.sights import Look

    look = Look(folder, connection)
    found = recognise(look)
    if found is not None:
        return found.read(folder)
    return _ours(migration.read_folder(folder, look.contents), connection)


def _ours(
    files: tuple[Migration, ...], connection: sqlite3.Connection | None
) -> tuple[Migration, ...]:
    """Return `files`; one that makes a set would be applied, and none of its functions called.

    Raises:
        MigrationError: Such a file that was not applied yet.
    """
    named = [each for each in files if "Migrations" in each.text and each.path.suffix == ".py"]
    if not named:
        return files
    from drydock import ledger
    from drydock.formats.sights import only_makes_a_set

    applied = {each.name for each in ledger.entries(connection)} if connection else set()
    for each in named:
        if each.name not in applied and each.entry is None and only_makes_a_set(each.text):
            raise MigrationError(
                each.path,
                "it makes a Migrations set of sqlite-utils, and nothing here calls its functions",
                hint="write it as def migrate(db); or keep the sets in a folder of their own, "
                'with format = "sqlite-utils" in the settings',
            )
    return files


def _is_surely_ours(connection: sqlite3.Connection | None) -> bool:
    """Say whether all that was ever applied came from a folder of ours.

    Asking this first keeps `drydock.formats.sights` from being loaded where it is nearly always so.
    """
    from drydock import ledger

    return connection is not None and ledger.is_all_ours(connection)


def recognise(look: Look) -> Format | None:
    """Return the format of what is looked at; None for Drydock's own.

    Raises:
        FormatUnclear: More than one fits.
    """
    from drydock.formats.sights import SIGHTS

    seen: list[tuple[str, Sight]] = []
    for name, sees in SIGHTS.items():
        sight = sees(look)
        if sight is not None:
            seen.append((name, sight))
    certain = [name for name, sight in seen if sight.decides]
    if len(certain) == 1:
        return format_named(certain[0])
    if not seen:
        return None
    asked = [(name, sight.reason) for name, sight in seen if sight.decides or not certain]
    raise FormatUnclear(look.folder, asked)
