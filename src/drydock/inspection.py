"""The gate before publish: what changed between backup and candidate, and whether it was meant.

The comparison itself is `drydock.evidence`; here it is decided what stops a run. Rows that a
migration changed on purpose are told. Rows, values, columns or tables that are gone stop it,
unless the review announced them and was answered yes, the file declares them, or the user allows
them now.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock import evidence as comparison
from drydock.errors import DrydockError, ExitCode
from drydock.evidence import Loss
from drydock.names import fold
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from drydock.evidence import Evidence, ForeignKeyEvidence
    from drydock.evidence.loss import LossKind
    from drydock.executor import Applied
    from drydock.migration import Migration
    from drydock.review import Finding
    from drydock.review.cover import Uncovered

_SHOWN = 8
_MAKES_OR_DROPS = re.compile(r"\b(drop|create)\b", re.IGNORECASE)
DECLARED_AS: dict[LossKind, str] = {
    "rows-removed": "delete-without-where",
    "table-dropped": "drop-table",
    "column-dropped": "drop-column",
    "values-changed-class": "change-type",
    "values-emptied": "drop-column",
    "sequence-lowered": "autoincrement-reset",
    "object-lost": "rebuild-loses-objects",
}
"""The review's rule for the same loss: what a directive must name to declare it."""
_HEAD = 1_000  # characters: a comment may stand before the first word


class UndeclaredLoss(DrydockError):
    """The evidence shows a loss that nobody announced; `otherwise` is the other way on."""

    exit_code = ExitCode.REFUSED

    def __init__(self, losses: Sequence[Uncovered], otherwise: str) -> None:
        self.losses = tuple(losses)
        super().__init__(
            "the migrations lose data that nobody declared; nothing was changed",
            cause=[
                line
                for each in self.losses[:_SHOWN]
                for line in (each.sentence, *each.loss.samples)
            ],
            hint=f"mend the migration; or declare it in {self.losses[0].directive}\n{otherwise}",
        )


class CandidateUnsound(DrydockError):
    """The migrated candidate is damaged, or has rows without parent, or what cannot be run."""

    exit_code = ExitCode.REFUSED

    def __init__(
        self,
        what: str,
        problems: Sequence[str],
        hint: str = "mend the migration, then run: inv migrate",
    ) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{what}; nothing was changed", cause=list(self.problems[:_SHOWN]), hint=hint
        )


def inspect(
    before: Path,
    after: Path,
    progress: Callable[[str, int, int, str], None],
    statements: Iterable[str],
) -> Evidence:
    """Compare the backup with the candidate, which `statements` made of it.

    `progress` is told rows done and rows in all.
    """
    return comparison.compare(
        before,
        after,
        options=comparison.Options(made_anew=_made_anew(statements)),
        progress=lambda told: progress(
            f"inspect {told.table}", told.rows, told.rows_in_all, "rows"
        ),
    )


def require_sound(evidence: Evidence) -> None:
    """Raise CandidateUnsound for damage, or foreign key violations, that the run brought (F16)."""
    damage = [problem.text for problem in evidence.integrity if problem.is_new]
    if damage:
        raise CandidateUnsound("SQLite finds the migrated database damaged", damage)
    orphans = [orphaned(each) for each in evidence.foreign_keys]
    if orphans:
        raise CandidateUnsound("the migrations leave rows without the parent they name", orphans)


def orphaned(found: ForeignKeyEvidence) -> str:
    """Return the line that tells the rows which one key leaves without their parent."""
    return (
        f"{found.table}: {counted(found.rows, 'row')} without their {found.parent} "
        f"({', '.join(found.columns)}): {'; '.join(found.samples)}"
    )


def require_declared(
    evidence: Evidence,
    findings: Sequence[Finding],
    migrations: Sequence[Migration],
    applied: Sequence[Applied],
    before: Path,
    *,
    allow: bool,
    ask: Callable[[str], bool | None],
    otherwise: str = "or accept it this once: inv migrate --allow-loss",
) -> None:
    """Raise UndeclaredLoss for a loss that was not announced, declared, or allowed now.

    Args:
        evidence: What changed.
        findings: What the review announced, and was answered yes.
        migrations: Those that ran, with their directives.
        applied: What they executed.
        before: The database as it was.
        allow: Everything is allowed.
        ask: Asks the user; None when there is nobody.
        otherwise: The last line of the hint: what else can be done.
    """
    losses = undeclared(evidence, findings, migrations, applied, before)
    if not losses or allow:
        return
    lines = [f"  {each.sentence}" for each in losses]
    question = "\n".join(["The evidence shows a loss that nobody declared:", *lines, "Publish?"])
    if not ask(question):
        raise UndeclaredLoss(losses, otherwise)


