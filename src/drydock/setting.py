"""One setting: its name, its kind, what it says, and whether a value is one that it can hold.

The tables below are the only place in which a setting is made known: the pages and the editors'
schema are made from them. An unknown name or a wrong type is an error that names the nearest known
one, never ignored. It reads no file.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Name → (type, default, what it says). docs/settings.md and the editors' schema are made from it.
GENERAL: dict[str, tuple[type, Any, str]] = {
    "database": (str, "", "the live database's file, relative to the project's root"),
    "migrations": (
        str,
        "migrations",
        "the folder of .sql and .py migrations; names that begin with _ or . are passed over",
    ),
    "format": (
        str,
        "auto",
        "whose migrations the folder holds: auto, drydock, or another tool's name (docs/adopt)",
    ),
    "backups": (str, "backups", "the folder of backups"),
    "keep": (int, 10, "how many proved backups are kept; the last good ones are never deleted"),
    "schema": (str, "", "a file that migrate keeps current with the schema, to be committed"),
    "models": (str, "", "SQLAlchemy models to verify against, as module:attribute"),
    "ignore": (
        list,
        [],
        "what verify-schema leaves out: table, table.column, index:name (* fits all)",
    ),
    "queries": (
        list,
        [],
        "the application's queries, whose plans inv review holds against today's",
    ),
    "timeout": (float, 5.0, "seconds to wait for a lock on the database"),
    "time_limit": (float, 0.0, "seconds that one migration may take; 0 means no limit"),
    "network_files": (bool, False, "accept a database on a network file system"),
}
BACKEND: dict[str, tuple[type, Any, str]] = {
    "start": (
        list,
        [],
        "the command that starts it, as a list; python, and programs beside it, are inv's own",
    ),
    "stop": (list, [], "a command that stops it (docker compose, systemctl); default: SIGTERM"),
    "cwd": (str, ".", "the folder to start it in"),
    "host": (str, "127.0.0.1", "the address it listens on"),
    "port": (int, 0, "the port it listens on; 0 means that it has none"),
    "health": (str, "/health", "a path or URL that answers 200 when it is ready"),
    "log": (str, ".drydock/backend.log", "the file its output is appended to"),
    "grace": (float, 10.0, "seconds it may take to stop"),
    "ready": (float, 30.0, "seconds it may take to become healthy"),
    "match": (str, "", "a text that its command line holds, where `start` is a wrapper"),
    "env": (dict, {}, "environment variables it is started with"),
}
SMOKE: dict[str, tuple[type, Any, str]] = {
    "base_url": (str, "", "where the checks go; default: the backend's host and port"),
    "openapi": (str, "/openapi.json", "the application's OpenAPI document; empty: none"),
    "passes": (int, 3, "how many times in a row every check must pass"),
    "deadline": (float, 60.0, "seconds for all of the smoke test"),
    "exclude": (list, [], "paths of the OpenAPI document that are not checked"),
    "allow_hosts": (list, [], "hosts other than this machine that checks may go to"),
    "checks": (list, [], "HTTP checks: path, method, status, json, seconds, headers"),
}
CHECK: dict[str, tuple[type, Any, str]] = {
    "path": (str, "", "a path at smoke.base_url or the backend's port, or a full URL"),
    "method": (str, "GET", "the HTTP method"),
    "status": (int, 200, "the status expected"),
    "json": (dict, {}, "dotted path into the answer's JSON → the value expected there"),
    "seconds": (float, 5.0, "the longest it may take"),
    "headers": (dict, {}, "headers to send; a value env:NAME is taken from the environment"),
}
MOST_SECONDS = 1_000_000
BOUNDS: dict[str, tuple[float, float]] = {
    "keep": (1, math.inf),
    "timeout": (0, MOST_SECONDS),
    "time_limit": (0, MOST_SECONDS),
    "backend.port": (0, 65_535),
    "backend.grace": (0, MOST_SECONDS),
    "backend.ready": (0, MOST_SECONDS),
    "smoke.passes": (1, math.inf),
    "smoke.deadline": (0, MOST_SECONDS),
    "status": (100, 599),
    "seconds": (0, MOST_SECONDS),
}
"""The least and the most that a number may be; a check's by its name alone."""
SECTIONS = {"": GENERAL, "backend": BACKEND, "smoke": SMOKE}


