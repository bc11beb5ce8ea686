"""The pages that are made from the code are current, and the tables in it are complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drydock.commands import reference
from drydock.errors import ExitCode

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("words", ["migrat", "migrate --dry-runs", "restore", "status"])
def test_what_invoke_itself_refuses_ends_as_the_page_says(tmp_path, words):
    """With 1, and without the word that ours begin with; `status` has no tasks.py here."""
    if words != "status":
        (tmp_path / "tasks.py").write_text("from drydock.tasks import namespace\n")
    command = [sys.executable, "-m", "invoke", *words.split()]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "error:" not in ended.stderr


@pytest.mark.parametrize("name", ["settings.md", "errors.md", "settings.schema.json"])
def test_a_made_page_is_current(name):
    """`python -m drydock.commands.reference` was run after the last change."""
    assert (DOCS / name).read_text(encoding="utf-8") == reference.pages()[name]


def test_every_error_says_what_it_means_and_is_never_exit_0():
    """A refusal or a failure is never exit 0."""
    for error in reference.every_error():
        assert error.__doc__, error
        assert error.exit_code != ExitCode.DONE, error
