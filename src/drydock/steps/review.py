"""Review what is pending, and ask before anything that loses data."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, ledger
from drydock.errors import DrydockError, ExitCode
from drydock.steps import Skipped
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.review import Finding
    from drydock.walk import Walk


class ReviewRefused(DrydockError):
    """The review found what must not be done without a yes; `typed` is the command that asked."""

    exit_code = ExitCode.REFUSED

    def __init__(self, findings: Sequence[Finding], typed: str, *, asked: bool) -> None:
        self.findings = tuple(findings)
        shown = [_line(each) for each in self.findings]
        rules = dict.fromkeys(each.rule for each in self.findings)
        first = self.findings[0]
        comment = "#" if first.path.suffix == ".py" else "--"
        declared = f"{comment} drydock: allow {first.rule}: REASON"
        super().__init__(
            "the review was answered with no; nothing was changed"
            if asked
            else "the review asks a question and there is nobody to answer; nothing was changed",
            cause=shown,
            hint=f"mend the migration; or declare it in {first.path.name}: {declared}"
            f"{' (and so on)' * (len(rules) > 1)}\nor agree to all of it: {typed} --yes",
        )


class ReviewFailed(DrydockError):
    """A pending migration cannot run as it is; `typed` is the command that was to run it."""

    exit_code = ExitCode.REFUSED

    def __init__(self, findings: Sequence[Finding], typed: str) -> None:
        self.findings = tuple(findings)
        super().__init__(
            f"the review found {counted(len(self.findings), 'error')}, "
            "so the run was not begun; nothing was changed",
            cause=[f"{_place(each)}: {each.rule}: {each.why}" for each in self.findings],
            hint=f"mend what the review shows, then run: {typed}",
        )


def _line(finding: Finding) -> str:
    return ": ".join([finding.migration, finding.rule, *finding.evidence[:1], finding.why])


def _place(finding: Finding) -> str:
    """Return where it is: file and line, or the name of a migration that has no file."""
    if finding.path.exists():
        return f"{finding.path}:{finding.line}"
    return finding.migration


def perform(walk: Walk) -> str:
    """Review what is pending, unless that was done before the backend was stopped.

    Raises:
        ReviewFailed, ReviewRefused: Nothing was changed.
    """
    if walk.plan is None:
        walk.read_plan()
    assert walk.plan is not None
    if not walk.pending and walk.plan.is_clean:
        return Skipped("nothing pending")
    if not walk.is_reviewed:
        look(walk)
    return summary(walk.pending, walk.findings)


def look(walk: Walk) -> None:
    """Review the pending migrations against the rows of the backup, or of the live database.

    Shows what was found, and asks before anything that loses data.

    Raises:
        ReviewFailed: Something cannot go on as it is.
        ReviewRefused: The answer was no, or there was nobody to ask.
    """
    from drydock import review

    assert walk.plan is not None
    opener = connection.read_only if walk.copy else connection.read
    with closing(opener(walk.copy or walk.live)) as opened:
        texts = {each.name: ledger.text_of(opened, each.name) for each in walk.plan.edited}
        history = review.History(walk.plan, walk.settings.migrations, texts)
        findings = review.review_statically(walk.pending, opened, history=history)
    if walk.reviewed_at and findings == walk.findings:
        return  # shown and answered while the application still ran
    walk.findings = findings
    walk.reporter.reviewed(walk.pending, walk.findings)
    open_ones = [each for each in walk.findings if each.allowed is None]
    stopping = [each for each in open_ones if each.severity == "error" and not each.destructive]
    if stopping:
        raise ReviewFailed(stopping, walk.options.typed)
    questions = [each for each in open_ones if each.destructive]
    if questions and not walk.options.yes and not walk.options.dry_run:
        answer = walk.reporter.ask(question(questions))
        if not answer:
            raise ReviewRefused(questions, walk.options.typed, asked=answer is False)


def question(findings: Sequence[Finding]) -> str:
    """Return what the user is asked: what would be lost, in one line each, and whether to go on."""
    lines = [f"  {_line(each)}" for each in findings]
    return "\n".join(["This run would lose data:", *lines, "Go on?"])


def summary(pending: Sequence[object], findings: Sequence[Finding]) -> str:
    """Return the step's line: ``3 pending, 1 warning``."""
    open_ones = [each for each in findings if each.allowed is None]
    counts = [f"{len(pending)} pending"]
    for severity in ("error", "warning"):
        number = sum(each.severity == severity for each in open_ones)
        if number:
            counts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    return ", ".join(counts)
