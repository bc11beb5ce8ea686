"""The lock that lets one run at a time work on a database.

A flock on a file of ours: the kernel lets it go when the process dies, so there is no stale lock
to break, and the file is never unlinked, so two runs cannot hold two files of one name (F28). It
is close-on-exec: no child keeps it. It refuses to wait: a second run is told who is first.
"""

from __future__ import annotations

import fcntl
import os
import sys
from typing import TYPE_CHECKING, Self

from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path


class RunInProgress(DrydockError):
    """Another run holds the database's lock."""

    exit_code = ExitCode.BUSY

    def __init__(self, path: Path, owner: str) -> None:
        self.owner = owner
        super().__init__(
            "another run is working on this database; nothing was touched",
            cause=f"{owner or 'its process'} holds {path}",
            hint="wait for it to end, then run the command again; or look at it: inv status",
        )


class Lock:
    """Held from `acquire` to `release` or the end of the process, whichever comes first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> Self:
        """Take the lock at once.

        Raises:
            RunInProgress: Another process has it; its pid and command are named.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 400, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise RunInProgress(self._path, owner) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"pid {os.getpid()}: {' '.join(sys.argv)[:300]}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Say whether a living process holds the lock at `path`, without taking it."""
    try:
        # Only to read: it may be asked on a file system that is mounted so.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Shared: two that ask at once must not take each other for a run.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
