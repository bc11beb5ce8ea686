"""``inv rollback`` and ``inv restore``: make a backup the live database again.

The same hold and the same publish as a migration's, with a backup as the candidate. What the
application wrote since is shown first, row by row and table by table, and the database that is
replaced is kept as ``failed`` (F48).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import backup, chain, connection, evidence, files, hold, record, since
from drydock.commands.backups import require_sound
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import migrate, take_backup

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.backup import Backup
    from drydock.evidence import Evidence
    from drydock.record import Record
    from drydock.walk import Walk


class NothingToRollBack(DrydockError):
    """No run has published anything yet."""

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            "no run has migrated this database; nothing was touched",
            hint="a backup by name: inv rollback --to BACKUP (list them: inv backups)",
        )


class RollbackRefused(DrydockError):
    """Going back was not agreed to."""

    exit_code = ExitCode.REFUSED

    def __init__(self, *, asked: bool) -> None:
        super().__init__(
            "going back was answered with no; nothing was changed"
            if asked
            else "going back asks a question and there is nobody to answer; nothing was changed",
            hint="agree on the command line: inv rollback --yes",
        )


def run(walk: Walk, name: str | None) -> None:
    """Make the backup `name` (None: the last run's) the live database again.

    Raises:
        NothingToRollBack, NoSuchBackup, BackupUnsound, RollbackRefused: Nothing was changed.
        DrydockError: A step failed; `state` says how things stand.
    """
    chain.begin(walk)
    last = last_published(walk)
    if name is None and last is None:
        raise NothingToRollBack
    wanted = backup.find(walk.settings.backups, name or (last.backup if last else None))
    require_sound(wanted)
    stop = chain.step_named("stop-backend")
    chain.perform(walk, stop)
    try:
        _go_back(walk, wanted, last)
    except BaseException as error:
        known = error if isinstance(error, DrydockError) else chain.Unforeseen(error, walk)
        take_backup.undo(walk)
        chain.go_back(walk, stop, known)
        raise known from error
    chain.perform(walk, chain.step_named("start-backend"))
    chain.perform(walk, chain.step_named("smoke-test"))
    chain.finish(walk, f"went back to {wanted.id}")


def last_published(walk: Walk) -> Record | None:
    """Return the last run that published a migration and was not taken back since."""
    for found in reversed(record.history(walk.state)):
        if found.phase in ("finished", "interrupted") and found.result and found.backup:
            return found
    return None


def _go_back(walk: Walk, wanted: Backup, last: Record | None) -> None:
    take_backup.require_local(walk)
    take_backup.require_room(walk)
    walk.hold = hold.take(
        walk.live,
        timeout=walk.settings.timeout,
        announce=lambda mode: walk.record.note(phase="held", journal_mode=mode, backup=wanted.id),
    )
    written = _written_since(walk, wanted, last)
    if written is not None:
        walk.reporter.since(written)
    if not walk.options.yes:
        answer = walk.reporter.ask(f"Make {wanted.id} the live database again?")
        if not answer:
            raise RollbackRefused(asked=answer is False)
    reach("return-1")
    walk.record.note(phase="publishing")
    failed = migrate.return_to(walk, wanted)
    walk.record.note(phase="published")
    walk.reporter.note(f"{walk.live.name} is {wanted.id} again; the one it replaced: {failed}")
    reach("return-2")


def _written_since(walk: Walk, wanted: Backup, last: Record | None) -> Evidence | None:
    """Return what would be left behind: against what the run published, or else the backup."""
    if last is not None and last.backup == wanted.id:
        if backup.content_digest(walk.live) == last.result:
            return None
        copy = _copy_of_live(walk)
        with closing(connection.read_only(copy)) as opened:
            migrations = since.applied_by(opened, last.id, walk.settings.migrations)
        return since.of_run(wanted.file, migrations, copy, walk)
    return evidence.compare(wanted.file, _copy_of_live(walk))


def _copy_of_live(walk: Walk) -> Path:
    """Return a copy of the held database, in the run's folder; it is removed with the walk."""
    assert walk.hold is not None
    copy = walk.record.folder / "candidate.db-now"
    files.create_private(copy)
    with closing(connection.copy_target(copy)) as target:
        walk.hold.connection.backup(target)
    return copy
