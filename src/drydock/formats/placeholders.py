"""Flyway's placeholders: ``${name}`` in a script, and where their values come from.

After documentation/Configuration/Flyway Namespace/Placeholders of flyway/flyway: the environment
(``FLYWAY_PLACEHOLDERS_NAME``) above flyway.toml above flyway.conf. It refuses one without a
value, as Flyway does, and Flyway's own that only a running Flyway knows.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Any

from drydock.source import MigrationError, decode, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_PLACEHOLDER = re.compile(r"\$\{(?P<name>[^}\n]+)\}")
_SETTING = re.compile(r"^\s*flyway\.(?P<name>\S+?)\s*=\s*(?P<value>.*?)\s*$", re.MULTILINE)
_PREFIX = "placeholders."


class Placeholders:
    """The values that a folder's scripts are read with."""

    def __init__(self, folder: Path) -> None:
        self._values: dict[str, str] = {"flyway:table": "flyway_schema_history"}
        self._values["flyway:defaultschema"] = "main"
        self._is_on = True
        for parent in (*reversed(folder.parents[:3]), folder):
            for name in ("conf/flyway.conf", "flyway.conf", "flyway.toml"):
                self._take(parent / name)
        for name, value in os.environ.items():
            if name.startswith("FLYWAY_PLACEHOLDERS_"):
                self._values[name.removeprefix("FLYWAY_PLACEHOLDERS_").lower()] = value

    def replaced(self, text: str, path: Path) -> str:
        """Return `text` with every placeholder replaced.

        Raises:
            MigrationError: One has no value; its line is named.
        """
        if not self._is_on:
            return text
        own = {"flyway:filename": path.name}

        def value(found: re.Match[str]) -> str:
            name = found["name"].lower()
            known = own.get(name, self._values.get(name))
            if known is None:
                raise MigrationError(
                    path,
                    f"{found[0]} has no value",
                    line=text.count("\n", 0, found.start()) + 1,
                    hint=f"set flyway.placeholders.{found['name']} in flyway.conf, or "
                    "placeholderReplacement to false",
                )
            return known

        return _PLACEHOLDER.sub(value, text)

    def _take(self, path: Path) -> None:
        if not path.is_file():
            return
        text = decode(read_bytes(path), path)
        pairs = _of_toml(path, text) if path.suffix == ".toml" else _of_conf(text)
        for name, value in pairs.items():
            if name.lower().startswith(_PREFIX):
                self._values[name[len(_PREFIX) :].lower()] = value
            elif name.lower() == "placeholderreplacement":
                self._is_on = value.lower() != "false"


def _of_conf(text: str) -> dict[str, str]:
    return {found["name"]: found["value"] for found in _SETTING.finditer(text)}


def _of_toml(path: Path, text: str) -> dict[str, str]:
    try:
        table: dict[str, Any] = tomllib.loads(text).get("flyway", {})
    except tomllib.TOMLDecodeError as error:
        raise MigrationError(path, f"not TOML: {error}", hint=f"mend {path}") from error
    inner = table.get("placeholders", {})
    found = {name: str(value) for name, value in table.items() if not isinstance(value, dict)}
    return found | {f"{_PREFIX}{name}": str(value) for name, value in inner.items()}
