"""What the application wrote after a publish, and carrying it along when going back (F48).

The published database is made again, from the backup and the same migrations, and compared with
the database as it is now; what differs is what was written since. Where the migrations do not run
a second time, everything since the backup counts. It writes to nothing but files of the run.
"""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import candidate, connection, evidence, executor, formats, ledger
from drydock.errors import DrydockError
from drydock.evidence import carry, keeping
from drydock.evidence.anchor import CarryImpossible
from drydock.migration import Migration, MigrationError
from drydock.names import fold
from drydock.words import counted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from drydock.evidence import Evidence
    from drydock.settings import Settings
    from drydock.walk import Walk


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one table's new rows: how many were carried, and what could not be."""

    table: str
    rows: int
    left_behind: tuple[str, ...]

    def __str__(self) -> str:
        told = f"{self.table}: {counted(self.rows, 'row')} carried over"
        return "; ".join([told, *self.left_behind])


@contextmanager
def made_again(backup: Path, migrations: Sequence[Migration], walk: Walk) -> Iterator[Path]:
    """Provide the database that `migrations` make of `backup`; the backup where they fail."""
    with tempfile.TemporaryDirectory(dir=walk.record.folder, prefix="candidate-") as folder:
        again = Path(folder) / "again.db"
        candidate.copy(backup, again)
        try:
            executor.apply(
                migrations,
                again,
                live=walk.live,
                root=walk.settings.root,
                run=walk.record.record.id,
                logs=Path(folder),
                known=walk.files,
            )
        except (executor.MigrationFailed, MigrationError):
            yield backup
        else:
            yield again


def of_run(backup: Path, migrations: Sequence[Migration], now: Path, walk: Walk) -> Evidence:
    """Return how the file `now` differs from what `migrations` make of `backup`."""
    with made_again(backup, migrations, walk) as again:
        return evidence.compare(again, now)


def carry_over(published: Path, now: Path, target: Path) -> tuple[Carried, ...]:
    """Carry the rows that `now` has and `published` had not into `target`, table by table.

    Args:
        published: The database as it was published.
        now: The database that the application wrote to since.
        target: A candidate; its schema may be older.

    Returns:
        One entry for each table with new rows, or with rows that were deleted, which stay in
        `target`. A table whose rows cannot be carried says why.
    """
    compared = evidence.compare(published, now)
    waiting = [each.name for each in compared.tables if each.added or each.changed or each.removed]
    plans: dict[str, carry.RowPlan] = {}
    failed: dict[str, str] = {}
    with closing(connection.candidate(target, journal=True)) as opened:
        # A child's rows go in once those of its parent are there: again, while it helps.
        done: set[str] = set()
        while True:
            for table in waiting:
                try:
                    plans[table] = carry.plan(now, target, table, since=published)
                    carry.apply([plans[table]], opened, silent=True)
                except CarryImpossible as error:
                    failed[table] = "; ".join([error.what, *error.cause])
                else:
                    done.add(table)
            left = [table for table in waiting if table not in done]
            if left in ([], waiting):
                break
            waiting = left
        # Tables that name each other go in together.
        together = [plans[table] for table in left if table in plans]
        if len(together) > 1:
            with suppress(CarryImpossible):
                carry.apply(together, opened, silent=True)
                done.update(each.table for each in together)
        keeping.catch_up(opened, now, [plans[table].table for table in done])
    return tuple(_told(compared, plans, failed, done))


def applied_by(opened: sqlite3.Connection, run: str, settings: Settings) -> tuple[Migration, ...]:
    """Return the migrations that `run` applied, with the text that the ledger kept of them.

    What only their own tool's folder tells, such as the program that runs them, comes from there.
    """
    folder = settings.migrations
    files: dict[str, Migration] = {}
    with suppress(DrydockError):  # a folder that cannot be read must not stand in the way back
        found = formats.read(folder, opened, settings.format)
        files = {each.name: each for each in found if each.origin is not None}
    if not ledger.exists(opened):
        return ()  # it was brought back to before the first migration
    rows = opened.execute(
        "SELECT name, kind, text, checksum FROM _drydock_ledger WHERE run = ? ORDER BY sequence",
        (run,),
    )
    return tuple(
        replace(files[name], text=text, checksum=checksum)
        if name in files
        else Migration(name, folder / f"{name}.{kind.rpartition(':')[2]}", text, checksum)
        for name, kind, text, checksum in rows
    )


def _told(
    compared: Evidence,
    plans: Mapping[str, carry.RowPlan],
    failed: Mapping[str, str],
    done: set[str],
) -> Iterator[Carried]:
    """Say of each table what became of its rows, and which trigger was kept from telling it."""
    whole = {fold(plans[name].table) for name in done if not plans[name].left_behind}
    silenced = {trigger: None for name in done for trigger in plans[name].triggers}
    for each in compared.tables:
        if not (each.added or each.changed or each.removed):
            continue
        if each.name not in done:
            yield Carried(each.name, 0, (failed[each.name],))
            continue
        planned = plans[each.name]
        left = [f"{counted(one.count, one.what)} left: {one.reason}" for one in planned.left_behind]
        if planned.returned:
            left.append(
                f"{counted(planned.returned, 'row')} there again that had been deleted since: no "
                "deletion is carried over"
            )
        if planned.counts.doubtful:
            left.append(
                f"{counted(planned.counts.doubtful, 'row')} to look at: the migration had changed "
                "the same values before"
            )
        yield Carried(planned.table, planned.inserts + planned.updates, tuple(left))
    written = {fold(each.name) for each in compared.tables if each.added or each.changed}
    for trigger in silenced:
        for name in trigger.writes:
            if fold(name) in written - whole:
                said = (
                    f"the trigger {trigger.name} was kept silent: what it had written here is not"
                )
                yield Carried(name, 0, (f"{said} carried over whole",))
