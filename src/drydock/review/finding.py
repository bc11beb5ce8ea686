"""What the review has to say: findings as data, how bad they are, and which loss they foresee.

A finding names its rule, its place, the evidence from the actual rows, why it matters in one
sentence, and the fix with the user's own names. This module decides nothing about SQL, and it
prints nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Severity = Literal["error", "warning", "note"]
LossKey = tuple[str, ...]
"""``("table", t)``, ``("column", t, c)`` or ``("rows", t)``."""

_RANK: dict[Severity, int] = {"note": 0, "warning": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the review found in one place.

    `line` counts from 1. `evidence` holds facts, one a line, from the rows as they are at that
    moment. `destructive` says that rows or values go away when this runs, or change their form.
    `allowed` is the reason of the directive that declares it meant, None where nothing does.
    `today` are the names that table and column have before any pending file renames them. `rows`
    is how many rows of the table would go, None where that is not known.
    """

    rule: str
    severity: Severity
    migration: str
    path: Path
    line: int
    evidence: tuple[str, ...]
    why: str
    fix: str
    table: str | None = None
    column: str | None = None
    destructive: bool = False
    allowed: str | None = None
    today: tuple[str, str | None] | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one change; the walk adds rule and place and makes it a finding.

    `migration`, `path` and `line` are given only where the place is not the statement at hand.
    """

    severity: Severity
    evidence: tuple[str, ...] = ()
    fix: str = ""
    table: str | None = None
    column: str | None = None
    destructive: bool = False
    why: str | None = None
    migration: str | None = None
    path: Path | None = None
    line: int | None = None
    rows: int | None = None


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity that no directive allows, or None when there is none.

    An ``error`` stops a run; a ``warning`` and a ``note`` are told.
    """
    severities = [each.severity for each in findings if each.allowed is None]
    return max(severities, key=_RANK.__getitem__, default=None)


def foreseen(findings: Iterable[Finding]) -> frozenset[LossKey]:
    """Return the losses that the review announced, so that a "yes" covers these and no others.

    Names are those of today, before any pending file renames them. A table or column without a
    value is announced too, though nobody need be asked.
    """
    return frozenset(_loss(each) for each in findings if _announces(each))


def foreseen_rows(findings: Iterable[Finding], migration: str, table: str) -> float:
    """Return how many rows of `table`, by today's name, `migration` was foreseen to remove.

    Infinite where it was foreseen and the number is not known; 0 where it was not foreseen.
    """
    key = ("rows", fold(table))
    told = [
        each.rows
        for each in findings
        if each.migration == migration
        and _announces(each)
        and tuple(fold(part) for part in _loss(each)) == key
    ]
    return sum(math.inf if rows is None else rows for rows in told)


def _announces(finding: Finding) -> bool:
    if finding.table is None:
        return False
    # REPLACE mostly changes rows and seldom removes one, so only its declaration announces it.
    declared = finding.rule == "replace-rows" and finding.allowed is not None
    return finding.destructive or declared or finding.rule in {"drop-table", "drop-column"}


def _loss(finding: Finding) -> LossKey:
    table, column = finding.today or (finding.table or "", finding.column)
    if finding.rule == "drop-table":
        return ("table", table)
    if finding.rule in {"drop-column", "change-type"} and column is not None:
        return ("column", table, column)
    return ("rows", table)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings without repeats, each migration's in the order of its lines."""
    unique = dict.fromkeys(findings)
    places = {name: place for place, name in enumerate(dict.fromkeys(f.migration for f in unique))}
    return tuple(
        sorted(unique, key=lambda f: (places[f.migration], f.line, -_RANK[f.severity], f.rule))
    )
