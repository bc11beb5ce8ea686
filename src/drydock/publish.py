"""Publish: make the candidate the live database, whole, in one instant.

The order below is the safety of the whole product; each number has its crash test
(tests/crash/test_kill.py). Killed anywhere, the live path holds the old database or the new one.
It refuses to publish a candidate that still has a journal or a WAL beside it.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drydock import connection, files
from drydock.connection import DatabaseLocked
from drydock.errors import DrydockError
from drydock.faults import reach
from drydock.hold import left_behind, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from drydock.hold import Hold

Way = Literal["rename", "backup-api"]

_RENAME_CANNOT_SERVE = {errno.EXDEV, errno.EBUSY, errno.EPERM, errno.EACCES, errno.ENOTSUP}
_SIDECARS = ("-wal", "-shm", "-journal")
_PAGES_A_STEP = 4096
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class PublishFailed(DrydockError):
    """The candidate could not be made live; the live database is the old one."""

    def __init__(self, path: Path, cause: str) -> None:
        self.path = path
        super().__init__(f"{path} could not be replaced; it is as it was", cause=cause)


class CandidateUnsettled(DrydockError):
    """The candidate is not one whole file that nobody has open; nothing changed."""

    def __init__(self, candidate: Path, cause: str) -> None:
        self.candidate = candidate
        super().__init__(
            f"the candidate {candidate} is not one whole file; nothing was changed",
            cause=cause,
            hint="let the migrations end all that they start, then run: inv migrate",
        )


@dataclass(frozen=True, slots=True)
class Publication:
    """How the candidate became live: by a rename, or page by page through SQLite's backup API.

    `left_behind` names who has the replaced file open still: the new one must stay out of WAL mode.
    """

    way: Way
    left_behind: tuple[str, ...] = ()


def settle(candidate: Path) -> str:
    """Make `candidate` one whole file in DELETE mode; return the journal mode it asked for.

    A migration may have set WAL mode on purpose; that is restored on the live file.

    Raises:
        CandidateUnsettled: A migration's process has it open, or a journal is left beside it.
    """
    opened = connection.live(candidate, timeout=0)
    try:
        wanted = str(opened.execute("PRAGMA journal_mode").fetchone()[0]).lower()
        # Only on the way out of PERSIST does SQLite remove a finished journal of that mode.
        opened.execute("PRAGMA journal_mode=PERSIST")
        opened.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise CandidateUnsettled(candidate, str(error)) from error
    finally:
        opened.close()
    left = [suffix for suffix in _SIDECARS if files.size(Path(f"{candidate}{suffix}"))]
    if left:
        raise CandidateUnsettled(candidate, f"it has a {' and a '.join(left)} beside it")
    return wanted


def publish(
    candidate: Path,
    hold: Hold,
    *,
    announce: Callable[[Way, int, int], None],
    into_wal: bool,
    keep_old: Path | None = None,
) -> Publication:
    """Make `candidate` the live database.

    Args:
        candidate: A settled file on the live file's file system.
        hold: The live database, held; it is let go when this returns.
        announce: Called with the way, the live file's inode and the candidate's, to be recorded
            durably before the live path changes.
        into_wal: The new database is going to be put into WAL mode.
        keep_old: Where the old database is kept under another name, at no cost.

    Raises:
        PublishFailed: Nothing changed.
        DatabaseLocked: A reader kept the file from being written in place; nothing changed.
    """
    live = hold.path
    if keep_old is not None:
        # What a killed attempt left: a second name of the live file, or half a copy of it.
        keep_old.unlink(missing_ok=True)
    reach("publish-1")
    # 1. The candidate is on the disk before any name points to it (F38).
    files.sync(candidate)
    # 2. It looks like the live file from outside: mode, owner, extended attributes (F08).
    way: Way = "rename" if _can_rename(candidate, live) else "backup-api"
    reach("publish-2")
    # 3. The record says what is about to happen, and how to tell old from new.
    old = live.stat()
    announce(way, old.st_ino, candidate.stat().st_ino)
    reach("publish-3")
    for suffix in _SIDECARS:
        # Whatever stands beside the live file would be replayed into the new one (F04, F05). We
        # hold the lock, so nobody is writing it: a journal left by PERSIST mode is an empty one.
        Path(f"{live}{suffix}").unlink(missing_ok=True)
    # Nor may a power cut bring one back: SQLite does not sync the folder after it has deleted the
    # journal of the hold's own change, and a disk may keep the rename and not the deletion.
    files.sync(live.parent)
    # Whoever has the file open gets the new pages into it. A reader is waited for (F37).
    if way == "rename" and (_is_in_use(live) or not _rename(candidate, live, keep_old)):
        way = "backup-api"
        announce(way, 0, 0)
    if way == "backup-api":
        _copy_into(candidate, hold, keep_old)
    watched = way == "rename" and into_wal
    late = watched and bool(left_behind(live, old.st_dev, old.st_ino, timeout=0))
    # 6. Let go of the old file. A stray connection to it cannot write any more: SQLite answers
    #    READONLY_DBMOVED. Whoever opens the path gets the new database.
    hold.release()
    reach("publish-6")
    # 7. That answer comes only while there is no -wal to be found by its name: whoever opened the
    #    old file in the moment before the rename gets the time to hear it.
    left = left_behind(live, old.st_dev, old.st_ino, timeout=hold.timeout) if late else ()
    return Publication(way, left)


def _can_rename(candidate: Path, live: Path) -> bool:
    """Give the candidate the live file's looks; say whether a rename would keep everything."""
    state = live.stat()
    if state.st_nlink > 1:
        return False  # The other name would stay with the old database (F09).
    try:
        if (state.st_uid, state.st_gid) != _owner(candidate):
            os.chown(candidate, state.st_uid, state.st_gid)
        shutil.copystat(live, candidate)
        os.utime(candidate)
    except PermissionError:
        return False  # Only writing into the live file itself keeps its owner.
    files.sync(candidate)
    return _owner(candidate) == (state.st_uid, state.st_gid)


