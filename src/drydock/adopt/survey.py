"""All scripts of a folder judged, one after the other, on one running copy of the database.

Scripts that would change something stay applied on that copy, so that a script which needs their
objects is judged with them there; one that comes too early waits until another has made what it
needs, and is put after it. First of all the whole history is replayed on an empty database: where
its beginning gives exactly the live schema, that beginning has run. It writes to copies only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock.adopt import claims, order, undoing
from drydock.adopt.judgement import Judgement, Ruling, judge
from drydock.migration import MigrationError
from drydock.names import fold
from drydock.schema.difference import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from drydock.adopt.claims import Obstacle
    from drydock.adopt.trial import Bench, Stand
    from drydock.ledger import Entry
    from drydock.migration import Migration
    from drydock.schema.objects import Schema


@dataclass(frozen=True, slots=True)
class Survey:
    """What is to be recorded.

    `judged` are the scripts that the ledger did not know, in the settled order; `order` are all.
    `renamed` pairs a ledger's name that has no file with the file that has its text.
    """

    order: tuple[Migration, ...]
    judged: tuple[Judgement, ...]
    renamed: tuple[tuple[str, Migration], ...]

    def of(self, verdict: str) -> tuple[Migration, ...]:
        """Return the scripts with this verdict, in their order."""
        return tuple(each.migration for each in self.judged if each.verdict == verdict)


def take(
    files: Sequence[Migration],
    applied: Sequence[Entry],
    start: Stand,
    bench: Bench,
    *,
    folder: Path,
    progress: Callable[[str, int, int], None],
) -> Survey:
    """Judge every file that the ledger does not know.

    Args:
        files: The folder's migrations.
        applied: The ledger's entries.
        start: A copy of the live database.
        bench: Where the scripts are tried.
        folder: The folder of the files, for what git knows of them.
        progress: Told the script, how many are judged, and of how many.
    """
    derived = order.derive(files, folder)
    renamed = _renamed(derived, applied)
    known = {entry.name for entry in applied} | {each.name for _, each in renamed}
    unknown = [each for each in derived if each.name not in known]
    walk = _Walk(start, bench, list(derived), lambda name, done: progress(name, done, len(unknown)))
    replayed = _replayed(derived, bench, start.schema) if unknown else 0
    for each in unknown:
        if each in derived[:replayed]:
            reason = f"replayed: the first {replayed} make this schema exactly"
            walk.accept(Ruling(Judgement(each, "applied", (reason,))))
        else:
            walk.try_one(each)
    walk.settle_waiting()
    walk.judged = _explained(walk.judged)
    done = known | {name for name, each in walk.judged.items() if each.verdict == "applied"}
    settled = order.settle(walk.order, done)
    judged = tuple(walk.judged[each.name] for each in settled if each.name in walk.judged)
    return Survey(settled, judged, renamed)


class _Walk:
    """The running copy, the verdicts so far, and the scripts that wait for others."""

    def __init__(
        self,
        start: Stand,
        bench: Bench,
        derived: list[Migration],
        progress: Callable[[str, int], None],
    ) -> None:
        self.order = derived
        self.judged: dict[str, Judgement] = {}
        self._start = self._stand = start
        self._bench = bench
        self._progress = progress
        self._waiting: list[tuple[Migration, Obstacle]] = []
        self._last_pending = ""

    def try_one(self, migration: Migration, *, is_last_word: bool = False) -> None:
        """Judge a script, or let it wait for what it needs.

        The live database is asked first: what only a pending script makes is not in it.
        """
        self._progress(migration.name, len(self.judged))
        ruling = judge(migration, self._start, self._bench, is_last_word=is_last_word)
        judged = ruling.judgement
        if self._stand is not self._start and (judged is None or judged.verdict != "applied"):
            self._bench.discard(ruling.after)
            if judged is not None and judged.runs:
                ruling = self._after_others(judged)
            else:
                ruling = judge(migration, self._stand, self._bench, is_last_word=is_last_word)
                ruling = self._not_applied(ruling)
        if ruling.needs is not None:
            self._waiting.append((migration, ruling.needs))
            return
        self.accept(ruling)
        if ruling.after is not None:
            self._advance(migration, ruling.after)

    def accept(self, ruling: Ruling) -> None:
        """Take a judgement down."""
        assert ruling.judgement is not None
        self.judged[ruling.judgement.migration.name] = ruling.judgement

    def settle_waiting(self) -> None:
        """Judge what still waits: nothing that is to come makes what it needs."""
        while self._waiting:
            migration, _ = self._waiting.pop(0)
            self.try_one(migration, is_last_word=True)

    def _advance(self, migration: Migration, after: Stand) -> None:
        """Go on with the script's changes there; judge those that waited for them."""
        if self._stand is not self._start:
            self._bench.discard(self._stand)
        self._stand = after
        self._last_pending = migration.name
        ready = [each for each in self._waiting if _is_there(after.schema, each[1])]
        self._waiting = [each for each in self._waiting if each not in ready]
        for each, _ in ready:
            self.order.remove(each)
            self.order.insert(self.order.index(migration) + 1, each)
            self.try_one(each)

    def _after_others(self, judged: Judgement) -> Ruling:
        """Let a script that runs on the live database run after the pending ones before it."""
        trial = self._bench.run(judged.migration, self._stand)
        if trial.is_idle:
            self._bench.discard(trial.after)
            return Ruling(judged)
        if trial.failure is None:
            return Ruling(judged, after=trial.after)
        reasons = (f"it cannot run after {self._last_pending}", *trial.failure.cause)
        return Ruling(Judgement(judged.migration, "conflict", reasons))

    def _not_applied(self, ruling: Ruling) -> Ruling:
        """Return the ruling on a script whose effect is not in the live database."""
        judged = ruling.judgement
        if judged is None or judged.verdict != "applied":
            return ruling
        if judged.runs:
            reason = f"changes nothing once {self._last_pending} has run, and cannot run before it"
            return Ruling(Judgement(judged.migration, "pending", (reason,), runs=True))
        reason = f"{self._last_pending}, which is pending, makes the same: {judged.reasons[0]}"
        return Ruling(Judgement(judged.migration, "conflict", (reason,)))


