"""What is to be run: the applied set against the set of files, never a high-water mark.

Pure: it is given the ledger's entries and the folder's migrations and returns what follows. It
refuses only a name that is in neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.migration import number_of, order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.ledger import Entry
    from drydock.migration import Migration


class UnknownMigration(DrydockError):
    """A name given on the command line is no migration."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Sequence[str]) -> None:
        import difflib

        self.name = name
        near = difflib.get_close_matches(name, [*dict.fromkeys(known)], n=3, cutoff=0.3)
        super().__init__(
            f"there is no migration named {name!r}; nothing was touched",
            hint=f"did you mean: {', '.join(near)}" if near else "list them: inv status",
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How ledger and files stand to each other.

    `pending` are to be run, in order; `edited` were applied with another text; `missing` are in
    the ledger and have no file; `out_of_order` are pending and come before one that was applied;
    `twins` are groups of files that share a number.
    """

    applied: tuple[Entry, ...]
    pending: tuple[Migration, ...]
    edited: tuple[Migration, ...]
    missing: tuple[Entry, ...]
    out_of_order: tuple[Migration, ...]
    twins: tuple[tuple[Migration, ...], ...]

    @property
    def is_clean(self) -> bool:
        """True when files and ledger tell the same history, whatever is pending."""
        return not (self.edited or self.missing)


def make(applied: Sequence[Entry], files: Sequence[Migration]) -> Plan:
    """Return what is to be run, given the ledger and the files in their order."""
    ledger = {entry.name: entry for entry in applied}
    by_name = {migration.name: migration for migration in files}
    pending = tuple(each for each in files if each.name not in ledger)
    latest = max((order(each) for each in files if each.name in ledger), default=None)
    numbered: dict[int, list[Migration]] = {}
    for each in files:
        # Another tool's number may be a date, of which only the year is read; it judges its own.
        if each.number is not None and each.origin is None:
            numbered.setdefault(each.number, []).append(each)
    return Plan(
        applied=tuple(applied),
        pending=pending,
        edited=tuple(
            each
            for each in files
            if each.name in ledger and ledger[each.name].checksum != each.checksum
        ),
        missing=tuple(entry for entry in applied if entry.name not in by_name),
        out_of_order=tuple(
            each
            for each in pending
            if latest is not None
            and order(each) < latest
            and not (each.origin is not None and each.origin.is_placed_by_needs)
        ),
        twins=tuple(tuple(group) for group in numbered.values() if len(group) > 1),
    )


def up_to(plan: Plan, target: str | None) -> tuple[Migration, ...]:
    """Return the pending migrations up to and with `target` (a name, or its number).

    Raises:
        UnknownMigration: `target` is neither pending nor applied.
    """
    if target is None:
        return plan.pending
    for position, migration in enumerate(plan.pending, start=1):
        if is_called(target, migration.name, migration.path.name):
            return plan.pending[:position]
    names = [entry.name for entry in plan.applied]
    if any(is_called(target, name) for name in names):
        return ()
    raise UnknownMigration(target, [*(each.name for each in plan.pending), *names])


def is_called(target: str, name: str, file: str = "") -> bool:
    """Say whether `target` is a migration's name, its number, or the name of its `file`."""
    return target in (name, file) or (target.isdecimal() and int(target) == number_of(name))
