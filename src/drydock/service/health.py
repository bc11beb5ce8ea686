"""Whether the backend that was just started is well.

Well means: it answers 200, the process that listens is one of ours and not an old backend's
(F46), and that several times in a row (F47). It asks; it starts and stops nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.service import listener, process, request
from drydock.service.command import described
from drydock.service.excerpt import clean, redact, shorten

if TYPE_CHECKING:
    import httpx

    from drydock.service.backend import ServiceSettings
    from drydock.service.identity import Identity

PASSES = 3
"""How many times in a row it must be well."""

_LIMIT = 5.0


@dataclass(slots=True)
class Streak:
    """Counts how many times in a row something was well; one bad time starts it anew (F47)."""

    wanted: int = PASSES
    now: int = 0
    breaks: int = 0

    def add(self, *, well: bool) -> bool:
        """Count one look, and return whether that was the last one needed."""
        if not well and self.now:
            self.breaks += 1
        self.now = self.now + 1 if well else 0
        return self.now >= self.wanted


def complaint(
    client: httpx.Client, settings: ServiceSettings, root: Identity | None, seconds: float
) -> str | None:
    """Return why the backend is not well; None when it is.

    Args:
        client: From `request.client`.
        settings: What to ask, and which port must be ours.
        root: The process we started; None where a supervisor runs the backend, and the port,
            which was free before, has to do as proof.
        seconds: The most it may take.
    """
    if settings.health_url:
        answer = request.ask(
            client, settings.health_url, seconds=min(seconds, _LIMIT), follow=False
        )
        if answer.status is None:
            return f"{settings.health_url}: {answer.problem}"
        if answer.status != 200:
            body = shorten(redact(clean(answer.body.decode("utf-8", "replace"))), 200)
            return f"{settings.health_url} answered {answer.status} {body}".rstrip()
    return _stranger(settings, root) if settings.port and root else None


def _stranger(settings: ServiceSettings, root: Identity) -> str | None:
    # The listeners first, the tree after: a worker that is born in between is then in both.
    found = listener.listeners(settings.host, settings.port or 0)
    ours = {each.pid for each in process.tree([root])}
    for each in found:
        if each.pid not in ours:
            who = described(each.pid, process.command(each.pid) if each.pid else ())
            return f"port {settings.port} is answered by another process: {who}"
    return None if found else f"nothing listens on port {settings.port}"
