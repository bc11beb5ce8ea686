"""``inv restore-rows``: bring rows back from a backup into the live database.

Inserted or updated by their key, in one transaction, shown first, with a backup of its own; the
application may go on running.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, chain, connection
from drydock.commands.named import at_rest
from drydock.errors import DrydockError, ExitCode
from drydock.evidence import carry
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.walk import Walk


class RowsRefused(DrydockError):
    """Bringing the rows back was not agreed to."""

    exit_code = ExitCode.REFUSED

    def __init__(self, *, asked: bool) -> None:
        super().__init__(
            "the rows were shown and not agreed to; nothing was changed"
            if asked
            else "there is nobody to agree to the rows; nothing was changed",
            hint="agree on the command line: inv restore-rows … --yes",
        )


def run(walk: Walk, table: str, where: str, source: str | None) -> None:
    """Bring back the rows of `table` that `where` chooses, from `source`: a backup, or a file.

    Raises:
        NoSuchBackup, NoSuchDatabase, CarryImpossible, RowsRefused: Nothing was changed.
    """
    with tempfile.TemporaryDirectory(prefix="drydock-rows-") as folder:
        _bring_back(walk, table, where, _file(walk, source, Path(folder) / "source.db"))


def _file(walk: Walk, source: str | None, copy: Path) -> Path:
    """Return the file that rows come from: the newest backup's where none is named."""
    if source is None:
        return backup.find(walk.settings.backups, None).file
    return at_rest(walk.settings, source, copy)


def _bring_back(walk: Walk, table: str, where: str, file: Path) -> None:
    planned = carry.plan(file, walk.live, table, where=where)
    _show(walk, planned)
    if not planned.inserts and not planned.updates:
        walk.reporter.note("nothing to do: the rows are there as they were")
        return
    if not walk.options.yes:
        answer = walk.reporter.ask(f"Bring these rows back into {planned.table}?")
        if not answer:
            raise RowsRefused(asked=answer is False)
    chain.perform(walk, chain.step_named("backup"))
    with closing(connection.writing(walk.live, timeout=walk.settings.timeout)) as opened:
        carry.apply(planned, opened)
    chain.finish(walk, f"{counted(planned.inserts, 'row')} inserted, {planned.updates} updated")
    walk.reporter.note(
        f"{planned.table}: {planned.inserts:,} inserted, {planned.updates:,} updated"
    )


def _show(walk: Walk, planned: carry.RowPlan) -> None:
    tell = walk.reporter.note
    tell(
        f"{planned.table} by {', '.join(planned.key)}: {planned.inserts:,} to insert, "
        f"{planned.updates:,} to update, {planned.same:,} the same already"
    )
    for sign, samples in (("+", planned.inserted), ("~", planned.updated)):
        for sample in samples:
            values = ", ".join(f"{each.column}={each.before}" for each in sample.values)
            tell(f"{sign} {sample.key}: {values}")
    for left in planned.left_behind:
        tell(f"left behind: {counted(left.count, left.what)}: {left.reason}")
