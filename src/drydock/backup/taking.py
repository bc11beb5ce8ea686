"""Take a backup through SQLite and prove it before it counts as one.

The order is written down in `_copy_and_prove`: copy under a temporary name, prove, sync, name,
manifest. It refuses to leave anything behind that was not proved.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from drydock import connection, files, ledger, record
from drydock.backup import copying
from drydock.backup.catalogue import MANIFEST, Backup, Manifest, proved
from drydock.backup.proof import count_rows, quick_check, start_comparing
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drydock.hold import Hold

_DAMAGE_SHOWN = 5


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
        # 4. The manifest, then the name: with both of them it is a backup.
        files.write_json(home / MANIFEST, asdict(manifest))
        (home / f"{database.name}.partial").rename(home / manifest.file)
        files.sync(home)
        files.sync(folder)
    except (sqlite3.Error, OSError) as error:
        shutil.rmtree(home, ignore_errors=True)
        if isinstance(error, sqlite3.Error):
            connection.require_uninterrupted(error)
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
                raise DatabaseDamaged(database, [str(error)]) from error
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
    copying.copy(source, partial, is_held=hold is not None, progress=progress)
    reach("backup-2")
    # 2. Prove it: its bytes against the source in a child process, its structure by SQLite here.
    #    Without the hold its source goes on changing, so the copy is only digested.
    with start_comparing(database if hold else partial, partial) as comparer:
        try:
            with closing(connection.read_only(partial)) as copy:
                connection.stop_when(copy)
                problems = quick_check(copy)
                rows = {} if problems else count_rows(copy)
                applied = () if problems else ledger.entries(copy)
                version = str(copy.execute("SELECT sqlite_version()").fetchone()[0])
            answer, complaint = comparer.communicate()
        finally:
            comparer.kill()
    if comparer.returncode != 0:
        raise BackupFailed(database, f"the comparison ended with: {complaint.decode()[-300:]}")
    proof = json.loads(answer)
    if proof["difference"] is not None:
        raise BackupFailed(database, "the copy differs from its source")
    if problems:
        raise DatabaseDamaged(database, problems)
    if rows_before is not None and rows_before != rows:
        raise BackupFailed(database, "the copy differs from its source")
    # 3. On the disk.
    files.sync(partial)
    reach("backup-3")
    return Manifest(
        id=home.name,
        sequence=1 + max((each.manifest.sequence for each in proved(home.parent)), default=0),
        purpose=purpose,
        created_at=record.now(),
        database=str(database),
        file=database.name,
        bytes=partial.stat().st_size,
        sha256=proof["sha256"],
        rows=rows,
        migrations=len(applied),
        last_migration=applied[-1].name if applied else "",
        journal_mode=hold.journal_mode if hold else _journal_mode(source),
        compared="pages" if hold else "rows",
        sqlite=version,
    )


def _journal_mode(source: sqlite3.Connection) -> str:
    return str(source.execute("PRAGMA journal_mode").fetchone()[0]).lower()
