"""A signal between two tasks of one line is answered as inside of them; behind them as ever."""

from __future__ import annotations

import signal

import pytest

from drydock.errors import ExitCode
from tests.support.project import Project

TASKS = """
import os, signal, time
from invoke import task
from drydock.tasks import namespace

@task
def ends(c):
    os.kill(os.getpid(), signal.{name})
    time.sleep(20)

namespace.add_task(ends)
"""
NAMES = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


@pytest.mark.parametrize("name", NAMES)
def test_behind_a_run_that_has_ended_it_means_what_it_always_means(project, name):
    """The task behind it is somebody else's; what was migrated stays so."""
    (project.root / "tasks.py").write_text(TASKS.format(name=name))
    done = project.inv("migrate", "--yes", "ends")
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == (1 if name == "SIGINT" else -signal.Signals[name])
    assert "✓ migrate" in done.stderr
    assert project.inv("migrate", "--yes").returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_f27_within_a_run_it_takes_the_run_back(project, name):
    """On one line with other tasks the run is under way between them."""
    before = project.dump()
    (project.root / "tasks.py").write_text(TASKS.format(name=name))
    done = project.inv("stop-backend", "backup", "review", "ends")
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == ExitCode.INTERRUPTED, done.stderr
    assert f"stopped by {'Ctrl-C' if name == 'SIGINT' else name}" in done.stderr
    assert "app.db is as it was before the run" in done.stderr
    assert project.dump() == before