class SettingsError(DrydockError):
    """The settings cannot be used; nothing was touched."""

    exit_code = ExitCode.USAGE

    def __init__(self, source: str, problem: str, *, hint: str) -> None:
        self.source = source
        self.problem = problem
        super().__init__(f"{source}: {problem}; nothing was touched", hint=hint)


def valued(
    known: Mapping[str, tuple[type, Any, str]], shown: str, name: str, value: Any, origin: str
) -> Any:
    """Return `value` as the setting `name` of `known` holds it; `shown` is its whole name.

    Raises:
        SettingsError: There is no such setting, or it cannot hold that value.
    """
    if name not in known:
        raise SettingsError(
            origin, f"there is no setting {shown!r}", hint=nearest(shown, every_name())
        )
    held = _held(known[name], shown, value, origin, BOUNDS.get(shown))
    if shown == "smoke.checks":
        return [_check(each, number, origin) for number, each in enumerate(held, start=1)]
    return held


def every_name() -> list[str]:
    """Return the name of every setting: ``keep``, ``backend.port``."""
    inner = (f"{part}.{key}" for part in ("backend", "smoke") for key in SECTIONS[part])
    return [*GENERAL, *inner]


def nearest(name: str, known: Sequence[str], prefix: str = "") -> str:
    """Return the hint for a `name` that is none of those that are `known`; all have `prefix`."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {prefix + near[0]!r}?" if near else "every setting: docs/settings.md"


def _held(
    entry: tuple[type, Any, str],
    shown: str,
    value: Any,
    origin: str,
    bounds: tuple[float, float] | None,
) -> Any:
    kind, _, says = entry
    hint = f"{shown}: {says}"
    held = _convert(value, kind)
    if held is None:
        raise SettingsError(origin, f"{shown} must be {_KINDS[kind]}, not {value!r}", hint=hint)
    if bounds is not None and not bounds[0] <= held <= bounds[1]:
        least, most = bounds
        wanted = f"at least {least}" if most == math.inf else f"from {least} to {most:,}"
        raise SettingsError(origin, f"{shown} must be {wanted}, not {value!r}", hint=hint)
    _require_texts(shown, held, origin, hint)
    return held


def _require_texts(shown: str, held: Any, origin: str, hint: str) -> None:
    """Raise SettingsError for what is no text in a list or table that is to hold texts."""
    name = shown.rpartition(".")[2]
    if isinstance(held, list) and name != "checks":
        parts = [(f"{shown}[{number}]", each) for number, each in enumerate(held, start=1)]
    elif name in ("env", "headers"):
        parts = [(f"{shown}.{key}", each) for key, each in held.items()]
    else:
        return
    for part, each in parts:
        # An environment variable may be written as a number: it becomes a text.
        if not isinstance(each, (str, int, float) if name == "env" else str):
            raise SettingsError(origin, f"{part} must be a text, not {each!r}", hint=hint)


def _check(given: Any, number: int, origin: str) -> dict[str, Any]:
    where = f"smoke.checks[{number}]"
    if not hasattr(given, "items") or "path" not in given:
        raise SettingsError(origin, f"{where} has no path", hint='write: { path = "/health" }')
    check = {name: default for name, (_, default, _) in CHECK.items()}
    for name, value in given.items():
        if name not in CHECK:
            import difflib

            near = difflib.get_close_matches(name, CHECK, n=1, cutoff=0.4)
            raise SettingsError(
                origin,
                f"{where} has no {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"known: {', '.join(CHECK)}",
            )
        check[name] = _held(CHECK[name], f"{where}.{name}", value, origin, BOUNDS.get(name))
    return check


_KINDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


def _convert(value: Any, wanted: type) -> Any:
    """Return `value` as `wanted`, or None; texts are what environment variables can hold."""
    if isinstance(value, str) and wanted is not str:
        return _from_text(value, wanted)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return _from_text(str(value), float)
    if wanted is dict and hasattr(value, "items"):
        return dict(value.items())
    if wanted is list and isinstance(value, (list, tuple)):
        return list(value)
    is_flag = isinstance(value, bool)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, wanted) and is_flag == (wanted is bool) else None


def _from_text(text: str, wanted: type) -> Any:
    try:
        if wanted is bool:
            return {"1": True, "true": True, "0": False, "false": False, "": False}.get(
                text.lower()
            )
        if wanted is list:
            import shlex

            return shlex.split(text)
        return _convert(wanted(text), wanted) if wanted in (int, float) else None
    except ValueError:
        return None
