"""The project's migrations for its tests: run as Drydock runs them, on files of the tests.

The history from an empty database is run once and kept as one file after each migration; tests
get copies. It refuses the project's own database: nothing here opens it.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from drydock import backup, candidate, connection, executor, formats, ledger, plan, publish
from drydock.errors import DrydockError, ExitCode
from drydock.formats import downs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drydock.executor import Applied
    from drydock.migration import Migration
    from drydock.settings import Settings

    Sample: TypeAlias = Callable[[Path, str], None]


def read(settings: Settings) -> tuple[Migration, ...]:
    """Return the project's migrations, in whatever tool's format they are.

    Raises:
        FormatUnclear, MigrationError, OrderError, FolderMissing: As they say.
    """
    return formats.read(settings.migrations, None, settings.format)


class SampleMissing(DrydockError):
    """A test asked for rows, and the project has not said where they come from."""

    exit_code = ExitCode.USAGE

    def __init__(self, cause: str) -> None:
        super().__init__(
            "there are no rows to test with",
            cause=cause,
            hint="override the fixture drydock_sample in conftest.py: docs/testing.md",
        )


class Runner:
    """Runs a project's migrations on files of a test.

    Args:
        settings: The project's.
        folder: Where the databases are kept that copies are made of.
        sample: Fills a database, given its path and the name of its last migration.
        start: What the first migration starts from; None for an empty database.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        sample: Sample | None = None,
        start: Path | None = None,
    ) -> None:
        self.settings = settings
        self.migrations: tuple[Migration, ...] = read(settings)
        self._folder = folder
        self._sample = sample
        self._start = start

    @property
    def has_sample(self) -> bool:
        """True when the project has said where rows come from."""
        return self._sample is not None

    def named(self, name: str) -> Migration:
        """Return the migration `name`, given by its name or its number.

        Raises:
            UnknownMigration: There is none; the nearest names are told.
        """
        return plan.up_to(plan.make((), self.migrations), name)[-1]

    def before(self, name: str) -> str | None:
        """Return the name of the migration before `name`; None for the first."""
        place = self.migrations.index(self.named(name))
        return self.migrations[place - 1].name if place else None

    def pending(self, database: Path) -> tuple[Migration, ...]:
        """Return the migrations that `database` has yet to run, in their order."""
        with closing(connection.read_only(database)) as opened:
            applied = formats.entries(opened, self.migrations)
            return plan.make(applied, self.migrations).pending

    def migrate(self, database: Path, to: str | None = None) -> tuple[Applied, ...]:
        """Run what is pending, up to and with `to`, on the file `database` itself.

        Raises:
            MigrationFailed: One did not run to its end; the file is no longer of use.
            UnknownMigration: `to` is none.
        """
        last = self.named(to) if to is not None else None
        pending = self.pending(database)
        if last is not None:
            place = self.migrations.index(last)
            pending = tuple(each for each in pending if self.migrations.index(each) <= place)
        return self.apply(database, *pending)

    def apply(self, database: Path, *migrations: Migration) -> tuple[Applied, ...]:
        """Run these migrations on the file `database` itself, whatever else is pending.

        Raises:
            MigrationFailed: One did not run to its end; the file is no longer of use.
        """
        applied = executor.apply(
            migrations,
            database,
            live=self._live,
            root=self.settings.root,
            run="test",
            logs=self._folder,
            known=self.migrations,
            time_limit=self.settings.time_limit,
        )
        publish.settle(database)
        return applied

    def run_python(self, migration: Migration, database: Path) -> Applied:
        """Run one Python migration on `database`, as the review does: without the ledger.

        Raises:
            MigrationFailed: It did not run to its end; the file is no longer of use.
        """
        return executor.python.run(
            migration,
            database,
            live=self._live,
            root=self.settings.root,
            log=self._folder / f"{migration.name}.log",
            time_limit=self.settings.time_limit,
        )

    def take_back(self, database: Path, migration: Migration) -> None:
        """Run the way back of another tool's migration on the file `database` itself.

        Raises:
            NoWayBack: It has none.
            MigrationFailed: It did not run to its end; the file is no longer of use.
        """
        back = downs.of(migration)
        if back is None:
            raise downs.NoWayBack(
                migration.name, "it has no down script", hint="count on the backup: inv rollback"
            )
        self.apply(database, back)

    def copy(self, target: Path, name: str | None = None, *, rows: bool = False) -> Path:
        """Make `target` a database as it was after the migration `name`, and return its path.

        Args:
            target: A file that does not exist.
            name: The last migration applied; by default the project's last.
            rows: With the rows of the sample.

        Raises:
            SampleMissing: `rows` were asked for and there are none.
            MigrationFailed, UnknownMigration: As they say.
        """
        last = self.named(name).name if name is not None else self._last()
        candidate.copy(self.populated(last) if rows else self.empty(last), target)
        return target

    def empty(self, name: str | None) -> Path:
        """Return the kept database as it is after `name`, with no rows but the migrations' own.

        Not to be written to. With None it is what the first migration starts from.

        Raises:
            MigrationFailed: As it says.
        """
        place = self.migrations.index(self.named(name)) + 1 if name is not None else 0
        made = self._kept("empty", None)
        if not made.exists():
            with _unfinished(made) as file:
                if self._start is None:
                    connection.create_empty(file)
                else:
                    candidate.copy(self._start, file)
                self.apply(file)  # makes the ledger, and the books of another tool
        for each in self.migrations[:place]:
            before, made = made, self._kept("empty", each.name)
            if not made.exists():
                with _unfinished(made) as file:
                    candidate.copy(before, file)
                    self.apply(file, each)
        return made

    def populated(self, name: str | None) -> Path:
        """Return the kept database as it is after `name`, with the rows of the sample.

        Not to be written to. With None it is what the first migration starts from.

        Raises:
            SampleMissing: There is no sample, or it put no row into any table.
            MigrationFailed: As it says.
        """
        if name is None:
            return self.empty(None)
        if self._sample is None:
            raise SampleMissing("the fixture drydock_sample is None")
        made = self._kept("rows", name)
        if not made.exists():
            with _unfinished(made) as file:
                candidate.copy(self.empty(name), file)
                self._sample(file, name)
                publish.settle(file)
                _require_rows(file, name, self.books | {ledger.TABLE})
        return made

    @cached_property
    def books(self) -> frozenset[str]:
        """The tables in which another tool keeps its books; none where it is Drydock alone."""
        file = self._folder / "books.db"
        connection.create_empty(file)
        self.apply(file)
        with closing(connection.read_only(file)) as opened:
            return frozenset(backup.count_rows(opened)) - {ledger.TABLE}

    @property
    def _live(self) -> Path:
        """The project's own database: what a script names, and what it is kept away from."""
        return Path(os.path.realpath(self.settings.database))

    def _kept(self, what: str, name: str | None) -> Path:
        return self._folder / f"{what} {name or ''}.db"

    def _last(self) -> str | None:
        return self.migrations[-1].name if self.migrations else None


@contextmanager
def _unfinished(made: Path) -> Iterator[Path]:
    """Give a file to work on that becomes `made` when all went well, so no half is ever kept."""
    file = made.with_name(f"{made.name}.unfinished")
    file.unlink(missing_ok=True)
    yield file
    file.rename(made)


def _require_rows(file: Path, name: str, books: frozenset[str]) -> None:
    """Raise SampleMissing for an empty database: a test on it would prove nothing."""
    with closing(connection.read_only(file)) as opened:
        rows = backup.count_rows(opened)
    if not any(count for table, count in rows.items() if table not in books):
        raise SampleMissing(f"drydock_sample put no row into the database after {name}")


def full_text(error: DrydockError) -> str:
    """Return all of an error, for a test's report, which would show its first line only."""
    lines = [error.what, *(f"  cause: {each}" for each in error.cause)]
    lines += [f"     at: {error.at}"] if error.at else []
    lines += ["", f"hint: {error.hint}"] if error.hint else []
    return "\n".join(lines)
