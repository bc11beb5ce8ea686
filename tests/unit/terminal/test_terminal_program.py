"""A hint can be typed as it stands, wherever and however the command was called."""

from __future__ import annotations

import os
import re
import sys

import pytest

from drydock.terminal.program import as_typed, from_here, program
from drydock.terminal.text import width_of, wrapped_whole

HINT = (
    "mend the migration, or declare it in the file (-- drydock: allow RULE: reason), or agree "
    "to all of it: inv migrate --yes; or look at it first: inv receipt --open --run 20261128T1"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with a virtual environment of its own, which is not activated."""
    bin_ = tmp_path / "project" / ".venv" / "bin"
    bin_.mkdir(parents=True)
    for name in ("inv", "drydock"):
        (bin_ / name).touch(0o755)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return bin_


@pytest.mark.parametrize("name", ["inv", "drydock"])
def test_a_program_that_is_not_on_the_path_is_named_by_its_own(folder, monkeypatch, name):
    """After `make migrate` in a fresh clone, `inv` alone is "command not found"."""
    called = str(folder / name)
    assert program(called) == f".venv/bin/{name}"
    monkeypatch.setattr(sys, "argv", [called, "migrate"])
    assert as_typed("to go back: inv rollback; all: inv history") == (
        f"to go back: .venv/bin/{name} rollback; all: .venv/bin/{name} history"
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin")
    assert program(called) == name


def test_a_project_without_a_tasks_file_is_told_of_drydock(monkeypatch):
    """There, `inv` finds no tasks."""
    assert program("/usr/lib/python3/site-packages/drydock/__main__.py") == "python -m drydock"
    monkeypatch.setattr(sys, "argv", ["/lib/drydock/__main__.py"])
    once = as_typed("run: inv migrate")
    assert once == as_typed(once) == "run: python -m drydock migrate"


def test_what_is_no_command_is_left_alone(folder, monkeypatch):
    """A file, an option, a word."""
    monkeypatch.setattr(sys, "argv", [str(folder / "inv")])
    for text in ("in inv 3 of 4", "my-inv migrate", "/opt/inv migrate", "inventory of inv"):
        assert as_typed(text) == text


def test_paths_are_told_from_here(tmp_path, monkeypatch):
    """And only those that begin here."""
    monkeypatch.chdir(tmp_path)
    assert from_here(f"kept: {tmp_path}/a b.db") == "kept: a b.db"
    assert from_here(f"/other{tmp_path}/a.db") == f"/other{tmp_path}/a.db"
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    os.rmdir(gone)  # noqa: PTH106
    assert from_here("/a/b") == "/a/b"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_hint_folds_around_its_commands(width):
    """One that is broken in the middle cannot be copied."""
    lines = wrapped_whole(HINT, width, first="hint: ", rest="      ")
    whole = " ".join(line.strip() for line in lines)
    assert whole == f"hint: {HINT}"
    for command in ("inv migrate --yes", "-- drydock: allow RULE: reason", "inv receipt --open"):
        assert any(command in line for line in lines)
    assert all(width_of(line) <= width for line in lines if not re.search("inv |drydock", line))