def _is_in_use(live: Path) -> bool:
    """Whether somebody has the live file open, under whom it must not be replaced.

    A browser, a report, or a writer that waits its turn would keep the old file behind a rename,
    and find what SQLite puts beside the new one by its name: in WAL mode it takes the -wal for its
    own and writes old pages into it, so that the new database is corrupt; in the other modes it
    takes the journal of a transaction for one that a crash has left, and deletes it (F08).
    """
    return bool(named(live))


def _rename(candidate: Path, live: Path, keep_old: Path | None) -> bool:
    try:
        if keep_old is not None:
            os.link(live, keep_old)
        # 4. The instant.
        candidate.replace(live)
    except OSError as error:
        if keep_old is not None:
            keep_old.unlink(missing_ok=True)
        if error.errno in _RENAME_CANNOT_SERVE:
            return False
        raise PublishFailed(live, error.strerror or str(error)) from error
    reach("publish-4")
    # 5. The new name survives a power cut.
    files.sync(live.parent)
    reach("publish-5")
    return True


def _copy_into(candidate: Path, hold: Hold, keep_old: Path | None) -> None:
    """Write the candidate's pages into the live file, in one transaction of SQLite's.

    The hold's own connection is the target, so that there is no moment at which another writer
    could come between. Killed in the middle, the next reader rolls the journal back.
    """
    live = hold.connection
    if keep_old is not None:
        files.create_private(keep_old)
        target = connection.copy_target(keep_old)
        try:
            live.backup(target)
        finally:
            target.close()
        files.sync(keep_old)
    source = connection.read_only(candidate)
    try:
        live.execute("PRAGMA synchronous=EXTRA")  # it also syncs the folder (F38)
        source.backup(live, pages=_PAGES_A_STEP, progress=_patience(hold))
    except DatabaseLocked:
        if keep_old is not None:
            keep_old.unlink()  # nothing was replaced: a second copy of what is live
        raise
    except (sqlite3.Error, OSError) as error:
        raise PublishFailed(hold.path, str(error)) from error
    finally:
        source.close()
    reach("publish-5")
    candidate.unlink()


def _patience(hold: Hold) -> Callable[[int, int, int], None]:
    """Return what is told of each step, and ends the copy when a reader never lets go (F33, F37).

    Left to itself, `sqlite3.Connection.backup` tries a locked step again for ever.
    """
    waiting_since: float | None = None

    def step(status: int, _left: int, _total: int) -> None:
        nonlocal waiting_since
        reach("publish-4")
        if status not in _BUSY:
            waiting_since = None
            return
        now = time.monotonic()
        waiting_since = waiting_since or now
        if now - waiting_since >= hold.timeout:
            why = "a reader keeps it from being written"
            raise DatabaseLocked(hold.path, why, named(hold.path))

    return step


def _owner(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_uid, state.st_gid
