"""Put the settled order into the names of the files: ``007_add_notes.sql`` for ``add_notes.sql``.

Files that git knows are moved with git mv. It refuses where the new names would not tell the
settled order, or would meet a file that is there; and what it moved it moves back when the ledger
cannot follow.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from drydock import files
from drydock.errors import DrydockError, ExitCode
from drydock.migration import ORDER_FILE, order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from drydock.migration import Migration

_GIT_SECONDS = 20
_LEAST_DIGITS = 3


class NotRenumberable(DrydockError):
    """The order cannot be put into the names; nothing was renamed."""

    exit_code = ExitCode.REFUSED

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            "the files were not renumbered; nothing was changed",
            cause=problem,
            hint=f"keep the order in {ORDER_FILE} instead: inv adopt",
        )


def plan(settled: Sequence[Migration]) -> dict[str, Migration]:
    """Return the files to be renamed: each old name with the migration as it is called then.

    Names that have a number keep it; the others get the next ones, in their order.

    Raises:
        NotRenumberable: The names would tell another order, or one of them is taken.
    """
    numbered = [each for each in settled if each.number is not None]
    following = max((each.number or 0 for each in numbered), default=0) + 1
    digits = [len(each.name) - len(each.name.lstrip("0123456789")) for each in numbered]
    width = max([_LEAST_DIGITS, len(str(len(settled))), *digits])
    found: dict[str, Migration] = {}
    for each in settled:
        if each.number is None:
            name = f"{following:0{width}}_{each.name}"
            path = each.path.with_name(f"{name}{each.path.suffix}")
            found[each.name] = replace(each, name=name, path=path, place=None)
            following += 1
    renamed = [found.get(each.name, replace(each, place=None)) for each in settled]
    if [each.name for each in sorted(renamed, key=order)] != [each.name for each in renamed]:
        raise NotRenumberable(
            "files without a number come before files with one, whose numbers would have to change"
        )
    taken = [each.path.name for each in found.values() if each.path.exists()]
    if taken:
        raise NotRenumberable(f"there is a file {taken[0]} already")
    return found


@contextmanager
def renamed(
    folder: Path, names: Mapping[str, Migration], paths: Mapping[str, Path]
) -> Iterator[None]:
    """Rename files for the time of the block, and for good when it ends well.

    Args:
        folder: The folder of migrations; its order file goes, the names tell the order now.
        names: As `plan` returned them.
        paths: The files as they are, by name.
    """
    moved: list[tuple[Path, Path]] = []
    order_file = folder / ORDER_FILE
    kept = order_file.read_text(encoding="utf-8") if order_file.exists() else None
    try:
        # First: were we killed, it would name files that are called otherwise.
        order_file.unlink(missing_ok=True)
        for old, migration in names.items():
            _move(paths[old], migration.path)
            moved.append((paths[old], migration.path))
        files.sync(folder)
        yield
    except BaseException:
        for was, now in reversed(moved):
            _move(now, was)
        if kept is not None:
            files.write_atomically(order_file, kept, mode=0o644)
        raise


@contextmanager
def kept(folder: Path, text: str) -> Iterator[None]:
    """Write the order file, and put back what was there when the block fails."""
    path = folder / ORDER_FILE
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        files.write_atomically(path, text, mode=0o644)
        yield
    except BaseException:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            files.write_atomically(path, before, mode=0o644)
        raise


def _move(old: Path, new: Path) -> None:
    """Move a file, by git where git knows it."""
    try:
        done = subprocess.run(
            ["git", "mv", "--", str(old), str(new)],
            cwd=old.parent,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        done = None
    if done is None or done.returncode != 0:
        old.rename(new)
