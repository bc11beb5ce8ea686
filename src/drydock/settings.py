"""The settings of a project: read, checked, and turned into one frozen `Settings`.

They come, lowest first, from the defaults below, ``[tool.drydock]`` in pyproject.toml (or a
drydock.toml), and what Invoke's own configuration holds under ``drydock`` (invoke.yaml,
``INVOKE_DRYDOCK_…`` variables); flags of a task stand above all. Settings are data: an unknown
name or a wrong type is an error that names the nearest known one, never ignored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = type | tuple[type, ...]

# Name → (type, default, what it says). docs/settings.md and the editors' schema are made from it.
GENERAL: dict[str, tuple[type, Any, str]] = {
    "database": (str, "", "the live database's file, relative to the project's root"),
    "migrations": (str, "migrations", "the folder of .sql and .py migrations"),
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
    "path": (str, "", "the path, or a full URL"),
    "method": (str, "GET", "the HTTP method"),
    "status": (int, 200, "the status expected"),
    "json": (dict, {}, "dotted path into the answer's JSON → the value expected there"),
    "seconds": (float, 5.0, "the longest it may take"),
    "headers": (dict, {}, "headers to send; a value env:NAME is taken from the environment"),
}
LEAST = {"keep": 1, "timeout": 0, "time_limit": 0, "backend.port": 0, "backend.grace": 0,
         "backend.ready": 0, "smoke.passes": 1, "smoke.deadline": 0}  # fmt: skip
SECTIONS = {"": GENERAL, "backend": BACKEND, "smoke": SMOKE}


class SettingsError(DrydockError):
    """The settings cannot be used; nothing was touched."""

    exit_code = ExitCode.USAGE

    def __init__(self, source: str, problem: str, *, hint: str) -> None:
        self.source = source
        self.problem = problem
        super().__init__(f"{source}: {problem}; nothing was touched", hint=hint)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know; every path is absolute.

    `sources` says for each setting that is not at its default where it came from.
    """

    root: Path
    database: Path
    migrations: Path
    format: str
    backups: Path
    keep: int
    schema: Path | None
    models: str
    ignore: tuple[str, ...]
    queries: tuple[str, ...]
    timeout: float
    time_limit: float
    network_files: bool
    backend: Mapping[str, Any]
    smoke: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_backend(self) -> bool:
        """True when there is a backend to stop and start."""
        return bool(self.backend["start"] or self.backend["stop"])


def unset() -> dict[str, Any]:
    """Return every known name with None: what Invoke must see to fill it from its own sources."""
    names: dict[str, Any] = dict.fromkeys(GENERAL)
    names["backend"] = dict.fromkeys(BACKEND)
    names["smoke"] = dict.fromkeys(SMOKE)
    return names


def load(root: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Return the project's settings.

    Args:
        root: The project's folder; by default the nearest one, from here upwards, whose
            drydock.toml or pyproject.toml has settings of ours.
        overrides: What Invoke's configuration holds under ``drydock``; None means not set.

    Raises:
        SettingsError: A file that is not TOML, an unknown name, a wrong type, no database.
    """
    folder, source, table = _read_file(root)
    values: dict[str, Any] = {"": {}, "backend": {}, "smoke": {}}
    sources: dict[str, str] = {}
    for origin, given in ((source, table), ("Invoke's configuration", overrides or {})):
        for section, name, value in _items(given, origin):
            values[section][name] = value
            sources[f"{section}.{name}".lstrip(".")] = origin
    filled = {
        section: {
            name: values[section].get(name, default) for name, (_, default, _) in known.items()
        }
        for section, known in SECTIONS.items()
    }
    general = filled[""]
    if not general["database"]:
        raise SettingsError(
            source,
            "no database is set",
            hint='add to pyproject.toml:\n[tool.drydock]\ndatabase = "app.db"',
        )
    return Settings(
        root=folder,
        database=folder / _path("database", general, sources),
        migrations=folder / _path("migrations", general, sources),
        format=general["format"],
        backups=folder / _path("backups", general, sources),
        keep=general["keep"],
        schema=folder / _path("schema", general, sources) if general["schema"] else None,
        models=general["models"],
        ignore=tuple(general["ignore"]),
        queries=tuple(general["queries"]),
        timeout=general["timeout"],
        time_limit=general["time_limit"],
        network_files=general["network_files"],
        backend=filled["backend"],
        smoke=filled["smoke"],
        sources=sources,
    )


def _path(name: str, general: Mapping[str, Any], sources: Mapping[str, str]) -> Path:
    """Return a setting that is a path; ``~`` is the user's home."""
    text = general[name]
    if "://" in text:
        raise SettingsError(
            sources.get(name, "the settings"),
            f"{name} must be a path, not the URL {text!r}",
            hint=f'write: {name} = "{text.rpartition("/")[2] or "app.db"}"',
        )
    return Path(text).expanduser()


def _read_file(root: Path | None) -> tuple[Path, str, Mapping[str, Any]]:
    start = root or Path.cwd()
    for folder in (start, *start.parents):
        own = folder / "drydock.toml"
        if own.is_file():
            return folder, str(own), _parse(own)
        shared = folder / "pyproject.toml"
        if shared.is_file():
            table = _parse(shared).get("tool", {}).get("drydock")
            if table is not None:
                return folder, f"{shared} [tool.drydock]", table
    return start, "the settings", {}


def _parse(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), f"not TOML: {error}", hint=f"mend {path}") from error