def _explained(judged: Mapping[str, Judgement]) -> dict[str, Judgement]:
    """Return the judgements, with what differs only by a later script's doing as applied.

    A table is not as the script made it when another, whose effect is there, rebuilds it or takes
    something from it.
    """
    changed_by: dict[str, str] = {}
    for each in judged.values():
        if each.verdict == "applied":
            said = claims.of(each.migration)
            names = [one.table or one.name for one in said.drops] + [r.to for r in said.renames]
            changed_by.update({fold(name): each.migration.name for name in names})
    found = dict(judged)
    for name, each in judged.items():
        if each.differs_in and each.differs_in <= changed_by.keys():
            others = sorted({changed_by[table] for table in each.differs_in})
            reasons = (each.reasons[0], f"changed since by {', '.join(others)}")
            found[name] = replace(each, verdict="applied", reasons=reasons)
    return found


def _replayed(files: Sequence[Migration], bench: Bench, now: Schema) -> int:
    """Return how many of the first files, run on an empty database, give exactly the schema `now`.

    The last of them is one that changes the schema: a schema cannot tell of later ones. 0 where
    no beginning of the history does.
    """
    stand, best = bench.empty(), 0
    for count, each in enumerate(files, start=1):
        try:
            trial = bench.run(each, stand)
        except MigrationError:
            break
        if trial.after is None:
            break
        bench.discard(stand)
        stand = trial.after
        if trial.changes and not difference(stand.schema, now):
            best = count
    bench.discard(stand)
    return best


def _renamed(
    files: Sequence[Migration], applied: Sequence[Entry]
) -> tuple[tuple[str, Migration], ...]:
    """Return the ledger's names without a file, each with the unknown file that has its text."""
    names = {each.name for each in files}
    known = {entry.name for entry in applied}
    pairs = []
    for entry in applied:
        twins = [e for e in files if e.checksum == entry.checksum and e.name not in known]
        if entry.name not in names and len(twins) == 1:
            pairs.append((entry.name, twins[0]))
    return tuple(pairs)


def _is_there(schema: Schema, needs: Obstacle) -> bool:
    if needs.thing.kind == "column" and not needs.thing.table:
        name = fold(needs.thing.name)
        return any(fold(column.name) == name for t in schema.tables for column in t.columns)
    return undoing.find(schema, needs.thing) is not None
