"""``inv adopt``: find out which scripts have run on an existing database, and record those.

Nothing is run on the live database: scripts are tried on copies, the table is shown, the question
is asked, and then ledger rows are written, after a proved backup. ``--mark`` and ``--unmark``
record what the user knows instead.
"""

from __future__ import annotations

import shutil
import time
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from drydock import backup, connection, files, formats, recovery
from drydock.adopt import order, recording, renumbering, survey, trial
from drydock.adopt.recording import Entries
from drydock.commands import verdicts
from drydock.errors import DrydockError, ExitCode, Interrupted
from drydock.plan import UnknownMigration
from drydock.steps import take_backup
from drydock.words import counted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from drydock.adopt.survey import Survey
    from drydock.ledger import Entry
    from drydock.migration import Migration
    from drydock.terminal import Terminal
    from drydock.walk import Walk


class AdoptRefused(DrydockError):
    """The table was not agreed to."""

    exit_code = ExitCode.REFUSED

    def __init__(self, *, asked: bool) -> None:
        super().__init__(
            "adopting was answered with no; nothing was recorded"
            if asked
            else "adopting asks a question and there is nobody to answer; nothing was recorded",
            hint="agree on the command line: inv adopt --yes\n"
            "or say it of single ones: inv adopt --mark NAME",
        )


class WrongMark(DrydockError):
    """A name given to ``--mark`` or ``--unmark`` is in the ledger already, or is not in it."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, entry: Entry | None) -> None:
        self.name = name
        told = (
            f"in the ledger already, {entry.run} on {entry.applied_at[:10]}"
            if entry
            else ("not in the ledger")
        )
        super().__init__(f"{name} is {told}; nothing was changed", hint="see: inv status")


class ListKeptElsewhere(DrydockError):
    """The migrations' own tool runs them, and keeps the list of what has run."""

    exit_code = ExitCode.USAGE

    def __init__(self, tool: str) -> None:
        self.tool = tool
        super().__init__(
            f"{tool} keeps its own list of what has run, and Drydock reads that; "
            "nothing was touched",
            hint=f"see it: inv status; change it with {tool} itself: alembic stamp, migrate --fake",
        )


def run(walk: Walk, terminal: Terminal, *, renumber: bool) -> None:
    """Judge every script that the ledger does not know, show the table, ask, and record.

    Raises:
        AdoptRefused: The question was not answered with yes.
        DatabaseMoved, NotRenumberable: Nothing was recorded.
    """
    _begin(walk)
    scratch = walk.state / "adopt"
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed adopt left; the lock is ours
    files.private_folder(scratch)
    try:
        found, seen = _survey(walk, scratch)
    except Interrupted as error:
        error.state = "nothing was recorded; the scripts ran on copies only"
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    names = _new_names(found) if renumber else {}
    keeps_order = _needs_order_file(found) and not names
    verdicts.show(terminal, found, names)
    verdicts.warn(terminal, found)
    entries = _entries(found, names)
    if walk.options.dry_run or not (entries or names or keeps_order):
        terminal.line(verdicts.counts(found, "nothing was recorded"))
        return
    if not walk.options.yes:
        answer = terminal.ask(verdicts.question(walk, found, names, keeps_order=keeps_order))
        if not answer:
            raise AdoptRefused(asked=answer is False)
    folder = walk.settings.migrations
    alongside: AbstractContextManager[object] = nullcontext()
    if names:
        paths = {each.name: each.path for each in found.order}
        alongside = renumbering.renamed(folder, names, paths)
    elif keeps_order:
        alongside = renumbering.kept(folder, order.text(found.order))
    _record(walk, entries, seen, alongside)
    terminal.line(verdicts.counts(found, f"{len(found.of('applied'))} recorded as applied"))
    verdicts.advise(terminal, walk, found, keeps_order=keeps_order)


