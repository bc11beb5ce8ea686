import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from drydock.service import identity, process
from drydock.service import start as module
from drydock.service.discovery import Running, find
from drydock.service.errors import AlreadyRunning, ForeignListener, StartFailed, StartImpossible
from drydock.service.identity import MARK
from drydock.service.start import start
from drydock.service.stop import stop


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--reload",)])
def test_it_starts_is_found_and_is_stopped(yard, options):
    """The round that every run makes, with workers and a reloader too."""
    settings = yard.settings(*options)
    started = start(settings)
    assert started.url == f"http://127.0.0.1:{yard.port}"
    found = find(settings)
    assert isinstance(found, Running)
    assert (found.root.pid, found.how) == (started.pid, "pid file")
    assert stop(settings, database=yard.database).pid == started.pid
    assert yard.strays() == []
    assert not settings.pid_file.exists()


def test_it_is_detached_from_us(yard):
    """Its own session, no terminal, no inherited descriptors; private log and pid file."""
    leak = os.open(yard.database, os.O_RDONLY)
    os.set_inheritable(leak, True)
    settings = yard.settings(env={"GREETING": "hej å"})
    try:
        started = start(settings)
    finally:
        os.close(leak)
    backend = psutil.Process(started.pid)
    assert os.getsid(started.pid) == started.pid
    if sys.platform == "linux":
        assert str(Path(f"/proc/{started.pid}/fd/0").readlink()) == os.devnull
    assert not [each for each in backend.open_files() if each.path == str(yard.database)]
    assert backend.environ()["GREETING"] == "hej å"
    assert settings.log.stat().st_mode & 0o777 == 0o600
    record = identity.read(settings.pid_file)
    assert record.identity == process.identify(started.pid)
    assert record.mark == backend.environ()[MARK]
    stop(settings)


def test_each_start_has_its_headline_in_one_log(yard):
    """What was logged before stays, and it is plain which start said what."""
    settings = yard.settings()
    settings.log.parent.mkdir()
    settings.log.write_text("older lines\n")
    start(settings)
    stop(settings)
    text = settings.log.read_text()
    assert text.startswith("older lines\n--- ")
    assert "drydock starts: " in text
    assert "Application startup" in text or "Started server process" in text


def test_a_crash_at_start_shows_the_end_of_this_starts_log(yard):
    """Twenty lines, without escapes, and nothing of the starts before."""
    code = (
        "for n in range(30): print(n)\n"
        "print('\\x1b[31mno such table: \\x1b]0;t\\x07trips\\x1b[0m', flush=True)\n"
        "raise SystemExit(3)"
    )
    settings = yard.settings(start=(sys.executable, "-c", code))
    settings.log.parent.mkdir()
    settings.log.write_text("an older failure\n")
    with pytest.raises(StartFailed) as caught:
        start(settings)
    assert caught.value.reason == "it ended with status 3"
    assert caught.value.cause == [*map(str, range(11, 30)), "no such table: trips"]
    assert caught.value.at == str(settings.log)
    assert not settings.pid_file.exists()


def test_a_start_that_says_nothing_says_so(yard):
    """A signal has its name, and a silent end is told as such."""
    code = "import os; os.kill(os.getpid(), 9)"
    with pytest.raises(StartFailed) as caught:
        start(yard.settings(start=(sys.executable, "-c", code)))
    assert caught.value.reason == "it ended with SIGKILL"
    assert caught.value.cause == ["it wrote nothing to its log"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"start": ("no-such-program", "ship:app")}, "no-such-program"),
        ({"cwd": Path("/no/such/folder")}, "/no/such/folder"),
        ({"log": Path("/proc/nowhere/backend.log")}, "/proc/nowhere"),
    ],
)
def test_what_does_not_exist_is_named(yard, changes, name):
    """The program, the folder or the log: no traceback, and the settings to mend."""
    with pytest.raises(StartImpossible, match=f"{name}: No such file") as caught:
        start(yard.settings(**changes))
    assert "backend.start" in caught.value.hint
    assert yard.strays() == []


def test_f46_a_taken_port_is_refused_before_anything_is_started(yard):
    """The program is named; the backend is not started beside it."""
    child = yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    settings = yard.settings()
    with pytest.raises(ForeignListener) as caught:
        start(settings)
    assert caught.value.pid == child.pid
    assert not settings.log.exists()
    assert child.poll() is None


def test_a_backend_that_runs_is_not_started_twice(yard):
    """Started by us or by hand."""
    child = yard.serve(*yard.uvicorn())
    with pytest.raises(AlreadyRunning) as caught:
        start(yard.settings())
    assert caught.value.pid == child.pid


