"""Signals at any moment: answered within a second, the way back walked, and all of it told.

The clock of an answer runs from the signal to the end of the process (with a backend to bring
back: to the line that says which step was stopped). What the machine's other work adds is known
exactly and not counted: the time that the process was ready to run and no processor was free,
which Linux keeps for every process in ``/proc/PID/schedstat``.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from tests.crash.faults import Fault
from tests.crash.forked import Child, inv
from tests.crash.specimen import Finding
from tests.crash.sweeps import cleaned

if TYPE_CHECKING:
    from tests.crash.forked import Finished
    from tests.crash.laboratory import Laboratory
    from tests.crash.specimen import Specimen

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
LARGE_EVERY = 60
ANSWER_SECONDS = 1.0
"""The promise. Time spent waiting for a processor is not in it."""


def signals(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """A signal at a random moment: answered soon, the old or the new database, and told."""
    shape = ("wal", "delete", "python", "proving-wal")[number % 4]
    if number % LARGE_EVERY == LARGE_EVERY - 1:
        shape = "large"
    template = laboratory.template(shape)
    chance = laboratory.chance("signal", number)
    specimen = template.specimen()
    name = chance.choice(SIGNALS)
    fault = Fault(name, chance.randrange(1, len(template.calls)))
    if chance.random() < 0.5:
        done = specimen.inv("migrate", "--yes", fault=fault)
        what, answer = str(fault), done.answered
    else:
        child = Child(specimen.root, ("migrate", "--yes"), specimen.environment, Fault())
        time.sleep(chance.random() * template.seconds)
        child.signal(signal.Signals[name])
        done = child.wait()
        what, answer = f"{name} at a random moment", done.answered
    finding = _signalled(specimen, done) or _late(laboratory, name, done, answer)
    return shape, cleaned(specimen, finding, what)


def served(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """A signal at a random moment of the whole chain, with a uvicorn that must not stay down."""
    project, before = laboratory.served()
    chance = laboratory.chance("served", number)
    name = chance.choice(SIGNALS)
    child = Child(project.root, ("migrate", "--yes"), {}, Fault())
    time.sleep(chance.random() * laboratory.chain_seconds)
    child.signal(signal.Signals[name])
    told = child.wait_for("✗", "error:")
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
    return "uvicorn", _late(laboratory, name, done, told)


def _late(
    laboratory: Laboratory, name: str, done: Finished, answer: float | None
) -> Finding | None:
    """Note how soon a run was stopped by a signal; one that ended well had nothing to stop."""
    if answer is None or done.returncode == 0:
        return None
    laboratory.answers.append(answer)
    if answer <= ANSWER_SECONDS:
        return None
    return Finding("silent", f"{name} was answered after {answer:.2f} s\n{done.screen}")


def _signalled(specimen: Specimen, done: Finished) -> Finding | None:
    """Judge a run that a signal met; before it begins and behind its end it ends as any program."""
    if done.returncode < 0 or ("error:" not in done.screen and done.returncode):
        if "to go back: inv rollback" in done.screen and specimen.standing() == "new":
            return specimen.after_recovery()
        if specimen.standing() != "old" or (specimen.root / ".drydock").exists():
            return Finding("silent", f"ended by a signal after it had begun:\n{done.screen}")
        return specimen.after_recovery()
    return specimen.after_fault(done) or specimen.after_recovery()
