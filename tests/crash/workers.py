"""Cases handed out to worker processes, each with a laboratory of its own, and what came of them.

A case depends on seed, kind and number alone, so that it does not matter which worker has it. The
kind that is furthest behind comes next: a run that is stopped early has something of everything.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from tests.crash.forked import warm_up
from tests.crash.kinds import KINDS
from tests.crash.laboratory import Laboratory
from tests.crash.specimen import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from tests.crash.kinds import Case, Kind

_EVERY = 30.0  # seconds between two lines of progress
_BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Result:
    """What one case tried, found and measured."""

    kind: str
    number: int
    shape: str
    worth: int
    seconds: float
    finding: Finding | None
    answers: tuple[float, ...]


@dataclass
class Tally:
    """All results so far."""

    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[float]] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        self.tried[result.kind, result.shape] += result.worth
        self.cases[result.kind] += 1
        self.seconds[result.kind] += result.seconds
        self.answers.setdefault(result.kind, []).extend(result.answers)
        if result.finding is not None:
            self.found[result.finding.kind] += 1

    def points(self, kind: Kind) -> int:
        return sum(count for (name, _), count in self.tried.items() if name == kind.name)


class Plan:
    """Which case comes next: of the kind that is furthest from its target, or share of time."""

    def __init__(self, kinds: Sequence[Kind], tally: Tally, budget: float | None) -> None:
        self._kinds = kinds
        self._tally = tally
        self._budget = budget
        self._shares = sum(kind.share for kind in kinds)
        self._handed: Counter[str] = Counter()

    def next(self) -> tuple[str, int] | None:
        """Return the kind and number of the next case; None when all is done."""
        kind = min(self._kinds, key=self.progress)
        if self.progress(kind) >= 1:
            return None
        number = self._handed[kind.name]
        self._handed[kind.name] += 1
        return kind.name, number

    def progress(self, kind: Kind) -> float:
        """Return how much of a kind is done or being done; 1 is all of it."""
        tally = self._tally
        if not self._has_more(kind):
            return 1.0
        done = tally.cases[kind.name] or 1
        times = self._handed[kind.name] / done  # what is under way costs what the others did
        if self._budget is None:
            return times * tally.points(kind) / kind.target
        return times * tally.seconds[kind.name] / (self._budget * kind.share / self._shares)

    def _has_more(self, kind: Kind) -> bool:
        return kind.cases is None or self._handed[kind.name] < kind.cases


def attempt(case: Case, laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Run one case; one that hangs or cannot be judged is a finding and ends no other."""
    laboratory.worth = getattr(case, "worth", 1)
    laboratory.answers.clear()
    try:
        return case(laboratory, number)
    except TimeoutError as error:
        return "-", Finding("silent", f"it hung: {error}")
    except Exception:  # noqa: BLE001 - one case that cannot be judged must not end the others
        return "-", Finding("silent", f"it could not be judged:\n{traceback.format_exc()}")


def run(
    plan: Plan,
    tally: Tally,
    *,
    seed: int,
    jobs: int,
    on_finding: Callable[[Result], None],
    on_progress: Callable[[float], None],
) -> None:
    """Let `jobs` workers do all of `plan`, and add what comes of it to `tally`.

    Raises:
        RuntimeError: A worker ended by itself.
    """
    warm_up()  # once for all workers
    began = told = time.monotonic()
    workers = dict(_hired(seed) for _ in range(jobs))
    busy = [line for line in workers if _hand_out(line, plan)]
    try:
        while busy:
            for line in wait(busy, timeout=_EVERY):
                try:
                    result = line.recv()
                except EOFError:
                    raise RuntimeError("a worker of the laboratory died") from None
                tally.add(result)
                if result.finding is not None:
                    on_finding(result)
                if not _hand_out(line, plan):
                    busy.remove(line)
            if time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                on_progress(told - began)
    finally:
        for line in workers:  # all of them first: a later worker holds copies of earlier lines
            line.close()
        for worker in workers.values():
            worker.join()


def _hand_out(line: Connection, plan: Plan) -> bool:
    order = plan.next()
    if order is not None:
        line.send(order)
    return order is not None


def _hired(seed: int) -> tuple[Connection, multiprocessing.Process]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_work, args=(seed, theirs, ours))
    worker.start()
    theirs.close()
    return ours, worker


def _work(seed: int, line: Connection, other_end: Connection) -> None:
    """Do what comes down the line until it is cut."""
    other_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the leader's; children undo this
    with Laboratory(seed) as laboratory:
        while True:
            try:
                name, number = line.recv()
                began = time.monotonic()
                shape, finding = attempt(_BY_NAME[name].case, laboratory, number)
                line.send(
                    Result(
                        *(name, number, shape, laboratory.worth),
                        *(time.monotonic() - began, finding, tuple(laboratory.answers)),
                    )
                )
            except (EOFError, BrokenPipeError):
                return
