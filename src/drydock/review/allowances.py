"""Directives against findings: what a migration declares as meant, and what nothing needs.

``-- drydock: allow RULE: reason`` holds for its whole file. A rule's name that does not exist is
an error with the nearest one, for an allowance with a typo would protect nothing. It refuses one
for what SQLite refuses, on whatever rows: the run would stop there all the same.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.review.changes import Declared
from drydock.review.finding import Finding, Verdict
from drydock.review.registry import RULES, judge, rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drydock.migration import Migration
    from drydock.review.situation import Situation
    from drydock.review.walk import Walk


_FILE = "foreign-file"
_ROWS_GO = frozenset({"delete-rows", "delete-without-where", "rebuild-loses-rows", "replace-rows"})
"""What the evidence of a run takes for rows that are gone, whichever statements took them: those
of a loop may take all, one by one."""


def settled(walk: Walk) -> tuple[Finding, ...]:
    """Return a walk's findings with the reasons of its migration's directives."""
    directives = walk.migration.directives
    if not directives:
        return tuple(walk.findings)
    # Only a program may open another file, and what it opens is seen by nobody before it runs.
    may_open = walk.migration.path.suffix == ".py"
    reasons = {
        each.rule: each.reason
        for each in directives
        if (may_open or each.rule != _FILE) and not _is_impossible(each.rule)
    }
    lines = tuple((e.rule, e.line) for e in directives if not may_open or e.rule != _FILE)
    found = frozenset(each.rule for each in walk.findings)
    declared = Declared(lines, found, told_all=walk.told_all)
    told = [walk.finding(rule, verdict, 1) for rule, verdict in judge(declared, walk.situation())]
    allowed = (
        replace(each, allowed=reasons[each.rule]) if each.rule in reasons else each
        for each in walk.findings
    )
    return (*allowed, *told)


def foretold(migration: Migration, findings: Iterable[Finding]) -> bool:
    """Say whether one of a statement's findings tells already, with the rows, that SQLite refuses.

    One that a directive allows does not: its author may know the rows better.
    """
    allowed = {each.rule for each in migration.directives if not _is_impossible(each.rule)}
    return any(
        each.severity == "error" and RULES[each.rule].refusal != "no" and each.rule not in allowed
        for each in findings
    )


def _is_impossible(name: str) -> bool:
    """Say whether a rule tells what SQLite itself refuses."""
    return name in RULES and RULES[name].refusal == "always"


@rule(
    "unused-allowance",
    Declared,
    severity="note",
    why="it says that a loss is meant where there is none",
    evidence="the directive",
    example="-- drydock: allow drop-table: moved to archive\nSELECT 1;",
)
def unused_allowance(change: Declared, s: Situation) -> Iterator[Verdict]:
    """A directive for a rule that finds nothing in this file, on rows that it could ask.

    A database that is made from nothing has no rows to lose; the directive is for the others.
    """
    del s
    if not change.told_all:
        return
    for name, line in change.directives:
        used = name in change.found or (name in _ROWS_GO and change.found & _ROWS_GO)
        if name in RULES and not used and not _is_impossible(name):
            yield Verdict(
                "note",
                (f"{name} finds nothing here",),
                "delete the line, unless the evidence of a run asked for it",
                line=line,
            )


@rule(
    "unknown-allowance",
    Declared,
    severity="error",
    why="a directive for a rule that does not exist allows nothing",
    evidence="the name, and the nearest rule",
    example="-- drydock: allow drop-colum: moved to memo\nALTER TABLE trips DROP COLUMN notes;",
)
def unknown_allowance(change: Declared, s: Situation) -> Iterator[Verdict]:
    """A directive whose rule is not in the catalogue."""
    del s
    for name, line in change.directives:
        if name not in RULES:
            near = difflib.get_close_matches(name, RULES, n=1, cutoff=0.0)
            yield Verdict(
                "error",
                (f"there is no rule {name}",),
                f"did you mean: {near[0]}" if near else "see docs/review.md",
                line=line,
            )


@rule(
    "impossible-allowance",
    Declared,
    severity="error",
    why="what SQLite refuses cannot be meant: the run would stop there all the same",
    evidence="the directive",
    example="-- drydock: allow would-fail: it is known\nDROP TABLE nowhere;",
)
def impossible_allowance(change: Declared, s: Situation) -> Iterator[Verdict]:
    """A directive for a rule that foretells a refusal of SQLite's, whatever the rows are."""
    del s
    for name, line in change.directives:
        if _is_impossible(name):
            yield Verdict(
                "error",
                (f"{name} tells what SQLite itself refuses",),
                "delete the line, and mend the statement",
                line=line,
            )
