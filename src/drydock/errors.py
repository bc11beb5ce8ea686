"""The errors of Drydock and the exit codes they become.

Every foreseeable condition is a subclass of `DrydockError` with the four answers a tired user
needs: what happened (and to which file or table), why, in what state the data is now, and what to
type next. This module knows nothing of how they are shown; `drydock.terminal` renders them and
`drydock.tasks` turns them into exit codes.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status says; the table in docs/errors.md is made from this."""

    DONE = 0
    """Everything asked for was done, or there was nothing to do."""
    UNEXPECTED = 1
    """A fault of Drydock itself; the traceback is in the run's folder."""
    USAGE = 2
    """The settings, a flag or a name given on the command line is wrong; nothing was touched."""
    REFUSED = 3
    """Drydock declined: findings, undeclared loss, or an unanswered question. Nothing changed."""
    FAILED = 4
    """A step failed before publish; the database is as it was."""
    ROLLED_BACK = 5
    """A step failed after publish; the previous database is back."""
    NEEDS_YOU = 6
    """The way back failed too; nothing was deleted and the exact commands are on the screen."""
    BUSY = 7
    """Another run or another process has the database; nothing was touched."""
    DIFFERENT = 8
    """A check found a difference (verify-schema, backups --verify, status --check)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal; the screen says in what state."""


class DrydockError(Exception):
    """The base of every condition that Drydock foresees.

    Args:
        what: One line: what happened, to which file, table or migration.
        cause: Why, most direct first; each entry is shown on a line of its own.
        at: Where: ``file:line``, and below it the statement, when there is one.
        state: In what state the database and the backend are now. The chain fills it in where
            the place that raised could not know.
        hint: What to type next, word for word, or what to change.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(
        self,
        what: str,
        *,
        cause: str | list[str] | None = None,
        at: str | None = None,
        state: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.cause: list[str] = [cause] if isinstance(cause, str) else list(cause or [])
        self.at = at
        self.state = state
        self.hint = hint


class Interrupted(DrydockError):
    """Ctrl-C, or a signal that ends programs, arrived; `name` is the signal's."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self, name: str) -> None:
        super().__init__(f"stopped by {name}", hint="to go on: run the command again")
