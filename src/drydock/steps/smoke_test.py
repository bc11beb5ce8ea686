"""Ask the application whether it works on the new database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import Skipped
from drydock.walk import service_settings
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.service.backend import ServiceSettings
    from drydock.service.discovery import Foreign
    from drydock.settings import Settings
    from drydock.smoke.check import SmokeSettings
    from drydock.walk import Walk


class SchemaChangedByBackend(DrydockError):
    """The application altered the schema when it started, behind the migrations' back (F49)."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__(
            "the backend changed the schema when it started",
            cause=lines,
            hint="take create_all() and the like out of its start; write a migration instead",
        )


class BackendNotRunning(DrydockError):
    """There is no backend to ask; `stranger` is the program that is on its port."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, stranger: Foreign | None = None) -> None:
        cause, first = [], ""
        if stranger is not None:
            from drydock.service.command import described

            who = described(stranger.pid, stranger.command)
            cause = [f"on its port is another program, {who}", stranger.why]
            kill = f" (kill {stranger.pid})" if stranger.pid else ""
            first = f"stop that program{kill}, then: "
        super().__init__(
            "the backend is not running; nothing was asked",
            cause=cause,
            hint=f"{first}inv start-backend",
        )


def perform(walk: Walk) -> str:
    """Send every check, several times in a row; then see that the schema is still what it was.

    Raises:
        SmokeFailed, SmokeRefused: See `drydock.smoke`.
        BackendNotRunning, ForeignListener: There is nobody to ask.
        SchemaChangedByBackend: The application altered the schema.
    """
    settings = smoke_settings(walk.settings)
    if settings is None:
        if walk.has_backend and not walk.options.dry_run:
            _require_same_schema(walk)
        return Skipped("nothing to ask: no backend and no checks")
    if walk.options.no_backend:
        left_out = counted(len(settings.checks), "check of the settings")
        return Skipped(f"--no-backend; {left_out} not sent" if settings.checks else "--no-backend")
    if walk.options.dry_run:
        return Skipped("the backend still runs on the old schema")
    from drydock.service import discovery
    from drydock.smoke.check import SmokeFailed
    from drydock.smoke.trial import run

    service = service_settings(walk.settings)
    configured = walk.settings.has_backend
    if configured:
        _require_backend(service)
    try:
        report = run(
            settings,
            alive=lambda: not configured or isinstance(discovery.find(service), discovery.Running),
        )
    except SmokeFailed as error:
        if configured and service.log.exists():
            error.hint = f"read the backend's log ({service.log}), then run again: inv smoke-test"
        raise
    _require_same_schema(walk)
    if walk.run is not None:
        reach("smoke-1")
    return f"{counted(len(report.checks), 'check')} passed"


def _require_backend(service: ServiceSettings) -> None:
    from drydock.service import discovery
    from drydock.service.errors import ForeignListener

    found = discovery.find(service)
    if isinstance(found, discovery.Foreign) and discovery.started_by_us(service):
        raise ForeignListener(service.port or 0, found)  # it runs, and another would answer for it
    if not isinstance(found, discovery.Running):
        raise BackendNotRunning(found if isinstance(found, discovery.Foreign) else None)


def smoke_settings(settings: Settings) -> SmokeSettings | None:
    """Return what `drydock.smoke` needs; None when there is nothing to ask.

    Without an address of the application there are only checks that name their own.
    """
    smoke = settings.smoke
    base = smoke["base_url"] or (settings.backend["port"] and service_settings(settings).url) or ""
    document = smoke["openapi"] if base or "://" in smoke["openapi"] else ""
    if not (base or document or smoke["checks"]):
        return None
    from drydock.smoke.check import Check, SmokeSettings

    return SmokeSettings(
        base_url=base,
        checks=tuple(Check(**check) for check in smoke["checks"]),
        openapi=document or None,
        passes=smoke["passes"],
        deadline=smoke["deadline"],
        exclude=tuple(smoke["exclude"]),
        allow_hosts=tuple(smoke["allow_hosts"]),
    )


def _require_same_schema(walk: Walk) -> None:
    if walk.schema is None:
        return
    from drydock.schema.difference import difference
    from drydock.schema.inventory import inventory

    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        found = difference(walk.schema, inventory(opened))
    if found:
        raise SchemaChangedByBackend([" ".join(line) for line in found.lines()])
