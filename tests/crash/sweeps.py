"""The sweeps: a fault at one call of one run, by number, over all database shapes.

A case harms one specimen and returns what was wrong, or None. Numbers walk through shapes and
calls in turn, far apart; what is left to chance comes from seed and number.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash import tracing
from tests.crash.faults import Fault
from tests.crash.laboratory import SMALL, spread, turn
from tests.crash.specimen import Finding

if TYPE_CHECKING:
    import random

    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen, Template

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES, errno.EROFS)


def kill(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL at one write-like call of a migration, by our own hook."""
    shape, place = turn(number)
    template = laboratory.template(shape)
    fault = Fault("kill", spread(place, len(template.calls), laboratory.seed))
    return shape, _harm(template, fault)


def twice(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL, and SIGKILL again in the command that cleans up after it: the third one ends it."""
    shape, place = turn(number)
    template = laboratory.template(shape)
    chance = laboratory.chance("twice", number)
    first = Fault("kill", chance.randrange(1, len(template.calls) + 1))
    second = Fault("kill", spread(place, len(template.calls), laboratory.seed))
    specimen = template.specimen()
    finding = specimen.after_fault(specimen.inv("migrate", "--yes", fault=first))
    if finding is None:
        finding = specimen.after_fault(specimen.inv("migrate", "--yes", fault=second))
    return shape, cleaned(specimen, finding or specimen.after_recovery(), f"{first}, {second}")


def error(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """An errno at one write-like call, once or from then on, by our own hook."""
    shape, place = turn(number)
    template = laboratory.template(shape)
    at = spread(place, len(template.calls), laboratory.seed)
    return shape, _harm(template, _error(laboratory.chance("error", number), at))


def _error(chance: random.Random, at: int) -> Fault:
    return Fault("error", at, chance.choice(ERRORS), lasts=chance.random() < 0.3)


def rollback_kill(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL at one write-like call of a rollback: the migrated or the previous database."""
    return _rollback(laboratory, number, lambda at: Fault("kill", at))


def rollback_error(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """An errno at one write-like call of a rollback: old or new, and told."""
    chance = laboratory.chance("rollback-error", number)
    return _rollback(laboratory, number, lambda at: _error(chance, at))


def _rollback(laboratory: Laboratory, number: int, made) -> tuple[str, Finding | None]:
    place, shape = divmod(number, len(SMALL))
    template = laboratory.template(SMALL[shape])
    specimen = template.specimen()
    specimen.inv("migrate", "--yes")
    fault = made(spread(place, len(template.calls_back), laboratory.seed))
    done = specimen.inv("rollback", "--yes", fault=fault)
    specimen.told = done.screen
    finding = None
    standing = specimen.standing()
    if standing.startswith("mixed"):
        finding = Finding("mixed", f"{standing}\n{done.screen}")
    elif done.returncode == 0 and standing != "old":
        finding = Finding("silent", f"exit 0, not back\n{done.screen}")
    elif "as it was before the run" in done.screen and standing == "old":
        finding = Finding("silent", f"says it did not go back\n{done.screen}")
    return SMALL[shape], cleaned(specimen, finding or specimen.after_recovery(), fault)


def strace_kill(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL at one system call of SQLite's or ours, injected by strace."""
    return _strace(laboratory, number, 0)


def strace_error(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """An errno at one system call of SQLite's or ours, injected by strace."""
    return _strace(laboratory, number, laboratory.chance("strace", number).choice(ERRORS))


def _strace(laboratory: Laboratory, number: int, error_number: int) -> tuple[str, Finding | None]:
    place, which = divmod(number, len(SMALL))
    shape = SMALL[which]
    template = laboratory.template(shape)
    points = tracing.points(template)
    call, when = points[spread(place, len(points), laboratory.seed) - 1]
    specimen = template.specimen()
    done = tracing.run(specimen, call, when, error_number)
    what = f"{errno.errorcode.get(error_number, 'SIGKILL')} at {call} number {when}"
    finding = specimen.after_fault(done) or specimen.after_recovery()
    return shape, cleaned(specimen, finding, what)


def _harm(template: Template, fault: Fault) -> Finding | None:
    specimen = template.specimen()
    done = specimen.inv("migrate", "--yes", fault=fault)
    return cleaned(specimen, specimen.after_fault(done) or specimen.after_recovery(), fault)


def cleaned(specimen: Specimen, finding: Finding | None, what: object) -> Finding | None:
    """Remove a specimen that is well; keep the folder of one that is not."""
    if finding is None:
        specimen.remove()
        return None
    kept = Path(tempfile.mkdtemp(prefix="drydock-crash-")) / specimen.root.name
    shutil.move(specimen.root, kept)
    return Finding(finding.kind, f"{what}; kept in {kept}\n{finding.story}")