def by_hand(walk: Walk, terminal: Terminal, *, mark: Sequence[str], unmark: Sequence[str]) -> None:
    """Record migrations as applied, or take them out of the ledger, because the user says so.

    Raises:
        UnknownMigration, WrongMark: A name is wrong; nothing was changed.
    """
    _begin(walk)
    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        files_read = _files(walk, opened)
        applied = {entry.name: entry for entry in formats.entries(opened, files_read)}
    every = {each.name: each for each in files_read}
    removed = tuple(_known(name, (*every, *applied)) for name in dict.fromkeys(unmark))
    added = tuple(every[_known(name, tuple(every))] for name in dict.fromkeys(mark))
    for name in removed:
        if name not in applied:
            raise WrongMark(name, None)
    for each in added:
        if each.name in applied and each.name not in removed:
            raise WrongMark(each.name, applied[each.name])
    entries = Entries(
        files=files_read,
        removed=tuple((name, every.get(name)) for name in removed),
        added=tuple((each, "marked") for each in added),
    )
    _record(walk, entries, None, nullcontext())
    for name in removed:
        terminal.line(f"{name} is not in the ledger any more; its effect, if any, is untouched")
    for each in added:
        terminal.line(f"{each.name} is recorded as applied; it was not run")


def _files(walk: Walk, opened: sqlite3.Connection) -> tuple[Migration, ...]:
    """Return the folder's migrations.

    Raises:
        ListKeptElsewhere: They belong to a tool that alone can say what has run.
    """
    every = formats.read(walk.settings.migrations, opened, walk.settings.format)
    origin = every[0].origin if every else None
    if origin is not None and origin.keeps_books:
        raise ListKeptElsewhere(origin.tool)
    return every


def _begin(walk: Walk) -> None:
    """Take the lock, and end what a killed run left: it may have published."""
    connection.require_file(walk.live)
    walk.lock_up()
    if not walk.options.dry_run:
        recovery.converge(walk)
    take_backup.require_local(walk)
    take_backup.require_room(walk)


def _survey(walk: Walk, scratch: Path) -> tuple[Survey, recording.Signature]:
    """Try every script on copies in `scratch`; return what was found, and of which schema."""
    began = time.monotonic()
    walk.reporter.step_began("try scripts")
    taken = backup.take(
        walk.live, scratch / "backup", purpose="backup", timeout=walk.settings.timeout
    )
    with closing(connection.read_only(taken.file)) as opened:
        every = _files(walk, opened)
        applied = formats.entries(opened, every)
        seen = recording.signature(opened)
    bench = trial.Bench(
        scratch, live=walk.live, root=walk.settings.root, time_limit=walk.settings.time_limit
    )
    start = trial.look(taken.file, mode=taken.manifest.journal_mode)
    found = survey.take(
        every,
        applied,
        start,
        bench,
        folder=walk.settings.migrations,
        progress=walk.reporter.progress,
    )
    told = f"{counted(len(found.judged), 'script')} run on copies of {walk.live.name}"
    walk.reporter.step_ended("try scripts", told, time.monotonic() - began, skipped=False)
    return found, seen


def _new_names(found: Survey) -> dict[str, Migration]:
    """Return the names that files get.

    Raises:
        NotRenumberable: They belong to another tool, or the order cannot be put into names.
    """
    tool = formats.format_of(found.order)
    if tool is not None:
        raise renumbering.NotRenumberable(f"{tool.name} knows its migrations by their names")
    return renumbering.plan(found.order)


def _entries(found: Survey, names: dict[str, Migration]) -> Entries:
    """Return what goes into the ledger, under the names that the files will have."""
    followed = {old: names.get(each.name, each).name for old, each in found.renamed}
    judged = {each.migration.name for each in found.judged}
    moved = {
        old: each.name
        for old, each in names.items()
        if old not in judged and old not in {one.name for _, one in found.renamed}
    }
    return Entries(
        files=found.order,
        renamed=(*followed.items(), *moved.items()),
        added=tuple((names.get(each.name, each), "adopted") for each in found.of("applied")),
    )


def _needs_order_file(found: Survey) -> bool:
    """Say whether the order has to be written down; another tool has its own."""
    is_ours = formats.format_of(found.order) is None
    return is_ours and not order.is_told_by_names(found.order)


def _record(
    walk: Walk,
    entries: Entries,
    seen: recording.Signature | None,
    alongside: AbstractContextManager[object],
) -> None:
    """Take a proved backup, then write."""
    backup.take(walk.live, walk.settings.backups, purpose="backup", timeout=walk.settings.timeout)
    recording.write(
        walk.live,
        entries,
        seen=seen,
        timeout=walk.settings.timeout,
        alongside=alongside,
    )


def _known(name: str, known: Sequence[str]) -> str:
    """Return the migration that `name` means; a file's name counts too.

    Raises:
        UnknownMigration: None is called so.
    """
    for each in (name, name.removesuffix(".sql"), name.removesuffix(".py")):
        if each in known:
            return each
    raise UnknownMigration(name, known)
