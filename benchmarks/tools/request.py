"""One change, as it is sent to a tool's worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class NotOfferedError(Exception):
    """The tool has no way of saying this change; the cell is not counted for it."""


@dataclass(frozen=True, slots=True)
class Request:
    """The change `kind` of `column` (see tests/matrix/operations.py), on the file at `path`.

    `arguments` are those of `Table.transform()`, with lists for sets and tuples; `asked` is the
    new declared type, "" when none is asked for; `declared` is the column's type now.
    """

    path: str
    table: str
    kind: str
    column: str = ""
    value: str = ""
    asked: str = ""
    declared: str = ""
    columns: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether the column is declared TEXT, which every tool has a word for."""
        return self.declared.upper() == "TEXT"

    def transform(self) -> dict[str, Any]:
        """Return the arguments of `Table.transform()` with their proper types."""
        arguments = dict(self.arguments)
        if isinstance(arguments.get("not_null"), list):
            arguments["not_null"] = set(arguments["not_null"])
        if "drop" in arguments:
            arguments["drop"] = set(arguments["drop"])
        if "add_foreign_keys" in arguments:
            arguments["add_foreign_keys"] = [tuple(k) for k in arguments["add_foreign_keys"]]
        return arguments
