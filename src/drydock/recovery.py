"""Finish or clean up what a killed run left behind, before anything new begins.

The record says how far the run got, and the live file itself says whether it is the old or the
new one (`drydock.outcome`). It refuses to guess when neither tells.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, connection, hold, outcome, receipt, record
from drydock.steps import migrate, stop_backend

if TYPE_CHECKING:
    from drydock.record import Record, Run
    from drydock.walk import Walk


def explain(found: Record) -> str:
    """Return one line on a run that did not end, for commands that only read."""
    return (
        f"run {found.id} ({found.command}) was interrupted while {found.phase}; "
        "inv migrate cleans up first"
    )


def converge(walk: Walk) -> None:
    """Bring an unfinished run to an end; does nothing where there is none.

    The walk holds the lock, so nobody is still working on it.

    Raises:
        RecordUnreadable: The record is damaged.
        DatabaseLocked, StartFailed: It cannot be ended now; the next command tries again.
    """
    record.sweep(walk.state)
    run = record.unfinished(walk.state)
    _remove_unproved(walk.settings.backups)
    if run is None:
        return
    found = run.record
    walk.run, walk.backend_ran = run, found.backend
    try:
        told = _told(walk, run)
        stop_backend.undo(walk)
        run.end("interrupted", told)
        receipt.leave(walk)
    finally:
        walk.run, walk.backend_ran = None, False
        walk.published = False
    walk.reporter.note(f"run {found.id} had been interrupted: {told}")


def _told(walk: Walk, run: Run) -> str:
    """End the run on the live database; where that cannot be read, leave it and say what can be."""
    try:
        return _return(walk, run) if run.record.phase == "returning" else _settle(walk, run)
    except (connection.NotADatabase, connection.DatabaseMissing) as error:
        # It must not stand in the way of the command that brings a backup back.
        return (
            f"{walk.live.name} cannot be read now ({error.what}), and was left as it is; "
            f"to bring a backup back: inv restore {run.record.backup or 'BACKUP'}"
        )


def _settle(walk: Walk, run: Run) -> str:
    """End a run that was on its way forward: the live database is the old one or the new one."""
    found = run.record
    is_new = found.phase in ("publishing", "published") and outcome.took_place(walk.live, found)
    run.clear_work()
    if not is_new and found.failed_copy:
        _drop_second_name(walk.live, Path(found.failed_copy))
    if found.journal_mode:
        mode = (is_new and found.new_mode) or found.journal_mode
        walk.restore_journal_mode(mode, walk.left_behind() if is_new else ())
    if is_new and found.target:
        record.take_back(walk.state, found.backup, found.id)
        return (
            f"{walk.live.name} is the previous database again, whole; "
            f"the one it replaced: {found.failed_copy}"
        )
    if is_new:
        if not found.result:  # without it `inv rollback` would not know this run
            run.note(result=backup.content_digest(walk.live))
        return (
            f"{walk.live.name} is the migrated database, whole; "
            "to see that all is well: inv verify-schema smoke-test; to go back: inv rollback"
        )
    return f"{walk.live.name} is as it was before that run"


def _drop_second_name(live: Path, kept: Path) -> None:
    """Undo what a way back had prepared: the live file under another name, its journals with it.

    With two names it could not be replaced by a rename any more (F09).
    """
    if kept.exists() and not (live.exists() and live.samefile(kept)):
        return  # a copy in its own right
    for suffix in ("-wal", "-shm", "-journal"):
        moved = Path(f"{kept}{suffix}")
        if moved.exists():
            moved.rename(f"{live}{suffix}")
    kept.unlink(missing_ok=True)


def _return(walk: Walk, run: Run) -> str:
    """End a run that was on its way back: make the backup the live database, if it is not yet."""
    found = run.record
    run.clear_work()
    if not outcome.took_place(walk.live, found):
        wanted = backup.find(walk.settings.backups, found.backup)
        walk.hold = hold.take(walk.live, timeout=walk.settings.timeout, announce=lambda _: None)
        migrate.return_to(walk, wanted)
    else:
        walk.restore_journal_mode(found.new_mode or found.journal_mode, walk.left_behind())
    return f"{walk.live.name} is the previous database again"


def _remove_unproved(folder: Path) -> None:
    """Delete what a killed backup left: a folder without the copy under its name."""
    for each in backup.unproved(folder) if folder.is_dir() else ():
        names = [left.name for left in each.iterdir()]
        halves = [name for name in names if name.endswith(".partial")]
        begun = {*halves, backup.MANIFEST} if halves else set()
        if all(name in begun or name.startswith(".manifest") for name in names):
            shutil.rmtree(each)
