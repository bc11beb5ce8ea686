"""Put a backup in the place of a live database that SQLite cannot read, or that is gone (F07).

Nothing can hold such a file, and the backup API refuses to write into it, so the ways of
`drydock.publish` do not serve. What stands there is damaged, but it may be all that somebody has:
it is kept, its journals with it, and the backup takes its name by one rename. It refuses where
another process has the file open, and where the fault is not the file's own.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, candidate, connection, files, hold, publish
from drydock.connection import DatabaseLocked, DatabaseMissing, NotADatabase
from drydock.faults import reach

if TYPE_CHECKING:
    from drydock.backup import Backup
    from drydock.walk import Walk

_SIDECARS = ("-wal", "-shm", "-journal")


def ailment(live: Path, *, timeout: float) -> str | None:
    """Return why there is no database to be read at `live`, None where there is one.

    Raises:
        OutOfReach, DatabaseLocked: It cannot be told.
        DatabaseMissing: What is there is no file.
    """
    if not live.exists():
        return "it does not exist"
    if live.is_file() and live.stat().st_size == 0:
        return "it is empty (0 bytes)"
    try:
        connection.read(live, timeout=timeout).close()
    except NotADatabase as error:
        return "; ".join(error.cause)
    return None


def revive(walk: Walk, wanted: Backup) -> Path | None:
    """Make `wanted` the live database; return where what stood there is kept, None for nothing.

    Raises:
        DatabaseLocked: Another process has the file open; nothing was changed.
        DatabaseMissing: Its folder is not there.
        OSError: The system refused; the live path holds what it held.
    """
    live = walk.live
    if not live.parent.is_dir():
        raise DatabaseMissing(live, "cannot be brought back: its folder does not exist")
    holders = hold.named(live)
    if holders:
        raise DatabaseLocked(live, "another program has it open", holders)
    # 1. A whole file beside it, on the disk before any name points to it (F38).
    candidate.copy(wanted.file, walk.candidate)
    publish.settle(walk.candidate)
    target = backup.content_digest(walk.candidate)
    _look_alike(walk.candidate, live)
    files.sync(walk.candidate)
    # 2. The record says what is about to happen, and how to tell old from new.
    kept = walk.record.folder / f"failed-{live.name}" if live.exists() else None
    walk.record.note(
        phase="publishing",
        backup=wanted.id,
        way="rename",
        old_inode=live.stat().st_ino if kept else 0,
        new_inode=walk.candidate.stat().st_ino,
        target=target,
        failed_copy=str(kept or ""),
    )
    reach("return-1")
    # 3. Under another name, too, and without its journals, which would be replayed into the new
    #    one (F04, F05). They are kept beside it: with them more of it may be recovered.
    beside = kept or walk.record.folder / f"failed-{live.name}"
    if kept is not None:
        kept.unlink(missing_ok=True)
        os.link(live, kept)
    for suffix in _SIDECARS:
        with suppress(FileNotFoundError):
            Path(f"{live}{suffix}").rename(f"{beside}{suffix}")
    files.sync(live.parent)
    # 4. The instant.
    walk.candidate.replace(live)
    files.sync(live.parent)
    walk.record.note(phase="published")
    walk.restore_journal_mode(wanted.manifest.journal_mode, walk.left_behind())
    return kept


def _look_alike(new: Path, live: Path) -> None:
    """Give the new file mode and owner of the one it replaces, as far as that is allowed."""
    if not live.exists():
        return
    state = live.stat()
    with suppress(PermissionError):
        os.chown(new, state.st_uid, state.st_gid)
        shutil.copymode(live, new)
