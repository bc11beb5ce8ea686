import os
import signal
import sys
from dataclasses import replace

import pytest

from drydock.service import process
from drydock.service.identity import MARK

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
CODE = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""
PARENT = (sys.executable, "-c", CODE)


def test_f42_a_stranger_with_the_same_pid_is_not_signalled(yard):
    """A pid whose start time differs is another process, and gets no signal."""
    child = yard.launch(*SLEEP)
    it = process.identify(child.pid)
    stranger = replace(it, started=it.started + 0.01)
    assert not process.alive(stranger)
    assert not process.send(stranger, signal.SIGKILL)
    assert not process._send_by_pid(stranger, signal.SIGKILL)
    assert child.poll() is None
    assert process.alive(it)
    assert process.send(it, signal.SIGKILL)
    assert child.wait(5) == -signal.SIGKILL


def test_a_process_that_is_gone_is_not_signalled(yard):
    """To come too late is not an error."""
    child = yard.launch(*SLEEP)
    it = process.identify(child.pid)
    child.kill()
    child.wait(5)
    assert not process.send(it, signal.SIGTERM)
    assert not process._send_by_pid(it, signal.SIGTERM)
    assert process.identify(child.pid) is None


def test_a_zombie_is_gone(yard):
    """A process that nobody has reaped yet holds no file and no port."""
    child = yard.launch(*SLEEP)
    it = process.identify(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.alive(it)
    assert process.identify(child.pid) is None


@pytest.mark.parametrize("pid", [0, 1, os.getpid()], ids=["every process", "init", "ourselves"])
def test_init_and_ourselves_are_never_signalled(pid):
    """Whatever a record says."""
    it = process.identify(pid) or replace(process.identify(os.getpid()), pid=pid)
    assert not process.send(it, signal.SIGCONT)  # harmless, should the guard be missing


def test_f43_a_tree_holds_children_and_never_ourselves(yard):
    """What a process started belongs to it; we, who look, do not."""
    parent = yard.launch(*PARENT)
    root = process.identify(parent.pid)
    tree = yard.poll(lambda: (t := process.tree([root])) and len(t) == 2 and t)
    assert tree[0] == root
    assert [each.pid for each in process.ancestors(tree[1].pid)][:3] == [
        tree[1].pid,
        parent.pid,
        os.getpid(),
    ]
    ours = process.tree([process.identify(os.getpid())])
    assert os.getpid() not in [each.pid for each in ours]
    assert parent.pid in [each.pid for each in ours]


def test_f43_orphans_are_known_by_their_mark(yard):
    """The children of a backend that was killed carry what it was started with."""
    parent = yard.launch(*PARENT, **{MARK: "m1"})
    other = yard.launch(*SLEEP, **{MARK: "m2"})
    root = process.identify(parent.pid)
    child = yard.poll(lambda: process.tree([root])[1:])[0]
    parent.kill()
    parent.wait(5)
    assert process.marked("m1") == [child]
    assert other.pid not in [each.pid for each in process.marked("m1")]
