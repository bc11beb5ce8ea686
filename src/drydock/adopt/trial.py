"""One run of one script on a throw-away copy, and everything that it changed there.

The bench holds the copies, in a folder that is emptied by whoever made it. A run is the
executor's, so that a script does here what it will do in a migration. It refuses nothing: a
script that fails is a trial with a failure.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import candidate, connection, evidence, executor, formats, publish
from drydock.schema.difference import difference
from drydock.schema.inventory import inventory

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from drydock.errors import DrydockError
    from drydock.evidence import TableEvidence
    from drydock.migration import Migration
    from drydock.schema.difference import Change
    from drydock.schema.objects import Schema

_PRAGMAS = ("user_version", "application_id", "page_size", "auto_vacuum")


@dataclass(frozen=True, slots=True)
class Stand:
    """A database at one moment: its file, and what else of it counts.

    `marks` are the settings that outlive a connection; `broken` the views that cannot be read,
    with what SQLite says of each.
    """

    file: Path
    schema: Schema
    marks: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, str], ...] = ()
    has_triggers: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run did to a copy of `before`.

    `after` is None where it failed. `rows` are the tables whose rows are not what they were.
    """

    before: Stand
    after: Stand | None
    failure: DrydockError | None
    changes: tuple[Change, ...] = ()
    rows: tuple[TableEvidence, ...] = ()
    marks: tuple[str, ...] = ()
    output: str = ""

    @property
    def is_idle(self) -> bool:
        """True when it ran to its end and left everything as it was."""
        return self.failure is None and not (self.changes or self.rows or self.marks)


class Bench:
    """Where scripts are tried.

    Args:
        folder: An empty folder for the copies; nobody else uses it.
        live: The live database's real path: what a script believes it works on.
        root: The folder that Python scripts run in.
        time_limit: Seconds that one run may take; 0 for no limit.
    """

    def __init__(self, folder: Path, *, live: Path, root: Path, time_limit: float) -> None:
        self._folder = folder
        self._live = live
        self._root = root
        self._time_limit = time_limit
        self._made = 0

    def copy(self, stand: Stand) -> Path:
        """Return a new copy of the file of `stand`."""
        self._made += 1
        path = self._folder / f"copy-{self._made}.db"
        candidate.copy(stand.file, path)
        return path

    def empty(self) -> Stand:
        """Return a new database without tables."""
        self._made += 1
        path = self._folder / f"copy-{self._made}.db"
        connection.create_empty(path)
        return look(path)

    def discard(self, stand: Stand | None) -> None:
        """Delete the file of a copy that is not needed any more."""
        if stand is not None:
            stand.file.unlink(missing_ok=True)

    def run(self, migration: Migration, before: Stand) -> Trial:
        """Run `migration` on a copy of `before`; its file stays until it is discarded.

        Raises:
            MigrationError: The file cannot be read as SQL or Python.
        """
        path = self.copy(before)
        try:
            (applied,) = executor.apply(
                [migration],
                path,
                live=self._live,
                root=self._root,
                run="trial",
                logs=self._folder,
                time_limit=self._time_limit,
            )
            asked_for = publish.settle(path)
            # It may be run again on its own result, so it leaves no row in any book.
            with closing(connection.candidate(path, journal=False)) as opened:
                formats.strike(opened, migration, (migration,))
            after = look(path, mode=asked_for if asked_for == "wal" else before.marks[0][1])
        except (executor.MigrationFailed, publish.PublishFailed, connection.NotADatabase) as error:
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()
            return Trial(before, None, error)
        marks = zip(before.marks, after.marks, strict=True)
        return Trial(
            before,
            after,
            None,
            changes=difference(before.schema, after.schema).changes,
            rows=_changed_rows(before, after),
            marks=tuple(_told(*was, now[1]) for was, now in marks if was != now),
            output=applied.output,
        )


def look(file: Path, *, mode: str = "delete") -> Stand:
    """Return how the database in `file`, at rest, stands.

    Args:
        file: A copy; nobody writes it.
        mode: The journal mode that it counts as; copies are worked on in none.
    """
    from drydock.review.rules.objects import broken_views

    with closing(connection.read_only(file)) as opened:
        pragmas = ((name, str(_value(opened, f"PRAGMA {name}"))) for name in _PRAGMAS)
        marks = (("journal mode", mode), *pragmas, ("statistics", _statistics(opened)))
        schema = inventory(opened)
        broken = broken_views(opened)
    return Stand(file, schema, marks, broken, bool(schema.triggers))


def _changed_rows(before: Stand, after: Stand) -> tuple[TableEvidence, ...]:
    options = evidence.Options(samples=0, integrity="none")
    found = evidence.compare(before.file, after.file, options=options)
    return tuple(each for each in found.tables if each.changed or each.added or each.removed)


def _value(opened: sqlite3.Connection, sql: str) -> object:
    return opened.execute(sql).fetchone()[0]


def _statistics(opened: sqlite3.Connection) -> str:
    """Say whether ANALYZE ever ran; which numbers it left is no script's effect."""
    return str(_value(opened, "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'"))


def _told(name: str, was: str, now: str) -> str:
    if name == "statistics":
        return "statistics (ANALYZE)"
    return f"{name} {was} → {now}"
