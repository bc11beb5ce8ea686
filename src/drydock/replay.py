"""The published database made again, so that what was written since can be told from it (F48).

The live database's ledger says which migrations a backup has not, with their text; they run once
more, on a copy of it. A migration that asks the clock, the dice or the network makes another
database the second time, and then its own rows would pass for the application's. So what is made
is held against the digest of what was published, or, where no digest is of that database, against
the rows. Where it does not stand, it says why, and the backup takes its place.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock import (
    backup,
    candidate,
    connection,
    evidence,
    executor,
    files,
    formats,
    ledger,
    publish,
)
from drydock.errors import DrydockError, Interrupted
from drydock.migration import Migration

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from drydock.walk import Walk


@dataclass(frozen=True, slots=True)
class Replay:
    """What the live database is compared with, to tell what was written since.

    Attributes:
        file: The database that was published, made again; the backup, where there is a doubt.
        doubt: Why what the migrations wrote cannot be told from what was written since; empty
            where it can.
    """

    file: Path
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class _Between:
    """What has happened between two databases by their ledgers: what ran, with its entries."""

    migrations: tuple[Migration, ...]
    entries: dict[str, ledger.Entry]
    known: tuple[Migration, ...]
    doubt: str


def make(old: Path, now: Path, walk: Walk, *, published: str = "") -> Replay:
    """Make again of the backup `old` what the runs until the database `now` have published.

    The migrations run once; the file is the run's, and goes with it.

    Args:
        old: The backup's file.
        now: A copy of the database that the application wrote to since, at rest.
        walk: The walk that goes back.
        published: The digest of what was published, where `old` is what that was made of.

    Raises:
        NotComparable: The rows had to be compared, and cannot be.
        OSError: The file could not be made.
    """
    with closing(connection.read_only(old)) as before, closing(connection.read_only(now)) as after:
        between = _between(before, after, walk)
    if published and not between.migrations and not between.doubt:
        return Replay(
            old, f"the ledger of {walk.live.name} has nothing of the run that is to be taken back"
        )
    if between.doubt or not between.migrations:
        return Replay(old, between.doubt)
    folder = files.private_folder(walk.record.folder / "candidate-again")
    again = folder / "again.db"
    candidate.copy(old, again)
    try:
        executor.apply(
            between.migrations,
            again,
            live=walk.live,
            root=walk.settings.root,
            run=walk.record.record.id,
            logs=folder,
            known=between.known,
            time_limit=walk.settings.time_limit,
            entered=between.entries,
        )
        publish.settle(again)
    except Interrupted:
        raise
    except DrydockError as error:
        told = error.what.replace("; nothing was changed", " the second time")
        return Replay(old, ": ".join([told, *error.cause[-1:]]))
    is_same = bool(published) and backup.content_digest(again) == published
    doubt = "" if is_same else _doubt(old, again, now, between, published)
    return Replay(old, doubt) if doubt else Replay(again)


def _between(before: sqlite3.Connection, after: sqlite3.Connection, walk: Walk) -> _Between:
    had, has = (ledger.entries(one) for one in (before, after))
    marks = {_mark(each) for each in had}
    ran = [each for each in has if _mark(each) not in marks and each.is_of_a_run]
    doubt = ""
    names, marks = {each.name for each in has}, {_mark(each) for each in has}
    if gone := [each.name for each in had if each.name not in names and _mark(each) not in marks]:
        doubt = f"the backup has {gone[-1]} applied, and {walk.live.name} has not"
    if back := ledger.taken_back(after)[len(ledger.taken_back(before)) :]:
        doubt = f"{back[-1]} was taken back by its down script since"
    known: tuple[Migration, ...] = ()
    if ran and not doubt:
        with suppress(DrydockError):  # a folder that cannot be read must not stand in the way back
            known = formats.read(walk.settings.migrations, after, walk.settings.format)
    migrations = _migrations(after, ran, known, walk)
    return _Between(migrations, {each.name: each for each in ran}, known, doubt)


def _mark(entry: ledger.Entry) -> tuple[str, str]:
    """Return what tells an entry, also when its file was renamed, or ran again changed."""
    return entry.run, entry.checksum


def _migrations(
    opened: sqlite3.Connection,
    ran: Sequence[ledger.Entry],
    known: Sequence[Migration],
    walk: Walk,
) -> tuple[Migration, ...]:
    """Return the migrations that `ran`, with the text that the ledger kept of them.

    What only their own tool's folder tells, such as the program that runs them, comes from there.
    """
    of_tools = {each.name: each for each in known if each.origin is not None}
    found = []
    for entry in ran:
        text, kind = ledger.text_of(opened, entry.name), ledger.kind_in(opened, entry.name)
        path = walk.settings.migrations / f"{entry.name}.{kind.rpartition(':')[2]}"
        file = of_tools.get(entry.name, Migration(entry.name, path, "", ""))
        found.append(replace(file, text=text, checksum=entry.checksum))
    return tuple(found)


def _doubt(old: Path, again: Path, now: Path, between: _Between, published: str) -> str:
    """Return why `again` may not be what was published; empty where it is as good as that.

    Where its digest cannot be known, and where another tool's books may tell another time, it
    counts if all that the migrations write is in `now`.
    """
    if published and all(each.origin is None for each in between.migrations):
        return "the migrations made another database the second time than they had published"
    wrote = {
        each.name
        for each in evidence.compare(old, again).tables
        if each.changed or each.added or each.removed
    }
    others = [
        each.name
        for each in evidence.compare(again, now).tables
        if (each.was or each.name) in wrote and (each.changed or each.removed)
    ]
    return (
        f"rows of {', '.join(others)} that the migrations write have other values now: "
        "they do not write the same twice, or the application changed them"
        if others
        else ""
    )
