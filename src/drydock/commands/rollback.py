"""``inv rollback`` and ``inv restore``: make a backup the live database again.

The same hold and the same publish as a migration's, with a backup as the candidate. What the
application wrote since is shown first, row by row and table by table, and the database that is
replaced is kept as ``failed`` (F48).
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, chain, connection, hold, outcome, record, revival, signals
from drydock.commands import migrate as forward
from drydock.commands import written
from drydock.commands.backups import require_sound, told
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import Skipped, migrate, take_backup
from drydock.words import as_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from drydock.backup import Backup
    from drydock.commands.written import Written
    from drydock.walk import Walk


_STEP = "go-back"
"""What the screen, the record and the receipt call the step that is the chain's no other time."""


class NothingToRollBack(DrydockError):
    """No run has published anything yet."""

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            "no run has migrated this database; nothing was touched",
            hint="a backup by name: inv rollback --to BACKUP (list them: inv backups)",
        )


class ContradictoryFlags(DrydockError):
    """``--down`` was given with a flag that only another way back has; nothing was touched."""

    exit_code = ExitCode.USAGE

    def __init__(self, down: str, flag: str) -> None:
        super().__init__(
            f"--down and {flag} are two ways back; nothing was touched",
            cause="a down script changes the live database, whose rows stay; "
            f"{flag} is of going back to a backup",
            hint=f"by the script: inv rollback --down {as_word(down)}\n"
            "to a backup: inv rollback, with --to BACKUP or --keep-new-rows",
        )


class RollbackRefused(DrydockError):
    """Going back was not agreed to; `typed` is the command that asked."""

    exit_code = ExitCode.REFUSED

    def __init__(self, typed: str, *, asked: bool, leaves_rows: bool) -> None:
        hint = f"agree on the command line: {typed} --yes"
        if leaves_rows:
            carrying = typed.replace("inv restore", "inv rollback --to", 1)
            hint += f"\nto carry over what was written since: {carrying} --keep-new-rows"
        super().__init__(
            "going back was answered with no; nothing was changed"
            if asked
            else "going back asks a question and there is nobody to answer; nothing was changed",
            hint=hint,
        )


def run(walk: Walk, name: str | None, *, restores: bool = False) -> None:
    """Make the backup `name` (None: the last run's) the live database again.

    Args:
        walk: Its options say whether to ask, and whether to carry new rows along.
        name: A backup's id or path; or another database file, such as one that was kept, of
            which a backup is taken first.
        restores: It was asked for as ``inv restore``, which a hint is to repeat.

    Raises:
        NothingToRollBack, ContradictoryFlags, NoSuchBackup, BackupUnsound, CarryImpossible,
            RollbackRefused: Nothing was changed.
        DrydockError: A step failed; `state` says how things stand.
    """
    if walk.options.down is not None:
        if name is not None or walk.options.keep_new_rows:
            flag = "--keep-new-rows" if name is None else "--to"
            raise ContradictoryFlags(walk.options.down, flag)
        forward.go(walk)
        return
    chain.begin(walk)
    began = time.monotonic()
    try:
        wanted, new, ill = _agreed(walk, name, restores=restores)
    except DrydockError as error:
        chain.decline(walk, _STEP, error, began)
        raise
    stop = chain.step_named("stop-backend")
    chain.perform(walk, stop)
    try:
        _take(walk, _STEP, lambda walk: _go_back(walk, wanted, new, ill))
    except BaseException as error:
        known = error if isinstance(error, DrydockError) else chain.Unforeseen(error, walk)
        with signals.undisturbed():
            _take_back(walk, wanted)
            chain.go_back(walk, stop, known, met_in=_STEP)
        raise known from error
    _start_again(walk, wanted)


def _agreed(walk: Walk, name: str | None, *, restores: bool) -> tuple[Backup, Written, str | None]:
    """Return which backup is to be live, what would be left behind, and what ails the database.

    It is sound, and somebody agreed to it.
    """
    last = record.last_published(walk.state)
    if name is None and last is None:
        raise NothingToRollBack
    wanted = _wanted(walk, name or (last.backup if last else ""))
    require_sound(wanted)
    ill = revival.ailment(walk.live, timeout=walk.settings.timeout)
    new = written.Written(walk, wanted, last)
    if ill is not None and walk.options.keep_new_rows:
        raise new.impossible(f"{walk.live.name} cannot be read", ill)
    if not walk.options.yes:
        ask_first(walk, wanted, new, ill, _typed(walk, name, restores=restores))
    return wanted, new, ill


