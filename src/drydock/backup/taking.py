"""Take a backup and prove it before it counts as one.

The order is numbered below: copy under a temporary name, prove and sync, manifest, name. The proof
may go on while migrations run on a candidate; the name waits for it. It refuses to leave anything
behind that was not proved.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from drydock import connection, files, record
from drydock.backup import copying
from drydock.backup.catalogue import MANIFEST, Backup, Manifest, proved
from drydock.backup.proof import count_rows, start_pages
from drydock.backup.proving import BackupFailed, DatabaseDamaged, Proving
from drydock.faults import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drydock.backup.proving import Proof
    from drydock.hold import Hold


class Taking:
    """A backup that has been copied and is being proved: `finish` it, or `abandon` it.

    `file` is the copy, under a temporary name until then. Nobody writes it any more.
    """

    def __init__(self, database: Path, home: Path, purpose: str, hold: Hold | None) -> None:
        self.database = database
        self.home = home
        self.file = home / f"{database.name}.partial"
        self._purpose = purpose
        self._hold = hold
        self._journal_mode = hold.journal_mode if hold else ""
        self._proving: Proving | None = None

    @property
    def id(self) -> str:
        """The name that it will have."""
        return self.home.name

    @property
    def is_over(self) -> bool:
        """Whether `finish` would answer at once, well or not."""
        return self._proving is not None and self._proving.is_over

    def copy(self, progress: Callable[[int, int], None] | None, timeout: float) -> None:
        """Copy the database, and let the proof begin; see `begin`."""
        with self._or_nothing():
            reach("backup-1")
            files.create_private(self.file)
            # 1. Under a temporary name: an unfinished copy is never taken for a backup (F29).
            rows_before = None
            if self._hold:
                comparer = copying.at_rest(self.database, self.file, progress)
            else:
                rows_before = self._copy_one_instant(timeout)
                # Its source goes on changing, so the copy is only digested.
                comparer = start_pages("compare", str(self.file), str(self.file))
            reach("backup-2")
            # 2. Its bytes against the source's, its structure, its rows; then on the disk.
            self._proving = Proving(self.database, self.file, comparer, rows_before)

    def finish(self) -> Backup:
        """Wait for the proof, and make the copy a backup.

        Raises:
            BackupFailed: It could not be proved; nothing of it is left.
            DatabaseDamaged: SQLite finds the copy unsound, so its source is.
        """
        assert self._proving is not None
        with self._or_nothing():
            manifest = self._manifest(self._proving.result())
            reach("backup-3")
            # 3. The manifest, then the name: with both of them it is a backup.
            files.write_json(self.home / MANIFEST, asdict(manifest))
            self.file.rename(self.home / manifest.file)
            files.sync(self.home)
            files.sync(self.home.parent)
        reach("backup-4")
        return Backup(self.home, manifest)

    def abandon(self) -> None:
        """End the proof and leave nothing."""
        if self._proving is not None:
            self._proving.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _manifest(self, proof: Proof) -> Manifest:
        before = proved(self.home.parent)
        return Manifest(
            id=self.id,
            sequence=1 + max((each.manifest.sequence for each in before), default=0),
            purpose=self._purpose,
            created_at=record.now(),
            database=str(self.database),
            file=self.database.name,
            bytes=self.file.stat().st_size,
            sha256=proof.sha256,
            rows=proof.rows,
            migrations=len(proof.applied),
            last_migration=proof.applied[-1].name if proof.applied else "",
            journal_mode=self._journal_mode,
            compared="pages" if self._hold else "rows",
            sqlite=proof.sqlite,
        )

    def _copy_one_instant(self, timeout: float) -> dict[str, int]:
        """Copy what a reader sees now; return the number of its rows by table."""
        with closing(connection.read(self.database, timeout=timeout)) as source:
            self._journal_mode = str(source.execute("PRAGMA journal_mode").fetchone()[0]).lower()
            source.execute("BEGIN")
            rows = count_rows(source)  # opens the snapshot that is copied
            copying.through_sqlite(source, self.file)
            return rows

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """Leave nothing behind when the block fails, and say what it met as an error of ours."""
        try:
            yield
        except BaseException as error:
            self.abandon()
            if isinstance(error, sqlite3.Error):
                connection.require_uninterrupted(error)
                if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
                    raise DatabaseDamaged(self.database, [str(error)]) from error
            if isinstance(error, sqlite3.Error | OSError):
                raise BackupFailed(self.database, str(error)) from error
            raise


def begin(
    database: Path,
    folder: Path,
    *,
    purpose: str,
    timeout: float = 5.0,
    hold: Hold | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Taking:
    """Copy `database` into a new folder of `folder`; the proof goes on when this returns.

    Args:
        database: The live database's real path.
        folder: The folder of backups; created 0700.
        purpose: See `Manifest.purpose`.
        timeout: Seconds to wait for a lock.
        hold: The live database, held: then the copy is compared byte by byte. Without it the
            application may go on writing; the copy is of one instant, and rows are counted.
        progress: Called with bytes done and bytes in all.

    Raises:
        BackupFailed, DatabaseLocked: It could not be copied; nothing of it is left.
        DatabaseDamaged: SQLite cannot read it.
    """
    files.folder_of_copies(folder)
    home = record.unique_folder(folder, record.stamp_now())
    taking = Taking(database, home, purpose, hold)
    taking.copy(progress, timeout)
    return taking


def take(
    database: Path,
    folder: Path,
    *,
    purpose: str,
    timeout: float = 5.0,
    hold: Hold | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backup:
    """Make a proved backup of `database` in a new folder of `folder`; the arguments are `begin`'s.

    Raises:
        BackupFailed, DatabaseLocked: It could not be made or proved; nothing of it is left.
        DatabaseDamaged: SQLite finds the copy unsound, so its source is.
    """
    begun = begin(database, folder, purpose=purpose, timeout=timeout, hold=hold, progress=progress)
    return begun.finish()
