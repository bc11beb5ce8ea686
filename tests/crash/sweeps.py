"""The sweeps: each case of a kind by its number, so that a failing one can be run again alone.

A kind is a function of laboratory, seed and number that harms one specimen and returns what was
wrong, or None. Numbers walk through shapes and calls in turn; what is left to chance comes from
seed and number.
"""

from __future__ import annotations

import errno
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.crash import tracing
from tests.crash.faults import Fault
from tests.crash.forked import Child, inv
from tests.crash.shapes import SHAPES
from tests.crash.specimen import Finding, Specimen, Template, scratch
from tests.support.project import Project, free_port

if TYPE_CHECKING:
    from types import TracebackType

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES, errno.EROFS)
SMALL = tuple(shape for shape in SHAPES if shape != "large")
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
ANSWER_SECONDS = 2.0
"""How soon a signal must be answered; a second and what a loaded machine adds to it."""


class Laboratory:
    """A scratch folder with a template a shape, made when first needed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._folder = tempfile.TemporaryDirectory(prefix="drydock-lab-", dir=scratch())
        self.home = Path(self._folder.name)
        self._templates: dict[str, Template] = {}
        self._served: tuple[Project, str] | None = None
        self.chain_seconds = 3.0
        self.worth = 1  # how many points the last case tried

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        if self._served is not None:
            inv(self._served[0].root, "stop-backend", "--force")
        self._folder.cleanup()

    def template(self, shape: str) -> Template:
        if shape not in self._templates:
            self._templates[shape] = Template(shape, self.home)
        return self._templates[shape]

    def served(self) -> tuple[Project, str]:
        """Return a project whose backend runs, and its content; started when first needed."""
        if self._served is None:
            project = Project(self.home / "served", rows=40, port=free_port())
            started = inv(project.root, "start-backend")
            assert started.returncode == 0, started.screen
            self._served = project, project.dump()
        return self._served

    def chance(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {kind} {number}")


def turn(laboratory: Laboratory, number: int) -> tuple[str, int]:
    """Return the shape and the round of a case: shapes take turns, `large` every tenth time."""
    place, shape = divmod(number, len(SMALL))
    if place % 10 == 9 and shape == 0:
        return "large", place
    return SMALL[shape], place


def _spread(place: int, count: int, seed: int) -> int:
    """Return a call from 1 to `count`; successive places visit all of them, far apart."""
    stride = max(1, int(count * 0.618))
    while count % stride == 0 and stride > 1:
        stride += 1
    return 1 + (place * stride + seed) % count


def kill(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL at one write-like call of a migration, by our own hook."""
    shape, place = turn(laboratory, number)
    template = laboratory.template(shape)
    fault = Fault("kill", _spread(place, len(template.calls), laboratory.seed))
    return shape, _harm(template, fault)


