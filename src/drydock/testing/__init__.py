"""Tests for a project's own migrations: a pytest plugin with fixtures, and a ready-made contract.

One line in a project's test file switches the contract on::

    from drydock.testing import MigrationContract as TestMigrations

pytest loads the plugin in every project that has Drydock installed, so nothing is imported here
before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drydock.testing.contract import MigrationContract
    from drydock.testing.runner import Runner

__all__ = ["MigrationContract", "Runner"]

_HOMES = {"MigrationContract": "drydock.testing.contract", "Runner": "drydock.testing.runner"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'drydock.testing' has no attribute {name!r}")
