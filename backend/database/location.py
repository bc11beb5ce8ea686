"""Where Budget Buddy's database is, and the port that it answers on.

``BUDGET_BUDDY_DB`` and ``BUDGET_BUDDY_PORT`` say otherwise than the defaults.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "migrations"
DEFAULT_PORT = 8000


def database_path() -> Path:
    """Return the database's path: ``BUDGET_BUDDY_DB``, else budget_buddy.db in the project."""
    return Path(os.environ.get("BUDGET_BUDDY_DB") or ROOT / "budget_buddy.db")


def port() -> int:
    """Return the port to listen on: ``BUDGET_BUDDY_PORT``, else 8000."""
    return int(os.environ.get("BUDGET_BUDDY_PORT") or DEFAULT_PORT)
