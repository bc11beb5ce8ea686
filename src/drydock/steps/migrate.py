"""Migrate the candidate, inspect it, and publish it.

The riskiest step, so its order is written down: copy, apply, settle, inspect, ask, backup proved,
publish. Until the rename inside `drydock.publish` the live database has not been touched.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup as backups
from drydock import (
    breakage,
    candidate,
    connection,
    evidence,
    executor,
    files,
    hold,
    inspection,
    outcome,
    publish,
    replay,
)
from drydock.errors import DrydockError, Interrupted
from drydock.faults import reach
from drydock.steps import Skipped, take_backup

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from drydock.walk import Walk


def perform(walk: Walk) -> str:
    """Apply what is pending to a candidate, prove it, and make it the live database.

    Raises:
        MigrationFailed, UndeclaredLoss, PublishFailed: The live database is as it was.
    """
    walk.record.note(pending=tuple(each.name for each in walk.pending))
    if not walk.pending:
        return Skipped("nothing pending")
    try:
        return _work(walk)
    except Interrupted:
        raise
    except Exception:
        _conclude_backup(walk)  # damage from before outranks what failed on it (F35)
        raise


def _work(walk: Walk) -> str:
    # 1. A copy of the backup, never of the live file.
    assert walk.copy is not None
    candidate.copy(walk.copy, walk.candidate)
    reach("candidate-1")
    # 2. Whatever the migrations do, they do it to the candidate.
    walk.applied = executor.apply(
        walk.pending,
        walk.candidate,
        live=walk.live,
        root=walk.settings.root,
        run=walk.record.record.id,
        logs=walk.record.folder,
        known=walk.files,
        time_limit=walk.settings.time_limit,
        on_applied=lambda applied: _tell_applied(walk, applied),
    )
    reach("migrate-2")
    # 3. One whole file. From here on it is only read, so the disk may write it meanwhile.
    asked_for = publish.settle(walk.candidate)
    if walk.options.dry_run:
        told = _inspect(walk)
        _keep_schemas(walk)
        _discard(walk)
        return f"rehearsed: {told}"
    with _landing(walk.candidate) as landing:
        told = _inspect(walk)
        # 5. Nothing is published to which there is no proved way back.
        _conclude_backup(walk)
        _publish(walk, asked_for, landing)
    return told


def _inspect(walk: Walk) -> str:
    assert walk.copy is not None
    # 4. What changed, and was it meant? Undeclared loss stops here.
    executed = [statement.sql for each in walk.applied for statement in each.statements]
    progress = walk.reporter.progress
    walk.evidence = inspection.inspect(walk.copy, walk.candidate, progress, executed)
    walk.reporter.inspected(walk.evidence)
    for each in walk.evidence.not_checked:
        walk.reporter.note(f"{each.table}: {each.reason}")
    inspection.require_sound(walk.evidence)
    broken = breakage.find(walk.copy, walk.candidate)
    for note in broken.notes:
        walk.reporter.note(note)
    breakage.require_none(broken, walk.pending)
    inspection.require_declared(
        walk.evidence,
        walk.findings,
        walk.pending,
        walk.applied,
        walk.copy,
        allow=walk.options.allow_loss or walk.options.dry_run,
        ask=walk.reporter.ask,
        otherwise="or go back by the backup instead: inv rollback"
        if walk.options.down is not None
        else f"or accept it this once: {walk.options.typed} --allow-loss",
    )
    reach("migrate-3")
    told = inspection.summary(walk.evidence, len(walk.applied))
    return told.replace("applied", "taken back", 1) if walk.options.down is not None else told


def undo(walk: Walk) -> None:
    """Throw the candidate away; after publish, make the backup the live database again.

    The database that was published is kept in the run's folder as ``failed``.
    """
    if walk.run is None:
        return
    _keep_schemas(walk)
    _discard(walk)
    if walk.published and walk.backup is not None:
        target = backups.content_digest(walk.backup.file)
        walk.record.note(
            phase="returning", way="", old_inode=0, new_inode=0, new_mode="", target=target
        )
        reach("return-1")
        walk.hold = hold.take(walk.live, timeout=walk.settings.timeout, announce=lambda _: None)
        # Without a digest the run was ended before any backend could have been started on it.
        written = walk.digest and backups.content_digest(walk.live) != walk.digest
        failed = return_to(walk, walk.backup)
        if written:
            _tell_written(walk, walk.backup, failed)
        walk.published = False
        reach("return-2")


def _tell_written(walk: Walk, backup: backups.Backup, failed: Path) -> None:
    """Show what was written to the database that is kept; where that cannot be told, say so."""
    try:
        again = replay.make(backup.file, failed, walk, published=walk.digest)
        found = evidence.compare(again.file, failed)
    except Exception as error:  # noqa: BLE001 - the way back has been gone, whatever it is
        why = "; ".join(getattr(error, "cause", ())) or error
        walk.reporter.note(f"what was written since cannot be told ({why}); it is kept: {failed}")
    else:
        walk.written_since = None if again.doubt else found
        walk.reporter.since(found, doubt=again.doubt)


def return_to(
    walk: Walk, backup: backups.Backup, prepare: Callable[[Path], None] = lambda _: None
) -> Path:
    """Publish a copy of `backup` over the held live database; return where that one is kept.

    `prepare` may change the copy before it is published. The live database gets back the journal
    mode that the backup's source had.
    """
    failed = walk.record.folder / f"failed-{walk.live.name}"
    walk.record.note(failed_copy=str(failed))
    candidate.copy(backup.file, walk.candidate)
    prepare(walk.candidate)
    assert walk.hold is not None
    publish.settle(walk.candidate)
    target = backups.content_digest(walk.candidate)
    mode = backup.manifest.journal_mode
    walk.heed()
    try:
        done = publish.publish(
            walk.candidate,
            walk.hold,
            announce=lambda way, old, new: _announce(
                walk, way, old, new, target=target, new_mode=mode
            ),
            into_wal=mode == "wal",
            keep_old=failed,
        )
    except BaseException:
        walk.hold.release()
        if outcome.took_place(walk.live, walk.record.record):
            walk.published = False
        else:
            failed.unlink(missing_ok=True)  # a second copy of what is live
        raise
    walk.hold = None
    walk.restore_journal_mode(mode, done.left_behind)
    return failed


def _publish(walk: Walk, asked_for: str, landing: _Landing) -> None:
    assert walk.hold is not None
    executed = (statement.sql for each in walk.applied for statement in each.statements)
    was = walk.hold.journal_mode
    mode = "wal" if asked_for == "wal" else "delete" if executor.leaves_wal(executed) else was
    landing.sync.wait()
    walk.heed()
    try:
        done = publish.publish(
            walk.candidate,
            walk.hold,
            announce=lambda way, old, new: _announce(
                walk, way, old, new, phase="publishing", new_mode=mode
            ),
            into_wal=mode == "wal",
        )
    except BaseException:
        # An error behind the instant must not pass for "nothing changed" (F40).
        walk.hold.release()
        walk.published = outcome.took_place(walk.live, walk.record.record)
        raise
    walk.hold = None
    walk.published = True
    walk.restore_journal_mode(mode, done.left_behind)
    if was == "wal" != mode:
        walk.reporter.note(f"{walk.live.name} is not in WAL mode any more, as a migration asked")
    walk.digest = backups.digest_of(landing.digest)
    walk.record.note(phase="published", result=walk.digest)
    reach("publish-7")


def _announce(walk: Walk, way: publish.Way, old: int, new: int, **more: str) -> None:
    """Record how the live path is about to change; say whose open file makes it take longer."""
    walk.record.note(way=way, old_inode=old, new_inode=new, **more)
    users = hold.named(walk.live) if way == "backup-api" else ()
    if users:
        walk.reporter.note(
            f"{walk.live.name} is open in {', '.join(users)}: "
            "every page is written into that file, and whoever reads it is waited for"
        )


@dataclass(frozen=True, slots=True)
class _Landing:
    """What goes on with a settled candidate while it is inspected: its digest and its sync."""

    digest: subprocess.Popen[bytes]
    sync: files.Sync


@contextmanager
def _landing(candidate: Path) -> Iterator[_Landing]:
    with backups.start_digest(candidate) as digest:
        try:
            yield _Landing(digest, files.Sync(candidate))
        finally:
            digest.kill()


def _conclude_backup(walk: Walk) -> None:
    """See the proof of the backup to its end, where it still goes on."""
    if walk.taking is not None:
        take_backup.conclude(walk)
        walk.reporter.note(f"the backup is proved: {walk.copy}")


def _tell_applied(walk: Walk, applied: executor.Applied) -> None:
    walk.applied = (*walk.applied, applied)
    walk.reporter.progress(f"{applied.name} applied", len(walk.applied), len(walk.pending))
    if walk.taking is not None and walk.taking.is_over:
        _conclude_backup(walk)  # a proof that failed ends the run now, not behind the last one
    walk.heed()


def _keep_schemas(walk: Walk) -> None:
    """Keep what the receipt shows of an inspected candidate that is about to be thrown away."""
    if walk.backup is None or walk.evidence is None or not walk.candidate.exists():
        return
    from drydock.schema.inventory import inventory

    # A picture that cannot be drawn must not stand in the way back.
    with (
        suppress(DrydockError, sqlite3.Error, OSError),
        closing(connection.read_only(walk.backup.file)) as before,
        closing(connection.read_only(walk.candidate)) as after,
    ):
        walk.schemas = inventory(before), inventory(after)


def _discard(walk: Walk) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{walk.candidate}{suffix}").unlink(missing_ok=True)
