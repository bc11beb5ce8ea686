"""Stop the backend, so that nobody writes while the database is worked on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, Interrupted
from drydock.faults import reach
from drydock.steps import Skipped
from drydock.walk import service_settings

if TYPE_CHECKING:
    from drydock.walk import Walk


def perform(walk: Walk) -> str:
    """Stop the whole tree of the backend's processes; see `drydock.service.stop`."""
    if not walk.has_backend:
        return Skipped("no backend" if not walk.settings.has_backend else "--no-backend")
    if walk.options.dry_run:
        return Skipped("left running: a dry run")
    from drydock.service import command, discovery
    from drydock.service.stop import stop

    settings = service_settings(walk.settings)
    found = discovery.find(settings)
    walk.backend_ran = isinstance(found, discovery.Running)
    walk.record.note(backend=walk.backend_ran)
    reach("stop-1")
    try:
        stopped = stop(settings, database=walk.live, force=walk.options.force)
    except Interrupted:
        # It has been told to end. Until it has, the way back would take it for a running one.
        with suppress(DrydockError):
            stop(settings, database=walk.live, force=walk.options.force)
        raise
    reach("stop-2")
    if stopped.how == "not running":
        return "it was not running"
    name = command.title(settings.start)
    pid = f" (pid {stopped.pid})" if stopped.pid else ""
    return f"{name} {'killed' if stopped.how == 'killed' else 'stopped'}{pid}"


def undo(walk: Walk) -> None:
    """Start the backend again where it ran before."""
    if not walk.backend_ran:
        return
    from drydock.service import discovery
    from drydock.service.start import start

    settings = service_settings(walk.settings)
    if isinstance(discovery.find(settings), discovery.Running):
        return
    start(settings)
