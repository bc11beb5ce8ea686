"""``inv status``: how files and ledger stand to each other; reads only, and starts fast."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, formats, ledger, plan
from drydock.errors import DrydockError, ExitCode
from drydock.settings import state_folder

if TYPE_CHECKING:
    from drydock.plan import Plan
    from drydock.settings import Settings
    from drydock.terminal import Terminal


class NotCurrent(DrydockError):
    """``inv status --check`` found something pending or wrong."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, found: Plan) -> None:
        self.plan = found
        wrong = len(found.edited) + len(found.missing)
        super().__init__(
            f"{len(found.pending)} pending, {wrong} edited or missing", hint=_next(found)
        )


def _next(found: Plan) -> str:
    """Return what to type next: first what makes files and ledger one history again."""
    lines = []
    if found.edited:
        lines.append("to see what was edited: inv status --diff")
    if not found.is_clean:
        lines.append("to see how to mend each of them: inv review")
    elif found.out_of_order:
        late = ", ".join(each.path.name for each in found.out_of_order)
        lines.append(f"give the next free number to {late}; or let it run late: inv migrate")
    else:
        lines.append("inv migrate")
    return "\n".join(lines)


def read(settings: Settings) -> Plan:
    """Return how files and ledger stand; opens the database only to read.

    Raises:
        DatabaseMissing, NotADatabase, MigrationError: as they say.
    """
    with closing(connection.read(settings.database, timeout=settings.timeout)) as opened:
        files = formats.read(settings.migrations, opened, settings.format)
        return plan.make(formats.entries(opened, files), files)


def show(settings: Settings, terminal: Terminal, *, diff: bool, check: bool) -> None:
    """Print the state; with `check`, raise NotCurrent when something is pending or wrong."""
    found = read(settings)
    if terminal.as_json:
        _tell(settings, terminal, found)
        _require_current(found, check=check)
        return
    late = {each.name for each in found.out_of_order}
    edited = {each.name for each in found.edited}
    for entry in found.applied:
        if entry not in found.missing:
            mark = "edited " if entry.name in edited else "applied"
            terminal.data(f"{mark}  {entry.name:<44} {entry.applied_at[:16].replace('T', ' ')}")
    for entry in found.missing:
        terminal.data(f"missing  {entry.name:<44} applied {entry.applied_at[:10]}, no file")
    for each in found.pending:
        terminal.data(f"pending  {each.name:<44} {'out of order' * (each.name in late)}".rstrip())
    if diff and edited:
        _show_differences(settings, terminal, found)
    if is_unfinished(settings):
        _tell_unfinished(settings, terminal)
    if needs_adopting(settings, found):
        terminal.note(ADOPT)
    terminal.line(summary(settings, found))
    _require_current(found, check=check)


def _require_current(found: Plan, *, check: bool) -> None:
    if check and (found.pending or not found.is_clean):
        raise NotCurrent(found)


def _tell(settings: Settings, terminal: Terminal, found: Plan) -> None:
    edited = {each.name for each in found.edited}
    missing = {each.name for each in found.missing}
    late = {each.name for each in found.out_of_order}
    terminal.document(
        {
            "database": str(settings.database),
            "current": not (found.pending or edited or missing),
            "applied": [
                {
                    "name": each.name,
                    "state": "edited"
                    if each.name in edited
                    else "missing"
                    if each.name in missing
                    else "applied",
                    "applied_at": each.applied_at,
                    "seconds": each.seconds,
                    "run": each.run,
                    "checksum": each.checksum,
                }
                for each in found.applied
            ],
            "pending": [
                {
                    "name": each.name,
                    "file": str(each.path),
                    "checksum": each.checksum,
                    "out_of_order": each.name in late,
                }
                for each in found.pending
            ],
            "unfinished": is_unfinished(settings),
        }
    )


def is_unfinished(settings: Settings) -> bool:
    """Say whether a run has not ended, without reading its record."""
    return (state_folder(settings.database) / "current").exists()


def _tell_unfinished(settings: Settings, terminal: Terminal) -> None:
    from drydock import lock, record

    state = state_folder(settings.database)
    run = record.unfinished(state)
    if run is not None:
        going = "is going on" if lock.is_held(state / "lock") else "was interrupted"
        advice = "" if going == "is going on" else "; the next inv migrate cleans up"
        terminal.note(f"run {run.record.id} ({run.record.command}) {going}{advice}")


def needs_adopting(settings: Settings, found: Plan) -> bool:
    """Say whether the database holds tables although nothing was ever recorded as applied."""
    if found.applied or not found.pending:
        return False
    with closing(connection.read(settings.database, timeout=settings.timeout)) as opened:
        row = opened.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()
    return bool(row[0])


ADOPT = "the database has tables and no ledger; if some of these were run by hand: inv adopt"


def summary(settings: Settings, found: Plan) -> str:
    """Return the last line: counts, and what to type."""
    counts = (
        ("applied", len(found.applied)),
        ("pending", len(found.pending)),
        ("edited", len(found.edited)),
        ("missing", len(found.missing)),
    )
    told = ", ".join(f"{count} {word}" for word, count in counts if count or word == "applied")
    advice = "; nothing pending"
    if not found.is_clean:
        advice = "; run: inv review"
    elif found.pending:
        advice = "; run: inv migrate"
    return f"{settings.database.name}: {told}{advice}"


def _show_differences(settings: Settings, terminal: Terminal, found: Plan) -> None:
    import difflib

    with closing(connection.read(settings.database, timeout=settings.timeout)) as opened:
        for each in found.edited:
            applied = ledger.text_of(opened, each.name)
            lines = difflib.unified_diff(
                applied.splitlines(),
                each.text.splitlines(),
                "as applied",
                str(each.path),
                lineterm="",
            )
            for line in lines:
                terminal.data(line)
