"""What is configured about the backend: how it is started, found, stopped, and asked if it is well.

Data only; it looks at no process and no file, and it does not check what the settings say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - recognised here, bound by nobody
"""The addresses that mean: listen on all of them."""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How the backend is run; every path is absolute, every duration in seconds.

    Args:
        start: The command that starts it, an argument list. Without `stop` it must stay in the
            foreground, as uvicorn does; with `stop` it may hand over to a supervisor and exit 0.
        stop: A command that stops it (docker compose, systemctl); None means SIGTERM.
        match: A text that its command line holds, where `start` cannot tell (a wrapper script).
        health: A path below the backend's own address, or a full URL, that answers 200.
        grace: How long it may take to stop.
        ready: How long it may take to become healthy.
        env: Variables it is started with, on top of our own environment.
    """

    start: tuple[str, ...]
    cwd: Path
    log: Path
    pid_file: Path
    host: str = "127.0.0.1"
    port: int | None = None
    health: str = "/health"
    grace: float = 10.0
    ready: float = 30.0
    stop: tuple[str, ...] | None = None
    match: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str | None:
        """The address to reach it at from this machine; None when it has no port."""
        if not self.port:
            return None
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def health_url(self) -> str | None:
        """The URL that must answer 200; None when there is nothing to ask."""
        if "://" in self.health:
            return self.health
        if self.url is None or not self.health:
            return None
        return f"{self.url}/{self.health.lstrip('/')}"
