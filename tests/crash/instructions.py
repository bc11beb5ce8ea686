"""What the variables ``LAB_…`` ask of a forked `inv`: faults at places that no call marks.

LAB_WAITS: stop until strace has attached. LAB_POINTS: note the numbered points in a file.
LAB_AT_ONCE_BYTES: the size up to which a backup is proved at once. LAB_SIGNAL_IN_THREAD and
LAB_SIGNAL_IN_FORK: SIGTERM inside the n-th start of a thread or process. LAB_SIGNAL_AFTER: a
signal between two steps. LAB_SIGNAL_LOST: SIGTERM at a numbered point, inside a destructor, where
Python passes over what is raised. LAB_SIGNAL_AT: ``STEP:TEXT``, SIGTERM before the line of
`chain.perform` that begins with TEXT.
"""

# ruff: noqa: PTH123, SIM115
# Descriptors and hooks: one level below pathlib.
from __future__ import annotations

import linecache
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crash.faults import Meter


def follow(env: dict[str, str], meter: Meter) -> None:
    """Prepare this process, which is about to be `inv`, as its variables say."""
    if "LAB_WAITS" in env:
        os.kill(os.getpid(), signal.SIGSTOP)  # until strace has attached
    elif "LAB_SIGNAL_IN_FORK" not in env:
        _fork_readers(meter)
    if "LAB_POINTS" in env:
        _note_points(env["LAB_POINTS"])
    if "LAB_SIGNAL_LOST" in env:
        _lose_signal(env["LAB_SIGNAL_LOST"])
    if "LAB_AT_ONCE_BYTES" in env:
        from drydock.steps import take_backup

        take_backup.AT_ONCE_BYTES = int(env["LAB_AT_ONCE_BYTES"])
    for where in ("LAB_SIGNAL_IN_THREAD", "LAB_SIGNAL_IN_FORK"):
        if where in env:
            _signal_inside(where, int(env[where]))
    if "LAB_SIGNAL_AT" in env:
        sys.settrace(partial(_signal_at, *env["LAB_SIGNAL_AT"].split(":", 1)))
    if "LAB_SIGNAL_AFTER" in env:
        _signal_after(*env["LAB_SIGNAL_AFTER"].split(":"))


def _fork_readers(meter: Meter) -> None:
    """Let `drydock.pages` be a fork of this process instead of an interpreter of its own.

    It is another process all the same, with the descriptors that it was given and no others; the
    start of an interpreter was a third of a small run. Traced runs start it as it is.
    """
    real = subprocess._fork_exec

    def fork_exec(words, *rest):
        text = [os.fsdecode(word) for word in words]
        if not (len(text) > 3 and text[3].endswith("pages.py")):
            return real(words, *rest)
        given = {0: rest[5], 1: rest[8], 2: rest[10]}
        pid = os.fork()
        if pid == 0:
            _become_reader(meter, text[4:], given)
        return pid

    subprocess._fork_exec = fork_exec


def _become_reader(meter: Meter, words: list[str], given: dict[int, int]) -> None:
    from drydock import pages

    code = 1
    try:
        meter.asleep = True  # its calls are its own
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        for target, source in given.items():
            if source >= 0:
                os.dup2(source, target)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        pages.main(*words)
        sys.stdout.flush()
        code = 0
    except OSError as error:
        os.write(2, (error.strerror or str(error)).encode())
    finally:
        os._exit(code)


def _signal_at(step: str, text: str, frame, _event, _argument):
    """Trace `chain.perform` alone, for the one step; deliver the signal once."""
    if frame.f_code.co_name != "perform" or not frame.f_code.co_filename.endswith("chain.py"):
        return None

    def line(frame, event, _):
        found = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        asked = frame.f_locals.get("step")
        if event == "line" and asked and asked.name == step and found.startswith(text):
            sys.settrace(None)
            frame.f_trace = None
            os.kill(os.getpid(), signal.SIGTERM)
        return line

    return line


def _signal_after(step: str, name: str) -> None:
    """Deliver a signal when the line of `step` has been shown: between it and the next one."""
    from drydock.terminal.screen import Terminal

    real = Terminal.step_ended

    def step_ended(self, ended, *arguments, **options):
        real(self, ended, *arguments, **options)
        if ended == step:
            os.kill(os.getpid(), getattr(signal, f"SIG{name}"))

    Terminal.step_ended = step_ended


def _signal_inside(where: str, count: int) -> None:
    """Deliver SIGTERM inside the `count`-th start of a thread, or of a process, once it is there.

    Python answers a signal between two of its own instructions, so also between these.
    """
    joinable = hasattr(threading, "_start_joinable_thread")  # since Python 3.13
    module, name = {
        "LAB_SIGNAL_IN_THREAD": (
            threading,
            "_start_joinable_thread" if joinable else "_start_new_thread",
        ),
        "LAB_SIGNAL_IN_FORK": (subprocess, "_fork_exec"),
    }[where]
    real, calls = getattr(module, name), []

    def start(*arguments, **options):
        made = real(*arguments, **options)
        calls.append(made)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGTERM)
        return made

    setattr(module, name, start)


def _note_points(file: str) -> None:
    """Write the name of each numbered point that is reached to `file`."""

    def note(point: str) -> None:
        with open(file, "a", encoding="utf-8") as noted:
            noted.write(point + "\n")

    _at_points(note)


def _lose_signal(where: str) -> None:
    """Deliver SIGTERM at the point `where`, inside a destructor."""

    class Lost:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def lose(point: str) -> None:
        if point == where:
            Lost()

    _at_points(lose)


def _at_points(do: Callable[[str], None]) -> None:
    """Call `do` with the name of each numbered point that is reached."""
    from drydock import faults

    real = faults.reach

    def reach(point: str) -> None:
        do(point)
        real(point)

    for module in list(sys.modules.values()):
        if getattr(module, "reach", None) is real:
            module.reach = reach
