"""The frame of every benchmark: interleaved runs, medians, bars, and the tables they print.

A benchmark makes contests (what is run, by whom, and the bars it must meet) and yields tables.
The harness runs the entries of a contest in turn, round by round, so that a slow moment of the
machine falls on all of them; it judges, and it never hides a missed bar.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from benchmarks.peers import Peers


@dataclass(frozen=True, slots=True)
class Setting:
    """What a benchmark is given: its size, a folder of its own, and the peers' programs.

    `quick` asks for sizes that take seconds: good for seeing that a benchmark runs, not for
    quoting. `scratch` is emptied afterwards.
    """

    quick: bool
    rounds: int
    scratch: Path
    peers: Peers


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to print under a title; `missed` holds the bars that were not met, in words."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One subject: `run` yields its tables as they become known."""

    name: str
    summary: str
    run: Callable[[Setting], Iterable[Table]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One competitor: `prepare` is not timed; `run` returns its seconds, or None to be timed."""

    name: str
    run: Callable[[], float | None]
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Bar:
    """What an entry of ours must reach: `entry`, or the first of the contest.

    Either `times` faster than the entry `against`, or at most `at_most` times as long as that
    one, or under `seconds`.
    """

    against: str = ""
    times: float = 0.0
    seconds: float = 0.0
    at_most: float = 0.0
    entry: str = ""

    def judge(self, medians: dict[str, float]) -> tuple[str, bool]:
        """Return the bar and what was reached, in words, and whether it is met."""
        ours = medians[self.entry or next(iter(medians))]
        if self.at_most:
            share = ours / medians[self.against]
            whose = f"{self.entry or next(iter(medians))}: "
            said = f"{whose}at most {self.at_most:g} times {self.against}: {share:.2f}x"
            return said, share <= self.at_most
        if self.seconds:
            said = f"under {_seconds(self.seconds)}: {_seconds(ours)}"
            return said, ours < self.seconds
        reached = medians[self.against] / ours
        said = f"{self.times:g} times faster than {self.against}: {_ratio(reached)}"
        return said, reached >= self.times


@dataclass(frozen=True, slots=True)
class Contest:
    """What is run side by side; the first entry is ours."""

    name: str
    entries: Sequence[Entry]
    bars: Sequence[Bar] = field(default=())


def compete(contest: Contest, rounds: int) -> Table:
    """Run the entries in turn `rounds` times; return medians, ratios to ours, and the verdicts."""
    taken: dict[str, list[float]] = {entry.name: [] for entry in contest.entries}
    for turn in range(rounds):
        # Every other round goes backwards, so that nobody always runs on a warm machine.
        entries = list(contest.entries)[:: -1 if turn % 2 else 1]
        for entry in entries:
            entry.prepare()
            began = time.perf_counter()
            told = entry.run()
            taken[entry.name].append(time.perf_counter() - began if told is None else told)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    ours = next(iter(medians.values()))
    judged = [bar.judge(medians) for bar in contest.bars]
    return Table(
        contest.name,
        ("", "median", "against ours", "fastest", "slowest"),
        tuple(
            (name, _seconds(median), _ratio(median / ours), *map(_seconds, _ends(taken[name])))
            for name, median in medians.items()
        ),
        tuple(f"bar: {said}: {'met' if met else 'MISSED'}" for said, met in judged),
        tuple(f"{contest.name}: {said}" for said, met in judged if not met),
    )


def rendered(table: Table) -> str:
    """Return the table as text: a title, aligned columns (the first to the left), its notes."""
    rows = [table.header, *table.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    lines = [table.title]
    for row in rows:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])


def _ends(seconds: list[float]) -> tuple[float, float]:
    return min(seconds), max(seconds)


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def _ratio(value: float) -> str:
    return f"{value:.1f}x" if value < 100 else f"{value:.0f}x"
