"""The pages that are made from the code are current, and the tables in it are complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from drydock.commands import reference
from drydock.errors import ExitCode

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("name", ["settings.md", "errors.md", "settings.schema.json"])
def test_a_made_page_is_current(name):
    """`python -m drydock.commands.reference` was run after the last change."""
    assert (DOCS / name).read_text(encoding="utf-8") == reference.pages()[name]


def test_every_error_says_what_it_means_and_is_never_exit_0():
    """A refusal or a failure is never exit 0."""
    for error in reference.every_error():
        assert error.__doc__, error
        assert error.exit_code != ExitCode.DONE, error
