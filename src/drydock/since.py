"""What the application wrote after a publish, carried along when going back (F48).

What differs between the database as it was published (`drydock.replay`) and as it is now was
written since. It writes to nothing but a candidate.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection, evidence
from drydock.evidence import carry, keeping
from drydock.evidence.anchor import CarryImpossible
from drydock.names import fold
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from drydock.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one table's new rows: how many were carried, and what could not be."""

    table: str
    rows: int
    left_behind: tuple[str, ...]

    def __str__(self) -> str:
        told = f"{self.table}: {counted(self.rows, 'row')} carried over"
        return "; ".join([told, *self.left_behind])


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
        together = [table for table in left if table in plans]
        if len(together) > 1:
            with suppress(CarryImpossible):
                carry.apply([plans[table] for table in together], opened, silent=True)
                done.update(together)
        keeping.catch_up(opened, now, [plans[table].table for table in done])
    return tuple(_told(compared, plans, failed, done))


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
