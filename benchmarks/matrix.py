"""The rebuild matrix for the peers: what each loses in silence, by the suite's own oracle.

The same features, operations and verdicts as `tests/matrix`; a change that a tool has no words
for is not counted for it. Foreign keys are on, but for Alembic (see `benchmarks.tools.batch`).
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import Benchmark, Setting, Table
from benchmarks.peers import Peers, Worker, working
from benchmarks.tools.request import NotOfferedError
from tests.matrix.features import FEATURES
from tests.matrix.operations import Operation, column_of, new_type
from tests.matrix.oracle import Case, Kind, Verdict
from tests.matrix.request import arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOOLS = ("drydock", "sqlite-utils", "alembic", "django")
_SHOWN = 5
_UNFAIR: dict[str, frozenset[str]] = {
    **{tool: frozenset() for tool in TOOLS},
    # Every key that Django writes is deferred; a table of its own making has no other.
    "django": frozenset({"own key", "parent held"}),
}


def verdicts(tool: str, peers: Peers, folder: Path, step: int = 1) -> Iterator[Verdict]:
    """Yield the verdict of every cell the tool can be asked; every `step`-th feature only."""
    python = peers.python if tool != "drydock" else Path(sys.executable)
    with working(python, tool) as worker:
        for feature in FEATURES[::step]:
            case = Case(feature)
            for operation in case.operations():
                for stale in folder.glob("cell.db*"):
                    stale.unlink()
                try:
                    change = _change(worker, case, operation)
                    yield case.judge(
                        operation, folder / "cell.db", change,
                        blind=_UNFAIR[tool], strict=tool == "drydock",
                    )  # fmt: skip
                except NotOfferedError:
                    continue


def _change(worker: Worker, case: Case, operation: Operation) -> Callable[[Path], str | None]:
    held = column_of(case.before, operation.column)

    def change(path: Path) -> str | None:
        answer = worker.ask(
            {
                "path": str(path),
                "table": case.feature.table,
                "kind": operation.kind,
                "column": operation.column,
                "value": operation.value,
                "asked": new_type(operation, case.feature, case.before),
                "declared": held.type if held else "",
                "columns": [column.name for column in case.before.columns],
                "arguments": {
                    name: sorted(given) if isinstance(given, set) else given
                    for name, given in arguments(operation, case.feature, case.before).items()
                },
            }
        )
        if not answer["offered"]:
            raise NotOfferedError(operation.kind)
        return None if answer["error"] is None else str(answer["error"])

    return change


def _run(setting: Setting) -> Iterator[Table]:
    rows = []
    examples: dict[str, Counter[str]] = {}
    missed: tuple[str, ...] = ()
    for tool in TOOLS:
        counts: Counter[str] = Counter()
        lost = examples.setdefault(tool, Counter())
        for verdict in verdicts(tool, setting.peers, setting.scratch, 8 if setting.quick else 1):
            counts[verdict.kind] += 1
            counts["half done"] += any(r.startswith("refused, but") for r in verdict.reasons)
            if verdict.kind is Kind.LOST:
                lost[verdict.feature] += 1
        total = sum(counts[kind] for kind in Kind)
        rows.append((tool, str(total), *(str(counts[kind]) for kind in Kind),
                     f"{counts[Kind.LOST] / total:.0%}", str(counts["half done"])))  # fmt: skip
        bad = counts[Kind.LOST] + counts[Kind.NEEDLESSLY_REFUSED]
        if tool == "drydock" and bad:
            missed = (f"the matrix: {bad} of Drydock's cells are not lossless or rightly refused",)
    yield Table(
        f"{len(FEATURES)} table features and data hazards x every change the tool has words for",
        ("", "cells", *(str(kind) for kind in Kind), "lost", "refused half done"),
        tuple(rows),
        tuple(f"{name} {version}" for name, version in setting.peers.versions().items()),
        missed,
    )
    for tool, lost in examples.items():
        if lost:
            shown = lost.most_common(_SHOWN)
            yield Table(f"{tool} loses most with", ("feature", "cells lost"),
                        tuple((name, str(count)) for name, count in shown))  # fmt: skip


BENCHMARK = Benchmark("matrix", "what each tool loses when a table is changed", _run)
