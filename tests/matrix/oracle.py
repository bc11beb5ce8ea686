"""The judge of a cell: lossless, rightly refused, needlessly refused, or lost, with the reasons.

It compares what SQLite tells and does before and after with what was asked, and has no knowledge
of the implementation under test. A refusal that changed anything, a change that was not made, and
a change that touched anything else are all losses.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.matrix import comparison, expectation, operations, probes, snapshot
from tests.matrix.probes import Names, Outcome
from tests.matrix.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.matrix.feature import Feature
    from tests.matrix.operations import Operation


class Kind(StrEnum):
    """The four verdicts."""

    LOSSLESS = "lossless"
    RIGHTLY_REFUSED = "rightly refused"
    NEEDLESSLY_REFUSED = "needlessly refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one cell, and why."""

    feature: str
    operation: str
    kind: Kind
    reasons: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the tool did right by this cell."""
        return self.kind in (Kind.LOSSLESS, Kind.RIGHTLY_REFUSED)

    def __str__(self) -> str:
        return f"{self.feature} / {self.operation}: {self.kind}: {'; '.join(self.reasons)}"


class Case:
    """One feature, built once: its database's bytes and what was observed of it."""

    def __init__(self, feature: Feature) -> None:
        self.feature = feature
        self._outcomes: dict[tuple[str, ...], tuple[Outcome | None, ...]] = {}
        memory = _connect(":memory:")
        with closing(memory):
            memory.executescript(feature.script)
            self.image = memory.serialize()
            self.before = snapshot.take(memory, feature.table)

    def operations(self) -> Iterator[Operation]:
        """Yield the operations that can be asked of this feature."""
        for asked in operations.OPERATIONS:
            operation = asked.on(self.feature)
            if operations.asked_of(operation, self.feature, self.before):
                yield operation

    def judge(
        self,
        operation: Operation,
        path: Path,
        change: Callable[[Path], str | None],
        more: Callable[[Snapshot, Snapshot, Operation], Iterable[str]] = lambda *_: (),
        blind: frozenset[str] = frozenset(),
        *,
        strict: bool = False,
    ) -> Verdict:
        """Write the database to `path`, let `change` work on it, and return what became of it.

        `change` returns None when it is done, or its refusal as text. `more` may find further
        losses in the snapshots before and after (see `tests.matrix.wording`); `blind` names the
        kinds of probes that would be unfair to ask of the tool; `strict` holds it to what Drydock
        is to decline (see `expectation.declined`).
        """
        operation = replace(operation, blind=operation.blind | blind)
        path.write_bytes(self.image)
        error = change(path)
        with closing(_connect(":memory:")) as old, closing(_connect(path)) as new:
            old.deserialize(self.image)
            reasons: list[str] = []
            right = expectation.right_refusal(old, operation, self.feature, self.before)
            declined = right or expectation.declined(old, operation, self.feature, self.before)
            right = declined if strict else right
            try:
                if error is None and right and not self._has(operation.column):
                    kind, reasons = Kind.LOST, [f"done, although {right}"]
                elif error is None:
                    after = snapshot.take(new, self.feature.table)
                    reasons = list(self._losses(old, new, operation, after))
                    reasons += more(self.before, after, operation)
                    kind = Kind.LOST if reasons else Kind.LOSSLESS
                    if right and not reasons:
                        kind, reasons = Kind.LOST, [f"done, although {right}"]
                else:
                    reasons = list(self._traces(new))
                    kind = Kind.RIGHTLY_REFUSED if declined else Kind.NEEDLESSLY_REFUSED
                    kind = Kind.LOST if reasons else kind
                    reasons.append(error)
            except sqlite3.Error as damage:
                kind, reasons = Kind.LOST, [f"unreadable: {damage}", str(error)]
        return Verdict(self.feature.name, operation.name, kind, tuple(reasons))

    def _has(self, column: str) -> bool:
        return not column or any(c.name == column for c in self.before.columns)

    def _traces(self, new: sqlite3.Connection) -> Iterator[str]:
        """Yield what a refusal has changed."""
        after = snapshot.take(new, self.feature.table)
        if after != self.before:
            for fact in Snapshot.__slots__:
                was, now = getattr(self.before, fact), getattr(after, fact)
                if was != now:
                    yield f"refused, but {fact} changed: {comparison.difference(was, now)}"

    def _losses(
        self,
        old: sqlite3.Connection,
        new: sqlite3.Connection,
        operation: Operation,
        after: Snapshot,
    ) -> Iterator[str]:
        """Yield everything that the change lost, left or did not do."""
        wanted = expectation.expected(old, operation, self.feature, self.before)
        yield from comparison.facts(wanted, after, operation)
        column, kind = operation.column, operation.kind
        renamed = {column: operation.value} if kind == "rename" else {}
        gone = frozenset({column} if kind in ("drop", "drop cascade") else ())
        now = Names(renamed, gone, self._compared(operation))
        earlier = self._earlier(old, now.compared)
        # What a dropped column guarded, or what was named to go with it, may act no more.
        guarded = self.feature.goes if kind == "drop" and column == self.feature.f else ()
        if kind != "drop cascade":
            later = probes.observe(new, self.feature, now)
            for first, then in zip(earlier, later, strict=True):
                if first and then and first.kind not in operation.blind | set(guarded):
                    yield from comparison.behaviour(first, then, operation)
        if earlier[0] is None or earlier[0].said != "ok":
            return  # not even a good row can be inserted: an insert proves nothing
        if kind == "add key" and "own key" in operation.blind:
            return  # the tool's keys are deferred: an insert proves nothing yet
        for values, said in operation.proofs:
            answer = probes.says(new, self.feature, now, values)
            if said.replace(" ", "") not in answer:
                yield f"not done: {dict(values)} should say {said}, says {answer}"

    def _earlier(
        self, old: sqlite3.Connection, compared: tuple[str, ...]
    ) -> tuple[Outcome | None, ...]:
        """Return what the probes came to before, told in `compared`; tried once."""
        if compared not in self._outcomes:
            names = Names({}, frozenset(), compared)
            self._outcomes[compared] = probes.observe(old, self.feature, names)
        return self._outcomes[compared]

    def _compared(self, operation: Operation) -> tuple[str, ...]:
        """Return the columns whose cells a probe's effect is compared in."""
        names = tuple(column.name for column in self.before.columns)
        changed = ("drop", "drop cascade", "retype", "retype within", "retype across",
                   "set default", "drop default")  # fmt: skip
        if operation.kind not in changed:
            return names
        return tuple(name for name in names if name != operation.column)


def _connect(path: Path | str) -> sqlite3.Connection:
    """Return a connection in autocommit mode with foreign keys on; broken UTF-8 is kept."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA synchronous = OFF")
    return conn
