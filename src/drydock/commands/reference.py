"""The reference pages that are made from the code: settings, errors and exit codes, JSON schema.

``python -m drydock.commands.reference`` writes them into docs/; a test holds them current. The
pages say nothing that the code does not: a setting's sentence is the one an error shows.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import drydock
from drydock.errors import DrydockError, ExitCode
from drydock.setting import BACKEND, CHECK, GENERAL, SMOKE

_TITLES = {
    "general": ("`[tool.drydock]`", GENERAL),
    "backend": ("`[tool.drydock.backend]`", BACKEND),
    "smoke": ("`[tool.drydock.smoke]`", SMOKE),
    "check": ("each of `checks`", CHECK),
}
_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}
_SETTINGS_HEAD = """\
# Settings
They stand in pyproject.toml under `[tool.drydock]`, or in a drydock.toml of their own without that prefix.
`database` is the only one that must be set.
What Invoke's own configuration says stands above them, in Invoke's documented order: `drydock:` in invoke.yaml, then `INVOKE_DRYDOCK_…` variables (`INVOKE_DRYDOCK_BACKEND_PORT=8001`); flags of a task stand above all.
Paths are relative to the folder of the file.
An unknown name, in a variable too, is an error that names the nearest known one; `inv doctor` shows what is in force and where it came from.
Editors complete them with [settings.schema.json](settings.schema.json).

This page is made by `python -m drydock.commands.reference`.
"""
_ERRORS_HEAD = """\
# Errors and exit codes
Every error answers four questions: what happened and to which file, why, in what state the data is now, and what to type next.

This page is made by `python -m drydock.commands.reference`.

## Exit codes
| code | name | what it says |
|---|---|---|
"""
_OF_INVOKE = """
Invoke itself ends with 1 before Drydock is asked: where there is no such task or flag, a name is missing that a task needs, or there is no tasks.py.
It says so in one line without `error:`; a 1 of Drydock's own has one.
"""


def settings_page() -> str:
    """Return docs/settings.md."""
    parts = [_SETTINGS_HEAD]
    for title, known in _TITLES.values():
        rows = "".join(
            f"| `{name}` | {_TYPES[kind]} | {_shown(default)} | {what} |\n"
            for name, (kind, default, what) in known.items()
        )
        parts.append(
            f"\n## {title}\n| name | type | default | what it is |\n|---|---|---|---|\n{rows}"
        )
    return "".join(parts)


def errors_page() -> str:
    """Return docs/errors.md."""
    codes = "".join(f"| {int(code)} | {code.name} | {_sentence(code)} |\n" for code in ExitCode)
    rows = "".join(
        f"| `{error.__module__.removeprefix('drydock.')}.{error.__name__}` | {_exit(error)} "
        f"| {(error.__doc__ or '').strip().splitlines()[0]} |\n"
        for error in every_error()
    )
    return (
        f"{_ERRORS_HEAD}{codes}{_OF_INVOKE}\n## Every error\n"
        f"| class | exit | what it means |\n|---|---|---|\n{rows}"
    )


def settings_schema() -> str:
    """Return docs/settings.schema.json, for editors."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drydock's settings: [tool.drydock] of pyproject.toml, or drydock.toml",
        **_object(GENERAL),
        "required": ["database"],
    }
    check = {**_object(CHECK), "required": ["path"]}
    smoke = _object(SMOKE)
    smoke["properties"]["checks"]["items"] = check
    schema["properties"]["backend"] = _object(BACKEND)
    schema["properties"]["smoke"] = smoke
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def every_error() -> list[type[DrydockError]]:
    """Return every condition that Drydock foresees, by module and name."""
    for module in pkgutil.walk_packages(drydock.__path__, "drydock."):
        if not module.name.endswith(("__main__", "child", "models_child")):
            importlib.import_module(module.name)
    found: set[type[DrydockError]] = set()
    waiting = [DrydockError]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found.update(child for child in children if child.__module__.startswith("drydock."))
    return sorted(found, key=lambda error: (error.__module__, error.__name__))


def _object(known: dict[str, tuple[type, Any, str]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, (kind, default, what) in known.items():
        properties[name] = {"type": _TYPES[kind], "default": default, "description": what}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _shown(default: Any) -> str:
    return f"`{json.dumps(default)}`" if default not in ("", [], {}) else ""


def _sentence(code: ExitCode) -> str:
    """Return the sentence below an exit code in `drydock.errors`: attributes keep no docstring."""
    lines = Path(sys.modules["drydock.errors"].__file__ or "").read_text(encoding="utf-8")
    after = lines.split(f"    {code.name} = {int(code)}\n", 1)[1]
    return after.split('"""', 2)[1]


def _exit(error: type[DrydockError]) -> str:
    return str(int(error.exit_code))


def pages() -> dict[str, str]:
    """Return the made pages by their name in docs/."""
    return {
        "settings.md": settings_page(),
        "errors.md": errors_page(),
        "settings.schema.json": settings_schema(),
    }


def main() -> None:
    """Write the pages into the docs folder of this checkout."""
    docs = Path(__file__).resolve().parents[3] / "docs"
    for name, text in pages().items():
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
