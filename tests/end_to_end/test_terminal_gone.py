"""A run whose window was closed, whose log is full, or whose reader has seen enough."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from drydock.errors import ExitCode

PENDING = ["002_add_tag", "003_shops", "004_rebuild_item"]


@pytest.fixture
def mode():
    """What becomes of the output has nothing to do with the journal."""
    return "wal"


def inv(project, words, **streams):
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=project.root,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
        check=False,
        **streams,
    )


@pytest.mark.parametrize("gone", ["reader", "full"])
def test_a_run_goes_on_to_its_end_when_nobody_can_read_of_it(served, gone):
    """``inv migrate --yes 2>&1 | head -3``: migrated and running, and the receipt tells it."""
    if gone == "reader":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open("/dev/full", os.O_WRONLY)
    done = inv(served, ["migrate", "--yes"], stdout=writing, stderr=writing)
    os.close(writing)
    assert done.returncode == 0
    assert served.applied() == ["001_start", *PENDING]
    assert served.is_running()
    assert "finished" in served.inv("history").stdout


def test_a_run_without_any_standard_stream_is_a_run(project):
    """``inv migrate --yes <&- >&- 2>&-``, as some schedulers start programs."""
    command = f'exec "{sys.executable}" -m invoke migrate --yes <&- >&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=project.root,
        env=project.environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert project.applied() == ["001_start", *PENDING]
    assert project.dump()


def test_data_on_a_full_disk_is_an_error(project):
    """``inv status --json > file`` leaves no empty file behind an exit code of 0."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = inv(project, ["status", "--json"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == ExitCode.FAILED
    assert "standard output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
