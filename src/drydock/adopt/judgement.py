"""The verdict on one script: is its effect in the database? Found out by running it on copies.

A second run that changes nothing proves that the effect is there. Where a run stops because
something exists, that thing is set aside and the script run again: it makes exactly what was
there, or it does not. Where it stops because something is gone that its text drops or renames,
that is put back first. It refuses to guess: what none of this explains is a conflict, with the
error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from drydock.adopt import claims, undoing
from drydock.adopt.trial import look
from drydock.adopt.weighing import Weight, listed, weigh
from drydock.migration import MigrationError
from drydock.names import fold

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.adopt.claims import Obstacle, Rename, Thing
    from drydock.adopt.trial import Bench, Stand, Trial
    from drydock.errors import DrydockError
    from drydock.migration import Migration

Verdict = Literal["applied", "pending", "partial", "conflict"]
_TURNS = 60
"""The most runs for one script; each takes at least one more thing out of its way."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found out about one script.

    `reasons` are lines. `is_unsure` is true where only its author can know: it changes rows, and
    would change them again at every run. `runs` is true where it ran to its end as things are.
    `differs_in` are the (folded) names of tables that it made, and that are another now.
    """

    migration: Migration
    verdict: Verdict
    reasons: tuple[str, ...]
    is_unsure: bool = False
    runs: bool = False
    differs_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judgement, or what it has to wait for; `after` is the database with the script run."""

    judgement: Judgement | None
    needs: Obstacle | None = None
    after: Stand | None = None


def judge(migration: Migration, stand: Stand, bench: Bench, *, is_last_word: bool) -> Ruling:
    """Return the ruling on `migration` for the database `stand`.

    Args:
        migration: The script.
        stand: The database as it is, with what is pending before this script done.
        bench: Where it is tried.
        is_last_word: False lets it wait for what another script may make first.
    """
    try:
        case = _Case(migration, stand, bench, claims.of(migration), is_last_word)
        return case.ruling()
    except MigrationError as error:
        return Ruling(Judgement(migration, "conflict", (f"it cannot be read: {error.problem}",)))


