"""The order that scripts without numbers are settled in, and the file that keeps it.

What the names tell stands first: the order file's lines, then numbers. The rest goes by date (in
the name, in the header's ``Date:``, or git's first commit of the file), then by name. It reads git
and refuses nothing where there is none.
"""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from drydock.migration import order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from drydock.migration import Migration

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_./]?(\d\d)[-_./]?(\d\d)(?!\d)")
_UNDATED = "~"
_GIT_SECONDS = 20
_GIT_LOG = (
    *("git", "-c", "core.quotepath=false", "log", "--format=%x00%at"),
    *("--name-only", "--diff-filter=A", "--no-renames"),
)
_HEAD = """\
# The order in which these migrations run, one name a line; inv adopt wrote it.
# A file that is not named here comes after these. To keep the order in the names instead:
# inv adopt --renumber
"""


def derive(migrations: Iterable[Migration], folder: Path) -> tuple[Migration, ...]:
    """Return the migrations in the order that names, headers and git tell."""
    every = tuple(migrations)
    needs_git = any(_is_free(each) and not _own_date(each) for each in every)
    commits = first_commits(folder) if needs_git else {}
    return tuple(sorted(every, key=lambda each: (order(each)[:2], _date(each, commits), each.name)))


def settle(judged: Sequence[Migration], applied: Collection[str]) -> tuple[Migration, ...]:
    """Return the final order: of names that tell no order, what is applied ran before the rest."""
    free = sorted((each for each in judged if _is_free(each)), key=lambda e: e.name not in applied)
    left = iter(free)
    return tuple(next(left) if _is_free(each) else each for each in judged)


def is_told_by_names(settled: Sequence[Migration]) -> bool:
    """Say whether `settled` is the order in which the folder is read already."""
    return list(settled) == sorted(settled, key=order)


def text(settled: Iterable[Migration]) -> str:
    """Return the text of the order file."""
    return _HEAD + "".join(f"{each.name}\n" for each in settled)


def first_commits(folder: Path) -> dict[str, str]:
    """Return when each file of `folder` was first committed, UTC in ISO 8601; {} without git."""
    try:
        done = subprocess.run(
            [*_GIT_LOG, "--relative", "--", "."],
            cwd=folder,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, str] = {}
    for block in done.stdout.decode("utf-8", "replace").split("\0")[1:]:
        stamp, *names = [line for line in block.splitlines() if line]
        at = datetime.fromtimestamp(int(stamp), UTC).isoformat(timespec="seconds")
        # The newest commit stands first, so the last word is the first commit's.
        found.update(dict.fromkeys(names, at))
    return found


def _is_free(migration: Migration) -> bool:
    """Say whether neither the order file nor a number places it."""
    return migration.place is None and migration.number is None


def _date(migration: Migration, commits: Mapping[str, str]) -> str:
    if not _is_free(migration):
        return ""
    return _own_date(migration) or commits.get(migration.path.name) or _UNDATED


def _own_date(migration: Migration) -> str:
    for words in (migration.name, migration.header.date):
        for year, month, day in _DATE.findall(words):
            try:
                return date(int(year), int(month), int(day)).isoformat()
            except ValueError:
                continue  # digits, but no date
    return ""
