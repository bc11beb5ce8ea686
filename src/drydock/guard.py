"""The start-up guard: an application refuses to run on a database that does not fit its code.

``drydock.require_current("app.db")`` before the application serves, or ``guard.lifespan`` for
FastAPI and Starlette. It only reads, takes a few milliseconds, and imports nothing but sqlite3 and
the standard library.
"""

from __future__ import annotations

import contextlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from drydock import connection, ledger, migration, plan
from drydock.errors import DrydockError, ExitCode
from drydock.names import BOOKS

if TYPE_CHECKING:
    import os
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Sequence

    from drydock.ledger import Entry
    from drydock.migration import Migration

Pending = Literal["refuse", "serve"]
"""What an application does on a schema that is behind its code: not start, or serve what it can."""


@dataclass(frozen=True, slots=True)
class State:
    """How a database stands to the migrations: their names, each list empty when all is well."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    edited: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """True when the database is what the files say, with nothing left to run."""
        return not (self.pending or self.edited or self.unknown)


class NotCurrent(DrydockError):
    """The application was started on a database that does not fit its migrations."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, database: Path, state: State) -> None:
        self.database = database
        self.state_found = state
        told = (
            ("pending", state.pending),
            ("edited after they were applied", state.edited),
            ("applied but unknown here (is this an older checkout?)", state.unknown),
        )
        super().__init__(
            f"{database} does not fit this application's migrations; it was not started",
            cause=[f"{what}: {', '.join(names)}" for what, names in told if names],
            state="the database was only read",
            # An edited or unknown migration is to be understood before anything new is applied.
            hint="inv status --diff" if state.edited or state.unknown else "inv migrate",
        )

    def __str__(self) -> str:
        """Return all of it: a server's log shows nothing but the exception's text."""
        return "; ".join([self.what, *self.cause, f"type: {self.hint}"])


def current_state(
    database: str | os.PathLike[str],
    migrations: str | os.PathLike[str] = "migrations",
    *,
    format: str = "auto",  # noqa: A002 - the setting's name
) -> State:
    """Return how `database` stands to the folder `migrations`; only reads.

    Args:
        database: The application's database.
        migrations: The folder of its migrations.
        format: Whose migrations those are, as in the setting of that name.

    Raises:
        FormatUnclear, UnknownFormat: The folder may be two tools', or `format` is none.
        DatabaseMissing, NotADatabase, FolderMissing, MigrationError: as they say.
    """
    with closing(connection.read(Path(database))) as opened:
        files, applied = _read(opened, Path(migrations), format)
        found = plan.make(applied, files)
    return State(
        applied=tuple(each.name for each in found.applied),
        pending=tuple(each.name for each in found.pending),
        edited=tuple(each.name for each in found.edited),
        unknown=tuple(each.name for each in found.missing),
    )


def require_current(
    database: str | os.PathLike[str],
    migrations: str | os.PathLike[str] = "migrations",
    *,
    pending: Pending = "refuse",
    format: str = "auto",  # noqa: A002 - the setting's name
) -> State:
    """Return the state of `database`, or refuse to go on with one that does not fit.

    Args:
        database: The application's database.
        migrations: The folder of its migrations.
        pending: ``serve`` for an application that runs, in part, on a schema that is behind: a
            failed deploy then has something to go back to.
        format: As for `current_state`.

    Raises:
        NotCurrent: Something is pending, edited or unknown; the message names it.
        DatabaseMissing, NotADatabase, FolderMissing, MigrationError: as they say.
    """
    state = current_state(database, migrations, format=format)
    is_behind_only = not (state.edited or state.unknown)
    if state.is_current or (pending == "serve" and is_behind_only):
        return state
    raise NotCurrent(Path(database), state)


def lifespan(
    database: str | os.PathLike[str] | Callable[[], str | os.PathLike[str]],
    migrations: str | os.PathLike[str] = "migrations",
    *,
    pending: Pending = "refuse",
    format: str = "auto",  # noqa: A002 - the setting's name
) -> Callable[[Any], contextlib.AbstractAsyncContextManager[None]]:
    """Return a lifespan for ``FastAPI(lifespan=…)`` that calls `require_current` first.

    Args:
        database: As for `require_current`, or a function that is asked for it when the
            application starts, where that is when its settings are known.
        migrations: As for `require_current`.
        pending: As for `require_current`.
        format: As for `current_state`.
    """

    @contextlib.asynccontextmanager
    async def guarded(_: Any) -> AsyncIterator[None]:
        path = database() if callable(database) else database
        require_current(path, migrations, pending=pending, format=format)
        yield

    return guarded


def _read(
    opened: sqlite3.Connection, folder: Path, wanted: str
) -> tuple[Sequence[Migration], Sequence[Entry]]:
    """Return the files and what the ledger has of them."""
    if wanted == "drydock" or (wanted == "auto" and _is_surely_ours(opened)):
        return migration.read_folder(folder), ledger.entries(opened)
    from drydock import formats

    files = formats.read(folder, opened, wanted)
    return files, formats.entries(opened, files)


def _is_surely_ours(opened: sqlite3.Connection) -> bool:
    """Say whether Drydock alone has ever migrated the database: its ledger, and nobody's books."""
    rows = opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    tables = {str(name) for (name,) in rows}
    return ledger.TABLE in tables and not tables & BOOKS
