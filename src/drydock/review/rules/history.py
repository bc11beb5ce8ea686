"""Rules about the ledger against the files, and about running a file a second time."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drydock.migration import Migration, order
from drydock.review.changes import Nothing
from drydock.review.finding import Verdict
from drydock.review.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drydock.plan import Plan
    from drydock.review.situation import Situation

_DIFF_LINES = 12


@dataclass(frozen=True, slots=True)
class History:
    """The plan, the migrations' folder, and the texts as they were applied, by name."""

    plan: Plan
    folder: Path
    applied_texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondRun:
    """What SQLite said when a file's statements were tried a second time."""

    message: str
    line: int


@rule(
    "edited",
    History,
    severity="error",
    why="the file is not what was run, so the database is not what the file says",
    evidence="the difference between the text as applied and the file",
    example="-- a line changed in 003_add_tags.sql after it was applied",
)
def edited(change: History, s: Situation) -> Iterator[Verdict]:
    """An applied file whose text has changed, with the difference."""
    del s
    for migration in change.plan.edited:
        old = change.applied_texts.get(migration.name)
        lines = list(
            difflib.unified_diff(
                (old or "").splitlines(), migration.text.splitlines(), "applied", "file", n=0,
                lineterm="",
            )
        )[2:]  # fmt: skip
        shown = tuple(lines[:_DIFF_LINES]) if old is not None else ("the applied text is not kept",)
        yield Verdict(
            "error",
            shown,
            "put the applied text back, and make the change in a new migration: inv new NAME\n"
            "if only its words changed, a comment for example: "
            f"inv adopt --unmark {migration.name} --mark {migration.name}",
            migration=migration.name,
            path=migration.path,
            line=1,
        )


@rule(
    "missing",
    History,
    severity="error",
    why="a database made from the files would not be like this one",
    evidence="when the missing file was applied and by which run, and what it is called now",
    example="-- 002_add_stars.sql deleted after it was applied",
)
def missing(change: History, s: Situation) -> Iterator[Verdict]:
    """A migration in the ledger without a file: deleted, or renamed."""
    del s
    pending = {each.checksum: each for each in change.plan.pending}
    for entry in change.plan.missing:
        facts = [f"applied {entry.applied_at} by run {entry.run}; its file is gone"]
        fix = (
            f"bring it back from version control: git log --diff-filter=D -- '*{entry.name}*'\n"
            f"if it was taken out on purpose: inv adopt --unmark {entry.name}"
        )
        if renamed := pending.get(entry.checksum):
            facts.append(f"{renamed.path.name} has the same text")
            fix = f"if it is called {renamed.name} now: inv adopt"
        yield Verdict("error", tuple(facts), fix, migration=entry.name, line=1)


@rule(
    "empty",
    Nothing,
    severity="error",
    why="it would count as applied, and what is written into it later would never run",
    evidence="whether anybody has written in it since `inv new`; where somebody has, a warning in "
    "SQL; in Python it would fail",
    example="-- Migration: 002_add_stars",
)
def empty(change: Nothing, s: Situation) -> Iterator[Verdict]:
    """A file without a statement; one that is as `inv new` has made it stops a run."""
    del s
    yield Verdict(
        "error" if change.unwritten or change.comment == "#" else "warning",
        ("it is as inv new made it",) if change.unwritten else ("it has no statement",),
        f"write what it is to do\nif it is meant so: {change.comment} drydock: allow empty: REASON",
    )


@rule(
    "out-of-order",
    History,
    severity="warning",
    why="here it runs after migrations that it comes before everywhere else",
    evidence="the applied migrations that it comes before",
    example="-- 002_b.sql comes from another branch when 003_c.sql is applied",
)
def out_of_order(change: History, s: Situation) -> Iterator[Verdict]:
    """A pending file that sorts before an applied one."""
    del s
    last = max((each.name for each in change.plan.applied), default="")
    for migration in change.plan.out_of_order:
        later = [
            entry.name
            for entry in change.plan.applied
            if order(Migration(entry.name, migration.path, "", "")) > order(migration)
        ]
        yield Verdict(
            "warning",
            (f"{', '.join(later[:4]) or last} applied already",),
            "give it the next free number, if it does not have to come first",
            migration=migration.name,
            path=migration.path,
            line=1,
        )


@rule(
    "duplicate",
    History,
    severity="warning",
    why="files of one number run in the order of their names, which another checkout may not share",
    evidence="the files that share the number",
    example="-- 004_add_tags.sql and 004_add_stars.sql",
)
def duplicate(change: History, s: Situation) -> Iterator[Verdict]:
    """Files that share a number; told only while one of them is pending."""
    del s
    pending = {each.name for each in change.plan.pending}
    for twins in change.plan.twins:
        fresh = [each for each in twins if each.name in pending]
        if not fresh:
            continue
        last = fresh[-1]
        yield Verdict(
            "warning",
            (f"{', '.join(each.path.name for each in twins)} share a number",),
            f"give {last.path.name} the next free number",
            migration=last.name,
            path=last.path,
            line=1,
        )


@rule(
    "not-rerunnable",
    SecondRun,
    severity="note",
    why="a second run would stop here; the ledger sees to it that there is none",
    evidence="what SQLite said on a second run",
    example="CREATE TABLE trips(id INTEGER PRIMARY KEY);  -- without IF NOT EXISTS",
)
def not_rerunnable(change: SecondRun, s: Situation) -> Iterator[Verdict]:
    """Asked only on request: a file that SQLite refuses the second time."""
    del s
    yield Verdict(
        "note",
        (f"on a second run SQLite says: {change.message}",),
        "leave ADD COLUMN to a .py migration that asks for the column first"
        if "duplicate column" in change.message
        else "CREATE … IF NOT EXISTS, DROP … IF EXISTS, INSERT OR IGNORE",
        line=change.line,
    )
