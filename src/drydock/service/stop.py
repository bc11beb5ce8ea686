"""Stopping the backend, and proving that it is gone.

Gone means: no process of its tree alive, nobody on its port, and nobody of it with the database
open (F44). It signals only processes that were identified, ends a whole tree and not its parent
alone (F43), and without `force` never uses SIGKILL. A command of the settings that stops it is
believed no more than SIGTERM is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock import faults
from drydock.service import discovery, excerpt, holders, identity, listener, process
from drydock.service.command import described
from drydock.service.errors import ForeignListener, StopFailed, StopTimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from drydock.service.backend import ServiceSettings
    from drydock.service.identity import Identity

    OnWait = Callable[[float, tuple[Identity, ...]], None]

_PAUSE = 0.05
_AFTER_KILL = 5.0
_COMMAND_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Stopped:
    """The backend is gone.

    Args:
        pid: The process it was named by; None when none was found.
        seconds: How long it took.
        tree: Every pid that belonged to it.
        how: ``not running``, ``terminated``, ``killed``, or ``command``.
    """

    pid: int | None
    seconds: float
    tree: tuple[int, ...]
    how: str


def stop(
    settings: ServiceSettings,
    *,
    database: Path | None = None,
    force: bool = False,
    on_wait: OnWait | None = None,
) -> Stopped:
    """Stop the backend and return when it is proved to be gone.

    Args:
        settings: How it is found, and how long it may take.
        database: The file that none of its processes may have open afterwards.
        force: Kill what is left after the grace period.
        on_wait: Called while waiting with the seconds so far and the processes still alive.

    Raises:
        ForeignListener: The port is another program's; nothing was signalled.
        StopTimedOut: Something of it is left after the grace period.
        StopFailed: It belongs to another user, or the command of the settings failed.
    """
    began = time.monotonic()
    found = discovery.find(settings)
    record = identity.read(settings.pid_file)
    if isinstance(found, discovery.Foreign) and not settings.stop:
        raise ForeignListener(settings.port or 0, found)
    if isinstance(found, discovery.Absent) and not settings.stop:
        identity.forget(settings.pid_file)
        return Stopped(None, time.monotonic() - began, (), "not running")
    running = found if isinstance(found, discovery.Running) else None
    ending = Ending(
        members=running.members if running else (),
        mark=record.mark if record else None,
        settings=settings,
        database=database,
    )
    if settings.stop:
        run_command(settings.stop, settings)
        how = "command"
    else:
        how = "terminated"
    killed = ending.finish(force=force, ask=not settings.stop, on_wait=on_wait)
    identity.forget(settings.pid_file)
    return Stopped(
        pid=running.root.pid if running else None,
        seconds=time.monotonic() - began,
        tree=ending.tree,
        how="killed" if killed else how,
    )


def stop_ours(settings: ServiceSettings, *, database: Path) -> None:
    """Stop the backend that we started, by force, whoever else is on its port.

    Raises:
        StopTimedOut, StopFailed: Something of it is left.
    """
    record = identity.read(settings.pid_file)
    ending = Ending(
        members=discovery.started_by_us(settings),
        mark=record.mark if record else None,
        settings=replace(settings, port=None),
        database=database,
    )
    ending.finish(force=True)
    identity.forget(settings.pid_file)


class Ending:
    """One backend on its way out: who belongs to it, and what of it is left."""

    def __init__(
        self,
        *,
        members: Sequence[Identity],
        settings: ServiceSettings,
        mark: str | None = None,
        database: Path | None = None,
    ) -> None:
        self._settings = settings
        self._mark = mark
        self._database = database
        self._members = {(each.pid, each.started): each for each in members}
        self._asked: set[tuple[int, float]] = set()
        self._groups = _groups(members)

    @property
    def tree(self) -> tuple[int, ...]:
        """Every pid that was ever seen to belong to it, in the order seen."""
        return tuple(pid for pid, _ in self._members)

    def finish(self, *, force: bool, ask: bool = True, on_wait: OnWait | None = None) -> bool:
        """Return when nothing is left: True if it took SIGKILL.

        Raises:
            StopTimedOut: Something is left after the grace period, and after SIGKILL with `force`.
            StopFailed: A process belongs to another user.
        """
        # 1. Ask every process of the tree: a parent that is killed or hangs would leave its
        #    workers serving (F43).
        # 2. Look again while waiting: workers and reloaders start new processes.
        grace = self._settings.grace
        left = self._wait(grace, signal.SIGTERM if ask else None, on_wait)
        if left is None:
            return False
        # 3. Only what was identified, and only on request.
        if force and left[0]:
            left = self._wait(_AFTER_KILL, signal.SIGKILL, on_wait)
            if left is None:
                return True
            raise StopTimedOut(*left, grace + _AFTER_KILL, force=True)
        raise StopTimedOut(*left, grace, force=False)

    def _wait(
        self, seconds: float, number: signal.Signals | None, on_wait: OnWait | None
    ) -> tuple[list[Identity], list[str]] | None:
        """Signal and wait; return what is left after `seconds`, None when that is nothing."""
        self._asked.clear()
        began = time.monotonic()
        while True:
            alive = self._alive()
            if number:
                self._signal(alive, number)
                faults.reach("stop-1")
            # 4. With all of its processes gone, the port and the file are asked (F44).
            others = [] if alive else self._traces()
            if not alive and not others:
                return None
            waited = time.monotonic() - began
            if waited > seconds:
                return alive, others
            if on_wait:
                on_wait(waited, tuple(alive))
            time.sleep(_PAUSE)

    def _alive(self) -> list[Identity]:
        alive = process.tree(self._members.values())
        if not alive and self._mark:
            alive = process.marked(self._mark)
        self._members.update({(each.pid, each.started): each for each in alive})
        self._groups |= _groups(alive)
        return alive

    def _signal(self, alive: Sequence[Identity], number: signal.Signals) -> None:
        for each in alive:
            if (each.pid, each.started) in self._asked:
                continue
            self._asked.add((each.pid, each.started))
            try:
                process.send(each, number)
            except PermissionError as error:
                raise StopFailed.refused(each) from error

    def _traces(self) -> list[str]:
        settings = self._settings
        traces = []
        if settings.port:
            traces = [
                f"port {settings.port} is served by "
                f"{described(each.pid, process.command(each.pid) if each.pid else ())}"
                " (where something starts it anew, set backend.stop)"
                for each in listener.listeners(settings.host, settings.port)
            ]
        if self._database:
            traces += [
                f"{self._database.name} is still open in {each}"
                for each in holders.holders(self._database).found
                if each.pid in self.tree or _group(each.pid) in self._groups
            ]
        return traces


def _groups(members: Sequence[Identity]) -> set[int]:
    # A process that was forked while its parent ended is in no snapshot, but in their group.
    groups = {_group(each.pid) for each in members}
    return {group for group in groups if group and group != os.getpgrp()}


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def run_command(argv: tuple[str, ...], settings: ServiceSettings) -> None:
    """Run the settings' own command that stops the backend; it proves nothing by itself.

    Raises:
        StopFailed: It cannot be run, failed, or did not end in two minutes.
    """
    try:
        done = subprocess.run(
            argv,
            cwd=settings.cwd,
            env={**os.environ, **settings.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_COMMAND_LIMIT,
            check=False,
        )
    except OSError as error:
        raise StopFailed.command(argv, f"cannot be run: {error.strerror}", []) from error
    except subprocess.TimeoutExpired as error:
        said = excerpt.tail(error.output or b"", 5)
        raise StopFailed.command(argv, f"did not end in {_COMMAND_LIMIT:.0f} s", said) from error
    if done.returncode:
        said = excerpt.tail(done.stdout, 5)
        raise StopFailed.command(argv, f"failed with status {done.returncode}", said)
