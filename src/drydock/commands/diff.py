"""``inv diff A B``: how two databases differ, in schema and in rows; reads only."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import connection, evidence
from drydock.commands.named import at_rest, path_of, require_whole
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.evidence import Evidence
    from drydock.settings import Settings
    from drydock.terminal import Terminal


def show(settings: Settings, terminal: Terminal, first: str, second: str) -> None:
    """Print what has to be done to `first` to get `second`.

    Raises:
        NoSuchDatabase: One of them cannot be found.
        DatabaseDamaged, NotComparable: The rows of one of them cannot be read, or not beside those
            of the other.
    """
    from drydock.schema.difference import difference
    from drydock.schema.inventory import inventory

    with tempfile.TemporaryDirectory(prefix="drydock-diff-") as folder, ExitStack() as stack:
        before = at_rest(settings, first, Path(folder) / "first.db")
        after = at_rest(settings, second, Path(folder) / "second.db")
        old, new = (
            stack.enter_context(closing(connection.read_only(path))) for path in (before, after)
        )
        changes = difference(inventory(old), inventory(new)).lines()
        for line in changes:
            terminal.data(f"{line.sign} {line.subject:<36} {line.detail}".rstrip())
        compared = _compared(settings, (first, before), (second, after))
    rows = 0
    for table in compared.tables:
        counts = {"changed": table.changed, "added": table.added, "removed": table.removed}
        if table.kind == "dropped":
            counts = {"removed": table.rows_before}
        told = [f"{count:,} {what}" for what, count in counts.items() if count]
        rows += sum(counts.values())
        if told:
            terminal.data(f"  {table.name:<36} {', '.join(told)}")
    terminal.line(f"{counted(len(changes), 'difference')} in the schema, {rows:,} in rows")


def _compared(settings: Settings, *sides: tuple[str, Path]) -> Evidence:
    """Compare the files of two named databases; an error names these, not a copy."""
    before, after = (file for _, file in sides)
    old, new = (path_of(settings, name) for name, _ in sides)
    try:
        return evidence.compare(before, after)
    except evidence.EncodingsDiffer as error:
        raise evidence.EncodingsDiffer(old, new) from error
    except evidence.NotComparable as error:
        require_whole((old, before), (new, after))
        raise evidence.NotComparable(old, new, "; ".join(error.cause)) from error
