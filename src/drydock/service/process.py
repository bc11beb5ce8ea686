"""What the operating system knows of processes, and the one place that sends a signal.

Every process is an `Identity`; a signal goes to exactly that process or to nobody. It decides
nothing about whose process it is, and never touches the one it runs in.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from drydock.service.identity import MARK, Identity

if TYPE_CHECKING:
    from collections.abc import Iterable


def identify(pid: int) -> Identity | None:
    """Return who has `pid` now; None when nobody has, or only a zombie that waits to be reaped."""
    started = _started(pid)
    if started is None:
        return None
    return Identity(pid, started, command(pid))


def alive(identity: Identity) -> bool:
    """Return whether that very process still runs; a zombie does not (F42)."""
    return _started(identity.pid) == identity.started


def command(pid: int) -> tuple[str, ...]:
    """Return the argument list of `pid`; empty where it cannot be read."""
    import psutil

    try:
        return tuple(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):
        return ()


def folder(pid: int) -> Path | None:
    """Return the working folder of `pid`; None where it cannot be read."""
    import psutil

    try:
        return Path(psutil.Process(pid).cwd())
    except (psutil.Error, OSError):
        return None


def ancestors(pid: int) -> list[Identity]:
    """Return `pid` itself and its parents, the nearest first."""
    import psutil

    try:
        process = psutil.Process(pid)
        pids = [pid, *(parent.pid for parent in process.parents())]
    except (psutil.Error, OSError):
        pids = [pid]
    return [found for found in map(identify, pids) if found]


def tree(roots: Iterable[Identity]) -> list[Identity]:
    """Return those of `roots` that run, each followed by everything that it started, children of
    children included; never the process we run in.
    """
    import psutil

    found: dict[int, Identity] = {}
    for root in roots:
        if not alive(root):
            continue
        found.setdefault(root.pid, root)
        try:
            children = psutil.Process(root.pid).children(recursive=True)
        except (psutil.Error, OSError):
            continue
        for child in children:
            identity = identify(child.pid)
            if identity:
                found.setdefault(identity.pid, identity)
    found.pop(os.getpid(), None)
    return list(found.values())


def marked(mark: str) -> list[Identity]:
    """Return every process that was started with `mark` in its environment, orphans included."""
    import psutil

    found = []
    for pid in psutil.pids():
        try:
            carried = psutil.Process(pid).environ().get(MARK)
        except (psutil.Error, OSError):
            continue
        if carried == mark and pid != os.getpid():
            identity = identify(pid)
            if identity:
                found.append(identity)
    return found


def send(identity: Identity, number: signal.Signals) -> bool:
    """Signal that very process, and say whether it was there to be signalled.

    Raises:
        PermissionError: It belongs to another user.
    """
    if identity.pid in (0, 1, os.getpid()):
        return False
    try:
        if sys.platform == "linux":
            return _send_by_descriptor(identity, number)
        return _send_by_pid(identity, number)
    except ProcessLookupError:
        return False


if sys.platform == "linux":

    def _send_by_descriptor(identity: Identity, number: signal.Signals) -> bool:
        # The descriptor stands for one process: if the pid changes hands between the look and
        # the signal, the signal goes to nobody (F42).
        try:
            descriptor = os.pidfd_open(identity.pid)
        except OSError as error:
            if error.errno == errno.ENOSYS:  # a kernel before 5.3
                return _send_by_pid(identity, number)
            raise
        try:
            if not alive(identity):
                return False
            signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
        return True


def _send_by_pid(identity: Identity, number: signal.Signals) -> bool:
    if not alive(identity):
        return False
    os.kill(identity.pid, number)
    return True


def _started(pid: int) -> float | None:
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The name before the last parenthesis may itself hold spaces and parentheses.
        fields = stat.rpartition(b")")[2].split()
        state, ticks = fields[0], int(fields[19])
        return None if state in (b"Z", b"X") else ticks / os.sysconf("SC_CLK_TCK")

    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.create_time()
    except (psutil.Error, OSError):
        return None
