"""The checks after the comparison: foreign keys and integrity, of what the run touched.

Which checks are needed is read off the evidence; the crew makes them side by side.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import strangers
from drydock.evidence import keys, soundness
from drydock.evidence.facts import ForeignKeyEvidence, NotCompared
from drydock.evidence.soundness import Check, Checked
from drydock.names import fold

if TYPE_CHECKING:
    from drydock.evidence.crew import Crew
    from drydock.evidence.facts import Options, Problem, TableEvidence
    from drydock.evidence.keys import ForeignKey
    from drydock.evidence.matching import Files


def foreign_keys(
    files: Files,
    connection: sqlite3.Connection,
    crew: Crew,
    found: list[TableEvidence],
    options: Options,
) -> tuple[list[ForeignKeyEvidence], Checked]:
    """Find the rows that break a key now and did not before, and keys that cannot work."""
    told = {fold(table.name): table for table in found if table.kind != "dropped"}
    asked: list[_Question] = []
    problems = []
    for table in told.values():
        child = files.new.tables[fold(table.name)]
        was_child = files.old.tables.get(fold(table.was or table.name))
        before = (
            keys.read(connection, "was", files.old, was_child, files.shapes) if was_child else []
        )
        for key in keys.read(connection, "main", files.new, child, files.shapes):
            was = next((old for old in before if _is_same_key(old, key, told)), None)
            problem = keys.mismatch(key, was)
            if problem is not None:
                problems.append(problem)
            elif not keys.is_answered(key, was, table, told.get(fold(key.parent_name))):
                shape = files.shapes.of("main", child)
                named = shape.primary_key or ((shape.identity,) if shape.identity else ())
                asked.append(_Question(key, was, _identity(files, table, was), named))
    asking = crew.without_stand_ins()
    broken = dict(asking.each(asked, lambda own, question: question.answer(own, options.samples)))
    answers = [broken[question] for question in asked]
    left_out = tuple(each for each in answers if isinstance(each, NotCompared))
    rows = [each for each in answers if isinstance(each, ForeignKeyEvidence)]
    return rows, Checked(tuple(problems), left_out)


def integrity(
    files: Files, crew: Crew, found: list[TableEvidence], options: Options, *, size: int
) -> Checked:
    """Make SQLite's checks: of every touched table, and of the whole where that is cheap."""
    is_same = files.proof is not None and files.proof.is_whole_file_same
    if options.integrity == "none" or (is_same and options.integrity == "touched"):
        return Checked()
    checks: list[Check] = []
    if options.integrity == "whole":
        checks.append(Check("integrity_check"))
    else:
        if size <= options.small_bytes:
            checks.append(Check("quick_check"))
        for table in found:
            check = soundness.needed_check(files, table)
            if check is not None and Check(check.pragma) not in checks:
                checks.append(check)
    problems: dict[str, Problem] = {}
    left_out: dict[NotCompared, None] = {}
    touched = {fold(table.name) for table in found if table.kind != "untouched"}
    for check, result in crew.knowing_checks().each(checks, soundness.run):
        # A check of the whole file also meets what nobody touched.
        left_out |= dict.fromkeys(
            each
            for each in result.left_out
            if check.table is not None or fold(each.table) in touched
        )
        for problem in result.problems:
            problems.setdefault(problem.text, problem)
    full_text = soundness.full_text_problems(
        crew.before, crew.after, _full_text(files, found), crew.should_stop
    )
    return Checked((*problems.values(), *full_text), tuple(left_out))


def _full_text(files: Files, found: list[TableEvidence]) -> list[str]:
    """The full-text tables of both files whose index or content was touched."""
    touched = {fold(table.name) for table in found if not table.pages_proved}
    asked = []
    for name, table in files.new.tables.items():
        before = files.old.tables.get(name)
        if before is None or not soundness.is_full_text(table):
            continue
        content = soundness.content_table(table, files.new)
        shadows = [other for other in files.new.tables if other.startswith(f"{name}_")]
        same = all(
            shadow in files.old.tables
            and files.rows_if_same(files.old.tables[shadow], files.new.tables[shadow]) is not None
            for shadow in shadows
        )
        if not same or before.sql != table.sql or (content and fold(content.name) in touched):
            asked.append(table.name)
    return asked


@dataclass(frozen=True, slots=True)
class _Question:
    """A foreign key that the evidence does not answer."""

    key: ForeignKey
    was: ForeignKey | None
    identity: tuple[tuple[str, str], ...]
    named: tuple[str, ...]

    def answer(
        self, own: sqlite3.Connection, limit: int
    ) -> ForeignKeyEvidence | NotCompared | None:
        try:
            return keys.new_violations(
                own, self.key, self.was, identity=self.identity, named=self.named, limit=limit
            )
        except sqlite3.OperationalError as error:
            stranger = strangers.named(error)
            if stranger is None:
                raise
            return NotCompared(
                self.key.child.name,
                f"its rows without a parent in {self.key.parent_name} could not be counted: "
                f"only the application knows {stranger}",
            )


def _is_same_key(old: ForeignKey, new: ForeignKey, told: dict[str, TableEvidence]) -> bool:
    """Whether a key before and one after are the same, by the names of today."""
    by_old_name = {fold(table.was or table.name): table for table in told.values()}

    def now(table: str, columns: tuple[str, ...]) -> tuple[str, list[str]]:
        known = by_old_name.get(fold(table))
        renamed = known.columns if known else ()
        names = {fold(c.was): fold(c.name) for c in renamed if c.was is not None}
        folded = [fold(column) for column in columns]
        return fold(known.name if known else table), [names.get(name, name) for name in folded]

    parent, targets = now(old.parent_name, old.parent_columns)
    return (
        now(old.child.name, old.columns) == (fold(new.child.name), list(map(fold, new.columns)))
        and parent == fold(new.parent_name)
        # A parent that is gone cannot say which columns were meant.
        and (new.parent is None or targets == list(map(fold, new.parent_columns)))
    )


def _identity(
    files: Files, table: TableEvidence, was: ForeignKey | None
) -> tuple[tuple[str, str], ...]:
    """The names under which the same row of a table is found in both files; may be none."""
    if was is None or table.matched_by == "content":
        return ()
    before = files.shapes.of("was", was.child)
    after = files.shapes.of("main", files.new.tables[fold(table.name)])
    if not table.matched_by.startswith("key") and before.identity and after.identity:
        return ((before.identity, after.identity),)
    return tuple((name, name) for name in before.primary_key if after.column(name) is not None)
