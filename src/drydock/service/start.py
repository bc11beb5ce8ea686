"""Starting the backend, and waiting until it is well.

It is started detached, in a session of its own, with its output in the log. It is started only
where nobody is on its port, and what does not become healthy is stopped again: after a failure
nothing of ours runs.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
import warnings
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from drydock import signals
from drydock.errors import DrydockError
from drydock.service import discovery, excerpt, health, identity, process, request
from drydock.service.command import shown
from drydock.service.errors import AlreadyRunning, ForeignListener, StartFailed, StartImpossible
from drydock.service.identity import MARK, Identity, Record
from drydock.service.stop import Ending, run_command

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.service.backend import ServiceSettings

_PAUSE = 0.05
_LEAST = 1.0  # seconds that one look may take, even the last one
_EAGER = 2.0  # seconds after which it is asked less often
_GRACE_OF_A_FAILURE = 3.0
_LINES = 20
_TAIL_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Started:
    """The backend runs and is well; `url` is None when it has no port."""

    pid: int
    url: str | None
    seconds: float


class _Unwell(Exception):
    """Why the process that was started is given up."""


def start(settings: ServiceSettings) -> Started:
    """Start the backend and return when it is well.

    Raises:
        ForeignListener: The port is another program's; nothing was started.
        AlreadyRunning: The backend runs; nothing was started.
        StartImpossible: Its command, folder or log cannot be used; nothing was started.
        StartFailed: It did not become healthy in `settings.ready` seconds, and was stopped.
    """
    began = time.monotonic()
    # 1. A port that somebody serves would answer for the backend that we start (F46).
    found = discovery.find(settings)
    if isinstance(found, discovery.Foreign):
        raise ForeignListener(settings.port or 0, found)
    if isinstance(found, discovery.Running):
        raise AlreadyRunning(found)
    # 2. The log and where in it this start begins; then the process.
    mark = secrets.token_hex(16)
    child: _Child | None = None
    try:
        with signals.held_back():  # in the middle of it nobody would know the process (F27)
            child, offset = _spawn(settings, mark)
        # 3. Remembered before it is waited for: if we are killed now, the next command finds it.
        root = process.identify(child.pid)
        if root:
            identity.write(settings.pid_file, Record(root, mark))
        # 4. Well, several times in a row.
        _await_health(settings, child, root)
    except _Unwell as error:
        assert child is not None
        # Read before it is stopped: its farewell would push the reason out of sight.
        lines = _said(settings, offset)
        lines += _undo(settings, child, mark)
        raise StartFailed(settings.start, str(error), lines, settings.log) from error
    except BaseException:
        if child is not None:
            _undo(settings, child, mark)
        raise
    if settings.stop and child.exit_code() is not None:
        identity.forget(settings.pid_file)  # it handed over to a supervisor, as it should
    pid = child.pid
    child.let_go()
    return Started(pid, settings.url, time.monotonic() - began)


class _Child:
    """The process that was started: a Popen that may be let go of while it runs."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid

    def exit_code(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    def let_go(self) -> None:
        """Drop it without waiting for it."""
        # It outlives us on purpose; the standard library would warn, and reaps it all the same.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del self._popen


def _spawn(settings: ServiceSettings, mark: str) -> tuple[_Child, int]:
    """Start the process; return it, and where in the log its output begins."""
    try:
        offset = _open_chapter(settings)
        with _appending(settings.log) as log:
            popen = subprocess.Popen(
                settings.start,
                cwd=settings.cwd,
                env={**os.environ, **settings.env, MARK: mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                close_fds=True,
            )
    except OSError as error:
        raise StartImpossible(settings.start, error) from error
    return _Child(popen), offset


def _await_health(settings: ServiceSettings, child: _Child, root: Identity | None) -> None:
    deadline = time.monotonic() + settings.ready
    streak = health.Streak()
    with request.client() as client:
        while True:
            code = child.exit_code()
            if code is not None and (code or not settings.stop):
                raise _Unwell(f"it ended with {_ending(code)}")
            left = deadline - time.monotonic()
            complaint = health.complaint(
                client, settings, None if settings.stop else root, max(left, _LEAST)
            )
            if streak.add(well=complaint is None):
                return
            if left < 0:
                flaps = f" (it was well {streak.breaks} times between)" if streak.breaks else ""
                raise _Unwell(
                    f"not healthy within {settings.ready:.1f} s: "
                    f"{complaint or 'its last answers were not enough in a row'}{flaps}"
                )
            patient = settings.ready - left > _EAGER or not settings.health_url
            time.sleep(5 * _PAUSE if patient else _PAUSE)


def _undo(settings: ServiceSettings, child: _Child, mark: str) -> list[str]:
    """Stop what was started, and return what could not be stopped; it hides no first failure."""
    root = process.identify(child.pid)
    # The port is another's where that was the failure; only our own processes count here.
    quick = replace(settings, port=None, grace=min(settings.grace, _GRACE_OF_A_FAILURE))
    ending = Ending(members=[root] if root else [], settings=quick, mark=mark)
    trouble = []
    try:
        if settings.stop:
            run_command(settings.stop, settings)
        ending.finish(force=True)
        identity.forget(settings.pid_file)
    except DrydockError as error:
        trouble = [error.what, *error.cause]
    except OSError as error:
        trouble = [str(error)]
    child.exit_code()
    child.let_go()
    return trouble


def _ending(code: int) -> str:
    if code >= 0:
        return f"status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _open_chapter(settings: ServiceSettings) -> int:
    """Write the line that this start's output begins with; return where the output begins."""
    settings.log.parent.mkdir(parents=True, exist_ok=True)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    with _appending(settings.log) as log:
        log.write(f"--- {now} drydock starts: {shown(settings.start, 500)}\n".encode())
        return log.tell()


def _appending(log: Path) -> IO[bytes]:
    # What a backend logs is not for other users; an existing file keeps its mode.
    return open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


def _said(settings: ServiceSettings, offset: int) -> list[str]:
    """Return the end of what this start wrote to the log, without our own asking for its health."""
    try:
        with settings.log.open("rb") as file:
            file.seek(max(offset, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            data = file.read()
    except OSError:
        return []
    asked = f'"GET {urlsplit(settings.health_url or "").path} '.encode()
    return excerpt.tail(b"".join(e for e in data.splitlines(True) if asked not in e), _LINES)
