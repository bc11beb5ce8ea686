"""What a run would refuse of a rehearsed candidate, as findings of the review.

The decisions are those of `drydock.inspection`, so that a review without an error is a run that
its gate lets through. What a finding tells as an error already is not told twice.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, inspection
from drydock.names import fold
from drydock.review.account import Account
from drydock.review.finding import Finding
from drydock.review.registry import judge
from drydock.review.rules.outcome import Undeclared, Unsound
from drydock.review.situation import Known, Situation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from drydock.evidence import Evidence
    from drydock.executor import Applied
    from drydock.migration import Migration

_KEYS = frozenset({"foreign-key-orphans", "foreign-key-mismatch"})


def refusals(
    evidence: Evidence,
    findings: Sequence[Finding],
    migrations: Sequence[Migration],
    applied: Sequence[Applied],
    before: Path,
    *,
    foreseen: Sequence[Finding],
) -> tuple[Finding, ...]:
    """Return a finding for each loss, damage or orphan that would stop a run.

    Args:
        evidence: What the rehearsal changed.
        findings: What the rehearsal told already.
        migrations: Those that were rehearsed.
        applied: Their statements, as executed.
        before: The database as it was.
        foreseen: What the review of a run foresees, which reads and runs nothing.
    """
    account = Account(migrations, applied, before)
    told = [
        (account.touching(each.table) if each.table else (), each)
        for each in _unsound(evidence, findings)
    ]
    lost = [
        (
            each.files,
            Undeclared(
                (each.sentence, *each.loss.samples),
                each.directive,
                each.loss.table,
                each.loss.column,
            ),
        )
        for each in inspection.undeclared(evidence, foreseen, migrations, applied, before)
        if not any(_stops(one, each.loss.table) and one.destructive for one in findings)
    ]
    found: list[Finding] = []
    with closing(connection.read_only(before)) as opened:
        situation = Situation(opened, opened, Known(), exact=True)
        for files, change in (*lost, *told):
            place = (files or tuple(migrations))[-1]
            found += [
                Finding(
                    rule.name,
                    verdict.severity,
                    place.name,
                    place.path,
                    1,
                    verdict.evidence,
                    rule.why,
                    verdict.fix,
                    verdict.table,
                    verdict.column,
                    verdict.destructive,
                )
                for rule, verdict in judge(change, situation)
            ]
    return tuple(found)


def _unsound(evidence: Evidence, findings: Sequence[Finding]) -> Iterator[Unsound]:
    for problem in evidence.integrity:
        if problem.is_new and not _is_told(problem.table, findings):
            yield Unsound((problem.text,), problem.table)
    for each in evidence.foreign_keys:
        if not _is_told(each.table, findings):
            yield Unsound((inspection.orphaned(each),), each.table)


def _is_told(table: str | None, findings: Sequence[Finding]) -> bool:
    """Say whether an error tells of the table's keys already."""
    return any(each.rule in _KEYS and _stops(each, table) for each in findings)


def _stops(finding: Finding, table: str | None) -> bool:
    """Say whether a finding about `table`, by its name of today or then, is an open error."""
    names = {fold(finding.table or ""), fold((finding.today or ("", None))[0])}
    return finding.severity == "error" and finding.allowed is None and fold(table or "") in names
