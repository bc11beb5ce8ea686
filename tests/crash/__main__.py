"""``python -m tests.crash --seed N --budget SECONDS [--case KIND:NUMBER]``: the whole laboratory.

Each kind gets its share of the budget; at the end one summary says what was tried and what was
found. Exit status 1 when anything was lost, mixed, silent or left behind.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from tests.crash import concurrency, images, inputs, mutation, sweeps, tracing
from tests.crash.specimen import Finding
from tests.crash.sweeps import Laboratory

KINDS = {
    "kill": (sweeps.kill, 0.17),
    "error": (sweeps.error, 0.10),
    "rollback": (sweeps.rollback, 0.06),
    "strace": (sweeps.strace, 0.10),
    "replay": (images.kills, 0.04),
    "image": (images.case, 0.18),
    "signal": (sweeps.signals, 0.05),
    "served": (sweeps.served, 0.05),
    "runners": (concurrency.runners, 0.03),
    "writers": (concurrency.writers, 0.04),
    "script": (inputs.scripts, 0.04),
    "input": (inputs.files, 0.04),
    "mutation": (mutation.case, 0.10),
}
"""Kind → its case, and its share of the budget. `image` and `script` count many a case."""
NEEDS_STRACE = {"strace", "replay", "image"}
FAULTS = ("lost", "mixed", "silent", "left")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=600.0, help="seconds for all of it")
    parser.add_argument("--case", default="", help="run one case again: KIND:NUMBER")
    parser.add_argument("--only", default="", help="run these kinds alone, comma-separated")
    asked = parser.parse_args(words)
    with Laboratory(asked.seed) as laboratory:
        if asked.case:
            kind, number = asked.case.split(":")
            shape, finding = KINDS[kind][0](laboratory, int(number))
            print(f"{kind} on {shape}: {finding.kind if finding else 'as promised'}")
            print(finding.story if finding else "")
            return int(finding is not None)
        return _run_all(laboratory, asked.budget, set(filter(None, asked.only.split(","))))


def _run_all(laboratory: Laboratory, budget: float, only: set[str]) -> int:
    tried: Counter[tuple[str, str]] = Counter()
    found: Counter[str] = Counter()
    kinds = {kind: entry for kind, entry in KINDS.items() if not only or kind in only}
    shares = sum(share for _, share in kinds.values())
    for kind, (case, share) in kinds.items():
        if kind in NEEDS_STRACE and not tracing.works():
            print(f"{kind:<9} SKIPPED: strace is missing or may not trace (apt-get install strace)")
            continue
        deadline = time.monotonic() + budget * share / shares
        number = 0
        while time.monotonic() < deadline:
            laboratory.worth = getattr(case, "worth", 1)
            shape, finding = _one(case, laboratory, number)
            if shape is None:
                break  # the kind has no more cases
            tried[kind, shape] += laboratory.worth
            if finding is not None:
                found[finding.kind] += 1
                print(f"FOUND {finding.kind}: --seed {laboratory.seed} --case {kind}:{number}")
                print(finding.story[:3000])
            number += 1
        counts = ", ".join(f"{shape} {count:,}" for (k, shape), count in tried.items() if k == kind)
        total = sum(count for (k, _), count in tried.items() if k == kind)
        print(f"{kind:<9} {total:>9,}   {counts}", flush=True)
    print("found     " + ", ".join(f"{found[fault]} {fault}" for fault in FAULTS))
    return int(bool(found))


def _one(case, laboratory: Laboratory, number: int):
    try:
        return case(laboratory, number)
    except TimeoutError as error:
        return "-", Finding("silent", f"it hung: {error}")
    except Exception:  # noqa: BLE001 - one case that cannot be judged must not end the others
        return "-", Finding("silent", f"it could not be judged:\n{traceback.format_exc()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
