"""``inv review``: rehearse what is pending on a throw-away copy, and tell all that was found.

The rehearsal itself is `drydock.commands.rehearsal`; here it is shown, in the form asked for.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from drydock import inspection
from drydock.commands import rehearsal
from drydock.errors import DrydockError, ExitCode
from drydock.steps.take_backup import size
from drydock.terminal.text import one_line, shortened

if TYPE_CHECKING:
    from drydock.commands.rehearsal import Rehearsed
    from drydock.settings import Settings
    from drydock.terminal import Terminal

FORMATS = ("text", "json", "sarif", "github")
STATEMENTS_SHOWN = 12
_WRITES = re.compile(
    r"\s*(create|alter|drop|insert|update|delete|replace|reindex)\b", re.IGNORECASE
)


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
    if not settings.database.exists():
        terminal.note("there is no database: what depends on its rows could not be told")
    found = rehearsal.take(settings, static=static)
    _show(terminal, found, form)
    errors = [each for each in found.findings if each.severity == "error" and each.allowed is None]
    if errors:
        raise ReviewFoundErrors(len(errors))


def _show(terminal: Terminal, found: Rehearsed, form: str) -> None:
    from drydock import __version__, review

    if form == "json":
        terminal.document(_document(found))
    elif form == "sarif":
        terminal.data(json.dumps(review.to_sarif(found.findings, version=__version__), indent=2))
    elif form == "github":
        for line in review.to_github(found.findings):
            terminal.data(line)
    else:
        terminal.reviewed(found.pending, found.findings)
        if not found.pending:
            terminal.line("nothing pending")
        elif found.evidence is not None:
            _show_rehearsal(terminal, found)


def _document(found: Rehearsed) -> dict[str, object]:
    from drydock import review

    return {
        "pending": [each.name for each in found.pending],
        "findings": review.to_json(found.findings),
        "schema": [line._asdict() for line in found.schema],
        "executed": [
            {
                "migration": each.name,
                "statements": [
                    {"sql": one.sql, "rows": one.rows, "times": one.times}
                    for one in each.statements
                ],
            }
            for each in found.executed
        ],
        "seconds": round(found.seconds, 3),
        "peak_bytes": found.peak_bytes,
    }


def _show_rehearsal(terminal: Terminal, found: Rehearsed) -> None:
    assert found.evidence is not None
    for number, each in enumerate(found.executed):
        if number:
            terminal.line()
        terminal.line(f"{each.name} executed:")
        writing = [one for one in each.statements if one.rows or _WRITES.match(one.sql)]
        for one in writing[:STATEMENTS_SHOWN]:
            times = f" in {one.times:,} times" if one.times > 1 else ""
            told = f"  {one.rows:>9,} rows{times}  {one_line(one.sql)}"
            terminal.line(shortened(told, terminal.width))
        left = len(each.statements) - len(writing[:STATEMENTS_SHOWN])
        if left:
            terminal.line(f"  and {left} more that only read, or are too many: inv review --json")
    if found.executed:
        terminal.line()
    for line in found.schema:
        terminal.line(f"  {line.sign} {line.subject:<36} {line.detail}".rstrip())
    terminal.inspected(found.evidence)
    told = inspection.summary(found.evidence, len(found.pending))
    took = f"{found.seconds:.1f} s, at most {size(found.peak_bytes)} on the disk"
    terminal.line(f"rehearsed: {told}; {took}")
