"""What the walk makes of the project's settings for its backend."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from drydock.settings import load
from drydock.walk import Options, service_settings


@pytest.fixture
def commands(tmp_path):
    """Return a function: the start and stop commands that are run, for what the settings say."""

    def ask(start: list[str], stop: list[str]):
        (tmp_path / "drydock.toml").write_text(
            f"database = 'a.db'\n[backend]\nport = 8000\nstart = {start}\nstop = {stop}\n"
        )
        found = service_settings(load(tmp_path))
        return found.start, found.stop

    return ask


def test_python_is_the_interpreter_that_runs_us(commands):
    """In `stop` as in `start`: on a machine that has only a `python3` too."""
    assert commands(["python", "server.py"], ["python", "stop.py"]) == (
        (sys.executable, "server.py"),
        (sys.executable, "stop.py"),
    )


def test_a_program_of_our_virtual_environment_is_found_without_activating_it(commands):
    """`.venv/bin/inv` must find the `uvicorn` beside it, as it would after an activation."""
    assert sys.prefix != sys.base_prefix, "the suite runs in a virtual environment"
    uvicorn = Path(sys.executable).with_name("uvicorn")
    assert uvicorn.is_file()
    assert commands(["uvicorn", "app:app"], ["docker", "compose", "down"]) == (
        (str(uvicorn), "app:app"),
        ("docker", "compose", "down"),
    )


def test_without_a_virtual_environment_the_path_decides(commands, monkeypatch):
    """A `/usr/local/bin/docker` that goes before `/usr/bin` stays the one that is run."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert commands(["uvicorn", "app:app"], ["./stop.sh"]) == (
        ("uvicorn", "app:app"),
        ("./stop.sh",),
    )


def test_no_command_stays_none(commands):
    """Then the backend is stopped by a signal."""
    assert commands(["./serve"], []) == (("./serve",), None)


def test_what_was_typed_is_repeated_with_all_that_changes_what_is_done():
    """A hint that left a flag out would be another run than the one asked for."""
    assert Options(yes=True).typed == "inv migrate"
    asked = Options(to="3 b", create=True, no_backend=True, dry_run=True)
    assert asked.typed == "inv migrate --to '3 b' --dry-run --no-backend --create"
    assert Options(down="004_tag").typed == "inv rollback --down 004_tag"
