"""Whether the backend runs, and which processes it is.

A process is the backend when the pid file says so (pid and start time), when it carries the mark
that we gave it, or when it listens on the configured port and runs, or was started by, the
configured command in the configured folder. Nothing else is: another program on the port, another
checkout of the same project, or a command line that merely mentions the name is `Foreign`. It
only looks; it signals nobody and writes nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.service import command, identity, listener, process

if TYPE_CHECKING:
    from drydock.service.backend import ServiceSettings
    from drydock.service.identity import Identity


@dataclass(frozen=True, slots=True)
class Running:
    """The backend runs.

    Args:
        root: The process to name: the one we started, or the topmost that runs the command.
        members: The whole tree, `root` first; workers, reloaders and orphans included.
        how: What it was known by: ``pid file`` or ``listener``.
    """

    root: Identity
    members: tuple[Identity, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """A program that is not the backend listens on the backend's port.

    `why` says what keeps it from being ours; `pid` is None where it cannot be inspected.
    """

    pid: int | None
    command: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The backend does not run; `stale` is what an outdated pid file still says."""

    stale: Identity | None = None


def find(settings: ServiceSettings) -> Running | Foreign | Absent:
    """Return whether the backend runs, and as which processes.

    A foreign program on the port is told even where the backend itself runs beside it, because a
    backend that is stopped then could not be started again.
    """
    record = identity.read(settings.pid_file)
    known = _known(record)
    how = "pid file" if known else "listener"
    if settings.port:
        for each in listener.listeners(settings.host, settings.port):
            if any(each.pid == one.pid for one in known):
                continue
            root = _root(each.pid, settings)
            if isinstance(root, Foreign):
                return root
            known = process.tree([*known, root])
    if not known:
        return Absent(stale=record.identity if record else None)
    return Running(known[0], tuple(known), how)


def started_by_us(settings: ServiceSettings) -> tuple[Identity, ...]:
    """Return the processes of the backend that we started, whoever else is on its port."""
    return tuple(_known(identity.read(settings.pid_file)))


def _known(record: identity.Record | None) -> list[Identity]:
    if record is None:
        return []
    return process.tree([record.identity, *process.marked(record.mark)])


def _root(pid: int | None, settings: ServiceSettings) -> Identity | Foreign:
    """Return the topmost process of the backend that the listener `pid` belongs to."""
    if pid is None:
        return Foreign(None, (), "it cannot be inspected")
    line = process.ancestors(pid)
    ours = [command.same(each.command, settings.start, settings.match) for each in line]
    if True not in ours:
        return Foreign(pid, process.command(pid), "it runs another command than the backend's")
    # Upwards only as far as the command is the same without a gap: a terminal multiplexer or an
    # editor that was given the command as its argument is not the backend (F41).
    first = ours.index(True)
    last = first
    while last + 1 < len(line) and ours[last + 1]:
        last += 1
    root = line[last]
    where = process.folder(root.pid)
    if not settings.match and not _inside(where, settings):
        return Foreign(pid, root.command, f"it runs in {where or 'an unknown folder'}")
    if root.pid in (os.getpid(), os.getppid()):
        return Foreign(pid, root.command, "it is the process that runs this command")
    return root


def _inside(where: os.PathLike[str] | None, settings: ServiceSettings) -> bool:
    if where is None:
        return False
    home = os.path.realpath(settings.cwd)
    return os.path.commonpath([home, os.path.realpath(where)]) == home