def undeclared(
    evidence: Evidence,
    findings: Sequence[Finding],
    migrations: Sequence[Migration],
    applied: Sequence[Applied],
    before: Path,
) -> tuple[Uncovered, ...]:
    """Return the losses that neither the review nor a directive of their own file covers."""
    statements = [statement.sql for each in applied for statement in each.statements]
    losses = (*comparison.losses(evidence), *_lost_objects(evidence, statements))
    if not losses:
        return ()
    from drydock.review.account import Account
    from drydock.review.cover import uncovered

    account = Account(migrations, applied, before)
    judged = (uncovered(each, _rules(each, evidence), findings, account) for each in losses)
    return tuple(each for each in judged if each is not None)


def _rules(loss: Loss, evidence: Evidence) -> tuple[str, ...]:
    """Return the rules whose directive declares `loss`, the fitting one first."""
    rule = DECLARED_AS[loss.kind]
    if loss.kind != "rows-removed":
        return (rule,)
    more = ("rebuild-loses-rows", "replace-rows")
    held = {fold(each.was or each.name): each.rows_before for each in evidence.tables}
    if loss.count == held.get(fold(loss.table)):
        return (rule, *more)
    return ("delete-rows", rule, *more)


def summary(evidence: Evidence, applied: int) -> str:
    """Return the step's line: ``3 applied, 0 rows lost, 214 changed``."""
    removed = sum(
        each.rows_before if each.kind == "dropped" else each.removed for each in evidence.tables
    )
    changed = sum(each.changed for each in evidence.tables)
    added = sum(each.added for each in evidence.tables)
    parts = [f"{applied} applied", f"{counted(removed, 'row')} lost"]
    dropped = sum(column.dropped_values for each in evidence.tables for column in each.columns)
    parts += [f"{counted(dropped, 'value')} dropped"] * bool(dropped)
    parts += [f"{changed:,} changed"] * bool(changed) + [f"{added:,} added"] * bool(added)
    return ", ".join(parts)


def _made_anew(statements: Iterable[str]) -> frozenset[str]:
    """Return the tables, folded, that were dropped, or made under a name that was free by then."""
    return frozenset(name for _, kind, name in _dropped_and_made(statements) if kind == "table")


def _dropped_and_made(statements: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what was dropped, and the tables that were made: the verb, its kind, its name, folded.

    A table that is made where there is none yet is left out: there may be one.
    """
    from drydock.tokens import code

    for sql in statements:
        if not _MAKES_OR_DROPS.search(sql[:_HEAD]) or "\0" in sql:
            continue
        words = code(sql)
        if len(words) < 3 or not words[1].is_word("TABLE", "INDEX", "TRIGGER", "VIEW"):
            continue
        kind = words[1].folded
        if words[0].is_word("DROP"):
            yield "drop", kind, [word for word in words if word.is_name][-1].folded
        elif words[0].is_word("CREATE") and kind == "table" and not words[2].is_word("IF"):
            has_schema = len(words) > 4 and words[3].text == "."
            yield "create", kind, words[4 if has_schema else 2].folded


def _lost_objects(evidence: Evidence, statements: Iterable[str]) -> tuple[Loss, ...]:
    """Return the indexes, triggers and views that vanished without a DROP of their own (F17)."""
    dropped = {(kind, name) for verb, kind, name in _dropped_and_made(statements) if verb == "drop"}
    gone = {fold(each.name) for each in evidence.tables if each.kind == "dropped"}
    gone -= {fold(each.was) for each in evidence.tables if each.was}
    gone |= {name for kind, name in dropped if kind == "view"}  # its INSTEAD OF triggers
    losses: list[Loss] = []
    for each in evidence.schema.removed:
        goes_along = each.kind != "view" and fold(each.table) in gone
        if each.kind == "table" or goes_along or each.before is None:
            continue
        if (each.kind, fold(each.name)) in dropped:
            continue
        sentence = f"{each.kind} {each.name} of {each.table} is gone, and nothing dropped it"
        losses.append(Loss("object-lost", each.table, None, 1, (), sentence))
    return tuple(losses)
