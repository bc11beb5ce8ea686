"""The checks that an application's own OpenAPI document gives: its GETs that need no parameter.

Pure: from the document to checks. A document of another shape than promised gives fewer checks,
never an error; what would change something (any method but GET) is never sent.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from drydock.smoke.check import Check

if TYPE_CHECKING:
    from collections.abc import Iterable


def checks(document: object, *, exclude: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return a check for every GET in `document` that can be sent without any parameter.

    Paths that match a pattern of `exclude` (``/events*``) are left out.
    """
    patterns = tuple(exclude)
    paths = _table(document, "paths")
    return tuple(
        Check(path, status=None)
        for path, item in paths.items()
        if path.startswith("/")
        and "{" not in path
        and isinstance(item, dict)
        and isinstance(item.get("get"), dict)
        and not any(fnmatchcase(path, pattern) for pattern in patterns)
        and not _needs_parameters(document, item)
    )


def _needs_parameters(document: object, item: dict[str, Any]) -> bool:
    operation = item["get"]
    parameters = [*_list(item, "parameters"), *_list(operation, "parameters")]
    required = any(_resolved(document, each).get("required") is True for each in parameters)
    return required or bool(_table(operation, "requestBody").get("required"))


def _resolved(document: object, parameter: object) -> dict[str, Any]:
    if not isinstance(parameter, dict):
        return {}
    reference = parameter.get("$ref")
    if not isinstance(reference, str):
        return parameter
    found: object = document
    for word in reference.removeprefix("#/").split("/"):
        found = _table(found, word.replace("~1", "/").replace("~0", "~"))
    return found if isinstance(found, dict) else {}


def _table(value: object, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _list(value: object, name: str) -> list[Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, list) else []
