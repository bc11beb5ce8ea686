"""``inv diff A B``: how two databases differ, in schema and in rows; reads only."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, connection, evidence
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from drydock.settings import Settings
    from drydock.terminal import Terminal

LIVE = "live"


class NoSuchDatabase(DrydockError):
    """A name given to ``inv diff`` is neither live, nor a backup, nor a file."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is neither {LIVE}, nor a backup, nor a database file",
            hint="list the backups: inv backups",
        )


def show(settings: Settings, terminal: Terminal, first: str, second: str) -> None:
    """Print what has to be done to `first` to get `second`.

    Raises:
        NoSuchDatabase: One of them cannot be found.
    """
    from drydock.schema.difference import difference
    from drydock.schema.inventory import inventory

    with tempfile.TemporaryDirectory(prefix="drydock-diff-") as folder, ExitStack() as stack:
        before = _file(settings, first, Path(folder) / "first.db")
        after = _file(settings, second, Path(folder) / "second.db")
        old, new = (
            stack.enter_context(closing(connection.read_only(path))) for path in (before, after)
        )
        changes = difference(inventory(old), inventory(new)).lines()
        for line in changes:
            terminal.data(f"{line.sign} {line.subject:<36} {line.detail}".rstrip())
        compared = evidence.compare(before, after)
    rows = 0
    for table in compared.tables:
        counts = {"changed": table.changed, "added": table.added, "removed": table.removed}
        if table.kind == "dropped":
            counts = {"removed": table.rows_before}
        told = [f"{count:,} {what}" for what, count in counts.items() if count]
        rows += sum(counts.values())
        if told:
            terminal.data(f"  {table.name:<36} {', '.join(told)}")
    terminal.line(f"{len(changes)} differences in the schema, {rows:,} in rows")


def _file(settings: Settings, name: str, copy: Path) -> Path:
    """Return a file at rest for `name`: a backup, a named file, or a copy of the live database."""
    if name != LIVE:
        try:
            return backup.find(settings.backups, name).file
        except backup.NoSuchBackup:
            if not Path(name).is_file():
                raise NoSuchDatabase(name) from None
    path = settings.database if name == LIVE else Path(name)
    with (
        closing(connection.read(path, timeout=settings.timeout)) as source,
        closing(connection.copy_target(copy)) as target,
    ):
        source.backup(target)
    return copy
