"""docs/json.md as data: which keys a command's document has, and of which type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "json.md"
TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}
ROW = re.compile(r"^\| `(?P<key>[^`]+)` \| (?P<type>\w+)(?P<null>\?)? \|", re.MULTILINE)


def promised(title: str) -> dict[str, tuple[object, bool]]:
    """Return key to (type, may be null) of the section whose title has `title` in it."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (section,) = [each for each in sections if title in each.splitlines()[0]]
    return {row["key"]: (TYPES[row["type"]], bool(row["null"])) for row in ROW.finditer(section)}


def broken(title: str, document: dict) -> list[str]:
    """Return what in `document` is not as promised: unknown keys, missing ones, other types."""
    return list(_object(promised(title), "", document))


def _object(table: dict, path: str, value: dict) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    known = {
        re.split(r"\.|\[\]", key.removeprefix(prefix))[0] for key in table if key.startswith(prefix)
    }
    yield from (f"{prefix}{name} is missing" for name in known - value.keys())
    yield from (f"{prefix}{name} is not documented" for name in value.keys() - known)
    for name in known & value.keys():
        yield from _value(table, f"{prefix}{name}", value[name])


def _value(table: dict, path: str, value: object) -> Iterator[str]:
    kind, may_be_null = table.get(path, (None, False))
    if value is None:
        if not may_be_null:
            yield f"{path} is null"
    elif isinstance(value, dict) and any(key.startswith(f"{path}.") for key in table):
        yield from _object(table, path, value)
    elif isinstance(value, list) and any(key.startswith(f"{path}[]") for key in table):
        for entry in value:
            yield from _value(table, f"{path}[]", entry)
    elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        yield f"{path} is {value!r}"
