"""What a rollback shows before and after it asks; what a question without an answer leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import sqlite3
import subprocess
import sys
import termios
from contextlib import closing

import pytest

from drydock.errors import ExitCode


@pytest.fixture
def mode():
    """The words do not depend on the journal."""
    return "wal"


def answer(project, said, *words):
    """Run `inv` on a pseudo-terminal, give one answer, and return its exit code and output."""
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=project.root,
        env=project.environment(TERM="dumb"),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        # It sits at the terminal, for ^C and for hanging up.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads
    )
    os.close(inside)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(outside, 4096)
    if said is None:
        os.close(outside)  # the window is closed
    else:
        os.write(outside, said)
        try:
            while block := os.read(outside, 4096):
                shown += block
        except OSError:  # nobody has it open any more
            os.close(outside)
    return process.wait(timeout=60), shown.decode()


@pytest.fixture
def written(project):
    """A migrated project into which the application has written."""
    assert project.inv("migrate", "--yes").returncode == 0
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute("INSERT INTO owner (id, name) VALUES (77, 'Written since')")
    return project


def test_the_question_tells_the_backup_apart_and_the_way_to_keep_rows(written):
    """A tired user reads one line before a y; a no is no run that was done."""
    before = written.dump()
    code, shown = answer(written, b"n\n", "rollback")
    assert code == ExitCode.REFUSED
    told = " ".join(shown.split())
    assert "owner: 1 added" in told
    assert "rows, up to 001_start) the live database again? [y/N]" in told
    assert "to carry over what was written since: inv rollback --keep-new-rows" in told
    assert written.dump() == before
    last = written.inv("history").stdout.splitlines()[-1]
    assert last.startswith("✗")
    assert "going back was answered with no" in last


def test_the_hint_of_a_refusal_is_the_command_that_was_typed(written):
    """Agreeing to it goes back to where it was to go, and nowhere else."""
    (wanted,) = written.backups()
    for typed, carrying in {
        "inv rollback": "inv rollback --keep-new-rows",
        f"inv rollback --to {wanted}": f"inv rollback --to {wanted} --keep-new-rows",
        f"inv restore {wanted}": f"inv rollback --to {wanted} --keep-new-rows",
        "inv rollback --keep-new-rows --no-backend": None,
    }.items():
        refused = written.inv(*typed.split()[1:])
        assert refused.returncode == ExitCode.REFUSED
        told = refused.stderr.partition("hint: ")[2]
        assert f"agree on the command line: {typed} --yes\n" in told
        assert told.count("\n") == (2 if carrying else 1)
        assert carrying is None or f"what was written since: {carrying}\n" in told


def test_what_is_carried_over_is_not_told_as_left(written):
    """And told once, not before and after the stop."""
    code, shown = answer(written, b"y\n", "rollback", "--keep-new-rows")
    assert code == 0
    assert shown.count("written since") == 1
    assert "left in the database that is kept" not in shown
    assert "owner: 1 row carried over" in shown
    assert written.rows("SELECT name FROM owner WHERE id = 77") == [("Written since",)]


def test_a_window_closed_at_the_question_is_no_yes(written):
    """Nothing is changed, and the run is not told as done."""
    before = written.dump()
    code, _ = answer(written, None, "rollback")
    assert code in (ExitCode.INTERRUPTED, ExitCode.REFUSED)
    assert written.dump() == before
    assert written.inv("history").stdout.splitlines()[-1].startswith("✗")


def test_ctrl_c_at_a_question_says_that_nothing_was_touched(project):
    """On a line of its own, behind the ^C that the terminal shows."""
    (project.migrations / "005_gone.sql").write_text("DELETE FROM log;")
    before = project.dump()
    code, shown = answer(project, b"\x03", "migrate")
    assert code == ExitCode.INTERRUPTED
    assert "\nerror: stopped by Ctrl-C" in shown.replace("\r", "")
    assert "state: the database was not touched" in shown
    assert project.dump() == before


@pytest.mark.parametrize("more", [["--to", "x"], ["--keep-new-rows"]])
def test_two_ways_back_at_once_are_refused(written, more):
    """A flag that would be passed over is a mistake to tell, not to make."""
    before = written.dump()
    refused = written.inv("rollback", "--down", "004_rebuild_item", *more, "--yes")
    assert refused.returncode == ExitCode.USAGE
    assert f"--down and {more[0]} are two ways back; nothing was touched" in refused.stderr
    assert written.dump() == before


def test_a_python_migration_runs_once_for_the_question_and_the_carrying(project):
    """What is shown, compared again behind the stop, and carried is told from the same file."""
    (project.migrations / "005_counted.py").write_text(
        "import sqlite3\nwith open('ran', 'a') as file:\n    file.write('once\\n')\n"
        "sqlite3.connect('app.db').execute('CREATE TABLE counted (x)')\n"
    )
    assert project.inv("migrate", "--yes").returncode == 0
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute("INSERT INTO owner (id, name) VALUES (77, 'Written since')")
    (project.root / "ran").unlink()
    code, _ = answer(project, b"y\n", "rollback", "--keep-new-rows")
    assert code == 0
    assert (project.root / "ran").read_text() == "once\n"
    assert project.rows("SELECT name FROM owner WHERE id = 77") == [("Written since",)]


def test_a_refused_rollback_is_told_as_one_in_the_history(written):
    """No backend was stopped for it."""
    assert written.inv("rollback").returncode == ExitCode.REFUSED
    assert written.inv("rollback", "--to", "nowhere", "--yes").returncode == ExitCode.USAGE
    for line in written.inv("history").stdout.splitlines()[-2:]:
        assert "stop-backend" not in line
        assert "go-back: " in line
