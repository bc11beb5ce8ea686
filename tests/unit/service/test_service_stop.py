import contextlib
import os
import signal
import sqlite3
import sys
import urllib.request

import pytest

from drydock.service import identity, process
from drydock.service.errors import ForeignListener, StopFailed, StopTimedOut
from drydock.service.identity import MARK, Record
from drydock.service.stop import Ending, stop


def test_stopping_what_does_not_run_says_so(yard):
    """Nothing to do is not an error; a stale pid file is cleared away."""
    settings = yard.settings()
    settings.pid_file.parent.mkdir()
    settings.pid_file.write_text("4121")
    stopped = stop(settings, database=yard.database)
    assert (stopped.pid, stopped.tree, stopped.how) == (None, (), "not running")
    assert not settings.pid_file.exists()


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--reload",)])
def test_f43_the_whole_tree_is_stopped(yard, options):
    """Workers and reloaders leave nobody behind, and nobody with the database open."""
    child = yard.serve(*yard.uvicorn(*options), OPENS="1")
    if options:
        yard.poll(lambda: len(process.tree([process.identify(child.pid)])) >= 3)
    stopped = stop(yard.settings(*options), database=yard.database)
    assert (stopped.pid, stopped.how) == (child.pid, "terminated")
    assert len(stopped.tree) >= (3 if options else 1)
    child.wait(5)
    assert yard.strays() == []
    assert not yard.answers()


def test_f43_orphans_of_a_killed_parent_are_stopped(yard):
    """kill -9 of the parent left workers that still serve; they are known by their mark."""
    child = yard.serve(*yard.uvicorn("--workers", "2"), **{MARK: "m4rk"}, OPENS="1")
    settings = yard.settings()
    root = process.identify(child.pid)
    yard.poll(lambda: len(process.tree([root])) >= 4)
    identity.write(settings.pid_file, Record(root, "m4rk"))
    child.kill()
    child.wait(5)
    assert yard.answers()
    stop(settings, database=yard.database)
    assert yard.strays() == []


def slow_request(yard):
    """Return a client whose request is being worked on."""
    url = f"http://127.0.0.1:{yard.port}/slow"
    client = yard.launch(
        sys.executable, "-c", f"import urllib.request; urllib.request.urlopen({url!r}).read()"
    )
    yard.poll((yard.folder / "slow.started").exists)
    return client


def test_f44_a_slow_request_is_waited_for(yard):
    """The port is closed long before the process is gone; only then is it stopped."""
    child = yard.serve(*yard.uvicorn(), OPENS="1", SLOW="0.8")
    client = slow_request(yard)
    waits = []
    stopped = stop(yard.settings(), database=yard.database, on_wait=lambda *a: waits.append(a))
    assert stopped.seconds > 0.3
    assert child.poll() is not None
    assert client.wait(5) == 0  # its answer came
    assert waits[0][1][0].pid == child.pid
    assert [each[0] for each in waits] == sorted(each[0] for each in waits)


def test_f44_after_the_grace_period_it_is_an_error_and_nothing_is_killed(yard):
    """The error names what still runs, and the command that ends it."""
    child = yard.serve(*yard.stubborn().start)
    with pytest.raises(StopTimedOut) as caught:
        stop(yard.stubborn(grace=0.2))
    assert [each.pid for each in caught.value.left] == [child.pid]
    assert "inv stop-backend --force" in caught.value.hint
    assert f"pid {child.pid}" in caught.value.cause[0]
    assert "not touched" in caught.value.state
    assert child.poll() is None


def test_force_kills_what_ignores_the_signal(yard):
    """SIGTERM first, the grace period, then SIGKILL to the same processes."""
    child = yard.serve(*yard.stubborn().start)
    stopped = stop(yard.stubborn(grace=0.2), force=True)
    assert stopped.how == "killed"
    assert stopped.seconds >= 0.2
    assert child.wait(5) == -signal.SIGKILL


def test_force_does_not_kill_what_stops_by_itself(yard):
    """`--force` is a last resort, not another signal."""
    child = yard.serve(*yard.uvicorn())
    assert stop(yard.settings(), force=True).how == "terminated"
    assert child.wait(5) != -signal.SIGKILL


@pytest.mark.parametrize("force", [False, True])
def test_f41_a_foreign_program_is_named_and_left_alone(yard, force):
    """With or without force."""
    child = yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    with pytest.raises(ForeignListener) as caught:
        stop(yard.settings(), force=force)
    assert (caught.value.port, caught.value.pid) == (yard.port, child.pid)
    assert f"http.server (pid {child.pid})" in caught.value.cause[0]
    assert child.poll() is None


def test_f42_a_stranger_with_the_recorded_pid_is_left_alone(yard):
    """A stale pid file after pid reuse once killed a stranger."""
    stranger = yard.launch(sys.executable, "-c", "import time; time.sleep(60)")
    it = process.identify(stranger.pid)
    old = identity.Identity(it.pid, it.started - 5, it.command)
    settings = yard.settings()
    identity.write(settings.pid_file, Record(old, "m4rk"))
    assert stop(settings, force=True).how == "not running"
    assert stranger.poll() is None


