"""Backups: taken through SQLite, proved, and kept until they are surely not needed.

A backup is a folder of its own with the database and a manifest; the manifest is written last, so
a folder without one is not a backup, whatever it looks like (F29). It refuses to call anything a
backup that has not been compared with its source and checked by SQLite.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock import connection, files, ledger, record
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.names import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drydock.hold import Hold

MANIFEST = "manifest.json"
_PAGES_A_STEP = 8192
_DAMAGE_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a backup.

    `sequence` orders backups whatever the clock does (F31). `purpose` is ``backup``, or
    ``migrate`` or ``rollback`` for one taken before a run changed the database. `rows` counts the
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


class BackupFailed(DrydockError):
    """The copy could not be made or proved; it was removed and does not count."""

    def __init__(self, database: Path, cause: str, hint: str | None = None) -> None:
        self.database = database
        super().__init__(
            f"the backup of {database.name} failed; nothing was changed",
            cause=cause,
            hint=hint or "look at the disk (inv doctor), then run the command again",
        )


class DatabaseDamaged(DrydockError):
    """The database was damaged before Drydock came (F35)."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        super().__init__(
            f"{path} is damaged already; nothing was changed",
            cause=problems[:_DAMAGE_SHOWN],
            hint="a damaged index is mended by: sqlite3 "
            f"{path} REINDEX; anything else: restore a backup (inv backups) or see "
            "https://sqlite.org/recovery.html",
        )


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


def take(
    database: Path,
    folder: Path,
    *,
    purpose: str,
    hold: Hold | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backup:
    """Take a backup of `database` and prove it.

    Args:
        database: The live database's real path.
        folder: The folder of backups; created 0700.
        purpose: See `Manifest.purpose`.
        hold: The live database, held: then the copy is compared byte by byte. Without it the
            application may go on writing; the copy is of one instant, and rows are counted.
        progress: Called with pages done and pages in all.

    Raises:
        BackupFailed: It could not be made or proved; nothing of it is left.
        DatabaseDamaged: SQLite finds the copy unsound, so its source is.
    """
    files.private_folder(folder)
    home = record.unique_folder(folder, record.stamp_now())
    try:
        reach("backup-1")
        source = hold.connection if hold else connection.read(database)
        try:
            manifest = _copy_and_prove(
                source, database, home, purpose=purpose, hold=hold, progress=progress
            )
        finally:
            if hold is None:
                source.close()
        # 4. The manifest makes it a backup.
        files.write_json(home / MANIFEST, asdict(manifest))
        files.sync(folder)
    except (sqlite3.Error, OSError) as error:
        shutil.rmtree(home, ignore_errors=True)
        if isinstance(error, sqlite3.Error):
            connection.require_uninterrupted(error)
        raise BackupFailed(database, str(error)) from error
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    reach("backup-4")
    return Backup(home, manifest)


def _copy_and_prove(
    source: sqlite3.Connection,
    database: Path,
    home: Path,
    *,
    purpose: str,
    hold: Hold | None,
    progress: Callable[[int, int], None] | None,
) -> Manifest:
    partial = home / f"{database.name}.partial"
    files.create_private(partial)
    rows_before = None
    if hold is None:
        source.execute("BEGIN")
        rows_before = count_rows(source)  # opens the snapshot that the copy is made from
    # 1. Copy under a temporary name: an unfinished copy is never taken for a backup (F29).
    with closing(connection.copy_target(partial)) as target:
        source.backup(
            target,
            pages=_PAGES_A_STEP if hold else -1,
            progress=lambda _, left, total: progress and progress(total - left, total),
        )
        # Copied beside a running application it says WAL, and every reader of it, ours too, would
        # leave a -wal and a -shm in the backup's folder.
        target.execute("PRAGMA journal_mode=DELETE")
    reach("backup-2")
    # 2. Prove it: its bytes against the source in a child process, its structure by SQLite here.
    #    Without the hold its source goes on changing, so the copy is only digested.
    comparer = start_comparing(database if hold else partial, partial)
    try:
        with closing(connection.read_only(partial)) as copy:
            connection.stop_when(copy)
            problems = quick_check(copy)
            rows = count_rows(copy)
            applied = ledger.entries(copy)
            version = str(copy.execute("SELECT sqlite_version()").fetchone()[0])
        answer, complaint = comparer.communicate()
    finally:
        comparer.kill()
        comparer.wait()
    if comparer.returncode != 0:
        raise BackupFailed(database, f"the comparison ended with: {complaint.decode()[-300:]}")
    proof = json.loads(answer)
    if proof["difference"] is not None or (rows_before is not None and rows_before != rows):
        raise BackupFailed(database, "the copy differs from its source")
    if problems:
        raise DatabaseDamaged(database, problems)
    # 3. On the disk, then under its name.
    files.sync(partial)
    reach("backup-3")
    final = home / database.name
    partial.rename(final)
    return Manifest(
        id=home.name,
        sequence=1 + max((each.manifest.sequence for each in proved(home.parent)), default=0),
        purpose=purpose,
        created_at=record.now(),
        database=str(database),
        file=final.name,
        bytes=final.stat().st_size,
        sha256=proof["sha256"],
        rows=rows,
        migrations=len(applied),
        last_migration=applied[-1].name if applied else "",
        journal_mode=hold.journal_mode if hold else _journal_mode(source),
        compared="pages" if hold else "rows",
        sqlite=version,
    )


def start_comparing(live: Path, copy: Path) -> subprocess.Popen[bytes]:
    """Start comparing two files in a process of its own (F01); see `drydock.pages`."""
    return _start_pages(str(live), str(copy))


def content_digest(live: Path) -> str:
    """Return the digest of a live database's content; another process reads it (F01)."""
    return digest_of(_start_pages(str(live)))


def start_digest(file: Path) -> subprocess.Popen[bytes]:
    """Start digesting a quiescent file of ours; it may be renamed meanwhile."""
    with file.open("rb") as opened:
        return _start_pages("-", source=opened.fileno())


def digest_of(started: subprocess.Popen[bytes]) -> str:
    """Return what `start_digest` found, waiting for it."""
    return str(json.loads(started.communicate()[0])["content"])


def _start_pages(*arguments: str, source: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    program = Path(__file__).with_name("pages.py")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(program), *arguments],
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _journal_mode(source: sqlite3.Connection) -> str:
    return str(source.execute("PRAGMA journal_mode").fetchone()[0]).lower()


def quick_check(copy: sqlite3.Connection) -> list[str]:
    """Return what ``PRAGMA quick_check`` finds wrong; nothing for a sound database."""
    try:
        found = [str(row[0]) for row in copy.execute("PRAGMA quick_check(20)")]
    except sqlite3.DatabaseError as error:
        connection.require_uninterrupted(error)
        return [str(error)]
    return [] if found == ["ok"] else found


def count_rows(source: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table, shadow and virtual tables left out."""
    names = [
        row[0]
        for row in source.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
    ]
    return {
        name: int(source.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0])
        for name in names
    }


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
    before_runs = [backup.id for backup in every if backup.manifest.purpose != "backup"]
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
