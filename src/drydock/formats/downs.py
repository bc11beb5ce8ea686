"""Ways back: the down script of another tool's migration, as a migration that takes one back.

It goes through the same chain as any migration: reviewed, run on a candidate, proved, published.
Only the newest applied migration can be taken back: the tools count on that order, and some keep
nothing but a high-water mark.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.migration import Migration
from drydock.plan import is_called
from drydock.source import checksum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.plan import Plan


class NoWayBack(DrydockError):
    """A migration cannot be taken back by a down script; nothing was touched."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, problem: str, *, hint: str) -> None:
        self.name = name
        super().__init__(
            f"{name} cannot be taken back by its down script; nothing was touched",
            cause=problem,
            hint=hint,
        )


def chosen(plan: Plan, files: Sequence[Migration], name: str) -> Migration:
    """Return the migration that takes `name`, or the last of that number, back.

    Raises:
        NoWayBack: It is not applied, not the newest that is, or has no down script.
    """
    applied = {entry.name for entry in plan.applied}
    done = [each for each in files if each.name in applied]
    called = [each for each in done if is_called(name, each.name, each.path.name)]
    wanted = called[-1] if called else None
    if wanted is None:
        raise NoWayBack(name, "it is not applied", hint="list what is: inv status")
    if wanted is not done[-1]:
        last = done[-1].name
        raise NoWayBack(
            name,
            f"{last} was applied after it",
            hint=f"take that back first: inv rollback --down {last}",
        )
    found = of(wanted)
    if found is None:
        raise NoWayBack(
            name,
            "it has no down script",
            hint="go back to the backup before it: inv rollback (or --to BACKUP)",
        )
    return found


def of(migration: Migration) -> Migration | None:
    """Return the migration that takes `migration` back; None where it has no down script."""
    origin = migration.origin
    if origin is None or origin.down is None:
        return None
    down = origin.down
    way = replace(origin, program=down.program, down=None, is_down=True)
    found = Migration(
        migration.name, down.path, down.text, checksum(down.text), migration.place, way
    )
    is_empty = not down.program and not found.statements
    return None if is_empty else found
