"""Hold the live database and take a proved backup of it.

After the backend was stopped the database is held first, so the backup is of a state that nobody
can change any more. Alone (``inv backup``) or in a dry run it is taken beside the running
application, of one instant. The proof of a large one goes on while the migrations run on a
candidate; publish waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock import backup, connection, empty, files, hold
from drydock.errors import DrydockError, ExitCode
from drydock.steps import Skipped

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.walk import Walk

AT_ONCE_BYTES = 50_000_000
"""A copy of up to this size is proved before the step ends: it takes a moment."""

GROWTH = 2.0
"""The candidate may grow to this many times the database while it is worked on (F30)."""


class DiskTooFull(DrydockError):
    """There is not room enough for a run (F29, F30)."""

    exit_code = ExitCode.REFUSED

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        self.folder = folder
        self.needed = needed
        self.free = free
        super().__init__(
            "there is not enough room on the disk; nothing was touched",
            cause=f"{folder} has {size(free)} free, a run may need {size(needed)}",
            hint="make room, or set backups in the settings to a folder on another disk",
        )


class NetworkFile(DrydockError):
    """The database lies on a network file system, whose locks cannot be relied on (F39)."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, system: str) -> None:
        self.path = path
        super().__init__(
            f"{path} lies on a network file system ({system}); nothing was touched",
            cause="SQLite's locks do not hold there (https://sqlite.org/useovernet.html)",
            hint="move it to a local disk, or accept the risk: network_files = true",
        )


def perform(walk: Walk) -> str:
    """Take the backup; in the chain, hold the database first."""
    connection.require_file(walk.live)
    require_local(walk)
    # What was found before the backend stopped holds while nobody has written since.
    walk.is_reviewed = walk.is_reviewed and walk.reviewed_at == walk.stamp()
    rehearsal = walk.options.dry_run
    if not rehearsal and "stop-backend" in walk.done:
        _hold(walk)
    require_room(walk)
    walk.taking = backup.begin(
        walk.live,
        walk.record.folder / "backup" if rehearsal else walk.settings.backups,
        purpose="migrate" if walk.hold else walk.purpose,
        timeout=walk.settings.timeout,
        hold=walk.hold,
        progress=lambda done, total: walk.reporter.progress("backup", done, total, "bytes"),
    )
    walk.read_plan()
    copied = walk.taking.file.stat().st_size
    where = _shown(walk.taking.home, walk.settings.root)
    if walk.is_whole and walk.hold and walk.pending and copied > AT_ONCE_BYTES:
        return f"{where} ({size(copied)}; its proof goes on)"
    pruned = conclude(walk)
    if rehearsal:
        return Skipped(f"a copy of {size(copied)}, for this rehearsal only")
    also = f"; {len(pruned)} old deleted" if pruned else ""
    return f"{where} ({size(copied)}, proved){also}"


def conclude(walk: Walk) -> tuple[str, ...]:
    """Wait until the backup is proved; delete what it makes superfluous, and return that.

    Harmless when nothing is being proved.

    Raises:
        BackupFailed, DatabaseDamaged: It is not proved, and gone.
    """
    if walk.taking is None:
        return ()
    taking, walk.taking = walk.taking, None
    walk.backup = taking.finish()
    walk.record.note(backup=walk.backup.id)
    if walk.options.dry_run:
        return ()
    in_use = walk.in_use | {walk.backup.id}
    return backup.prune(walk.settings.backups, walk.settings.keep, in_use=in_use)


def undo(walk: Walk) -> None:
    """Let the database go, in the journal mode it had; a proved backup stays, no other."""
    if walk.taking is not None:
        walk.taking.abandon()
        walk.taking = None
    if walk.hold is not None:
        mode = walk.hold.journal_mode
        walk.hold.release()
        walk.hold = None
        if not walk.published:
            walk.restore_journal_mode(mode)
    empty.remove(walk)


def require_room(walk: Walk) -> None:
    """Raise DiskTooFull unless backup and candidate surely fit."""
    bytes_now = walk.live.stat().st_size
    needs: dict[int, tuple[Path, float]] = {}
    for folder, share in ((walk.settings.backups, 1.0), (walk.live.parent, GROWTH)):
        files.folder_of_copies(folder)
        device = folder.stat().st_dev
        _, so_far = needs.get(device, (folder, 0.0))
        needs[device] = (folder, so_far + share * bytes_now)
    for folder, needed in needs.values():
        free = files.free_bytes(folder)
        if free < needed:
            raise DiskTooFull(folder, int(needed), free)


def require_local(walk: Walk) -> None:
    """Raise NetworkFile for a database on a network file system that was not accepted."""
    system = files.network_system(walk.live)
    if system and not walk.settings.network_files:
        raise NetworkFile(walk.live, system)


def size(count: float) -> str:
    """Return a number of bytes as it is read: ``4.1 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def _hold(walk: Walk) -> None:
    walk.hold = hold.take(
        walk.live,
        timeout=walk.settings.timeout,
        announce=lambda mode: walk.record.note(phase="held", journal_mode=mode),
    )


def _shown(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
