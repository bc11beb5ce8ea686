"""Drydock: change the schema of a live SQLite application safely.

The names below are the public Python interface; each is imported when first used, so that an
application's start-up guard costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drydock.guard import current_state, require_current
    from drydock.rebuild import Database

__all__ = ["Database", "__version__", "current_state", "require_current"]

__version__ = "0.1.0"

_HOMES = {
    "Database": "drydock.rebuild",
    "current_state": "drydock.guard",
    "require_current": "drydock.guard",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'drydock' has no attribute {name!r}")
