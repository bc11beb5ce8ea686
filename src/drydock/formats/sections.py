"""A file with more in it than one migration's SQL: what is kept, with its line numbers.

What does not belong to the part is blanked, line by line, so that an error in the rest points at
the real line of the real file. It never moves a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.migration import Migration
from drydock.source import checksum, decode, read_bytes, require_no_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from drydock.origin import Origin


def read(path: Path) -> tuple[bytes, str]:
    """Return a file's bytes, and its text with LF as line ends.

    Raises:
        MigrationError: A link, or no UTF-8 text.
    """
    require_no_link(path)
    data = read_bytes(path)
    return data, decode(data, path).replace("\r\n", "\n")


def keep(text: str, wanted: Callable[[int], bool]) -> str:
    """Return `text` with every line blanked whose number, from 1, is not `wanted`."""
    lines = text.split("\n")
    return "\n".join(line if wanted(at) else "" for at, line in enumerate(lines, start=1)).rstrip()


def made(name: str, path: Path, text: str, origin: Origin) -> Migration:
    """Return a migration of another tool, checksummed over the part that runs."""
    return Migration(name, path, text, checksum(text), origin=origin)


def in_order(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """Return the migrations as they stand, their places noted: the tool's order, not ours."""
    return tuple(
        Migration(each.name, each.path, each.text, each.checksum, place, each.origin)
        for place, each in enumerate(migrations)
    )
