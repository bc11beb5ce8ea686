"""The settings of a project: read, checked, and turned into one frozen `Settings`.

They come, lowest first, from their defaults (`drydock.setting`), ``[tool.drydock]`` in
pyproject.toml (or a drydock.toml), and what Invoke's own configuration holds under ``drydock``
(invoke.yaml, ``INVOKE_DRYDOCK_…`` variables); flags of a task stand above all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock.setting import BACKEND, GENERAL, SECTIONS, SMOKE, SettingsError, valued

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_FILE = "drydock.toml"
NOWHERE = "the settings"
"""What is named as their source where no file holds any."""


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
        is_new = source == NOWHERE
        where, head = ("pyproject.toml", "[tool.drydock]\n") if is_new else ("it", "")
        raise SettingsError(
            source,
            "no database is set",
            hint=f'add to {where}:\n{head}database = "app.db"',
        )
    _require_an_address(filled, sources)
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


def _require_an_address(
    filled: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]
) -> None:
    """Refuse a check that could never be sent: it would count as one that passed."""
    if filled["smoke"]["base_url"] or filled["backend"]["port"]:
        return
    for number, check in enumerate(filled["smoke"]["checks"], start=1):
        if "://" not in check["path"]:
            raise SettingsError(
                sources["smoke.checks"],
                f"smoke.checks[{number}] asks for {check['path']}, and no address is set to ask at",
                hint='set port under backend, or under smoke: base_url = "http://127.0.0.1:8000"',
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
        own = folder / OWN_FILE
        if own.is_file():
            return folder, str(own), _parse(own)
        shared = folder / "pyproject.toml"
        if shared.is_file():
            table = _parse(shared).get("tool", {}).get("drydock")
            if table is not None:
                return folder, f"{shared} [tool.drydock]", table
    return start, NOWHERE, {}


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
                head = name if origin.endswith(OWN_FILE) else f"tool.drydock.{name}"
                raise SettingsError(origin, f"{name} must be a table", hint=f"write: [{head}]")
            items += [
                (name, inner, valued(SECTIONS[name], f"{name}.{inner}", inner, each, origin))
                for inner, each in value.items()
                if each is not None
            ]
        elif value is not None:
            items.append(("", name, valued(GENERAL, name, name, value, origin)))
    return items


def state_folder(database: Path) -> Path:
    """Return the folder in which Drydock keeps its records about `database` (its real path).

    It lies beside the database, on the same file system, so that publish can be a rename.
    """
    real = Path(os.path.realpath(database))
    return real.parent / ".drydock" / real.name
