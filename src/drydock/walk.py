"""The state of one walk of the chain in this process, and what it asks of whoever shows it.

It holds what the steps hand to each other: lock, record, hold, backup, plan, evidence. It decides
nothing and prints nothing; `Reporter` is the one way from here to a screen.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drydock import connection, files, formats, lock, plan, record
from drydock.errors import Interrupted
from drydock.settings import state_folder
from drydock.words import as_word

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from drydock.backup import Backup, Taking
    from drydock.evidence import Evidence
    from drydock.executor import Applied
    from drydock.hold import Hold
    from drydock.migration import Migration
    from drydock.plan import Plan
    from drydock.review import Finding
    from drydock.schema.objects import Schema
    from drydock.service.backend import ServiceSettings
    from drydock.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for on the command line; see the flags of ``inv migrate``."""

    dry_run: bool = False
    to: str | None = None
    yes: bool = False
    allow_loss: bool = False
    no_backend: bool = False
    create: bool = False
    force: bool = False
    expect: tuple[str, ...] = ()
    keep_new_rows: bool = False
    down: str | None = None

    @property
    def typed(self) -> str:
        """The command that asks for a walk of the whole chain with these; without ``--yes``."""
        if self.down is not None:
            return f"inv rollback --down {as_word(self.down)}"
        words = ["inv migrate"]
        if self.to is not None:
            words.append(f"--to {as_word(self.to)}")
        flags = ("dry_run", "allow_loss", "no_backend", "create", "force")
        words += [f"--{flag.replace('_', '-')}" for flag in flags if getattr(self, flag)]
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that has ended: done, skipped or failed; `began` is seconds into the walk."""

    step: str
    state: str
    detail: str
    began: float
    seconds: float


class Reporter(Protocol):
    """What a walk tells while it goes on; `drydock.terminal` shows it."""

    def step_began(self, step: str) -> None:
        """A step begins."""

    def step_ended(self, step: str, detail: str, seconds: float, *, skipped: bool) -> None:
        """A step has ended well, or was skipped for the reason in `detail`."""

    def step_failed(self, step: str, seconds: float) -> None:
        """A step has failed; the error follows when the way back is done."""

    def progress(self, what: str, done: int, total: int, unit: str = "") -> None:
        """`done` of `total` of `what`, counted in `unit`: bytes, rows, nothing."""

    def note(self, text: str) -> None:
        """Tell something worth knowing that is no failure."""

    def reviewed(self, migrations: Sequence[Migration], findings: Sequence[Finding]) -> None:
        """Show what is pending and what was found about it."""

    def inspected(self, evidence: Evidence) -> None:
        """Show what the comparison of backup and candidate proved."""

    def since(self, evidence: Evidence, *, carried: bool = False, doubt: str = "") -> None:
        """Show what was written after publish, and whether it is `carried` into what comes.

        With a `doubt`, it is all that is different from the backup; what of it the application
        wrote cannot be told, and why.
        """

    def ask(self, question: str) -> bool | None:
        """Return the user's answer; None when there is nobody to ask."""


