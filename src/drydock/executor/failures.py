"""The ways in which a migration fails, each told with its file, line, statement and the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.errors import DrydockError

if TYPE_CHECKING:
    from drydock.migration import Migration

_STATEMENT_LINES = 6
_MEND = "mend the file, then run: inv migrate"
NOT_YOURS = (
    "take out the close(): what migrate(db) is given is committed and closed for it; "
    "then run: inv migrate"
)
UNHEARD = 77
"""The exit status of a child that came to its end and has nothing left to tell it by."""


class MigrationFailed(DrydockError):
    """A migration did not run to its end; it ran on a candidate, which is thrown away."""

    def __init__(
        self,
        migration: Migration,
        cause: str | list[str],
        *,
        line: int | None = None,
        statement: str = "",
        hint: str = _MEND,
    ) -> None:
        self.migration = migration
        self.line = line
        self.statement = statement
        where = f"{migration.path}:{line}" if line else str(migration.path)
        super().__init__(
            f"migration {migration.name} failed; nothing was changed",
            cause=cause,
            at=f"{where}\n{shorten(statement)}" if statement else where,
            hint=hint,
        )


class TimeLimitReached(MigrationFailed):
    """A migration took longer than `time_limit` allows (F26)."""

    def __init__(self, migration: Migration, line: int | None = None, statement: str = "") -> None:
        super().__init__(
            migration,
            "it ran longer than time_limit in the settings allows",
            line=line,
            statement=statement,
            hint="raise time_limit in the settings, or make it faster; then run: inv migrate",
        )


def shorten(statement: str) -> str:
    """Return the first lines of a statement, marked where some were left out."""
    lines = statement.splitlines()
    if len(lines) <= _STATEMENT_LINES:
        return statement
    left = len(lines) - _STATEMENT_LINES
    return "\n".join([*lines[:_STATEMENT_LINES], f"… ({left} more lines)"])
