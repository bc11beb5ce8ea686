"""Start the backend on the database and wait until it is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.faults import reach
from drydock.steps import Skipped
from drydock.walk import service_settings

if TYPE_CHECKING:
    from drydock.walk import Walk


def perform(walk: Walk) -> str:
    """Start it; a backend that runs already is left as it is.

    Raises:
        ForeignListener, StartFailed: See `drydock.service.start`.
    """
    if not walk.has_backend:
        return Skipped("no backend" if not walk.settings.has_backend else "--no-backend")
    if walk.options.dry_run:
        return Skipped("left running: a dry run")
    from drydock.service import discovery
    from drydock.service.start import start

    settings = service_settings(walk.settings)
    found = discovery.find(settings)
    if isinstance(found, discovery.Running):
        return Skipped(f"it runs already (pid {found.root.pid})")
    started = start(settings)
    reach("start-1")
    return f"{started.url or 'started'} (pid {started.pid})"


def undo(walk: Walk) -> None:
    """Stop it again, so that the database can be given back."""
    if not (walk.published and walk.has_backend):
        return
    from drydock.service.errors import ForeignListener
    from drydock.service.stop import stop, stop_ours

    settings = service_settings(walk.settings)
    try:
        stop(settings, database=walk.live, force=True)
    except ForeignListener:
        # A stranger on the port is no reason to keep the new database (F46): the backend cannot
        # come back beside it, and that is told when it is to be started.
        stop_ours(settings, database=walk.live)
