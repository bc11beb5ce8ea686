"""Every kind of case: what it does, how many make a full run, and which total it counts towards.

The targets are those of one full run. `share` is a kind's part of a budget, about what its target
costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.crash import concurrency, images, inputs, mutation, processes, security, signals, sweeps
from tests.crash.laboratory import Laboratory
from tests.crash.specimen import Finding

Case: TypeAlias = Callable[[Laboratory, int], tuple[str, Finding | None]]


@dataclass(frozen=True)
class Kind:
    """A numbered series of cases; `target` of them, or all `cases` there are, make a full run."""

    name: str
    case: Case
    target: int
    share: float
    counts: str
    needs_strace: bool = False
    cases: int | None = None


TOTALS = {
    "kill points": 10_000,
    "error points": 2_000,
    "crash images": 100_000,
    "scripts": 1_000_000,
    "signals": 1_000,
    "rounds of eight runners": 200,
}
"""What one full run must reach in all."""

_KILL, _ERROR = "kill points", "error points"
_OTHERS = "others"

KINDS = (
    Kind("kill", sweeps.kill, 2_400, 0.15, _KILL),
    Kind("twice", sweeps.twice, 1_000, 0.08, _KILL),
    Kind("rollback", sweeps.rollback_kill, 800, 0.07, _KILL),
    Kind("strace", sweeps.strace_kill, 1_800, 0.15, _KILL, needs_strace=True),
    Kind("replay", images.kills, 7_000, 0.03, _KILL, True, images.RUNS),
    Kind("error", sweeps.error, 1_200, 0.08, _ERROR),
    Kind("error-back", sweeps.rollback_error, 400, 0.03, _ERROR),
    Kind("strace-error", sweeps.strace_error, 500, 0.06, _ERROR, needs_strace=True),
    Kind("image", images.case, 100_000, 0.08, "crash images", needs_strace=True),
    Kind("signal", signals.signals, 850, 0.06, "signals"),
    Kind("served", signals.served, 150, 0.06, "signals"),
    Kind("runners", concurrency.runners, 200, 0.03, "rounds of eight runners"),
    Kind("writers", concurrency.writers, 60, 0.03, _OTHERS),
    Kind("latecomers", concurrency.latecomers, 120, 0.03, _OTHERS),
    Kind("browsers", concurrency.browsers, 90, 0.02, _OTHERS),
    Kind("script", inputs.scripts, 1_000_000, 0.01, "scripts"),
    Kind("input", inputs.files, 300, 0.03, _OTHERS),
    Kind("ledger", inputs.ledgers, 200, 0.03, _OTHERS),
    Kind("process", processes.case, 120, 0.05, _OTHERS),
    Kind("outside", security.case, 2 * len(security.ATTEMPTS), 0.02, _OTHERS),
    Kind("mutation", mutation.case, mutation.COUNT, 0.10, _OTHERS, False, mutation.COUNT),
)
