"""Who a process is, and the pid file that remembers it between two commands.

A pid alone is nobody: it is given to another process as soon as it is free (F42). A process is
its pid and its start time; the file also holds the boot they belong to, and the mark that every
process of that backend carries in its environment. A file that cannot be read as ours counts as
no file: nothing is ever signalled because of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

MARK = "DRYDOCK_BACKEND"
"""The environment variable by which the orphans of a killed backend are known (F43)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, and never the next one with its pid.

    `started` is its start time in seconds: since boot on Linux, where the wall clock may be set
    back and forth under a running process, and since 1970 elsewhere.
    """

    pid: int
    started: float
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What the pid file holds: the process we started, and the mark that it was given."""

    identity: Identity
    mark: str


def write(path: Path, record: Record) -> None:
    """Put `record` into `path`, mode 0600, so that a reader sees the old file or the new one.

    Raises:
        OSError: The folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    identity = record.identity
    content = {
        "pid": identity.pid,
        "started": identity.started,
        "command": list(identity.command),
        "mark": record.mark,
        "boot": _boot(),
    }
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def read(path: Path) -> Record | None:
    """Return what `path` remembers of this boot; None where that is nothing, or is not ours."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["boot"] != _boot():
            return None
        identity = Identity(
            pid=int(content["pid"]),
            started=float(content["started"]),
            command=tuple(str(word) for word in content["command"]),
        )
        return Record(identity, str(content["mark"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def forget(path: Path) -> None:
    """Remove the pid file, if there is one.

    Raises:
        OSError: The folder cannot be written.
    """
    path.unlink(missing_ok=True)


def _boot() -> str:
    # Pids and start times since boot begin anew with each boot; macOS has no such file, and
    # counts its start times from 1970.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
