"""The backups of a folder: which are proved, which one is meant, which may be deleted.

It refuses to delete what somebody may still need: the newest proved backup, the last one from
before a migration, those in use, and every folder that is no proved backup (F31).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock import connection
from drydock.backup.proof import quick_check
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a backup.

    `sequence` orders backups whatever the clock does (F31). `purpose` is ``backup``,
    ``migrate`` for one taken before a run changed the database, or ``rows`` for one taken before
    rows were brought back. `rows` counts the
    rows of each table. `compared` says how it was proved equal to its source: ``pages`` (byte by
    byte) or ``rows`` (counts, where other processes were writing meanwhile).
    """

    id: str
    sequence: int
    purpose: str
    created_at: str
    database: str
    file: str
    bytes: int
    sha256: str
    rows: dict[str, int]
    migrations: int
    last_migration: str
    journal_mode: str
    compared: str
    sqlite: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A proved backup: its folder and its manifest."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """Its name: the time it was taken, in UTC."""
        return self.manifest.id

    @property
    def file(self) -> Path:
        """The database in it."""
        return self.folder / self.manifest.file


class NoSuchBackup(DrydockError):
    """A name given on the command line is no proved backup."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        shown = ", ".join(list(known)[-3:])
        super().__init__(
            f"there is no proved backup {name!r}; nothing was touched",
            hint=f"the newest ones: {shown}" if shown else "take one: inv backup",
        )


def proved(folder: Path) -> tuple[Backup, ...]:
    """Return the proved backups in `folder`, oldest first; other folders are passed over."""
    found: list[Backup] = []
    for path in folder.glob(f"*/{MANIFEST}"):
        manifest = _read_manifest(path)
        if manifest and _is_whole(path.parent / manifest.file, manifest):
            found.append(Backup(path.parent, manifest))
    return tuple(sorted(found, key=lambda backup: backup.manifest.sequence))


def unproved(folder: Path) -> tuple[Path, ...]:
    """Return the folders that hold no proved backup: unfinished, or damaged since."""
    good = {backup.folder for backup in proved(folder)}
    return tuple(sorted(each for each in folder.glob("*") if each.is_dir() and each not in good))


def find(folder: Path, name: str | None) -> Backup:
    """Return the backup called `name` (its id, or a path to its folder); None: the newest.

    Raises:
        NoSuchBackup: There is none.
    """
    every = proved(folder)
    if name is None:
        if not every:
            raise NoSuchBackup("(the newest)", ())
        return every[-1]
    for backup in every:
        if name == backup.id or Path(name).resolve() in (
            backup.folder.resolve(),
            backup.file.resolve(),
        ):
            return backup
    raise NoSuchBackup(name, (backup.id for backup in every))


def verify(backup: Backup) -> list[str]:
    """Read all of a backup again; return what is wrong with it, nothing when it is sound."""
    with backup.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != backup.manifest.sha256:
        return [f"its SHA-256 is {digest}, the manifest says {backup.manifest.sha256}"]
    with closing(connection.read_only(backup.file)) as copy:
        return quick_check(copy)


def prune(folder: Path, keep: int, *, in_use: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Delete the oldest proved backups beyond `keep`; return their ids.

    Never deleted: the newest proved one, the last one taken before a migration, and those in use
    (F31). Folders that are no proved backup are left alone: they may be all that somebody has.
    """
    doomed = to_prune(proved(folder), keep, in_use)
    for backup in doomed:
        # Without its manifest it is no backup any more, also when we are killed in the middle.
        (backup.folder / MANIFEST).unlink()
        shutil.rmtree(backup.folder)
    return tuple(backup.id for backup in doomed)


def to_prune(every: tuple[Backup, ...], keep: int, in_use: frozenset[str]) -> tuple[Backup, ...]:
    """Decide which of the proved backups, oldest first, are deleted (pure)."""
    safe = {*in_use, *(backup.id for backup in every[-1:])}
    before_runs = [backup.id for backup in every if backup.manifest.purpose == "migrate"]
    safe.update(before_runs[-1:])
    return tuple(each for each in every[: max(0, len(every) - max(1, keep))] if each.id not in safe)


def _read_manifest(path: Path) -> Manifest | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Manifest)}
        manifest = Manifest(**{name: data[name] for name in known})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return manifest if _is_plain(manifest) else None


def _is_plain(manifest: Manifest) -> bool:
    """Say whether a manifest's fields can be trusted to lead nowhere else."""
    return (
        isinstance(manifest.file, str)
        and Path(manifest.file).name == manifest.file
        and isinstance(manifest.sequence, int)
        and isinstance(manifest.bytes, int)
        and isinstance(manifest.rows, dict)
    )


def _is_whole(file: Path, manifest: Manifest) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size == manifest.bytes