def test_f46_the_health_of_an_old_process_is_not_ours(yard):
    """The new one runs but does not listen; 200 comes from somebody who took the port since."""
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], start_new_session=True, env={'PATH': ''})\n"
    )
    # An old backend that comes to the port while the new one starts, and is not of its tree.
    settings = yard.settings(start=(sys.executable, "-c", "import time; time.sleep(60)"), ready=0.3)
    old = (sys.executable, "stubborn.py", str(yard.port))
    taken = module._spawn

    def spawn(*args):
        yard.serve(sys.executable, "-c", code, *old)
        return taken(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_spawn", spawn)
        with pytest.raises(StartFailed) as caught:
            start(settings)
    assert "answered by another process: stubborn.py" in caught.value.reason
    assert yard.answers()
    assert len(yard.strays()) == 1  # the old one was left alone, ours is gone


def test_f47_flapping_health_is_not_healthy(yard, late_after):
    """Every other answer is 200: never three in a row."""
    late_after(7)
    settings = yard.settings(env={"FLAPS": "1"})
    with pytest.raises(StartFailed) as caught:
        start(settings)
    assert "not healthy within 15.0 s" in caught.value.reason
    assert "it was well" in caught.value.reason
    assert yard.strays() == []


def test_an_unhealthy_backend_is_stopped_again(yard, late_after):
    """It answers 503 to the end: the reason says so, and nothing of it runs."""
    late_after(3)
    settings = yard.settings("--workers", "2", env={"UNWELL": "1"})
    with pytest.raises(StartFailed, match="answered 503") as caught:
        start(settings)
    assert any("Started server process" in line for line in caught.value.lines)
    assert not any("GET /health" in line for line in caught.value.lines)  # that was us
    assert yard.strays() == []
    assert not settings.pid_file.exists()


def test_a_failed_start_that_ignores_sigterm_is_killed(yard):
    """What we started is ours to end, whatever it does with signals."""
    settings = yard.stubborn(health="http://127.0.0.1:1/health", ready=0.6, grace=0.2)
    with pytest.raises(StartFailed, match="no answer"):
        start(settings)
    assert yard.strays() == []


def test_f43_a_failed_start_leaves_no_orphans(yard):
    """A command that ends and leaves somebody behind: that somebody is ours too."""
    code = (
        "import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "raise SystemExit(1)"
    )
    with pytest.raises(StartFailed, match="status 1"):
        start(yard.settings(start=(sys.executable, "-c", code)))
    assert yard.strays() == []


def test_ctrl_c_while_waiting_leaves_nothing_running(yard):
    """An interrupted start is no start."""
    settings = yard.settings(env={"UNWELL": "1"})

    def interrupt(*_args):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.health, "complaint", interrupt)
        with pytest.raises(KeyboardInterrupt):
            start(settings)
    assert yard.strays() == []
    assert not settings.pid_file.exists()


def test_a_backend_without_a_port_is_well_while_it_runs(yard):
    """A worker has nothing to ask but whether it is alive."""
    settings = yard.settings(start=(sys.executable, "-c", "import time; time.sleep(60)"), port=None)
    started = start(settings)
    assert started.url is None
    assert stop(settings).pid == started.pid


def supervised(yard, **changes):
    """Return settings whose commands hand over, as docker compose and systemctl do."""
    up = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    down = (
        "import os, psutil\n"
        "for p in psutil.process_iter(['cmdline']):\n"
        f"    if '{yard.port}' in (p.info['cmdline'] or []) and p.pid != os.getpid(): p.kill()"
    )
    start_command = (sys.executable, "-c", up, *yard.uvicorn())
    stop_command = (sys.executable, "-c", down)
    return yard.settings(start=start_command, stop=stop_command, **changes)


def test_a_command_that_hands_over_to_a_supervisor_starts_it(yard):
    """It ends with status 0 at once; health, on a port that was free, says the rest."""
    settings = supervised(yard)
    started = start(settings)
    assert started.url
    assert yard.answers()
    stop(settings)
    assert not yard.answers()


def test_an_unhealthy_backend_of_a_supervisor_is_stopped_by_its_command(yard, late_after):
    """After a failure nothing runs, there as here."""
    late_after(1)
    with pytest.raises(StartFailed, match="answered 503"):
        start(supervised(yard, env={"UNWELL": "1"}))
    assert yard.strays() == []


def test_a_signal_without_a_name_has_its_number():
    """Real-time signals are signals too."""
    assert module._ending(-signal.SIGTERM) == "SIGTERM"
    assert module._ending(-40) == "signal 40"
