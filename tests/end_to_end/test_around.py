"""The examples for other tools, run as those tools would run them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.vendor import yaml

from drydock.errors import ExitCode
from tests.support.project import SCHEMA, Project

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
START = """
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def drydock_start(tmp_path_factory):
    path = tmp_path_factory.mktemp("start") / "start.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(Path("baseline.sql").read_text())
    return path
"""
BAD = "ALTER TABLE itm ADD COLUMN x;\n"


@pytest.fixture
def project(tmp_path):
    """A project without a backend whose migrations are fine."""
    return Project(tmp_path / "a project")


def run(project, *command):
    """Run a program in the project, with our `inv`, `drydock` and `python` first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = project.environment(PATH=path, GIT_CONFIG_GLOBAL=os.devnull)
    return subprocess.run(
        command, cwd=project.root, env=environment, capture_output=True, text=True, check=False
    )


def workflow():
    """Return the steps of the workflow that run a command."""
    read = yaml.safe_load((EXAMPLES / "github-workflow.yml").read_text())
    return [step for step in read["jobs"]["review"]["steps"] if "run" in step]


def commit(project):
    """Commit everything in the project, and return how that ended."""
    assert run(project, "git", "add", ".").returncode == 0
    who = ("-c", "user.name=Åse", "-c", "user.email=ase@example.org")
    return run(project, "git", *who, "commit", "-m", "change")


def test_the_git_hook_refuses_a_commit_with_a_migration_that_cannot_run(project):
    """A good migration is committed, a bad one is refused with its line, others are not asked."""
    assert run(project, "git", "init", "-q").returncode == 0
    hook = project.root / ".git" / "hooks" / "pre-commit"
    shutil.copy(EXAMPLES / "pre-commit-hook", hook)
    hook.chmod(0o755)
    assert commit(project).returncode == 0

    bad = project.migrations / "005_typo.sql"
    bad.write_text(BAD)
    refused = commit(project)
    assert refused.returncode != 0
    assert "no such table: itm" in refused.stderr

    # A commit without a migration is none of the hook's business, whatever lies in the folder.
    assert run(project, "git", "reset", "-q").returncode == 0
    (project.root / "notes.txt").write_text("a note\n")
    (project.root / ".git" / "info" / "exclude").write_text("005_typo.sql\n")
    assert commit(project).returncode == 0


def test_the_hook_of_pre_commit_runs_what_it_names(project):
    """The entry is a command that there is, and it fails on a migration that cannot run."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    command = [sys.executable, "-m", *shlex.split(hook["entry"])]
    assert run(project, *command).returncode == 0
    (project.migrations / "005_typo.sql").write_text(BAD)
    assert run(project, *command).returncode == ExitCode.DIFFERENT


def test_the_workflow_annotates_the_line_and_fails(project):
    """What it runs prints GitHub's own commands, and its exit code stops the merge."""
    (review,) = (step["run"] for step in workflow() if step.get("name") == "Review")
    assert run(project, *shlex.split(review)).returncode == 0
    bad = project.migrations / "005_typo.sql"
    bad.write_text(f"\n{BAD}")
    done = run(project, *shlex.split(review))
    assert done.returncode == ExitCode.DIFFERENT
    assert f"::error file={bad},line=2," in done.stdout


def test_the_workflow_works_where_there_is_no_database(project):
    """A checkout has none; the text is judged, and the lack is told."""
    project.database.unlink()
    done = run(project, "inv", "review", "--format", "github")
    assert done.returncode == 0, done.stderr
    assert "there is no database" in done.stderr
    assert not project.database.exists()


def test_the_workflow_passes_on_a_history_that_began_with_a_database(tmp_path):
    """As most do: the first file alters a table that the application made."""
    project = Project(tmp_path / "project")
    project.database.unlink()
    (project.migrations / "001_start.sql").unlink()
    (project.root / "baseline.sql").write_text(SCHEMA)
    tests = project.root / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text(START)
    (tests / "test_migrations.py").write_text(
        "from drydock.testing import MigrationContract as TestMigrations\n"
    )
    for step in workflow():
        if not step["run"].startswith("python -m pip"):
            done = run(project, "bash", "-ec", step["run"])
            assert done.returncode == 0, done.stdout + done.stderr
    reviewed = run(project, "inv", "review", "--format", "github")
    assert f"::notice file={project.migrations}/002_add_tag.sql,line=2,title=drydock untried" in (
        reviewed.stdout
    )
    assert "::error" not in reviewed.stdout


def test_every_target_of_the_makefile_is_a_task(project):
    """`make status` says what `inv status` says, and no target names a task that is not there."""
    snippet = EXAMPLES / "Makefile.snippet"
    assert "3 pending" in run(project, "make", "-f", str(snippet), "status").stderr
    words = [line.split() for line in snippet.read_text().splitlines() if line.startswith("\t@")]
    tasks = run(project, "inv", "--list").stdout
    assert [task for _, task in words if f"  {task} " not in tasks] == []
