"""What every format of another tool must answer, and the errors that they share.

A format reads the tool's folder as it is, and keeps the tool's own bookkeeping exactly as the tool
would, so that going back to it costs nothing. It never runs a migration: that is the executor's,
on a candidate. It refuses a file that its tool would refuse, before anything runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from drydock.errors import DrydockError, ExitCode
from drydock.names import quote
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration


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


class Look:
    """What can be seen of a folder and a database, without deciding anything."""

    def __init__(self, folder: Path, connection: sqlite3.Connection | None) -> None:
        self.folder = folder
        self._connection = connection

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The names of the files in the folder, sorted; hidden ones left out."""
        return tuple(sorted(path.name for path in self._paths if path.is_file()))

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The names of the folders in it, sorted; hidden ones and those of Python left out."""
        names = (path.name for path in self._paths if path.is_dir())
        return tuple(sorted(name for name in names if name != "__pycache__"))

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        if not self.folder.is_dir():
            return ()
        return tuple(path for path in self.folder.iterdir() if not path.name.startswith("."))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The names of the database's tables."""
        if self._connection is None:
            return frozenset()
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return frozenset(str(name) for (name,) in rows)

    def has_column(self, table: str, column: str) -> bool:
        """Say whether the database's `table` has `column`."""
        return self._connection is not None and column in columns(self._connection, table)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each .sql and .py file, as far as it is text."""
        texts: dict[str, str] = {}
        for name in self.files:
            if name.endswith((".sql", ".py")):
                with suppress(OSError):  # told with its hint by whoever reads it as a migration
                    data = (self.folder / name).read_bytes()
                    texts[name] = data.decode("utf-8-sig", errors="replace")
        return texts

    def project(self, name: str) -> str:
        """Return the text of the nearest project file `name`, up to three folders above."""
        for folder in (self.folder, *self.folder.parents[:3]):
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8", errors="replace")
        return ""


@dataclass(frozen=True, slots=True)
class Sight:
    """Why a folder looks like a format's; not `decides` where another tool's looks the same."""

    reason: str
    decides: bool = True


class Format(ABC):
    """One tool's folder and bookkeeping."""

    name: ClassVar[str]
    table: ClassVar[str]
    """The table that says what has been applied."""
    how_to_make: ClassVar[str]
    """The tool's own command for a new migration."""

    @abstractmethod
    def sees(self, look: Look) -> Sight | None:
        """Say why the folder looks like this tool's, None where it does not."""

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


def columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the names of a table's columns; none where there is no such table."""
    rows = connection.execute(f"PRAGMA table_info({quote(table)})")
    return tuple(str(row[1]) for row in rows)


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
