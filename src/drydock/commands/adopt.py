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

from drydock import backup, connection, files, ledger, migration, recovery
from drydock.adopt import order, recording, renumbering, survey, trial
from drydock.adopt.recording import Entries
from drydock.errors import DrydockError, ExitCode
from drydock.plan import UnknownMigration
from drydock.steps import take_backup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from drydock.adopt.survey import Survey
    from drydock.ledger import Entry
    from drydock.migration import Migration
    from drydock.terminal import Terminal
    from drydock.walk import Walk

_INDENT = 11


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
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    names = renumbering.plan(found.order) if renumber else {}
    _show(terminal, found, names)
    entries = _entries(found, names)
    alongside = _file_changes(walk, found, names)
    if walk.options.dry_run or not (entries or alongside):
        terminal.line(_counts(found, "nothing was recorded"))
        return
    if not walk.options.yes:
        answer = terminal.ask(_question(walk, found, names))
        if not answer:
            raise AdoptRefused(asked=answer is False)
    _record(walk, entries, seen, alongside)
    terminal.line(_counts(found, f"{len(found.of('applied'))} recorded as applied"))
    _advise(terminal, walk, found, names)


def by_hand(walk: Walk, terminal: Terminal, *, mark: Sequence[str], unmark: Sequence[str]) -> None:
    """Record migrations as applied, or take them out of the ledger, because the user says so.

    Raises:
        UnknownMigration, WrongMark: A name is wrong; nothing was changed.
    """
    _begin(walk)
    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        applied = {entry.name: entry for entry in ledger.entries(opened)}
    every = {each.name: each for each in migration.read_folder(walk.settings.migrations)}
    removed = tuple(_known(name, (*every, *applied)) for name in dict.fromkeys(unmark))
    added = tuple(every[_known(name, tuple(every))] for name in dict.fromkeys(mark))
    for name in removed:
        if name not in applied:
            raise WrongMark(name, None)
    for each in added:
        if each.name in applied and each.name not in removed:
            raise WrongMark(each.name, applied[each.name])
    entries = Entries(removed=removed, added=tuple((each, "marked") for each in added))
    _record(walk, entries, None, None)
    for name in removed:
        terminal.line(f"{name} is not in the ledger any more; its effect, if any, is untouched")
    for each in added:
        terminal.line(f"{each.name} is recorded as applied; it was not run")


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
    every = migration.read_folder(walk.settings.migrations)
    taken = backup.take(walk.live, scratch / "backup", purpose="backup")
    with closing(connection.read_only(taken.file)) as opened:
        applied = ledger.entries(opened)
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
    told = f"{len(found.judged)} scripts run on copies of {walk.live.name}"
    walk.reporter.step_ended("try scripts", told, time.monotonic() - began, skipped=False)
    return found, seen


def _show(terminal: Terminal, found: Survey, names: dict[str, Migration]) -> None:
    """Print the table, in the settled order."""
    if terminal.as_json:
        terminal.document(_as_data(found, names))
        return
    from drydock.terminal.text import wrapped

    widest = max((len(each.migration.name) for each in found.judged), default=0)
    indent = " " * (_INDENT + widest + 2)
    for each in found.judged:
        opening = f"{each.verdict:<{_INDENT}}{each.migration.name:<{widest}}  "
        for reason in each.reasons:
            for line in wrapped(reason, terminal.width, first=opening, rest=indent):
                terminal.data(line)
            opening = indent
    for old, now in found.renamed:
        terminal.data(f"renamed    {old} is called {now.name} now: the same text")
    for old, now in names.items():
        terminal.data(f"rename     {old}{now.path.suffix} to {now.path.name}")


def _as_data(found: Survey, names: dict[str, Migration]) -> dict[str, object]:
    return {
        "scripts": [
            {
                "name": each.migration.name,
                "verdict": each.verdict,
                "reasons": list(each.reasons),
                "unsure": each.is_unsure,
            }
            for each in found.judged
        ],
        "order": [each.name for each in found.order],
        "renamed": [{"from": old, "to": each.name} for old, each in found.renamed],
        "renumbered": [{"from": old, "to": each.name} for old, each in names.items()],
    }


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
        renamed=(*followed.items(), *moved.items()),
        added=tuple((names.get(each.name, each), "adopted") for each in found.of("applied")),
    )


def _file_changes(
    walk: Walk, found: Survey, names: dict[str, Migration]
) -> AbstractContextManager[object] | None:
    folder = walk.settings.migrations
    if names:
        paths = {each.name: each.path for each in found.order}
        return renumbering.renamed(folder, names, paths)
    if order.is_told_by_names(found.order):
        return None
    return renumbering.kept(folder, order.text(found.order))


def _record(
    walk: Walk,
    entries: Entries,
    seen: recording.Signature | None,
    alongside: AbstractContextManager[object] | None,
) -> None:
    """Take a proved backup, then write."""
    backup.take(walk.live, walk.settings.backups, purpose="backup")
    recording.write(
        walk.live,
        entries,
        seen=seen,
        timeout=walk.settings.timeout,
        alongside=alongside or nullcontext(),
    )


def _question(walk: Walk, found: Survey, names: dict[str, Migration]) -> str:
    count = len(found.of("applied"))
    asked = f"Record {count} as applied to {walk.live.name}, without running them"
    return f"{asked}{f', and rename {len(names)} files' if names else ''}?"


def _counts(found: Survey, outcome: str) -> str:
    verdicts = ("applied", "pending", "partial", "conflict")
    counts = [f"{len(found.of(verdict))} {verdict}" for verdict in verdicts if found.of(verdict)]
    return f"{', '.join(counts) or 'every script is in the ledger'}; {outcome}"


def _advise(terminal: Terminal, walk: Walk, found: Survey, names: dict[str, Migration]) -> None:
    """Tell what only the user can decide, and what to type next."""
    unsure = [each.migration.name for each in found.judged if each.is_unsure]
    if unsure:
        terminal.note(
            f"no database can tell whether {', '.join(unsure)} has run; if so: "
            f"inv adopt --mark {unsure[0]}"
        )
    stuck = [each.migration.name for each in found.judged if not each.runs]
    stuck = [name for name in stuck if name not in {e.name for e in found.of("applied")}]
    if stuck:
        terminal.note(
            f"{', '.join(stuck)} cannot run as it is: mend the file, or, if its work is done: "
            f"inv adopt --mark {stuck[0]}"
        )
    if not names and not order.is_told_by_names(found.order):
        terminal.note(
            f"the order is kept in {walk.settings.migrations.name}/{migration.ORDER_FILE}; "
            "commit it with the scripts"
        )
    if found.of("pending") or found.of("partial"):
        terminal.line("what is pending runs with: inv migrate")


def _known(name: str, known: Sequence[str]) -> str:
    """Return the migration that `name` means; a file's name counts too.

    Raises:
        UnknownMigration: None is called so.
    """
    for each in (name, name.removesuffix(".sql"), name.removesuffix(".py")):
        if each in known:
            return each
    raise UnknownMigration(name, known)
