"""``inv review``: rehearse what is pending on a throw-away copy, and tell all that was found.

Reads the live database once, through SQLite's backup API; everything else happens on the copy.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import candidate, connection, executor, formats, inspection, ledger, plan
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.evidence import Evidence
    from drydock.migration import Migration
    from drydock.plan import Plan
    from drydock.review import Finding
    from drydock.settings import Settings
    from drydock.terminal import Terminal

FORMATS = ("text", "json", "sarif", "github")


class ReviewFoundErrors(DrydockError):
    """``inv review`` found what would stop a run."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} finding{'s' * (count != 1)} would stop a run; nothing was changed",
            hint="mend them, or declare what is meant: -- drydock: allow RULE: reason",
        )


class UnknownFormat(DrydockError):
    """``--format`` names none that there is."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no format {name!r}", hint=f"known: {', '.join(FORMATS)}")


def run(
    settings: Settings, terminal: Terminal, *, static: bool, form: str, downs: bool = False
) -> None:
    """Review what is pending and print it in the form asked for.

    Args:
        settings: The project's.
        terminal: Where it is shown.
        static: The text and the rows as they are, without a rehearsal.
        form: One of `FORMATS`.
        downs: Try the ways back instead.

    Raises:
        ReviewFoundErrors: There are errors that no directive allows.
        DownsDiffer: A way back does not lead back.
        UnknownFormat: `form` is none.
    """
    if downs:
        from drydock.commands import downs as trial

        trial.run(settings, terminal)
        return
    if form not in FORMATS:
        raise UnknownFormat(form)
    with tempfile.TemporaryDirectory(prefix="drydock-review-") as folder:
        copy = Path(folder) / "copy.db"
        known = _copy(settings, copy, terminal)
        with closing(connection.read_only(copy)) as opened:
            files = formats.read(settings.migrations, opened, settings.format)
            state = plan.make(formats.entries(opened, files), files)
        findings, evidence = _findings(settings, state, copy, static=static or not known)
    _show(terminal, state.pending, findings, evidence, form)
    errors = [each for each in findings if each.severity == "error" and each.allowed is None]
    if errors:
        raise ReviewFoundErrors(len(errors))


def _copy(settings: Settings, copy: Path, terminal: Terminal) -> bool:
    """Make a copy to rehearse on; without a database, an empty one, and return False."""
    if not settings.database.exists():
        terminal.note("there is no database: what depends on its rows could not be told")
        connection.create_empty(copy)
        return False
    with (
        closing(connection.read(settings.database, timeout=settings.timeout)) as source,
        closing(connection.copy_target(copy)) as target,
    ):
        source.backup(target)
    return True


def _findings(
    settings: Settings, state: Plan, copy: Path, *, static: bool
) -> tuple[tuple[Finding, ...], Evidence | None]:
    from drydock import review
    from drydock.review.plans import regressions

    with closing(connection.read_only(copy)) as opened:
        texts = {each.name: ledger.text_of(opened, each.name) for each in state.edited}
        history = review.History(state, settings.migrations, texts)
        if static:
            return review.review_statically(state.pending, opened, history=history), None
    before = copy.with_name("before.db")
    candidate.copy(copy, before)

    def run_one(each: Migration) -> executor.Applied:
        return executor.python.run(
            each,
            copy,
            live=Path(settings.database).resolve(),
            root=settings.root,
            log=copy.with_name(f"{each.name}.log"),
            time_limit=settings.time_limit,
        )

    rehearsed = review.review_rehearsed(state.pending, copy, run_one, history=history)
    if rehearsed.stopped is not None:
        return rehearsed.findings, None
    plans = regressions(before, copy, settings.queries)
    return (*rehearsed.findings, *plans), inspection.inspect(before, copy, lambda *_: None)


def _show(
    terminal: Terminal,
    pending: Sequence[Migration],
    findings: Sequence[Finding],
    evidence: Evidence | None,
    form: str,
) -> None:
    from drydock import __version__, review

    if form == "json":
        terminal.document(
            {"pending": [each.name for each in pending], "findings": review.to_json(findings)}
        )
    elif form == "sarif":
        terminal.data(json.dumps(review.to_sarif(findings, version=__version__), indent=2))
    elif form == "github":
        for line in review.to_github(findings):
            terminal.data(line)
    else:
        terminal.reviewed(pending, findings)
        if evidence is not None:
            terminal.inspected(evidence)
            terminal.line(f"rehearsed: {inspection.summary(evidence, len(pending))}")
        elif not pending:
            terminal.line("nothing pending")
