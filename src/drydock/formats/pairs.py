"""``N_name.up.sql`` and ``N_name.down.sql``: files that golang-migrate and sqlx share.

Reads them; whose they are, only a table of the database or a project's file can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.formats.sights import DIRECTED_FILE
from drydock.source import MigrationError

if TYPE_CHECKING:
    import re
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """One migration's files: its number as written, its title, the way up, the way back."""

    number: str
    title: str
    up: Path
    down: Path | None

    @property
    def name(self) -> str:
        """The name it is known by here: the file's, without its direction."""
        return f"{self.number}_{self.title}"


def read(folder: Path, *, plain: bool) -> tuple[Pair, ...]:
    """Return the folder's pairs by number; `plain` says that a name may lack a direction.

    Raises:
        MigrationError: A way back without its way up; two of one number.
    """
    ups: dict[int, tuple[re.Match[str], Path]] = {}
    downs: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        found = DIRECTED_FILE.fullmatch(path.name)
        if found is None or (found[3] is None and not plain):
            continue
        number = int(found[1])
        if found[3] == "down":
            _require_new(path, downs.get(number))
            downs[number] = path
        else:
            _require_new(path, ups[number][1] if number in ups else None)
            ups[number] = (found, path)
    if lost := next((path for number, path in downs.items() if number not in ups), None):
        raise MigrationError(
            lost,
            "there is no way up of this number",
            hint=f"write {lost.name.replace('.down.', '.up.')}, or delete this file",
        )
    return tuple(_pairs(ups[number], downs.get(number)) for number in sorted(ups))


def _pairs(up: tuple[re.Match[str], Path], down: Path | None) -> Pair:
    found, path = up
    return Pair(found[1], found[2], path, down)


def _require_new(path: Path, twin: Path | None) -> None:
    if twin is not None:
        raise MigrationError(
            path,
            f"{twin.name} has the same number",
            hint="give one of them a number of its own",
        )