def _items(given: Mapping[str, Any], origin: str) -> list[tuple[str, str, Any]]:
    if not hasattr(given, "items"):
        raise SettingsError(origin, "it must be a table", hint='write: database = "app.db" in it')
    items: list[tuple[str, str, Any]] = []
    for name, value in given.items():
        if name in ("backend", "smoke"):
            if not hasattr(value, "items"):
                raise SettingsError(
                    origin, f"{name} must be a table", hint=f"[tool.drydock.{name}]"
                )
            items += [
                (name, inner, _typed(SECTIONS[name], f"{name}.{inner}", inner, each, origin))
                for inner, each in value.items()
                if each is not None
            ]
        elif value is not None:
            items.append(("", name, _typed(GENERAL, name, name, value, origin)))
    return items


def _typed(
    known: Mapping[str, tuple[type, Any, str]], shown: str, name: str, value: Any, origin: str
) -> Any:
    if name not in known:
        every = [
            *GENERAL,
            *(f"{part}.{key}" for part in ("backend", "smoke") for key in SECTIONS[part]),
        ]
        import difflib

        near = difflib.get_close_matches(shown, every, n=1, cutoff=0.5)
        raise SettingsError(
            origin,
            f"there is no setting {shown!r}",
            hint=f"did you mean {near[0]!r}?" if near else "every setting: docs/settings.md",
        )
    wanted = known[name][0]
    converted = _convert(value, wanted)
    if converted is None:
        raise SettingsError(
            origin,
            f"{shown} must be {_KINDS[wanted]}, not {value!r}",
            hint=f"{shown}: {known[name][2]}",
        )
    if shown in LEAST and converted < LEAST[shown]:
        raise SettingsError(
            origin,
            f"{shown} must be at least {LEAST[shown]}, not {value!r}",
            hint=f"{shown}: {known[name][2]}",
        )
    if shown == "smoke.checks":
        return [_check(each, number, origin) for number, each in enumerate(converted, start=1)]
    return converted


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
        converted = _convert(value, CHECK[name][0])
        if converted is None:
            raise SettingsError(
                origin, f"{where}.{name} must be {_KINDS[CHECK[name][0]]}", hint=CHECK[name][2]
            )
        check[name] = converted
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
        return float(value)
    if wanted is dict and hasattr(value, "items"):
        return dict(value.items())
    if wanted is list and isinstance(value, (list, tuple)):
        return list(value)
    is_flag = isinstance(value, bool)
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
        return wanted(text) if wanted in (int, float) else None
    except ValueError:
        return None


def state_folder(database: Path) -> Path:
    """Return the folder in which Drydock keeps its records about `database` (its real path).

    It lies beside the database, on the same file system, so that publish can be a rename.
    """
    real = Path(os.path.realpath(database))
    return real.parent / ".drydock" / real.name
