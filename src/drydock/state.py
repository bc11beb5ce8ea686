"""How things stand after a run that failed, in the words of its screen.

It asks the live file where the record alone could be wrong. It changes nothing and decides nothing.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from drydock import empty
from drydock.connection import DatabaseLocked
from drydock.errors import DrydockError, ExitCode, Interrupted
from drydock.outcome import took_place
from drydock.walk import service_settings

if TYPE_CHECKING:
    from drydock.walk import Walk


def tell(walk: Walk, error: DrydockError, *, was_published: bool) -> None:
    """Fill in the state in `error`, and what to type next, once everything has been undone."""
    name, gone = walk.settings.database.name, _removed(walk)
    backend = f"; the backend is running{'' if gone else ' on it'}" if walk.backend_ran else ""
    if was_published:
        error.exit_code = ExitCode.ROLLED_BACK
        kept = walk.record.record.failed_copy
        there = gone or f"{name} is the previous database again"
        error.state = f"{there}{backend}; the new one is kept: {kept}"
        if not isinstance(error, Interrupted):
            error.hint = _way_on(walk) + _log_advice(walk)
    elif not gone and not walk.live.exists():
        # Whatever took it away, it was not the run: nothing is said to be as it was.
        error.state = f"{name} is gone: there is no {walk.live}"
        error.hint = _way_to_backup(walk)
    else:
        there = gone or f"{name} is as it was before the run"
        error.state = error.state or f"{there}{backend}"
        if isinstance(error, DatabaseLocked) and walk.options.no_backend:
            error.hint = f"if it is the backend: inv stop-backend\nelse {error.hint}"
    empty.make_again(walk, error)


def withdraw(error: DrydockError) -> None:
    """Take out of `error` that nothing was touched: who raised it did not know of the publish."""
    error.what = re.sub(r"[;,] nothing was (touched|changed)\b", "", error.what)
    error.args = (error.what,)


def untouched(walk: Walk) -> str:
    """Return how things stand where a run was declined before its first step."""
    gone = _removed(walk)
    told = gone or f"{walk.settings.database.name} was not touched"
    if not walk.settings.has_backend:
        return told
    from drydock.service import discovery

    if not isinstance(discovery.find(service_settings(walk.settings)), discovery.Running):
        return f"{told}; the backend is not running"
    return f"{told}; the backend is running{'' if gone else ' on it'}"


def _removed(walk: Walk) -> str:
    """Return that the database made for this run is gone again; empty where that is not so."""
    name = walk.settings.database.name
    return f"the empty {name} made for this run is removed again" * empty.is_removed(walk)


def _way_on(walk: Walk) -> str:
    if not walk.options.to or not walk.stays_pending:
        return "mend what is named above, then run: inv migrate"
    return (
        "if the application wants what stayed pending: inv migrate\n"
        "to publish no more than this, with the backend left stopped: "
        f"inv stop-backend migrate --to {walk.options.to} --no-backend"
    )


def _way_to_backup(walk: Walk) -> str:
    if walk.backup is None:
        return "bring a backup back: inv restore BACKUP (inv backups lists them)"
    return f"bring this run's backup back ({walk.backup.file}): inv restore {walk.backup.id}"


def _log_advice(walk: Walk) -> str:
    log = walk.settings.root / walk.settings.backend["log"]
    return f"\nthe backend's log: {log}" if walk.has_backend and log.exists() else ""


def standing(walk: Walk) -> str:
    """Return what the live database is; where a way back had begun, it is asked itself (F40)."""
    found = walk.record.record
    if not walk.published:
        return "as it was"
    if not found.target:
        return "the new database"
    try:
        return "the previous database again" if took_place(walk.live, found) else "the new database"
    except (DrydockError, sqlite3.Error, OSError):
        return "the new database or the previous one, whole (inv status tells)"
