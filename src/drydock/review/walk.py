"""One migration's statements, walked in order: judged before, carried out, judged after.

The walk is the same for both ways of reviewing; what differs is the engine that carries a
statement out: the shadow (schema only) or the copy (for real). It refuses nothing itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import allowances, changes, quick, reading, rebuild, syntax, versions
from drydock.review import table as tables
from drydock.review.compiling import objection
from drydock.review.emptiness import emptiness
from drydock.review.finding import Finding, Verdict
from drydock.review.python_code import Transform
from drydock.review.registry import Rule, judge
from drydock.review.shadow import first_word
from drydock.review.situation import Known, Situation

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from drydock.migration import Migration
    from drydock.review.steps import Engine, Setting, Step

_READ = {
    "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "ALTER", "DROP", "PRAGMA", "BEGIN", "COMMIT",
    "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "VACUUM", "CREATE", "SELECT",
}  # fmt: skip
_SETTLED_BY_RUNNING = (
    changes.AddColumn,
    changes.NewUnique,
    changes.SetNotNull,
    changes.NewCheck,
    changes.NewForeignKey,
    changes.BecomeStrict,
    changes.Transaction,
)
"""What a rule could only say would fail, settled where it ran; and whose BEGIN it was."""
_QUOTES = {"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT"}


class Walk:
    """The walk through one migration.

    Args:
        migration: Whose statements these are.
        engine: What carries them out.
        data: Where rows are asked; None without a database.
        known: What earlier pending migrations did to the rows.
        setting: What holds for the whole review.
        exact: True where `data` is what the engine works on.
    """

    def __init__(
        self,
        migration: Migration,
        engine: Engine,
        data: sqlite3.Connection | None,
        known: Known,
        setting: Setting,
        *,
        exact: bool = False,
    ) -> None:
        self.findings: list[Finding] = []
        self.stopped = False
        self.migration = migration
        self._engine = engine
        self._data = data
        self._known = known
        self._setting = setting
        self._exact = exact
        self._is_function = migration.path.suffix == ".py" and migration.kind == "function"
        self._rebuilds: tuple[rebuild.Rebuild, ...] = ()
        self._old: dict[rebuild.Rebuild, tables.Table | None] = {}
        self._counters: tuple[tuple[str, int, int], ...] = ()
        self._fresh: set[str] = set()
        self._first = 0
        self._keys: dict[str, tuple[str, frozenset[tables.ForeignKey]]] = {}

    def situation(self, *, conditional: bool = False) -> Situation:
        """Return what rules may ask at this moment."""
        return Situation(
            self._engine.connection,
            self._data,
            self._known,
            exact=self._exact,
            is_function=self._is_function,
            conditional=conditional,
            code=self._setting.code,
        )

    @property
    def told_all(self) -> bool:
        """True when no rule was silent for want of rows to ask."""
        return self._data is not None and not self.stopped and not self._known.met_new

    def run(self, steps: Sequence[Step], before: changes.Finished) -> None:
        """Walk through `steps`, up to what stops them; `before` is how things stood.

        See `drydock.review.standing` for `before`, and `finish` for the end.
        """
        self._known.met_new = False
        read = [self._read(step) for step in steps]
        is_python = self.migration.path.suffix == ".py"
        self._rebuilds = rebuild.find(read, by_rows=is_python) if before.objects is not None else ()
        for place, (step, found) in enumerate(zip(steps, read, strict=True)):
            self._remember_old(place)
            self._step(step, tuple(self._in_rebuild(place, each) for each in found), place)
            if self.stopped:
                return

    def _read(self, step: Step) -> tuple[object, ...]:
        if step.asked is not None:
            return (step.asked,)
        text = step.text or ""
        if first_word(text) not in _READ:
            return ()
        shape = quick.plain(text)
        if shape is not None and shape.kind == "insert":
            # A file may hold ten thousand of them; nothing more is asked of one.
            return (changes.Write("insert", shape.table, plain=False, rows=step.rows),)
        found = reading.read(text)
        if step.rows is None:
            return found
        return tuple(
            replace(each, rows=step.rows) if isinstance(each, changes.Write) else each
            for each in found
        )

    def _remember_old(self, place: int) -> None:
        """Keep the old table's definition from just before its rebuild touches it."""
        for each in self._rebuilds:
            starts = (each.copied, each.dropped, each.renamed_first)
            if place == min(start for start in starts if start is not None):
                self._old[each] = self.situation().table(each.table)
                self._counters += self.situation().counter(each.table)

    def _in_rebuild(self, place: int, change: object) -> object:
        """Return a change as the step of a rebuild that it is, if it is one."""
        for each in self._rebuilds:
            if isinstance(change, changes.DropTable) and place == each.dropped:
                return changes.DropRebuilt(change.table)
            if isinstance(change, changes.RenameTable) and place == each.renamed:
                return replace(change, last=True)
            if isinstance(change, changes.RenameTable) and place == each.renamed_first:
                return replace(change, first=True)
            if (
                isinstance(change, changes.DropTable)
                and rebuild.set_aside(each)
                and fold(change.table) == fold(each.source)
            ):
                return changes.DropRebuilt(change.table)
        return change

    def _step(self, step: Step, found: tuple[object, ...], place: int) -> None:
        self._first = len(self.findings)
        situation = self.situation(conditional=step.conditional)
        # 1. Judge it on the rows as they are before it.
        for change in found:
            self.judge_all(self._judged_as(change, step, place), situation, step.line)
            self._note_keys(change)
        # 2. Carry it out.
        if step.text is not None:
            if not step.is_inner:
                self.judge_all(self._quoted(step.text, found), situation, step.line)
                newer = versions.newer_than(step.text, self._setting.version)
                self.judge_all(newer, situation, step.line)
            if self.migration.kind == "sql":
                self.judge_all(reading.unbound(step.text), situation, step.line)
            if any(isinstance(each, changes.OtherFile) for each in found):
                # The executor stops here too; nothing that names the file's tables can be judged.
                self._engine.is_certain = False
                self.stopped = self._exact
                return
            self._carry_out(step, step.text)
        # 3. Judge what can only be seen once it is there.
        if not step.is_inner:
            indexes = (each for each in found if isinstance(each, changes.CreateIndex))
            self.judge_all(indexes, self.situation(conditional=step.conditional), step.line)
        for change in found:
            self._effect(change)
            if isinstance(change, Transform) and not step.ran:
                self._follow(change)

    def _judged_as(self, change: object, step: Step, place: int) -> Iterable[object]:
        """Yield what a change is to the rules before it is carried out."""
        if isinstance(change, Transform):
            asked = self._transform(change)
            yield from (e for e in asked if not (step.ran and isinstance(e, _SETTLED_BY_RUNNING)))
        elif isinstance(change, changes.Write):
            if not step.is_inner:
                yield from self._copies(change, place)
            yield change
        elif step.ran and isinstance(change, _SETTLED_BY_RUNNING):
            return
        elif not step.is_inner and not isinstance(change, changes.CreateIndex):
            yield change

    def _carry_out(self, step: Step, text: str) -> None:
        refused = self._engine.apply(text)
        if refused is None or step.ran:
            return
        if not allowances.foretold(self.migration, self.findings[self._first :]):
            self.refused(text, refused, step)
        # Nothing after a statement that stops the run would be as it is judged here.
        self.stopped = self._exact or (self._is_complete and not step.conditional)

    @property
    def _is_complete(self) -> bool:
        """True where schema and statements so far are known exactly."""
        return self._engine.is_certain and not self._known.uncertain

    def refused(self, text: str, message: str, step: Step) -> None:
        """Judge what SQLite said against a statement."""
        told, situation = len(self.findings), self.situation(conditional=step.conditional)
        self.judge_all([changes.Refused(text, message, self._is_complete)], situation, step.line)
        if self._data is None and not step.conditional and len(self.findings) == told:
            self.judge_all([changes.Untried(message)], situation, step.line)

    def _transform(self, asked: Transform) -> Iterable[object]:
        old = self.situation().table(asked.table)
        self._engine.is_certain = False
        return tuple(rebuild.transformed(asked, old)) if old is not None else ()

    def _follow(self, asked: Transform) -> None:
        """Let the schema follow a ``transform()`` as far as native ALTER goes."""
        table = quote(asked.table)
        for column in asked.drop:
            self._engine.apply(f"ALTER TABLE {table} DROP COLUMN {quote(column)}")
        for column, new in asked.rename:
            self._engine.apply(f"ALTER TABLE {table} RENAME COLUMN {quote(column)} TO {quote(new)}")

    def _copies(self, write: changes.Write, place: int) -> Iterable[object]:
        """Yield what a rebuild changes, at the statement that copies its rows."""
        for each in self._rebuilds:
            old, new = self._old.get(each), self.situation().table(write.table)
            if each.copied != place or old is None or new is None:
                continue
            copy = rebuild.copy_of(each, write, old, new)
            yield copy
            yield from rebuild.compare(copy, write)

    def _quoted(self, text: str, found: tuple[object, ...]) -> Iterable[object]:
        """Yield the double-quoted words that only compile because they are taken as strings."""
        if '"' not in text or first_word(text) not in _QUOTES:
            return
        if objection(self._engine.connection, text) is not None:
            return
        table = next((each.table for each in found if isinstance(each, changes.Write)), None)
        asked: set[str] = set()
        for token in syntax.words(text):
            name = token.name
            if not token.text.startswith('"') or name in asked or "`" in name:
                continue
            asked.add(name)
            # `x` is never taken for a string, so SQLite itself says which one this is.
            strict = f"{text[: token.start]}`{name}`{text[token.end :]}"
            message = objection(self._engine.connection, strict)
            if message is not None and message.startswith("no such column"):
                yield changes.Quoted(name, table)

    def _note_keys(self, change: object) -> None:
        """Keep the foreign keys of a table from before it is changed."""
        if isinstance(change, changes.CreateTable | changes.AddColumn):
            name = change.table
            if isinstance(change, changes.CreateTable) and self.situation().table(name) is None:
                self._fresh.add(fold(name))
        elif isinstance(change, changes.RenameTable) and not change.first:
            name = change.new
        else:
            return
        keys = frozenset(tables.foreign_keys(self._engine.connection, name))
        self._keys.setdefault(fold(name), (name, keys))

    def _effect(self, change: object) -> None:
        """Note what a statement did to the rows, for the statements after it."""
        rebuilt = {fold(each.table) for each in self._rebuilds}
        if isinstance(change, changes.CreateTable):
            self._known.created |= ({fold(change.table)} & self._fresh) - rebuilt
        elif isinstance(change, changes.RenameTable) and fold(change.table) in self._known.created:
            self._known.created |= {fold(change.new)} - rebuilt
        elif isinstance(change, changes.RenameTable) and not (change.first or change.last):
            self._known.rename_table(change.table, change.new)
        elif isinstance(change, changes.RenameColumn):
            self._known.rename_column(change.table, change.column, change.new)
        elif isinstance(change, changes.AddColumn):
            self._known.added.add((fold(change.table), fold(change.column)))
        elif isinstance(change, changes.Write):
            self._known.written.add(fold(change.table))

    def finish(
        self, line: int, before: changes.Finished, after: sqlite3.Connection | None = None
    ) -> None:
        """Judge how things stand at the end.

        Args:
            line: The last statement's.
            before: How they stood.
            after: The database that the migration made; the engine's own when None.
        """
        for each in self._rebuilds:
            self._known.written.add(fold(each.table))
        if self.stopped:
            return
        situation = self.situation()
        self.judge_all(filter(None, [emptiness(self.migration)]), situation, line)
        if after is not None:
            situation = Situation(after, after, Known(), exact=True, code=self._setting.code)
        elif self._engine.connection.in_transaction and self.migration.kind == "sql":
            self.judge_all([changes.Transaction("BEGIN", left_open=True)], situation, line)
            return
        # What a statement on the counters comes to is known on rows alone.
        is_known = situation.exact or "sqlite_sequence" not in self.migration.text.lower()
        counters = self._counters if is_known else ()
        keys, rebuilt = self._keys.values(), (each.table for each in self._rebuilds)
        done = replace(before, keys=tuple(keys), rebuilt=tuple(rebuilt), counters=counters)
        self.judge_all([done], situation, line)

    def judge_all(self, found: Iterable[object], situation: Situation, line: int) -> None:
        """Add what every rule says of these changes, at this line."""
        for change in found:
            for rule, verdict in judge(change, situation):
                self.findings.append(self.finding(rule, verdict, line))

    def finding(self, rule: Rule, verdict: Verdict, line: int) -> Finding:
        """Return a verdict with its rule and its place."""
        today: tuple[str, str | None] | None = None
        if verdict.table is not None:
            column = verdict.column and self._known.column_today(verdict.table, verdict.column)
            today = (self._known.table_today(verdict.table), column)
        return Finding(
            rule.name,
            verdict.severity,
            verdict.migration or self.migration.name,
            verdict.path or self.migration.path,
            verdict.line or line,
            verdict.evidence,
            verdict.why or rule.why,
            verdict.fix.replace("{migration}", self.migration.name),
            verdict.table,
            verdict.column,
            verdict.destructive,
            today=today,
            rows=verdict.rows,
        )