class Walk:
    """One walk of the chain.

    Attributes that a step fills in are None or empty until then. `done` maps the names of the
    steps that have ended to what they said, `taken` also holds those that failed; `at` is the one
    that is under way, or failed and not yet taken back; `heard` names the signal that asks to end
    it. `taking` is the backup while its proof goes on, `backup` once it is proved; `purpose` is
    what a backup beside the running application is for, `in_use` names those that are read and not
    to be deleted. `schemas` are the backup's and the candidate's, `written_since` is what going
    back left behind. `created` is the inode of the empty database that this run made, 0 where it
    made none. `is_whole` says that all steps will be walked, so that one may leave something to a
    later one.
    """

    def __init__(self, settings: Settings, options: Options, reporter: Reporter) -> None:
        self.settings = settings
        self.options = options
        self.reporter = reporter
        self.live = Path(os.path.realpath(settings.database))
        self.state = state_folder(settings.database)
        self.began = time.monotonic()
        self.done: dict[str, str] = {}
        self.at = ""
        self.heard = ""
        self.taken: list[Taken] = []
        self.lock: lock.Lock | None = None
        self.run: record.Run | None = None
        self.hold: Hold | None = None
        self.taking: Taking | None = None
        self.backup: Backup | None = None
        self.purpose = "backup"
        self.in_use: frozenset[str] = frozenset()
        self.files: tuple[Migration, ...] = ()
        self.plan: Plan | None = None
        self.pending: tuple[Migration, ...] = ()
        self.findings: tuple[Finding, ...] = ()
        self.is_reviewed = False
        self.reviewed_at: tuple[tuple[int, int], ...] = ()
        self.applied: tuple[Applied, ...] = ()
        self.evidence: Evidence | None = None
        self.schemas: tuple[Schema, Schema] | None = None
        self.written_since: Evidence | None = None
        self.published = False
        self.digest = ""
        self.schema: Schema | None = None
        self.backend_ran = False
        self.created = 0
        self.is_whole = False

    @property
    def has_backend(self) -> bool:
        """True when there is a backend to stop and start in this walk."""
        return self.settings.has_backend and not self.options.no_backend

    @property
    def record(self) -> record.Run:
        """The run's record; only between `begin` and the end of the walk."""
        assert self.run is not None, "a writing step began without chain.begin"
        return self.run

    @property
    def copy(self) -> Path | None:
        """The copy of the live database as it was, proved or being proved; None before it."""
        if self.backup is not None:
            return self.backup.file
        return self.taking.file if self.taking is not None else None

    @property
    def candidate(self) -> Path:
        """The candidate's path in the run's folder."""
        return self.record.folder / "candidate.db"

    @property
    def stays_pending(self) -> int:
        """How many migrations will be pending after this walk."""
        if self.plan is None:
            return 0
        if self.options.down is not None:
            return len(self.plan.pending) + 1
        return len(self.plan.pending) - len(self.pending)

    def heed(self) -> None:
        """Raise what a signal was to raise, where that got lost (F27).

        In a destructor, or in a callback of another library, Python passes over what is raised; a
        helper that may fail passes over every error. Asked before each instant that counts.

        Raises:
            Interrupted: A signal came.
        """
        if self.heard:
            raise Interrupted(self.heard)

    def took(self, step: str, state: str, detail: str, began: float) -> float:
        """Note a step that has just ended, begun at `began` (monotonic); return its seconds."""
        seconds = time.monotonic() - began
        self.taken.append(Taken(step, state, detail, max(0.0, began - self.began), seconds))
        return seconds

    def lock_up(self) -> None:
        """Take the lock; does nothing the second time.

        Raises:
            RunInProgress: Another run has the lock.
            DatabaseMissing: Its folder is not there; none is made for it.
        """
        if not self.live.parent.is_dir():
            raise connection.DatabaseMissing(self.live, "does not exist")
        files.folder_of_copies(self.state.parent)
        files.private_folder(self.state)
        if self.lock is None:
            self.lock = lock.Lock(self.state / "lock").acquire()

    def begin(self) -> None:
        """Start the run's record."""
        command = " ".join(["inv", *sys.argv[1:]])
        self.run = record.start(self.state, command=command, database=self.live)

    def read_plan(self) -> Plan:
        """Read the ledger; return how it stands to the files, which are read once a walk.

        What is reviewed, run and verified are the same bytes, whatever an editor does meanwhile.

        Raises:
            UnknownMigration: ``--to`` names none.
            NoWayBack: ``--down`` names one that cannot be taken back.
        """
        if self.hold is not None:
            self.plan = self._plan_of(self.hold.connection)
        else:
            with closing(connection.read(self.live, timeout=self.settings.timeout)) as opened:
                self.plan = self._plan_of(opened)
        if self.options.down is None:
            self.pending = plan.up_to(self.plan, self.options.to)
        else:
            self.pending = (formats.chosen(self.plan, self.files, self.options.down),)
        return self.plan

    def _plan_of(self, opened: sqlite3.Connection) -> Plan:
        if not self.files:
            self.files = formats.read(self.settings.migrations, opened, self.settings.format)
        return plan.make(formats.entries(opened, self.files), self.files)

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return what tells whether somebody wrote to the live database: sizes and times."""
        states = []
        for path in (self.live, Path(f"{self.live}-wal")):
            with suppress(FileNotFoundError):  # whoever closes it last takes the -wal away
                state = path.stat()
                states.append((state.st_size, state.st_mtime_ns))
        return tuple(states)

    def restore_journal_mode(self, mode: str, left_behind: Sequence[str] = ()) -> None:
        """Put the live database back into `mode`; where that cannot be, say how to do it.

        Not into WAL mode while the file that it replaced is open to those named in `left_behind`:
        they would take its -wal for theirs (F08).
        """
        from drydock import hold

        if mode == "wal" and left_behind:
            who = ", ".join(left_behind)
            why = f"; the file that it replaced is open in {who}; close that, then"
        elif hold.restore_journal_mode(self.live, mode, timeout=self.settings.timeout):
            return
        else:
            why = "; to do it"
        self.reporter.note(
            f"{self.live.name} could not be put back into {mode.upper()} mode{why}: "
            f"sqlite3 {as_word(self.live)} 'PRAGMA journal_mode={mode}'"
        )

    def left_behind(self) -> tuple[str, ...]:
        """Return who still has the file open that this run, killed or failed since, replaced."""
        from drydock import hold

        found = self.record.record
        if found.way != "rename" or not found.old_inode:
            return ()
        device, timeout = self.live.stat().st_dev, self.settings.timeout
        return hold.left_behind(self.live, device, found.old_inode, timeout=timeout)

    @property
    def is_under_way(self) -> bool:
        """Whether its run has begun and not ended."""
        return self.run is not None and self.run.record.phase not in record.ENDED

    def close(self) -> None:
        """Let go of everything; harmless when it was done before."""
        if self.hold is not None:
            self.hold.release()
            self.hold = None
        if self.lock is not None:
            self.lock.release()
            self.lock = None


def service_settings(settings: Settings) -> ServiceSettings:
    """Return what `drydock.service` needs, from the project's settings."""
    from drydock.service.backend import ServiceSettings

    backend = settings.backend
    return ServiceSettings(
        start=_from_our_environment(backend["start"]),
        cwd=settings.root / backend["cwd"],
        log=settings.root / backend["log"],
        pid_file=state_folder(settings.database) / "backend.pid",
        host=backend["host"],
        port=backend["port"] or None,
        health=backend["health"],
        grace=backend["grace"],
        ready=backend["ready"],
        stop=_from_our_environment(backend["stop"]) or None,
        match=backend["match"] or None,
        env={name: str(value) for name, value in backend["env"].items()},
    )


def _from_our_environment(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command with its program taken from the environment that runs us.

    A leading ``python`` is our interpreter, and in a virtual environment a program that stands
    beside it is that one: it need not be activated for its ``inv`` to work; nor for its backend.
    """
    if not command or os.sep in command[0]:
        return tuple(command)
    if command[0] == "python":
        return (sys.executable, *command[1:])
    beside = Path(sys.executable).with_name(command[0])
    if sys.prefix != sys.base_prefix and beside.is_file():
        return (os.fspath(beside), *command[1:])
    return tuple(command)
