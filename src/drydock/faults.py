"""The numbered points of a run at which a test can kill the process or make it fail.

In production `reach` is one dictionary lookup. With ``DRYDOCK_FAULT=kill:publish-3`` in the
environment the process is killed (SIGKILL) when it gets there; with ``error:publish-3`` an
`OSError` (ENOSPC) is raised; with ``signal:publish-3:TERM`` that signal is delivered. It refuses
names that stand in no module, so that a renamed point cannot turn a crash test into a pass.
"""

from __future__ import annotations

import os

POINTS: dict[str, str] = {
    "stop-1": "the backend has been asked to stop",
    "stop-2": "the backend is gone",
    "hold-1": "the run is recorded; the live database is about to leave WAL mode",
    "hold-2": "the live database is in DELETE mode, not yet held",
    "hold-3": "the live database is held against writers",
    "backup-1": "the backup's folder exists, empty",
    "backup-2": "the copy is complete under its temporary name, not yet proved",
    "backup-3": "the copy is proved and synced, not yet renamed",
    "backup-4": "the backup has its name and manifest",
    "candidate-1": "the candidate is copied",
    "migrate-1": "one migration has been applied to the candidate",
    "migrate-2": "all pending migrations have been applied to the candidate",
    "migrate-3": "the candidate has been inspected",
    "publish-1": "the candidate is closed and whole, not yet synced",
    "publish-2": "the candidate is synced, with the live file's mode and owner",
    "publish-3": "the record says: publishing; the live file is still the old one",
    "publish-4": "the live file is the new one; the folder is not yet synced",
    "publish-5": "the folder is synced; the old file is still held",
    "publish-6": "the old file is let go; the journal mode is not yet restored",
    "publish-7": "the record says: published",
    "verify-1": "the published schema has been verified",
    "start-1": "the backend runs on the new database",
    "smoke-1": "the smoke test has passed; the run is not yet recorded as finished",
    "return-1": "going back: the backend is stopped, the new database still live",
    "return-2": "going back: the previous database is live again",
}
"""Every point, in the order of a run, with what is true when it is reached."""


def reach(point: str) -> None:
    """Mark that the run has got to `point`; does nothing unless a test asked for a fault there.

    Raises:
        KeyError: `point` is not one of `POINTS`.
        OSError: a test asked for an error at this point.
    """
    POINTS[point]
    order = os.environ.get("DRYDOCK_FAULT")
    if order:
        _carry_out(order, point)


def _carry_out(order: str, point: str) -> None:
    import errno
    import signal

    what, _, rest = order.partition(":")
    where, _, detail = rest.partition(":")
    POINTS[where]
    if where != point:
        return
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    del os.environ["DRYDOCK_FAULT"]  # once: the way back may pass here again
    if what == "signal":
        os.kill(os.getpid(), getattr(signal, f"SIG{detail}"))
    elif what == "error":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"(asked for at {point})")
    else:
        raise ValueError(f"DRYDOCK_FAULT: unknown kind {what!r}")
