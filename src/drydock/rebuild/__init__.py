"""sqlite-utils' `Database` and `Table` with a `transform()` that loses nothing.

The names below are the package's interface; each is imported when first used, because sqlite-utils
is heavy and `commands` does without it. What is kept, refused and why: docs/rebuild.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drydock.rebuild.database import Database
    from drydock.rebuild.outcome import LastChange, Plan
    from drydock.rebuild.table import Table

__all__ = ["Database", "LastChange", "Plan", "Table"]

_HOMES = {
    "Database": "drydock.rebuild.database",
    "LastChange": "drydock.rebuild.outcome",
    "Plan": "drydock.rebuild.outcome",
    "Table": "drydock.rebuild.table",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'drydock.rebuild' has no attribute {name!r}")
