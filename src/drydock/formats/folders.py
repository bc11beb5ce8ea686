"""One folder a migration, as diesel and Prisma have it: its folders, and its file in each.

It refuses a folder that has files and not the one that counts, which the tools refuse too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.source import MigrationError

if TYPE_CHECKING:
    from pathlib import Path


def each(folder: Path, file: str) -> tuple[Path, ...]:
    """Return the path of `file` in each folder, by name; empty folders do not count.

    Raises:
        MigrationError: A folder without it.
    """
    homes = sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".") and any(path.iterdir())
    )
    for home in homes:
        if not (home / file).is_file():
            raise MigrationError(
                home,
                f"it has no {file}",
                hint=f"write {home / file}, or take the folder out",
            )
    return tuple(home / file for home in homes)
