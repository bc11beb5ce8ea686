"""``inv review --downs``: does each pending migration's down script take it back whole?

On throw-away copies: up, then down on a copy of that, compared with what was before: schema and
rows must be equal. It reads the live database once, to copy it, and publishes nothing.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import candidate, connection, evidence, executor, formats, plan
from drydock.errors import DrydockError, ExitCode
from drydock.formats import downs
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.migration import Migration
    from drydock.settings import Settings
    from drydock.terminal import Terminal


class DownsDiffer(DrydockError):
    """A down script does not lead back to what was before."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"the way back of {', '.join(names)} does not lead back",
            state="nothing was changed; it was tried on copies",
            hint="mend the down script, or count on the backup instead: inv rollback",
        )


def run(settings: Settings, terminal: Terminal) -> None:
    """Try the way back of every pending migration, in their order.

    Raises:
        DownsDiffer: After up and down, something is not as it was.
        MigrationFailed: An up or a down script fails.
    """
    with tempfile.TemporaryDirectory(prefix="drydock-downs-") as name:
        folder = Path(name)
        now = folder / "now.db"
        with (
            closing(connection.read(settings.database, timeout=settings.timeout)) as live,
            closing(connection.copy_target(now)) as copy,
        ):
            live.backup(copy)
        with closing(connection.read_only(now)) as opened:
            files = formats.read(settings.migrations, opened, settings.format)
            state = plan.make(formats.entries(opened, files), files)
        wrong = [
            each.name
            for each in state.pending
            if not _leads_back(each, files, now, settings, terminal)
        ]
    if not state.pending:
        terminal.line("nothing pending, so there is no way back to try")
    if wrong:
        raise DownsDiffer(wrong)


def _leads_back(
    migration: Migration,
    files: Sequence[Migration],
    now: Path,
    settings: Settings,
    terminal: Terminal,
) -> bool:
    """Apply `migration` to the file `now`, and say whether its down script leads back."""
    before, after = now.with_name("before.db"), now.with_name("after.db")
    for path in (before, after):
        path.unlink(missing_ok=True)
    candidate.copy(now, before)
    _apply(migration, files, now, settings)
    back = downs.of(migration)
    if back is None:
        terminal.data(f"no way back  {migration.name}")
        return True
    candidate.copy(now, after)
    _apply(back, files, after, settings)
    differences = _differences(before, after)
    terminal.data(f"{'differs    ' if differences else 'leads back '}  {migration.name}")
    for line in differences:
        terminal.data(f"             {line}")
    return not differences


def _apply(migration: Migration, files: Sequence[Migration], to: Path, settings: Settings) -> None:
    executor.apply(
        (migration,),
        to,
        live=settings.database.resolve(),
        root=settings.root,
        run="review",
        logs=to.parent,
        known=files,
        time_limit=settings.time_limit,
    )


def _differences(before: Path, after: Path) -> list[str]:
    """Return in what two files differ, by what their schemas mean and by rows."""
    from drydock.schema.difference import difference
    from drydock.schema.inventory import inventory

    with (
        closing(connection.read_only(before)) as old,
        closing(connection.read_only(after)) as new,
    ):
        changes = difference(inventory(old), inventory(new)).lines()
    lines = [f"{each.sign} {each.subject} {each.detail}".rstrip() for each in changes]
    for table in evidence.compare(before, after).tables:
        counts = {"changed": table.changed, "added": table.added, "removed": table.removed}
        told = [f"{counted(count, 'row')} {what}" for what, count in counts.items() if count]
        told += [f"the values of {each.name}" for each in table.columns if each.dropped_values]
        if told:
            lines.append(f"{table.name}: {', '.join(told)}")
    return lines
