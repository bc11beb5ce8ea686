"""``inv restore-rows``: bring rows back from a backup into the live database.

Inserted or updated by their key, in one transaction, shown first, with a backup of its own; the
application may go on running.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, chain, connection, evidence
from drydock.commands.backups import told
from drydock.commands.named import at_rest, require_whole
from drydock.errors import DrydockError, ExitCode
from drydock.evidence import carry
from drydock.evidence.anchor import CarryImpossible
from drydock.words import as_word, counted

if TYPE_CHECKING:
    from drydock.walk import Walk

EVERY_ROW = "1"
"""What ``--where`` is when it is not given."""

_PURPOSE = "rows"
"""What a backup is taken for here; the rows it holds are those from before, wrong or gone."""


class RowsRefused(DrydockError):
    """Bringing the rows back was not agreed to; `typed` is the command that asked."""

    exit_code = ExitCode.REFUSED

    def __init__(self, typed: str, *, asked: bool) -> None:
        super().__init__(
            "the rows were shown and not agreed to; nothing was changed"
            if asked
            else "there is nobody to agree to the rows; nothing was changed",
            hint=f"agree on the command line: {typed} --yes",
        )


def run(walk: Walk, table: str, where: str, source: str | None, *, silent: bool) -> None:
    """Bring back the rows of `table` that `where` chooses, from `source`: a backup, or a file.

    Args:
        walk: Its options say whether to ask.
        table: The table's name.
        where: SQL that chooses rows of the source.
        source: None: the newest backup that this command has not taken itself.
        silent: Keep triggers that write to other tables from firing.

    Raises:
        NoSuchBackup, BackupUnsound, NoSuchDatabase, DatabaseDamaged, CarryImpossible,
            RowsRefused: Nothing was changed.
    """
    walk.purpose = _PURPOSE
    with tempfile.TemporaryDirectory(prefix="drydock-rows-") as folder:
        file = _file(walk, source, Path(folder) / "source.db")
        planned = _planned(walk, file, table, where)
        _bring_back(walk, planned, _typed(table, where, source, silent=silent), silent=silent)


def _typed(table: str, where: str, source: str | None, *, silent: bool) -> str:
    """Return the command that brings the same rows back, without ``--yes``."""
    words = ["inv restore-rows", as_word(table)]
    if where != EVERY_ROW:
        words.append(f"--where {as_word(where)}")
    if source is not None:
        words.append(f"--from {as_word(source)}")
    if silent:
        words.append("--no-triggers")
    return " ".join(words)


def _file(walk: Walk, source: str | None, copy: Path) -> Path:
    """Return the file that rows come from, and say which; its backup is kept while it is read."""
    every = backup.proved(walk.settings.backups)
    if source is None:
        others = [each for each in every if each.manifest.purpose != _PURPOSE]
        source = others[-1].id if others else backup.find(walk.settings.backups, None).id
    file = at_rest(walk.settings, source, copy)
    found = next((each for each in every if each.file == file), None)
    if found is None:
        walk.reporter.note(f"rows from {source}")
    else:
        walk.in_use = frozenset({found.id})
        walk.reporter.note(f"rows from {told(found)}")
    return file


def _planned(walk: Walk, file: Path, table: str, where: str) -> carry.RowPlan:
    """Return what is to be carried; where that cannot be read, it is said which file is damaged."""
    try:
        return carry.plan(file, walk.live, table, where=where)
    except (CarryImpossible, sqlite3.DatabaseError) as error:
        met = error if isinstance(error, sqlite3.Error) else error.__cause__
        if isinstance(met, sqlite3.Error) and evidence.has_two_encodings(met):
            raise CarryImpossible(
                f"rows of {file} cannot be carried into {walk.live}; nothing was changed",
                cause=evidence.ENCODINGS_DIFFER,
                hint="neither is damaged; the whole database is brought back all the same: "
                "inv restore BACKUP",
            ) from error
        if isinstance(met, sqlite3.Error) and not isinstance(met, sqlite3.OperationalError):
            require_whole((walk.live, walk.live), (file, file))
        raise


def _bring_back(walk: Walk, planned: carry.RowPlan, typed: str, *, silent: bool) -> None:
    _show(walk, planned, silent=silent)
    if not planned.inserts and not planned.updates:
        walk.reporter.note("nothing to do: the rows are there as they were")
        return
    if not walk.options.yes:
        answer = walk.reporter.ask(f"Bring these rows back into {planned.table}?")
        if not answer:
            raise RowsRefused(typed, asked=answer is False)
    chain.perform(walk, chain.step_named("backup"))
    with closing(connection.writing(walk.live, timeout=walk.settings.timeout)) as opened:
        try:
            carry.apply([planned], opened, silent=silent)
        except CarryImpossible as error:
            if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                raise connection.DatabaseLocked(walk.live, str(error.__cause__)) from error
            raise
    chain.finish(walk, f"{counted(planned.inserts, 'row')} inserted, {planned.updates} updated")
    walk.reporter.note(
        f"{planned.table}: {planned.inserts:,} inserted, {planned.updates:,} updated"
    )


def _show(walk: Walk, planned: carry.RowPlan, *, silent: bool) -> None:
    tell = walk.reporter.note
    tell(
        f"{planned.table} by {', '.join(planned.key) or 'rowid'}: {planned.inserts:,} to insert, "
        f"{planned.updates:,} to update, {planned.same:,} the same already"
    )
    for sign, count, samples in (
        ("+", planned.inserts, planned.inserted),
        ("~", planned.updates, planned.updated),
    ):
        for sample in samples:
            values = ", ".join(f"{each.column}={each.before}" for each in sample.values)
            tell(f"{sign} {sample.key}: {values}")
        if count > len(samples):
            tell(f"{sign} and {count - len(samples):,} more")
    for left in planned.left_behind:
        tell(f"left behind: {counted(left.count, left.what)}: {left.reason}")
    for trigger in planned.triggers if planned.inserts or planned.updates else ():
        does = "is kept silent" if silent else "fires; where that is there already: --no-triggers"
        tell(f"trigger {trigger.name}, which writes to {', '.join(trigger.writes)}, {does}")
