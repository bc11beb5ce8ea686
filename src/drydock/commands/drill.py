"""``inv drill``: a fire drill on a copy of the database; prints how long a real recovery takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from drydock import drill
from drydock.commands import rollback
from drydock.steps.take_backup import size
from drydock.words import as_word

if TYPE_CHECKING:
    from drydock.drill import Report
    from drydock.settings import Settings
    from drydock.terminal import Terminal


def run(settings: Settings, terminal: Terminal) -> None:
    """Drill, and say what a real recovery would take.

    Raises:
        DrillFailed: A way back did not lead where it should.
        NoRoomForDrill, DatabaseMissing, NotADatabase: Nothing was begun.
    """
    report = drill.run(settings, terminal, rollback.run)
    if terminal.as_json:
        terminal.document(asdict(report) | {"folder": str(report.folder)})
    for line in told(report, settings):
        terminal.note(line)


def told(report: Report, settings: Settings) -> tuple[str, ...]:
    """Return what the user is told at the end, one line each."""
    backend = settings.backend
    more = (
        f", and at most {backend['grace'] + backend['ready']:g} s to stop and start the backend"
        if settings.has_backend
        else ""
    )
    lines = [f"a real recovery of {size(report.bytes)} takes {report.recovery:.1f} s{more}"]
    if report.is_elsewhere:
        lines.append(
            f"measured in {report.folder}, on another disk than the database's; "
            f"to measure there: TMPDIR={as_word(settings.database.parent)} inv drill"
        )
    lines.append(f"{settings.database.name} was only read, and nothing is left behind")
    return tuple(lines)
