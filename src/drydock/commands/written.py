"""What going back would leave behind: told before it happens, and carried along where wanted.

A live database that is damaged cannot be compared. Then that is told, and nothing is carried: all
that is left of it stays in the database that is kept.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import backup, connection, evidence, files, since
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


def since_then(
    walk: Walk, wanted: Backup, last: Record | None, opened: sqlite3.Connection
) -> Evidence | None:
    """Return what would be left behind: against what the run published, or else the backup.

    Raises:
        CarryImpossible: The database is damaged, and its new rows were to be carried along.
    """
    try:
        return _compared(walk, wanted, last, opened)
    except (_Damaged, evidence.NotComparable, sqlite3.DatabaseError) as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        causes = error.cause if isinstance(error, DrydockError) else []
        why = causes[0] if causes else str(error)
        if walk.options.keep_new_rows:
            raise CarryImpossible(
                f"{walk.live.name} is damaged, so its new rows cannot be carried along; "
                "nothing was changed",
                cause=why,
                hint=f"go back without them: inv rollback --to {wanted.id}\n"
                "the damaged database is kept; to try a table of it afterwards: "
                "inv restore-rows TABLE --from FILE",
            ) from error
        walk.reporter.note(
            f"{walk.live.name} is damaged ({why.splitlines()[-1]}): what was written since "
            f"{wanted.id} cannot be told; the file is kept"
        )
        return None


def carry_over(walk: Walk, wanted: Backup, last: Record | None, candidate: Path) -> None:
    """Put the rows written since into the candidate; tell what could not be carried."""
    now = _copy_of_now(walk)
    with closing(connection.read_only(now)) as opened:
        ran = since.applied_by(opened, last.id, walk.settings) if last else ()
    with since.made_again(wanted.file, ran, walk) as published:
        for carried in since.carry_over(published, now, candidate):
            walk.reporter.note(str(carried))


def _compared(
    walk: Walk, wanted: Backup, last: Record | None, opened: sqlite3.Connection
) -> Evidence | None:
    copy = _copy_of_now(walk)
    copy.unlink(missing_ok=True)
    files.create_private(copy)
    with closing(connection.copy_target(copy)) as target:
        opened.backup(target)
    is_run = last is not None and last.backup == wanted.id
    if last is not None and is_run and backup.content_digest(copy) == last.result:
        return None
    with closing(connection.read_only(copy)) as now:
        if problems := backup.quick_check(now):  # else rows are told that nobody has written
            raise _Damaged(f"{walk.live} is damaged", cause=problems)
        if last is None or not is_run:
            return evidence.compare(wanted.file, copy)
        migrations = since.applied_by(now, last.id, walk.settings)
    return since.of_run(wanted.file, migrations, copy, walk)


def _copy_of_now(walk: Walk) -> Path:
    return walk.record.folder / "candidate.db-now"