@dataclass
class _Case:
    """One script before the judge: what has been taken out of its way so far."""

    migration: Migration
    stand: Stand
    bench: Bench
    claims: claims.Claims
    is_last_word: bool
    aside: dict[Thing, str] = field(default_factory=dict)
    gone: list[Thing] = field(default_factory=list)
    renamed: list[Rename] = field(default_factory=list)
    skips_rows: bool = False

    @property
    def is_helped(self) -> bool:
        """True when it ran only because something was taken out of its way."""
        return bool(self.aside or self.gone or self.renamed or self.skips_rows)

    def ruling(self) -> Ruling:
        trial = self.bench.run(self.migration, self.stand)
        if trial.failure is None:
            return self._ran(trial)
        return self._stopped(trial)

    def _ran(self, trial: Trial) -> Ruling:
        """Rule on a script that runs to its end as things are."""
        assert trial.after is not None
        if needs := self._complaint(trial):
            if not self.is_last_word:
                self.bench.discard(trial.after)
                return Ruling(None, needs)
            if trial.is_idle:
                return self._conflict(f"it ends well and does nothing: no {needs.thing}")
        if trial.is_idle:
            self.bench.discard(trial.after)
            return self._idle()
        weight = weigh(trial, self.stand.schema)
        if weight.is_rows_only:
            return self._changes_rows(trial)
        return self._changes(trial, trial.after, weight)

    def _changes_rows(self, trial: Trial) -> Ruling:
        """Rule on a script that changes nothing but rows: would it do so at every run?"""
        assert trial.after is not None
        calm = self._without_triggers(trial)
        weight = weigh(calm, self.stand.schema)
        if weight.is_nothing:
            return self._rule("applied", "a second run changes nothing but what triggers stamp")
        again = self.bench.run(self.migration, calm.after or trial.after)
        if again.is_idle or again.failure is not None:  # it could not have run before
            return self._changes(trial, trial.after, weight)
        would = f"would {'; '.join(weight.lines())}, and again at every run"
        return self._rule("pending", would, after=trial.after, is_unsure=True)

    def _changes(self, trial: Trial, after: Stand, weight: Weight) -> Ruling:
        would = f"would {'; '.join(weight.lines())}"
        changed = {each.subject for each in trial.changes}
        there = [
            found
            for each in self.claims.makes
            if (found := undoing.find(self.stand.schema, each))
            and undoing.find(after.schema, each)
            and found.subject not in changed
        ]
        if there:
            return self._rule("partial", f"there: {listed(there)}", would, after=after)
        return self._rule("pending", would, after=after)

    def _complaint(self, trial: Trial) -> Obstacle | None:
        """Return what the run lacked although it ended well: printed, or seen in a broken view."""
        assert trial.after is not None
        known = {name for name, _ in trial.before.broken}
        broken = [said for name, said in trial.after.broken if name not in known]
        return claims.missing("\n".join([*broken, trial.output]))

    def _idle(self) -> Ruling:
        absent = [each for each in self.claims.makes if not undoing.find(self.stand.schema, each)]
        if absent:
            return self._conflict(f"it ends well and changes nothing, but there is no {absent[0]}")
        there = [
            each
            for each in (*self.claims.makes, *self.claims.remakes)
            if undoing.find(self.stand.schema, each)
        ]
        made = {each.key for each in there}
        gone = [each for each in self.claims.drops if each.key not in made]
        told = [f"there: {listed(there)}"] * bool(there)
        told += [f"gone already: {listed(gone)}"] * bool(gone)
        if told:
            return self._rule("applied", "; ".join(["a second run changes nothing", *told]))
        return self._rule("applied", "a run changes nothing here: no row would change")

    def _stopped(self, trial: Trial) -> Ruling:
        """Take out of its way what stops it, until it runs or nothing more can be done."""
        failure = trial.failure
        assert failure is not None
        base, now = self.stand, trial
        for turn in range(_TURNS):
            assert now.failure is not None
            told, statement = now.failure.cause, str(getattr(now.failure, "statement", ""))
            obstacle = claims.obstacle(told, statement, self.claims)
            if obstacle is None:
                if self.skips_rows or "UNIQUE constraint failed" not in "\n".join(told):
                    break
                self.skips_rows = True
            elif not obstacle.is_there and not self.is_last_word:
                return Ruling(None, obstacle)
            else:
                file = self.bench.copy(base)
                if self._take_back(file, base, obstacle, turn) is not None:
                    break
                base = look(file, mode=self.stand.marks[0][1])
            now = self._run_again(base)
            if now.failure is None:
                return self._remade(now, failure)
        return self._conflict(*_words_of(failure))

    def _run_again(self, base: Stand) -> Trial:
        script = claims.skipping_rows(self.migration) if self.skips_rows else self.migration
        return self.bench.run(script, base)

    def _take_back(self, file: Path, base: Stand, obstacle: Obstacle, turn: int) -> str | None:
        """Change `file`, a copy of `base`, so that `obstacle` is none; return why it cannot be."""
        schema = base.schema
        if obstacle.is_there:
            wanted = (obstacle.thing, *(self.claims.makes if turn == 0 else ()))
            found = {each.key: each for thing in wanted if (each := undoing.find(schema, thing))}
            if undoing.find(schema, obstacle.thing) is None:
                return "it is not found"
            tables = {fold(each.name) for each in found.values() if each.kind == "table"}
            names = {
                each: f"{undoing.ASIDE}_{turn}_{number}"
                for number, each in enumerate(found.values())
                if fold(each.table) not in tables  # it goes with its table
            }
            self.aside |= names
            return undoing.set_aside(file, names)
        if rename := self._renamed_already(base, obstacle.thing):
            self.renamed.append(rename)
            return undoing.rename_back(file, rename)
        thing = self._dropped_already(base, obstacle.thing)
        if thing is None or thing in self.gone:
            return "nothing in the script drops it"
        self.gone.append(thing)
        return undoing.put_back(file, thing)

    def _renamed_already(self, base: Stand, missing: Thing) -> Rename | None:
        for each in self.claims.renames:
            old = each.column or each.table
            kind = "column" if each.column else "table"
            now = (
                claims.Thing("column", each.to, each.table)
                if each.column
                else (claims.Thing("table", each.to))
            )
            if (
                missing.kind == kind
                and fold(missing.name) == fold(old)
                and each not in self.renamed
            ):
                return each if undoing.find(base.schema, now) else None
        return None

    def _dropped_already(self, base: Stand, missing: Thing) -> Thing | None:
        """Return what is missing as the script's text drops it: itself, or with a rebuild."""
        for each in self.claims.drops:
            if each.kind == missing.kind and fold(each.name) == fold(missing.name):
                return each
            if missing.kind == "column" and each.kind == "table" and base.schema.table(each.name):
                return claims.Thing("column", missing.name, each.name)
        return None

    def _remade(self, trial: Trial, failure: DrydockError) -> Ruling:
        """Rule on a run that ended well after things were taken back."""
        assert trial.after is not None
        if left := [each for each in self.gone if undoing.find(trial.after.schema, each)]:
            return self._conflict(f"it needs {left[0]}, which is not there", *_words_of(failure))
        weight = self._weigh(trial)
        if weight.is_rows_only and trial.before.has_triggers:
            weight = self._weigh(self._without_triggers(trial))
        there = [
            *([f"exactly so: {listed([*self.aside])}"] if self.aside else []),
            *([f"gone already: {listed(self.gone)}"] if self.gone else []),
            *(f"renamed already: {each.to}" for each in self.renamed),
            *(["its rows, by their keys"] if self.skips_rows else []),
            *([f"added since: {listed(weight.grown)}"] if weight.grown else []),
        ]
        lacking = undoing.shortfall(trial.after.file, self.aside)
        if weight.is_nothing and not lacking:
            return self._rule("applied", *there)
        is_more = bool(weight.rows or weight.marks or lacking)
        differs_in = frozenset() if is_more else weight.tables
        if weight.other and not weight.missing:
            return self._conflict(
                f"there, but not as it makes it: {listed(weight.other)}", differs_in=differs_in
            )
        made = [each for each in self.aside if undoing.find(trial.after.schema, each)]
        return self._rule(
            "partial",
            f"there: {listed([*made, *self.gone, *(['some of its rows'] * self.skips_rows)])}",
            f"not there; it would {'; '.join([*weight.lines(), *lacking])}",
            f"it cannot run as it is: {failure.cause[0]}",
            differs_in=differs_in,
        )

    def _weigh(self, trial: Trial) -> Weight:
        incomparable = [each.name for each in self.aside if each.kind == "table"]
        incomparable += [each.table for each in self.gone]
        return weigh(trial, self.stand.schema, incomparable, is_undone=True)

    def _without_triggers(self, trial: Trial) -> Trial:
        """Return the same run without the database's triggers, or `trial` where there are none."""
        if not trial.before.has_triggers:
            return trial
        file = self.bench.copy(trial.before)
        undoing.without_triggers(file)
        calm = self._run_again(look(file, mode=self.stand.marks[0][1]))
        return trial if calm.failure else calm

    def _rule(
        self, verdict: Verdict, *reasons: str, after: Stand | None = None, **more: Any
    ) -> Ruling:
        runs = verdict != "conflict" and not self.is_helped
        return Ruling(Judgement(self.migration, verdict, reasons, runs=runs, **more), after=after)

    def _conflict(self, *reasons: str, **more: Any) -> Ruling:
        return self._rule("conflict", *reasons, **more)


def _words_of(failure: DrydockError) -> tuple[str, ...]:
    where = [f"at {failure.at.splitlines()[0].rpartition('/')[2]}"] if failure.at else []
    return (*failure.cause, *where)
