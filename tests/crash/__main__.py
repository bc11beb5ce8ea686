"""``python -m tests.crash``: the fault laboratory, by budget, in full, or one case of it.

At the end one summary says what was tried beside what a full run must reach, and what was found.
Exit status 1 when anything was lost, mixed, silent or left behind, or a full run fell short.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from tests.crash import tracing
from tests.crash.kinds import KINDS, TOTALS
from tests.crash.laboratory import Laboratory
from tests.crash.workers import Plan, Result, Tally, attempt, run

FAULTS = ("lost", "mixed", "silent", "left")
_SHOWN = 3000  # characters of a finding's story


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="worker processes")
    parser.add_argument("--budget", type=float, default=600.0, help="seconds for all of it")
    parser.add_argument("--full", action="store_true", help="until each kind's target is reached")
    parser.add_argument("--case", default="", help="run one case again: KIND:NUMBER")
    parser.add_argument("--only", default="", help="run these kinds alone, comma-separated")
    asked = parser.parse_args(words)
    if asked.case:
        return _again(asked.seed, *asked.case.split(":"))
    wanted = set(filter(None, asked.only.split(",")))
    if unknown := wanted - {kind.name for kind in KINDS}:
        parser.error(f"no such kind: {', '.join(unknown)}")
    kinds = [kind for kind in KINDS if not wanted or kind.name in wanted]
    if not tracing.works():
        print("SKIPPED all that needs strace: it is missing or may not trace (apt-get install)")
        kinds = [kind for kind in kinds if not kind.needs_strace]
    return _all(kinds, asked)


def _again(seed: int, name: str, number: str) -> int:
    kind = next(kind for kind in KINDS if kind.name == name)
    with Laboratory(seed) as laboratory:
        shape, finding = attempt(kind.case, laboratory, int(number))
    print(f"{name} on {shape}: {finding.kind if finding else 'as promised'}")
    print(finding.story if finding else "")
    return int(finding is not None)


def _all(kinds, asked) -> int:
    tally = Tally()
    plan = Plan(kinds, tally, None if asked.full else asked.budget * asked.jobs)

    def tell_finding(result: Result) -> None:
        assert result.finding is not None
        where = f"--seed {asked.seed} --case {result.kind}:{result.number}"
        print(f"FOUND {result.finding.kind}: {where}\n{result.finding.story[:_SHOWN]}", flush=True)

    def tell_progress(seconds: float) -> None:
        counts = ", ".join(f"{kind.name} {tally.points(kind):,}" for kind in kinds)
        behind = min(plan.progress(kind) for kind in kinds)
        told = f"{seconds:.0f} s, {min(behind, 1):.0%}: {counts}; found {sum(tally.found.values())}"
        print(told, file=sys.stderr, flush=True)

    stopped = False
    try:
        run(
            plan,
            tally,
            seed=asked.seed,
            jobs=asked.jobs,
            on_finding=tell_finding,
            on_progress=tell_progress,
        )
    except (KeyboardInterrupt, RuntimeError) as why:
        stopped = True
        print(f"STOPPED before its end: {why or 'Ctrl-C'}")
    short = _summary(kinds, tally, is_full=asked.full)
    return int(bool(tally.found) or stopped or (asked.full and short))


def _summary(kinds, tally: Tally, *, is_full: bool) -> bool:
    """Print what was tried and found; say whether a target was not reached."""
    for kind in kinds:
        shapes = {shape: count for (name, shape), count in tally.tried.items() if name == kind.name}
        print(f"{kind.name}: {', '.join(f'{shape} {n:,}' for shape, n in shapes.items())}")
    print("\n| kind | target | reached | a core-second |\n|---|---|---|---|")
    for kind in kinds:
        seconds = tally.seconds[kind.name]
        rate = f"{tally.points(kind) / seconds:,.1f}" if seconds else "-"
        print(f"| {kind.name} | {kind.target:,} | {tally.points(kind):,} | {rate} |")
    for name, times in tally.answers.items():
        if times:
            times.sort()
            found = (statistics.median(times), times[len(times) * 99 // 100], times[-1])
            told = ", ".join(f"{each:.2f} s" for each in found)
            print(f"| {name} answered, of {len(times)}: median, 99 %, longest | 1 s | {told} | |")
    short = False
    for total, target in TOTALS.items():
        here = [kind for kind in kinds if kind.counts == total]
        reached = sum(tally.points(kind) for kind in here)
        if here:
            short |= reached < target
            print(f"| **{total}** | {target:,} | {reached:,} | |")
    short |= any(
        tally.points(kind) < kind.target for kind in kinds if kind.counts not in TOTALS and is_full
    )
    print("| **found** | 0 | " + ", ".join(f"{tally.found[f]} {f}" for f in FAULTS) + " | |")
    return short


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