def _wanted(walk: Walk, name: str) -> Backup:
    """Return the backup called `name`; of a database file that is none, one is taken first."""
    try:
        return backup.find(walk.settings.backups, name)
    except backup.NoSuchBackup:
        file = Path(name).resolve()
        if not file.is_file() or file == walk.live:
            raise
    taken = backup.take(
        file, walk.settings.backups, purpose="backup", timeout=walk.settings.timeout
    )
    walk.reporter.note(f"{name} was taken into the backups first, proved: {taken.id}")
    if revival.ailment(walk.live, timeout=walk.settings.timeout):
        return taken
    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        mode = str(opened.execute("PRAGMA journal_mode").fetchone()[0]).lower()
    return replace(taken, manifest=replace(taken.manifest, journal_mode=mode))


def _take(walk: Walk, name: str, perform: Callable[[Walk], str]) -> None:
    """Take a step that has no undoing of its own here, shown and recorded like the chain's."""
    began = time.monotonic()
    walk.reporter.step_began(name)
    try:
        line = perform(walk)
        walk.heed()
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
        walk.restore_journal_mode(wanted.manifest.journal_mode, walk.left_behind())
        with suppress(OSError):  # on a full disk the error itself matters more
            record.take_back(walk.state, wanted.id, walk.record.record.id)


def _typed(walk: Walk, name: str | None, *, restores: bool) -> str:
    """Return the command that goes back as this one does, without ``--yes``."""
    words = ["inv restore" if restores else "inv rollback"]
    if name is not None:
        words.append(as_word(name) if restores else f"--to {as_word(name)}")
    if walk.options.keep_new_rows:
        words.append("--keep-new-rows")
    if walk.options.no_backend:
        words.append("--no-backend")
    return " ".join(words)


def ask_first(walk: Walk, wanted: Backup, new: Written, ill: str | None, typed: str) -> None:
    """Show what would be left behind, and ask, while the application still runs.

    The hint of a refusal repeats what was `typed`.

    Raises:
        RollbackRefused: The answer was no, or there was nobody to ask.
    """
    if ill is not None:
        _tell_ill(walk, ill)
    else:
        with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
            new.show(opened)
    answer = walk.reporter.ask(_question(wanted))
    if not answer:
        raise RollbackRefused(
            typed,
            asked=answer is False,
            leaves_rows=walk.written_since is not None and not walk.options.keep_new_rows,
        )


def _question(wanted: Backup) -> str:
    """Return what the user is asked: which database would be live, in words that tell it apart."""
    return f"Make {told(wanted)} the live database again?"


def _tell_ill(walk: Walk, ill: str) -> None:
    kept = "; what is there is kept" if walk.live.exists() else ""
    walk.reporter.note(f"{walk.live.name} cannot be read ({ill}){kept}")


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


def _go_back(walk: Walk, wanted: Backup, new: Written, ill: str | None) -> str:
    take_backup.require_local(walk)
    if ill is None:
        kept: Path | None = _replace(walk, wanted, new)
    else:
        kept = revival.revive(walk, wanted)
    record.take_back(walk.state, wanted.id, walk.record.record.id)
    if kept is not None:
        walk.reporter.note(f"the database that it replaced is kept: {kept}")
    reach("return-2")
    return f"{walk.live.name} is {wanted.id} again"


def _replace(walk: Walk, wanted: Backup, new: Written) -> Path:
    """Publish the backup over the live database, held; return where that one is kept."""
    take_backup.require_room(walk)
    walk.hold = hold.take(
        walk.live,
        timeout=walk.settings.timeout,
        announce=lambda mode: walk.record.note(phase="held", journal_mode=mode, backup=wanted.id),
    )
    assert walk.hold is not None
    keep = new.show(walk.hold.connection) and walk.options.keep_new_rows
    reach("return-1")
    walk.record.note(phase="publishing")
    failed = migrate.return_to(walk, wanted, new.carry_over if keep else _as_it_is)
    walk.record.note(phase="published")
    return failed


def _as_it_is(candidate: Path) -> None:
    """Leave the backup's copy as it is."""
