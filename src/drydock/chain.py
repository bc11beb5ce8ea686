"""The chain, as data, and the one way to walk it: each step once, and back again on a failure.

A step that fails, or is interrupted, is followed by the undoing of every step so far, last first;
then the database and the backend are what they were, or the screen says exactly what is not. It
refuses to hide the first failure behind one of the way back.
"""

from __future__ import annotations

import sqlite3
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from drydock import hold, receipt, record, recovery, signals, state
from drydock.errors import DrydockError, ExitCode
from drydock.steps import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from drydock.record import Phase
    from drydock.walk import Walk


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name on the command line, the module that does it, and whether it writes."""

    name: str
    module: str
    writes: bool

    def perform(self, walk: Walk) -> str:
        """Do it; return its line."""
        perform: Callable[[Walk], str] = self._module().perform
        return perform(walk)

    def undo(self, walk: Walk) -> None:
        """Take it back, where it has a way back."""
        module = self._module()
        if hasattr(module, "undo"):
            module.undo(walk)

    def _module(self) -> Any:
        return import_module(f"drydock.steps.{self.module}")


CHAIN: tuple[Step, ...] = (
    Step("stop-backend", "stop_backend", writes=True),
    Step("backup", "take_backup", writes=True),
    Step("review", "review", writes=False),
    Step("migrate", "migrate", writes=True),
    Step("verify-schema", "verify_schema", writes=False),
    Step("start-backend", "start_backend", writes=True),
    Step("smoke-test", "smoke_test", writes=False),
)


class Unforeseen(DrydockError):
    """What the operating system refused, or a fault of Drydock itself; its traceback is kept."""

    def __init__(self, error: BaseException, walk: Walk) -> None:
        self.__cause__ = error
        kept = None
        if walk.run is not None:
            kept = walk.run.folder / "traceback.txt"
            with suppress(OSError):  # on a full disk the error itself matters more
                kept.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        if refused := refusal(error):
            self.exit_code = ExitCode.FAILED
            super().__init__(refused, hint="look at the disk and the permissions: inv doctor")
            return
        self.exit_code = ExitCode.UNEXPECTED
        super().__init__(
            f"a fault of Drydock itself: {type(error).__name__}: {error}",
            hint=f"please report it with {kept}" if kept else "please report it",
        )


def refusal(error: BaseException) -> str | None:
    """Return one line when the machine said no (a disk, a permission), None for a fault of ours."""
    if isinstance(error, OSError) and error.errno:
        return f"the system refused: {error.strerror} ({error.filename or 'no file named'})"
    if isinstance(error, sqlite3.OperationalError):
        return f"SQLite could not go on: {error}"
    return None


class Stuck(DrydockError):
    """The way back failed too (F50): the backend stays down, nothing is deleted."""

    exit_code = ExitCode.NEEDS_YOU

    def __init__(self, walk: Walk, first: DrydockError, second: BaseException) -> None:
        database, backup = walk.live, walk.backup
        commands = ["inv stop-backend"]
        if walk.published and backup is not None:
            commands.append(f"inv restore {backup.id} --yes")
        commands.append("inv start-backend")
        super().__init__(
            f"{first}; and the way back failed too",
            cause=[
                *first.cause,
                f"on the way back: {second}",
                *getattr(second, "cause", []),
            ],
            at=first.at,
            state=f"{database.name} is {state.standing(walk)}, "
            f"the backend is down; the backup is whole: {backup.file if backup else 'none taken'}",
            hint="mend what the way back met, then type:\n  " + "\n  ".join(commands),
        )


def walk_all(walk: Walk) -> None:
    """Walk the whole chain, or the rest of it when `goes_on` has said that it begins so.

    Raises:
        DrydockError: A step failed; everything was undone, and `state` says how things stand.
    """
    walk.is_whole = True
    # Who looked before the steps in front of him has not seen what they do.
    beginning = takewhile(lambda step: step.name in walk.done, CHAIN)
    walk.done = {step.name: walk.done[step.name] for step in beginning}
    for step in CHAIN:
        perform(walk, step)
    with signals.undisturbed():
        _renew_schema_file(walk)
        finish(walk, "done")


def step_named(name: str) -> Step:
    """Return the step called `name`."""
    return next(step for step in CHAIN if step.name == name)


def goes_on(walk: Walk, task: str | None) -> bool:
    """Return whether a task is a part of the walk so far; else it is to be one of its own.

    A step goes on with a walk in which nothing at or behind its place has been done; the whole
    chain with one in which nothing but its beginning has written. Behind a whole chain the steps
    that end it have been done, and are passed over.

    Args:
        walk: What this process has done so far.
        task: A step's name; ``migrate`` is the whole chain, ``rollback`` begins as it does; None
            is no part of any.
    """
    if not walk.done:
        return True
    if task is None:
        return False
    names = [step.name for step in CHAIN]
    if walk.run is not None and not walk.is_under_way:
        return task in walk.done and names.index(task) > names.index("migrate")
    if task not in ("migrate", "rollback"):
        return names.index(task) > max(names.index(name) for name in walk.done)
    wrote = [step.name for step in CHAIN if step.writes and step.name in walk.done]
    return wrote == names[: len(wrote)] and (task == "migrate" or len(wrote) <= 1)


def perform(walk: Walk, step: Step) -> None:
    """Perform one step, once, and undo all steps so far when it fails.

    Raises:
        DrydockError: It failed; everything was undone, and `state` says how things stand.
    """
    if step.name in walk.done:
        return
    began = time.monotonic()
    walk.reporter.step_began(step.name)
    walk.at = step.name  # a signal right behind its work, or its failure, finds its undoing (F27)
    try:
        if step.writes:
            begin(walk)
        line = step.perform(walk)
        walk.heed()
    except BaseException as error:
        known = error if isinstance(error, DrydockError) else Unforeseen(error, walk)
        if walk.published:
            state.withdraw(known)
        walk.reporter.step_failed(step.name, walk.took(step.name, "failed", str(error), began))
        with signals.undisturbed():
            go_back(walk, step, known)
        if known is error:
            raise
        raise known from error
    walk.done[step.name] = line
    walk.at = ""
    skipped = isinstance(line, Skipped)
    seconds = walk.took(step.name, "skipped" if skipped else "done", line, began)
    walk.reporter.step_ended(step.name, line, seconds, skipped=skipped)


def abandon(walk: Walk, error: BaseException) -> DrydockError:
    """Undo what has been done when an error, or a signal, came between two steps (F27).

    Returns the error with its state filled in; harmless when the run has ended.

    Raises:
        Stuck: A step could not be undone.
    """
    known = error if isinstance(error, DrydockError) else Unforeseen(error, walk)
    if walk.is_under_way:
        reached = {*walk.done, walk.at}
        last = next((step for step in reversed(CHAIN) if step.name in reached), CHAIN[0])
        with signals.undisturbed():
            go_back(walk, last, known)
    elif walk.run is not None:
        known.state = known.state or f"the run had {walk.run.record.phase} before; see: inv status"
    return known


def begin(walk: Walk) -> None:
    """Take the lock, end what a killed run left, start the record; nothing the second time.

    Raises:
        RunInProgress: Another run has the lock.
        DrydockError: The killed run could not be ended; the next command tries again.
    """
    if walk.run is not None:
        return
    walk.lock_up()
    recovery.converge(walk)
    walk.begin()


def go_back(walk: Walk, failed: Step, error: DrydockError, *, met_in: str = "") -> None:
    """Undo `failed` and the steps before it, last first; fill in the state in `error`.

    `met_in` names what failed behind that step, where it is none of the chain's.

    Raises:
        Stuck: A step could not be undone.
    """
    walk.heard = ""
    hold.name_holders(error)  # before the backend, started again, is one of them
    signals.close_what_it_left(error)
    was_published = walk.published
    told = f"{met_in or failed.name}: {error}"
    position = CHAIN.index(failed)
    for step in reversed(CHAIN[: position + 1]):
        if step is not failed and step.name not in walk.done:
            continue
        try:
            step.undo(walk)
        except Exception as second:  # noqa: BLE001 - whatever it is, the user must be told
            _end(walk, "stuck", told)
            stuck = Stuck(walk, error, second)
            receipt.leave(walk, stuck)
            walk.close()
            raise stuck from error
    if walk.run is not None:
        _end(walk, "returned" if was_published else "failed", told)
        state.tell(walk, error, was_published=was_published)
        receipt.leave(walk, error)
    walk.close()


def decline(walk: Walk, step: str, error: DrydockError, began: float) -> None:
    """Leave the record and the receipt of a run that ended before it had done anything.

    Fills in the state in `error`. Where an unfinished run still has to tell what is to be
    finished, or the disk does not take it, there is none: the first failure matters more. Where
    steps have been done in this process, they are still to be undone, and that leaves both
    (`abandon`).
    """
    if walk.done:
        return
    error.state = error.state or state.untouched(walk)
    if walk.run is None:
        with suppress(DrydockError, OSError):
            if record.unfinished(walk.state) is None:
                walk.begin()
    walk.took(step, "failed", str(error), began)
    if walk.run is None:
        walk.close()
        return
    _end(walk, "failed", f"{step}: {error}")
    receipt.leave(walk, error)
    walk.close()


def finish(walk: Walk, outcome: str) -> None:
    """End the run's record well and let go of everything; harmless when there is no run."""
    if walk.is_under_way:
        if walk.hold is not None:
            step_named("backup").undo(walk)
        _end(walk, "finished", outcome)
        receipt.leave(walk)
    walk.close()


def _end(walk: Walk, phase: Phase, outcome: str) -> None:
    """Record the end; what a full disk keeps from being recorded, the next command finds out."""
    if walk.run is None:
        return
    try:
        walk.run.end(phase, outcome)
    except OSError as error:
        walk.reporter.note(
            f"how the run ended could not be recorded ({error.strerror}); "
            "the next inv migrate does that first"
        )


def _renew_schema_file(walk: Walk) -> None:
    """Write the schema file that is committed with the migrations, where the settings name one.

    It tells the schema after the last of them, so a run that stops earlier has nothing to write.
    """
    path = walk.settings.schema
    if path is None or walk.schema is None or not walk.published or walk.stays_pending:
        return
    from drydock.schema import file

    if told := file.renew(path, walk.schema):
        walk.reporter.note(told)
