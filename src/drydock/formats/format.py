"""What every format of another tool must answer, and the errors that they share.

A format reads the tool's folder as it is, and keeps the tool's own bookkeeping exactly as the tool
would, so that going back to it costs nothing. It never runs a migration: that is the executor's,
on a candidate. It refuses a file that its tool would refuse, before anything runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from drydock.errors import DrydockError, ExitCode
from drydock.formats.sights import columns
from drydock.source import MigrationError
from drydock.words import counted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """One migration that a tool's bookkeeping has as applied.

    `version` is what the tool knows it by, `at` when, as the tool wrote it; `digest` is the
    checksum it was applied with, empty where the tool keeps none.
    """

    version: str
    at: str = ""
    digest: str = ""


class BooksRefused(DrydockError):
    """A tool's bookkeeping cannot be relied on."""

    exit_code = ExitCode.REFUSED

    def __init__(self, tool: str, problem: str, *, hint: str) -> None:
        self.tool = tool
        self.problem = problem
        super().__init__(
            f"{tool}'s bookkeeping cannot be relied on; nothing was touched",
            cause=problem,
            hint=hint,
        )


class FilesLeftOut(DrydockError):
    """Files in a tool's folder are no migrations of that tool, so that nothing would run them."""

    exit_code = ExitCode.USAGE

    def __init__(self, tool: str, folder: Path, left_out: Sequence[Path]) -> None:
        self.tool = tool
        self.left_out = tuple(left_out)
        names = [each.name for each in self.left_out]
        more = [f"and {len(names) - _SHOWN} more"] * (len(names) > _SHOWN)
        super().__init__(
            f"{counted(len(names), 'file')} in {folder} would not be run; nothing was touched",
            cause=[f"{name} is no migration of {tool}" for name in names[:_SHOWN]] + more,
            hint=f"the folder is read as {tool}'s: move what is not out of it\n"
            'or, where none of it is, say so in the settings: format = "drydock"',
        )


class Format(ABC):
    """One tool's folder and bookkeeping."""

    name: ClassVar[str]
    table: ClassVar[str]
    """The table that says what has been applied."""
    how_to_make: ClassVar[str]
    """The tool's own command for a new migration."""

    @abstractmethod
    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the folder's migrations in the tool's order.

        Raises:
            MigrationError: A file that the tool would refuse.
        """

    def keeps(self, connection: sqlite3.Connection) -> bool:
        """Say whether the database has the tool's bookkeeping."""
        return bool(columns(connection, self.table))

    @abstractmethod
    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return what the bookkeeping has as applied; only where `keeps`.

        Raises:
            BooksRefused: It says that a run of the tool failed halfway.
        """

    @abstractmethod
    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the bookkeeping where there is none, as the tool does."""

    @abstractmethod
    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, seconds: float
    ) -> None:
        """Enter `migration` as applied, as the tool does; `at` is UTC."""

    @abstractmethod
    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Take `migration` out of the bookkeeping, as the tool does when it goes down."""


def version_of(migration: Migration) -> str:
    """Return what the migration's own tool knows it by."""
    assert migration.origin is not None
    return migration.origin.version


def require_unique(migrations: Iterable[Migration], tool: str) -> None:
    """Raise MigrationError where two migrations have one version, or one name."""
    seen: dict[str, Migration] = {}
    for each in migrations:
        for known_by in {f"version {version_of(each)}", f"name {each.name}"}:
            twin = seen.setdefault(known_by, each)
            if twin is not each:
                raise MigrationError(
                    each.path,
                    f"{twin.path.name} has the {known_by} too, and {tool} knows a migration by "
                    "nothing else",
                    hint="give one of them another",
                )