def error(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """An errno at one write-like call, once or from then on, by our own hook."""
    shape, place = turn(laboratory, number)
    template = laboratory.template(shape)
    at = _spread(place, len(template.calls), laboratory.seed)
    chance = laboratory.chance("error", number)
    fault = Fault("error", at, chance.choice(ERRORS), lasts=chance.random() < 0.3)
    return shape, _harm(template, fault)


def rollback(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL or an errno at one write-like call of a rollback: old or new, and told."""
    shape = ("wal", "hard-link", "delete")[number % 3]
    template = laboratory.template(shape)
    chance = laboratory.chance("rollback", number)
    specimen = template.specimen()
    specimen.inv("migrate", "--yes")
    at = 1 + number // 3 % 90
    fault = Fault(chance.choice(("kill", "error")), at, chance.choice(ERRORS))
    done = specimen.inv("rollback", "--yes", fault=fault)
    finding = None
    standing = specimen.standing()
    if standing.startswith("mixed"):
        finding = Finding("mixed", f"{fault}: {standing}\n{done.screen}")
    elif done.returncode == 0 and standing != "old":
        finding = Finding("silent", f"{fault}: exit 0, not back\n{done.screen}")
    elif "as it was before the run" in done.screen and standing == "old":
        finding = Finding("silent", f"{fault}: says it did not go back\n{done.screen}")
    return shape, _cleaned(specimen, finding or specimen.after_recovery(), fault)


def strace(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """SIGKILL or an errno at one system call of SQLite's or ours, injected by strace."""
    shape, place = turn(laboratory, number)
    template = laboratory.template(shape)
    chance = laboratory.chance("strace", number)
    points = tracing.points(template)
    call, when = points[(_spread(place, len(points), laboratory.seed)) - 1]
    error_number = chance.choice((0, 0, *ERRORS))
    specimen = template.specimen()
    done = tracing.run(specimen, call, when, error_number)
    what = f"{errno.errorcode.get(error_number, 'SIGKILL')} at {call} number {when}"
    finding = specimen.after_fault(done) or specimen.after_recovery()
    return shape, _cleaned(specimen, finding, what)


def signals(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """A signal at a random moment: answered soon, the old or the new database, and told."""
    shape = ("wal", "delete", "python")[number % 3]
    template = laboratory.template(shape)
    chance = laboratory.chance("signal", number)
    specimen = template.specimen()
    name = chance.choice(SIGNALS)
    fault = Fault(name, chance.randrange(1, len(template.calls)))
    if chance.random() < 0.5:
        done = specimen.inv("migrate", "--yes", fault=fault)
        return shape, _cleaned(specimen, _signalled(specimen, done), fault)
    child = Child(specimen.root, ("migrate", "--yes"), {}, Fault())
    time.sleep(chance.random() * 0.3)
    sent = time.monotonic()
    child.signal(signal.Signals[name])
    done = child.wait()
    took = time.monotonic() - sent
    finding = _signalled(specimen, done)
    if took > ANSWER_SECONDS and done.returncode != 0:
        finding = finding or Finding("silent", f"{name} was answered after {took:.1f} s")
    return shape, _cleaned(specimen, finding, f"{name} at a random moment")


def served(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """A signal at a random moment of the whole chain, with a uvicorn that must not stay down."""
    project, before = laboratory.served()
    chance = laboratory.chance("served", number)
    name = chance.choice(SIGNALS)
    child = Child(project.root, ("migrate", "--yes"), {}, Fault())
    time.sleep(chance.random() * laboratory.chain_seconds)
    child.signal(signal.Signals[name])
    done = child.wait()
    running = project.is_running()
    story = f"{name}: exit {done.returncode}, backend {'up' if running else 'down'}\n{done.screen}"
    if not running and (done.returncode == 0 or "inv " not in done.screen):
        return "uvicorn", Finding("silent", story)
    if done.returncode == 0:
        laboratory.chain_seconds = done.seconds
        back = inv(project.root, "rollback", "--yes")
        story += back.screen
    if not project.is_running() or project.dump() != before or project.left_over():
        return "uvicorn", Finding("lost", story)
    return "uvicorn", None


def _signalled(specimen: Specimen, done) -> Finding | None:
    """Judge a run that a signal met; before our handlers stand it ends as Python ends."""
    if done.returncode < 0 or ("error:" not in done.screen and done.returncode):
        if specimen.standing() != "old" or (specimen.root / ".drydock").exists():
            return Finding("silent", f"ended by a signal after it had begun:\n{done.screen}")
        return specimen.after_recovery()
    return specimen.after_fault(done) or specimen.after_recovery()


def _harm(template: Template, fault: Fault) -> Finding | None:
    specimen = template.specimen()
    done = specimen.inv("migrate", "--yes", fault=fault)
    return _cleaned(specimen, specimen.after_fault(done) or specimen.after_recovery(), fault)


def _cleaned(specimen: Specimen, finding: Finding | None, what: object) -> Finding | None:
    """Remove a specimen that is well; keep the folder of one that is not."""
    if finding is None:
        specimen.remove()
        return None
    kept = Path(tempfile.mkdtemp(prefix="drydock-crash-")) / specimen.root.name
    shutil.move(specimen.root, kept)
    return Finding(finding.kind, f"{what}; kept in {kept}\n{finding.story}")
