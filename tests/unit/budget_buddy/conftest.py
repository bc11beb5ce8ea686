"""What the tests of Budget Buddy share: the application on the path, and its databases."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))


@pytest.fixture
def at(tmp_path):
    """Return a function that builds a small populated database at a migration."""
    from backend.sample.build import build

    def make(number, *, name="Åkesson's budget.db"):
        path = tmp_path / name
        build(path, rows=ROWS, at=number, seed=11)
        return path

    return make


@pytest.fixture(scope="session")
def drydock_sample():
    """Rows in every table of Budget Buddy, as they were after a migration."""
    from backend.sample.build import build

    def fill(path, at):
        path.unlink()
        build(path, rows=ROWS, at=int(at.partition("_")[0]), seed=11)

    return fill


ROWS = 400
"""The transactions of a database of these tests; enough for a row in every table."""
