"""What covers a loss: a directive of the file that brought it, or what the review foresaw of it.

A directive speaks for its own file and a foreseen number for its own statements, so each file that
can have brought a loss must be covered by one of the two; rows beyond the number that was foreseen,
or that the declaring file can have removed, are not. It decides that, and stops nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.review.finding import foreseen, foreseen_rows
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.evidence import Loss
    from drydock.migration import Migration
    from drydock.review.account import Account
    from drydock.review.finding import Finding

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A loss that nothing covers; a directive for `rule` in `files` would.

    `covered` is how many of its rows were foreseen or declared, where they were counted.
    """

    loss: Loss
    rule: str
    files: tuple[Migration, ...]
    covered: int = 0

    @property
    def sentence(self) -> str:
        """One line for the screen."""
        more = f"; foreseen or declared: {counted(self.covered, 'row')}" if self.covered else ""
        return f"{self.loss.sentence}{more}"

    @property
    def directive(self) -> str:
        """Where to declare it, and what to write there."""
        names = tuple(dict.fromkeys(each.path.name for each in self.files))
        comments = dict.fromkeys("#" if name.endswith(".py") else "--" for name in names)
        where = " and ".join(names) if len(names) <= _NAMED else "each file that means it"
        lines = (f"{comment} drydock: allow {self.rule}: REASON" for comment in comments)
        return f"{where}: {' or '.join(lines)}"


def uncovered(
    loss: Loss, rules: Sequence[str], findings: Sequence[Finding], account: Account
) -> Uncovered | None:
    """Return `loss` where nothing covers it, None where something does.

    Args:
        loss: What is gone.
        rules: Those whose directive declares such a loss, the fitting one first.
        findings: What the review announced, and was answered yes.
        account: The migrations that ran, with their directives, and what they did.
    """
    declaring = frozenset(
        each.name for each in account.migrations if any(d.rule in rules for d in each.directives)
    )
    if loss.kind == "rows-removed":
        return _uncovered_rows(loss, rules[0], findings, account, declaring)
    announced = {tuple(fold(part) for part in key) for key in foreseen(findings)}
    is_found = any(
        each.rule in rules and each.migration in declaring and _is_about(each, loss)
        for each in findings
    )
    # Nobody is told of an index when rows are foreseen to go.
    if is_found or (loss.kind != "object-lost" and _key(loss) in announced):
        return None
    takers = account.takers(loss)
    open_ones = tuple(each for each in takers if each.name not in declaring)
    if not takers:
        open_ones = _untraced(loss, account, declaring)
    return Uncovered(loss, rules[0], open_ones) if open_ones else None


def _uncovered_rows(
    loss: Loss,
    rule: str,
    findings: Sequence[Finding],
    account: Account,
    declaring: frozenset[str],
) -> Uncovered | None:
    told = {e.name: foreseen_rows(findings, e.name, loss.table) for e in account.migrations}
    taking = {each.name for each in account.takers(loss)}
    takers = tuple(each for each in account.migrations if each.name in taking or told[each.name])
    if not takers:
        open_ones = _untraced(loss, account, declaring)
        return Uncovered(loss, rule, open_ones) if open_ones else None
    if all(each.name in declaring for each in takers):
        return None
    open_ones = tuple(e for e in takers if e.name not in declaring and not told[e.name])
    limit = 0.0
    for each in takers:
        traced = account.most(each, loss.table)
        if each.name in declaring:
            limit += traced or (0 if open_ones else math.inf)
        elif told[each.name]:
            limit += min(told[each.name], traced) if open_ones else told[each.name]
    # What a file may have taken without limit says nothing of what another one took.
    if loss.count <= limit and (not open_ones or limit < math.inf):
        return None
    covered = int(limit) if limit < math.inf else 0
    silent = open_ones or tuple(each for each in takers if each.name not in declaring)
    return Uncovered(loss, rule, silent, covered)


def _untraced(loss: Loss, account: Account, declaring: frozenset[str]) -> tuple[Migration, ...]:
    """Return who must declare a loss that no statement is known to have brought; none: it is.

    One declaration is enough among those that name the table; where none does, all must.
    """
    touching = account.touching(loss.table)
    if any(each.name in declaring for each in touching):
        return ()
    return touching or tuple(e for e in account.migrations if e.name not in declaring)


def _is_about(finding: Finding, loss: Loss) -> bool:
    table, column = finding.today or (finding.table or "", finding.column)
    if fold(table) != fold(loss.table):
        return False
    return loss.column is None or column is None or fold(column) == fold(loss.column)


def _key(loss: Loss) -> tuple[str, ...]:
    if loss.kind == "table-dropped":
        return ("table", fold(loss.table))
    if loss.column is not None:
        return ("column", fold(loss.table), fold(loss.column))
    return ("rows", fold(loss.table))
