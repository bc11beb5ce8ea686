"""What going back would leave behind: told before it happens, and carried along where wanted.

A live database that is damaged cannot be compared, nor can what migrations write differently each
time be told from what was written since. Then that is told, and nothing is carried: it stays in
the database that is kept.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import backup, connection, evidence, files, record, replay, since, strangers
from drydock.errors import DrydockError
from drydock.evidence.anchor import CarryImpossible

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.backup import Backup
    from drydock.evidence import Evidence
    from drydock.record import Record
    from drydock.walk import Walk


class _Damaged(DrydockError):
    """The database opens, and what can be read of it is not what was written."""


class Written:
    """What was written since `wanted` was live: for the question, the step and the carrying.

    What it is told from is made once (`drydock.replay`): migrations may have effects elsewhere.
    """

    def __init__(self, walk: Walk, wanted: Backup, last: Record | None) -> None:
        self._walk = walk
        self._wanted = wanted
        self._published = last.result if last is not None and last.backup == wanted.id else ""
        self._replay: replay.Replay | None = None
        self._shown: Evidence | None = None

    def show(self, opened: sqlite3.Connection) -> bool:
        """Show what the database behind `opened` has that would be left behind; say if it can be.

        Raises:
            CarryImpossible: It cannot be told, and was to be carried along.
        """
        try:
            found = self._compared(opened)
        except (_Damaged, evidence.NotComparable, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._tell_incomparable(error)
            return False
        walk, doubt = self._walk, self._replay.doubt if self._replay else ""
        walk.written_since = None if doubt else found
        if found is not None and (self._shown is None or self._shown.tables != found.tables):
            walk.reporter.since(found, carried=walk.options.keep_new_rows, doubt=doubt)
        self._shown = found
        return found is not None

    def carry_over(self, candidate: Path) -> None:
        """Put the rows written since into the candidate; tell what could not be carried."""
        assert self._replay is not None, "carried before it was shown"
        for carried in since.carry_over(self._replay.file, self._copy, candidate):
            self._walk.reporter.note(str(carried))

    def impossible(self, fault: str, why: str, other_way: str = "") -> CarryImpossible:
        """Return the refusal to go back with the new rows, because of `fault`."""
        kept = "the database that it replaces is kept; to bring back rows of it afterwards: "
        return CarryImpossible(
            f"{fault}, so its new rows cannot be carried along; nothing was changed",
            cause=why,
            hint=f"go back without them: inv rollback --to {self._wanted.id}\n{other_way}"
            f"{kept if self._walk.live.exists() else 'to bring back rows of another file: '}"
            "inv restore-rows TABLE --from FILE",
        )

    def _compared(self, opened: sqlite3.Connection) -> Evidence | None:
        """Return what is different from what was published, None where nothing is."""
        copy = self._copy
        copy.unlink(missing_ok=True)
        files.create_private(copy)
        with closing(connection.copy_target(copy)) as target:
            opened.backup(target)
        if self._published and backup.content_digest(copy) == self._published:
            return None
        with closing(connection.read_only(copy)) as now:
            if problems := backup.quick_check(now):  # else rows are told that nobody has written
                if strangers.named(problems[-1]) is not None:
                    raise evidence.NotComparable(self._wanted.file, copy, problems[-1])
                raise _Damaged(f"{self._walk.live} is damaged", cause=problems)
        if self._replay is None:
            wanted, doubt = self._wanted.file, self._why_no_successor()
            self._replay = (
                replay.Replay(wanted, doubt)
                if doubt
                else replay.make(wanted, copy, self._walk, published=self._published)
            )
        if self._replay.doubt and self._walk.options.keep_new_rows:
            raise self.impossible(
                f"what the application wrote to {self._walk.live.name} since {self._wanted.id} "
                "cannot be told",
                self._replay.doubt,
                "" if self._published else "or go back run by run: inv rollback --keep-new-rows\n",
            )
        return evidence.compare(self._replay.file, copy)

    def _why_no_successor(self) -> str:
        """Return why the live database did not come of the backup; empty where nothing says so."""
        went = record.last_return(self._walk.state, self._wanted.id)
        every = [each.id for each in backup.proved(self._walk.settings.backups)]
        if went is None or went.backup in every[every.index(self._wanted.id) :]:
            return ""
        return f"{self._walk.live.name} was brought back since to {went.backup}, which is older"

    def _tell_incomparable(self, error: Exception) -> None:
        causes = error.cause if isinstance(error, DrydockError) else []
        why = causes[0] if causes else str(error)
        fault = f"{self._walk.live.name} is damaged"
        if isinstance(error, evidence.NotComparable) and "malformed" not in why:
            fault = f"{self._walk.live.name} cannot be compared with {self._wanted.id} row by row"
        if self._walk.options.keep_new_rows:
            raise self.impossible(fault, why) from error
        self._walk.reporter.note(
            f"{fault} ({why.splitlines()[-1]}): what was written since "
            f"{self._wanted.id} cannot be told; the file is kept"
        )

    @property
    def _copy(self) -> Path:
        return self._walk.record.folder / "candidate.db-now"
