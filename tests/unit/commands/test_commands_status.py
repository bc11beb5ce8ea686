"""What `inv status --check` says to type is what leads on from where the files stand."""

from __future__ import annotations

import pytest

from drydock.errors import ExitCode
from tests.support.project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project", rows=3)


def hint_of(finished):
    assert finished.returncode == ExitCode.DIFFERENT, finished.stderr
    return finished.stderr.partition("hint: ")[2].split()


def test_pending_is_to_be_migrated(project):
    """And then there is nothing to say."""
    assert hint_of(project.inv("status", "--check")) == ["inv", "migrate"]
    assert project.inv("migrate").returncode == 0
    assert project.inv("status", "--check").returncode == 0


def test_edited_and_missing_are_to_be_mended_before_anything_is_migrated(project):
    """`inv migrate` would be refused, whatever is pending beside them; `inv review` says why."""
    start = project.migrations / "001_start.sql"
    text = start.read_text()
    start.write_text(text + "-- more\n")
    told = project.inv("status", "--check")
    assert "3 pending, 1 edited or missing" in told.stderr
    assert "3 pending, 1 edited; run: inv review" in told.stderr
    hint = " ".join(hint_of(told))
    assert "inv status --diff" in hint
    assert hint.endswith("inv review")
    assert "+-- more" in project.inv("status", "--diff").stdout
    assert "inv adopt --unmark 001_start --mark 001_start" in project.inv("review").stderr
    start.unlink()
    hint = " ".join(hint_of(project.inv("status", "--check")))
    assert "--diff" not in hint
    assert hint.endswith("inv review")
    assert "inv adopt --unmark 001_start" in project.inv("review").stderr
    for each in project.migrations.iterdir():
        each.unlink()
    told = project.inv("status", "--check")
    assert "1 applied, 1 missing; run: inv review" in told.stderr
    assert hint_of(told)[-2:] == ["inv", "review"]


def test_what_comes_before_the_applied_is_named_with_both_ways_on(project):
    """The number may be changed as long as nobody has run it."""
    for each in project.migrations.glob("00[234]*"):
        each.unlink()
    (project.migrations / "000_late.sql").write_text("CREATE TABLE late (x);\n")
    hint = " ".join(hint_of(project.inv("status", "--check")))
    assert hint == "give the next free number to 000_late.sql; or let it run late: inv migrate"
    assert project.inv("migrate", "--yes").returncode == 0
