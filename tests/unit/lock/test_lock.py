"""One run at a time; a dead process holds nothing, and nobody breaks a lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from drydock import lock
from drydock.errors import ExitCode
from drydock.lock import Lock, RunInProgress
from tests.support.namespaces import run_mounted

HOLDER = """
import subprocess, sys
from pathlib import Path
from drydock.lock import Lock
held = Lock(Path(sys.argv[1])).acquire()
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                         stdin=subprocess.PIPE, close_fds=False)
print(child.pid, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock, and a child of it that inherits what it can."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path / "lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child = int(process.stdout.readline())
    yield process
    process.kill()
    process.communicate()
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def test_a_second_run_is_told_who_is_first(tmp_path, holder):
    """At once; it does not wait, and it does not break in."""
    with pytest.raises(RunInProgress) as caught:
        Lock(tmp_path / "lock").acquire()
    assert caught.value.what == "another run is working on this database; nothing was touched"
    assert f"pid {holder.pid}: " in caught.value.cause[0]
    assert caught.value.exit_code is ExitCode.BUSY
    assert lock.is_held(tmp_path / "lock")


def test_f28_the_lock_of_a_killed_process_is_free_though_its_child_lives(tmp_path, holder):
    """A lock row, or a descriptor that a child keeps, would lock it for ever."""
    holder.kill()
    holder.wait()
    assert not lock.is_held(tmp_path / "lock")
    Lock(tmp_path / "lock").acquire().release()


def test_f28_the_file_is_never_unlinked(tmp_path):
    """Two runs could otherwise hold two files of one name."""
    path = tmp_path / "lock"
    held = Lock(path).acquire()
    inode = path.stat().st_ino
    assert lock.is_held(path)
    held.release()
    held.release()
    assert not lock.is_held(path)
    Lock(path).acquire().release()
    assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_owner_told_is_the_present_one(tmp_path):
    """A longer text of the one before does not show through."""
    path = tmp_path / "lock"
    path.write_text("pid 1: " + "x" * 500)
    held = Lock(path).acquire()
    assert path.read_text().startswith(f"pid {os.getpid()}: ")
    assert "xxx" not in path.read_text()
    held.release()


def test_asking_takes_nothing_and_makes_nothing(tmp_path):
    """Two commands that only ask never take each other for a run."""
    path = tmp_path / "lock"
    assert not lock.is_held(path)
    assert not path.exists()
    Lock(path).acquire().release()
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # what another asker holds for an instant
    assert not lock.is_held(path)
    os.close(descriptor)


READ_ONLY = """
import sys
from pathlib import Path
from drydock import lock
print(lock.is_held(Path(sys.argv[1]) / "lock"), lock.is_held(Path(sys.argv[1]) / "lock" / "below"))
"""


def test_asking_who_holds_it_works_where_nothing_can_be_written(holder, tmp_path):
    """`inv status` and `inv doctor` on a file system that is mounted read-only."""
    assert lock.is_held(tmp_path / "lock")
    mounts = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"'
    assert run_mounted(mounts, READ_ONLY, tmp_path) == "True False\n"
