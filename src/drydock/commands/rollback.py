"""``inv rollback`` and ``inv restore``: make a backup the live database again.

The same hold and the same publish as a migration's, with a backup as the candidate. What the
application wrote since is shown first, row by row and table by table, and the database that is
replaced is kept as ``failed`` (F48).
"""

from __future__ import annotations

import functools
import time
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import backup, chain, connection, evidence, files, hold, outcome, record, since
from drydock.commands import migrate as forward
from drydock.commands.backups import require_sound
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import Skipped, migrate, take_backup

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
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
    if walk.options.down is not None:
        forward.go(walk)
        return
    chain.begin(walk)
    last = last_published(walk)
    if name is None and last is None:
        raise NothingToRollBack
    wanted = backup.find(walk.settings.backups, name or (last.backup if last else None))
    require_sound(wanted)
    ask_first(walk, wanted, last)
    stop = chain.step_named("stop-backend")
    chain.perform(walk, stop)
    try:
        _take(walk, "go-back", lambda walk: _go_back(walk, wanted, last))
    except BaseException as error:
        known = error if isinstance(error, DrydockError) else chain.Unforeseen(error, walk)
        with chain.undisturbed():
            _take_back(walk, wanted)
            chain.go_back(walk, stop, known)
        raise known from error
    _start_again(walk, wanted)


def _take(walk: Walk, name: str, perform: Callable[[Walk], str]) -> None:
    """Take a step that has no undoing of its own here, shown and recorded like the chain's."""
    began = time.monotonic()
    walk.reporter.step_began(name)
    try:
        line = perform(walk)
    except BaseException as error:
        walk.reporter.step_failed(name, walk.took(name, "failed", str(error), began))
        raise
    skipped = isinstance(line, Skipped)
    seconds = walk.took(name, "skipped" if skipped else "done", line, began)
    walk.reporter.step_ended(name, line, seconds, skipped=skipped)


def _take_back(walk: Walk, wanted: Backup) -> None:
    """Let the database go; where the backup is live already, that is how it stays (F40)."""
    take_backup.undo(walk)
    if walk.record.record.phase in ("publishing", "published"):
        walk.published = outcome.took_place(walk.live, walk.record.record)
    if walk.published:
        walk.restore_journal_mode(wanted.manifest.journal_mode)


def ask_first(walk: Walk, wanted: Backup, last: Record | None) -> None:
    """Show what the application wrote since, and ask, while it still runs.

    Raises:
        RollbackRefused: The answer was no, or there was nobody to ask.
    """
    if walk.options.yes:
        return
    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        written = _written_since(walk, wanted, last, opened)
    if written is not None:
        walk.reporter.since(written)
    answer = walk.reporter.ask(f"Make {wanted.id} the live database again?")
    if not answer:
        chain.finish(walk, "going back was not agreed to")
        raise RollbackRefused(asked=answer is False)


def _start_again(walk: Walk, wanted: Backup) -> None:
    """Start the backend on what is live again; an unwell application does not undo the way back."""
    try:
        _take(walk, "start-backend", chain.step_named("start-backend").perform)
        _take(walk, "smoke-test", chain.step_named("smoke-test").perform)
    except DrydockError as error:
        chain.finish(walk, f"went back to {wanted.id}; {error}")
        error.exit_code = ExitCode.DIFFERENT
        error.state = f"{walk.live.name} is {wanted.id} again, as you asked"
        error.hint = (
            "put the code back to what fits this database, then: inv start-backend smoke-test"
        )
        raise
    chain.finish(walk, f"went back to {wanted.id}")


def last_published(walk: Walk) -> Record | None:
    """Return the last run that published a migration and was not taken back since."""
    for found in reversed(record.history(walk.state)):
        if found.phase in ("finished", "interrupted") and found.result and found.backup:
            return found
    return None


def _go_back(walk: Walk, wanted: Backup, last: Record | None) -> str:
    take_backup.require_local(walk)
    take_backup.require_room(walk)
    walk.hold = hold.take(
        walk.live,
        timeout=walk.settings.timeout,
        announce=lambda mode: walk.record.note(phase="held", journal_mode=mode, backup=wanted.id),
    )
    assert walk.hold is not None
    written = walk.written_since = _written_since(walk, wanted, last, walk.hold.connection)
    if written is not None:
        walk.reporter.since(written)
    keep = walk.options.keep_new_rows and written is not None
    reach("return-1")
    walk.record.note(phase="publishing")
    prepare = functools.partial(_carry_over, walk, wanted, last) if keep else _as_it_is
    failed = migrate.return_to(walk, wanted, prepare)
    walk.record.note(phase="published")
    if last is not None and last.backup == wanted.id:
        taken_back = record.Run(walk.state / "runs" / last.id, last)
        taken_back.note(phase="returned", outcome=f"taken back by {walk.record.record.id}")
    walk.reporter.note(f"the database that it replaced is kept: {failed}")
    reach("return-2")
    return f"{walk.live.name} is {wanted.id} again"


def _written_since(
    walk: Walk, wanted: Backup, last: Record | None, opened: sqlite3.Connection
) -> Evidence | None:
    """Return what would be left behind: against what the run published, or else the backup."""
    copy = walk.record.folder / "candidate.db-now"
    copy.unlink(missing_ok=True)
    files.create_private(copy)
    with closing(connection.copy_target(copy)) as target:
        opened.backup(target)
    if last is None or last.backup != wanted.id:
        return evidence.compare(wanted.file, copy)
    if backup.content_digest(copy) == last.result:
        return None
    with closing(connection.read_only(copy)) as now:
        migrations = since.applied_by(now, last.id, walk.settings)
    return since.of_run(wanted.file, migrations, copy, walk)


def _as_it_is(candidate: Path) -> None:
    """Leave the backup's copy as it is."""


def _carry_over(walk: Walk, wanted: Backup, last: Record | None, candidate: Path) -> None:
    """Put the rows written since into the candidate; tell what could not be carried."""
    now = walk.record.folder / "candidate.db-now"
    with closing(connection.read_only(now)) as opened:
        ran = since.applied_by(opened, last.id, walk.settings) if last else ()
    with since.made_again(wanted.file, ran, walk) as published:
        for carried in since.carry_over(published, now, candidate):
            walk.reporter.note(str(carried))
