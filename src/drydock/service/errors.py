"""What can go wrong with the backend's processes, each condition a class of its own.

Every message names the process by pid and command, says what was left untouched, and what to type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.service.command import described, shown, title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from drydock.service.discovery import Foreign, Running
    from drydock.service.identity import Identity


class ForeignListener(DrydockError):
    """A program that is not the backend listens on the backend's port; it was left alone."""

    exit_code = ExitCode.BUSY

    def __init__(self, port: int, foreign: Foreign) -> None:
        self.port = port
        self.pid = foreign.pid
        self.command = foreign.command
        free = f"stop it (kill {self.pid})" if self.pid else "stop it"
        super().__init__(
            f"port {port} is taken by a program that is not the backend; it was left alone",
            cause=[described(self.pid, self.command), foreign.why],
            hint=f"{free}, or set another backend.port; if it is your backend after all, "
            "set backend.match to a text of its command line",
        )


class AlreadyRunning(DrydockError):
    """The backend was to be started, and runs; it was left alone."""

    exit_code = ExitCode.REFUSED

    def __init__(self, running: Running) -> None:
        self.pid = running.root.pid
        super().__init__(
            f"the backend runs already (pid {self.pid}); nothing was started",
            cause=described(self.pid, running.root.command),
            hint="to start it anew: inv stop-backend start-backend",
        )


class StopTimedOut(DrydockError):
    """The backend was asked to stop, and after the grace period something of it is left."""

    def __init__(
        self, left: Sequence[Identity], others: Sequence[str], seconds: float, *, force: bool
    ) -> None:
        self.left = tuple(left)
        self.seconds = seconds
        asked = "killed" if force else "asked to stop"
        pids = " ".join(str(each.pid) for each in self.left)
        if not force and self.left:
            hint = "wait for it and try again, or end it: inv stop-backend --force"
        elif self.left:
            hint = f"see what keeps it: ps -o pid,stat,wchan,args -p {pids.replace(' ', ',')}"
        else:
            hint = "stop what is named above, then run the command again"
        super().__init__(
            f"the backend was {asked} and did not end within {seconds:.1f} s",
            cause=[*(f"still runs: {described(e.pid, e.command)}" for e in self.left), *others],
            state="the database was not touched; the backend may no longer answer",
            hint=hint,
        )


class StopFailed(DrydockError):
    """The backend could not be asked to stop."""

    def __init__(self, what: str, cause: list[str], hint: str) -> None:
        super().__init__(
            what,
            cause=cause,
            state="the database was not touched",
            hint=hint,
        )

    @classmethod
    def refused(cls, identity: Identity) -> StopFailed:
        """Return the error for a process that belongs to another user."""
        return cls(
            f"the backend (pid {identity.pid}) belongs to another user and cannot be stopped",
            [described(identity.pid, identity.command)],
            f"sudo kill {identity.pid}, or set backend.stop to the command that stops it",
        )

    @classmethod
    def command(cls, argv: Sequence[str], reason: str, output: list[str]) -> StopFailed:
        """Return the error for a stop command of the settings that did not work."""
        return cls(
            f"the command that stops the backend {reason}",
            [shown(argv), *output],
            f"run it by hand: {shown(argv)}",
        )


class StartFailed(DrydockError):
    """The backend was started and did not become healthy; what was started is stopped again.

    `lines` is the end of what it said in this start; `reason` is one of ours.
    """

    def __init__(self, argv: Sequence[str], reason: str, lines: list[str], log: Path) -> None:
        self.reason = reason
        self.lines = lines
        self.log = log
        super().__init__(
            f"the backend ({title(argv)}) did not start: {reason}",
            cause=lines or ["it wrote nothing to its log"],
            at=str(log),
            state="what was started is stopped again; the backend does not run",
            hint="mend what its log says, then run: inv start-backend",
        )


class StartImpossible(DrydockError):
    """The backend's command or log cannot be used; nothing was started."""

    def __init__(self, argv: Sequence[str], error: OSError) -> None:
        self.command = tuple(argv)
        super().__init__(
            f"the backend ({title(argv)}) cannot be started: {error.filename}: {error.strerror}",
            cause=shown(argv),
            state="nothing was started; the backend does not run",
            hint="set backend.start, backend.cwd and backend.log to what exists, "
            "then run: inv start-backend",
        )