def test_f44_a_forked_child_that_keeps_the_database_open_is_not_gone(yard):
    """It was in no snapshot, but is of the backend's process group: it is waited for and named."""
    code = (
        "import os, sqlite3, sys, time\n"
        "db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM sqlite_schema')\n"
        "os.fork(); time.sleep(60)"
    )
    parent = yard.launch(sys.executable, "-c", code, str(yard.database))
    root = process.identify(parent.pid)
    child = yard.poll(lambda: process.tree([root])[1:])[0]
    ending = Ending(members=[root], settings=yard.settings(grace=0.2), database=yard.database)
    parent.kill()
    parent.wait(5)
    with pytest.raises(StopTimedOut) as caught:
        ending.finish(force=True)
    assert "the data.db is still open" in caught.value.cause[0]
    assert f"pid {child.pid}" in caught.value.cause[0]
    assert process.alive(child)


def test_f43_an_orphan_that_appears_meanwhile_is_stopped_too(yard):
    """Its parent ended before anybody looked; its mark says whose it is."""
    parent = yard.launch("sleep", "60")
    orphan = yard.launch("sleep", "60", **{MARK: "m4rk"})
    stranger = yard.launch("sleep", "60", **{MARK: "another"})
    root = process.identify(parent.pid)
    ending = Ending(members=[root], settings=yard.settings(), mark="m4rk")
    assert not ending.finish(force=False)
    assert ending.tree == (parent.pid, orphan.pid)
    assert orphan.wait(5) == -signal.SIGTERM
    assert stranger.poll() is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_backend_of_another_user_is_named_and_refused(yard):
    """No traceback of a permission: whose it is, and what would stop it."""
    code = """
import os, sys, psutil
from drydock.service import process
from drydock.service.backend import ServiceSettings
from drydock.service.errors import StopFailed
from drydock.service.stop import Ending
from pathlib import Path
root = process.identify(int(sys.argv[1]))
here = Path(sys.argv[2])
settings = ServiceSettings(start=("x",), cwd=here, log=here / "log", pid_file=here / "pid")
os.setgid(65534)
os.setuid(65534)
try:
    Ending(members=[root], settings=settings).finish(force=True)
except StopFailed as error:
    assert error.hint.startswith(f"sudo kill {root.pid}"), error.hint
    sys.exit(0)
sys.exit(3)
"""
    backend = yard.launch("sleep", "60")
    arguments = (str(backend.pid), str(yard.folder))
    paths = os.pathsep.join(sys.path)
    asked = yard.launch(sys.executable, "-c", code, *arguments, PYTHONPATH=paths)
    assert asked.wait(20) == 0
    assert backend.poll() is None


def test_somebody_elses_open_database_does_not_keep_us_waiting(yard):
    """A holder that is not of the backend is the hold's business, not ours."""
    yard.serve(*yard.uvicorn())
    with contextlib.closing(sqlite3.connect(yard.database)) as db:
        db.execute("SELECT * FROM sqlite_schema").fetchall()
        code = "import sqlite3, sys, time; d = sqlite3.connect(sys.argv[1]); time.sleep(60)"
        yard.launch(sys.executable, "-c", code, str(yard.database))
        assert stop(yard.settings(grace=3), database=yard.database).how == "terminated"


def test_a_command_of_the_settings_stops_it_and_is_not_simply_believed(yard):
    """docker compose, systemctl: the command runs, then the same proof."""
    child = yard.serve(*yard.uvicorn())
    kill = (sys.executable, "-c", f"import os; os.kill({child.pid}, 15)")
    stopped = stop(yard.settings(stop=kill), database=yard.database)
    assert (stopped.pid, stopped.how) == (child.pid, "command")
    assert not yard.answers()


def test_a_command_that_stops_nothing_is_found_out(yard):
    """Exit status 0 is no proof."""
    child = yard.serve(*yard.uvicorn())
    with pytest.raises(StopTimedOut):
        stop(yard.settings(stop=(sys.executable, "-c", ""), grace=0.2))
    assert child.poll() is None


def test_a_command_that_stops_a_program_we_do_not_know_frees_the_port(yard):
    """A container's port belongs to a proxy; that it is free afterwards is the proof."""
    child = yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    url = f"http://127.0.0.1:{yard.port}/"
    assert urllib.request.urlopen(url).status == 200
    kill = (sys.executable, "-c", f"import os; os.kill({child.pid}, 9)")
    assert stop(yard.settings(stop=kill)).how == "command"
    yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    with pytest.raises(StopTimedOut) as caught:
        stop(yard.settings(stop=(sys.executable, "-c", ""), grace=0.1))
    assert f"port {yard.port} is served by http.server" in caught.value.cause[0]


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ((sys.executable, "-c", "print('no such unit'); raise SystemExit(5)"), "status 5"),
        (("no-such-program-at-all",), "cannot be run"),
    ],
)
def test_a_command_that_fails_is_an_error_with_its_output(yard, command, word):
    """What it said is on the screen."""
    with pytest.raises(StopFailed) as caught:
        stop(yard.settings(stop=command))
    assert word in caught.value.what
    if word == "status 5":
        assert "no such unit" in caught.value.cause
