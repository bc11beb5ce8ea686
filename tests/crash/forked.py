"""Run a real `inv` in a forked child of this process: all of it but the interpreter's start.

A child costs a tenth of a second where a new process costs half of one, so the laboratory can try
tens of thousands. It is killed, met by errors or sent signals as any other process; its screen
goes to a file. It refuses nothing a real `inv` would accept.
"""

# ruff: noqa: SIM115, BLE001, PLR0917
# Descriptors and hooks: one level below pathlib.
from __future__ import annotations

import atexit
import gc
import importlib
import mmap
import os
import pkgutil
import select
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.crash import instructions
from tests.crash.faults import Fault, Meter

SECONDS = 60.0
CLOCK = struct.Struct("dd")
"""When a signal was met, and for how long the process had been kept waiting by then."""


@dataclass(frozen=True)
class Finished:
    """How a child ended: its exit status (negative: the signal), its screen, its calls.

    `answered` is the seconds from a signal to the end, less those in which no processor was free.
    """

    returncode: int
    screen: str
    calls: tuple[str, ...] = ()
    seconds: float = 0.0
    answered: float | None = None

    @property
    def was_killed(self) -> bool:
        return self.returncode == -signal.SIGKILL


class Child:
    """A forked `inv` that is still running."""

    def __init__(self, root: Path, words: tuple[str, ...], env: dict[str, str], fault: Fault):
        warm_up()
        self._screen = tempfile.TemporaryFile()
        self._calls = tempfile.TemporaryFile()
        self._met = mmap.mmap(-1, CLOCK.size)  # shared: when a signal was met, 0 for never
        self._began = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            meter = Meter(str(root), fault, on_signal=self._note_signal)
            _become_inv(root, words, env, meter, self._screen.fileno(), self._calls.fileno())

    def signal(self, number: int) -> None:
        self._note_signal()
        os.kill(self.pid, number)

    def wait_for(self, *marks: str) -> float | None:
        """Return how soon after its signal one of `marks` was on its screen; None for never."""
        while not _has_ended(self.pid, 0.005):
            if any(mark in _all_of(self._screen) for mark in marks):
                break
        return self._since_signal()

    def wait_for_stop(self) -> None:
        """Return when it has stopped itself (a fault of the kind SIGSTOP), or ended before."""
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def _note_signal(self) -> None:
        self._met[:] = CLOCK.pack(time.monotonic(), _kept_waiting(self.pid or os.getpid()))

    def _since_signal(self) -> float | None:
        met, waited = CLOCK.unpack(self._met)
        if not met:
            return None
        return time.monotonic() - met - (_kept_waiting(self.pid) - waited)

    def wait(self, seconds: float = SECONDS) -> Finished:
        """Wait for the end.

        Raises:
            TimeoutError: It did not end in time; it was killed.
        """
        if not _has_ended(self.pid, seconds):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise TimeoutError(f"inv did not end in {seconds:g} s: {_all_of(self._screen)}")
        answered = self._since_signal()
        _, status = os.waitpid(self.pid, 0)
        seconds = time.monotonic() - self._began
        calls = tuple(_all_of(self._calls).splitlines())
        screen = _all_of(self._screen)
        self._screen.close()
        self._calls.close()
        self._met.close()
        return Finished(os.waitstatus_to_exitcode(status), screen, calls, seconds, answered)


def _has_ended(pid: int, seconds: float) -> bool:
    """Wait until a child of ours is a zombie; False when it is not in so many seconds."""
    if not hasattr(os, "pidfd_open"):  # macOS
        deadline = time.monotonic() + seconds
        while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True
    descriptor = os.pidfd_open(pid)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _kept_waiting(pid: int) -> float:
    """Return the seconds that a process was ready to run while no processor was free.

    Known on Linux, of a zombie too (Documentation/scheduler/sched-stats.rst); 0 elsewhere.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def inv(root: Path, *words: str, fault: Fault | None = None, **env: str) -> Finished:
    """Run ``inv WORDS`` in `root` and return how it ended."""
    return Child(root, words, env, fault or Fault()).wait()


@cache
def warm_up() -> None:
    """Import what a run needs once, so that no child has to."""
    import drydock

    for module in pkgutil.walk_packages(drydock.__path__, "drydock."):
        if not module.name.endswith(("_child", ".child", ".pages", "__main__")):
            importlib.import_module(module.name)
    for name in ("invoke.main", "psutil", "httpx", "sqlite_utils", "syntaqlite", "difflib"):
        importlib.import_module(name)
    from drydock.receipt import page

    page._template()  # half of a short run's time is the compiling of it
    gc.collect()
    gc.freeze()  # a child need not walk through what its parent holds


def _become_inv(root: Path, words, env, meter: Meter, screen: int, calls: int) -> None:
    """Be ``inv WORDS`` until the end of this process, its exit functions included."""
    code = 1
    try:
        atexit._clear()
        warnings.resetwarnings()
        sys.unraisablehook = sys.__unraisablehook__  # pytest's would keep them from the screen
        threading.excepthook = threading.__excepthook__
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (screen, 1), (screen, 2)):
            os.dup2(source, target)
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
        os.chdir(root)
        _clean_environment(env)
        sys.argv = ["inv", *words]
        meter.install()
        instructions.follow(env, meter)
        code = _program(words)
        atexit._run_exitfuncs()
        meter.asleep = True
        os.write(calls, "\n".join(meter.calls).encode())
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _program(words) -> int:
    from invoke.main import program

    try:
        program.run(["inv", *words], exit=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # what the interpreter would do with it
        traceback.print_exc()
        return 1
    return 0


def _clean_environment(env: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("DRYDOCK_", "INVOKE_"))]:
        del os.environ[name]
    import drydock

    os.environ["PYTHONPATH"] = str(Path(drydock.__file__).parents[1])
    os.environ.update(env)


def _all_of(file) -> str:
    """Return what is in a file that a child may be writing: its position is the child's too."""
    descriptor = file.fileno()
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")
