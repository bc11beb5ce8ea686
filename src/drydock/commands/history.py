"""``inv history``: every run of this database, one line each, newest last; reads only."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from drydock import record
from drydock.receipt.files import PAGE
from drydock.settings import state_folder
from drydock.terminal.text import one_line, shortened
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.record import Record
    from drydock.settings import Settings
    from drydock.terminal import Terminal

_MARKS = {"finished": "✓", "interrupted": "!", "returned": "↩"}


def show(settings: Settings, terminal: Terminal) -> None:
    """Print the runs, or tell them as JSON."""
    state = state_folder(settings.database)
    runs = record.history(state)
    if terminal.as_json:
        terminal.document({"runs": [_told(each, settings) for each in runs]})
        return
    for each in runs:
        terminal.data(_line(each, terminal))
    told = f"{counted(len(runs), 'run')} of {settings.database.name}"
    terminal.line(f"{told}; a run's page: inv receipt --open --run RUN" if runs else told)


def _line(run: Record, terminal: Terminal) -> str:
    sign = _MARKS.get(run.phase, "✗" if run.phase in record.ENDED else "…")
    took = seconds(run)
    last = f"{took:6.0f} s" if took is not None else "        "
    said = "" if run.phase == "finished" and run.outcome in ("", "done") else f": {run.outcome}"
    text = one_line(f"{run.command}{said}")
    opening = f"{sign} {run.id:<18} {run.phase:<11} {last}  "
    return opening + shortened(text, max(20, terminal.data_width - len(opening)))


def seconds(run: Record) -> float | None:
    """Return how long a run took; None for one that has not ended."""
    if not run.ended_at:
        return None
    begin, end = datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.ended_at)
    return (end - begin).total_seconds()


def _told(run: Record, settings: Settings) -> dict[str, object]:
    page = state_folder(settings.database) / "runs" / run.id / PAGE
    return {
        "run": run.id,
        "sequence": run.sequence,
        "command": run.command,
        "phase": run.phase,
        "outcome": run.outcome,
        "started_at": run.started_at,
        "ended_at": run.ended_at or None,
        "seconds": seconds(run),
        "migrations": list(run.pending),
        "backup": run.backup or None,
        "receipt": str(page) if page.exists() else None,
    }
