"""strace as a fault injector and as a recorder: it reaches what SQLite writes by itself.

The real `inv` runs under strace; only its own process is met by the fault, its helpers are not.
Needs strace (Linux); callers skip loudly where it is missing.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.faults import Fault
from tests.crash.forked import Child, Finished

if TYPE_CHECKING:
    from tests.crash.specimen import Specimen, Template

CALLS = (
    *("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "mkdir", "chmod", "fchmod"),
    *("copy_file_range", "openat"),
)
MIGRATE = ("migrate", "--yes")
_points: dict[str, list[tuple[str, int]]] = {}


@cache
def works() -> bool:
    """Say whether strace is here and may trace our children."""
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(
        ["strace", "-o", os.devnull, "-e", "trace=none", "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


def points(template: Template) -> list[tuple[str, int]]:
    """Return every (call, its number) of one clean run that concerns the project's files."""
    if template.shape not in _points:
        specimen = template.specimen()
        with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
            done = traced(
                specimen, MIGRATE, ["-y", "-o", log.name, "-e", f"trace={','.join(CALLS)}"]
            )
            assert done.returncode == 0, done.screen
            seen: Counter[str] = Counter()
            found = []
            for line in log:
                name = line.split("(", 1)[0]
                if name not in CALLS:
                    continue
                seen[name] += 1
                writes = name != "openat" or "O_CREAT" in line
                if str(specimen.root) in line and writes:
                    found.append((name, seen[name]))
        specimen.remove()
        _points[template.shape] = found
    return _points[template.shape]


def run(specimen: Specimen, call: str, when: int, number: int) -> Finished:
    """Run ``inv migrate --yes`` with the `when`-th `call` failing (0: killed there)."""
    fault = f"error={errno.errorcode[number]}" if number else "signal=SIGKILL"
    return traced(
        specimen,
        MIGRATE,
        ["-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}"],
    )


def traced(specimen: Specimen, words: tuple[str, ...], options: list[str]) -> Finished:
    """Attach strace to a forked ``inv WORDS`` that waits for it; return how that ended."""
    child = Child(specimen.root, words, {**specimen.environment, "LAB_WAITS": "1"}, Fault())
    _wait_for_stop(child.pid)
    tracer = subprocess.Popen(
        ["strace", "-p", str(child.pid), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        assert "attached" in line, line
        os.kill(child.pid, signal.SIGCONT)
        return child.wait()
    finally:
        tracer.wait(timeout=10)
        if tracer.stderr is not None:
            tracer.stderr.close()


def _wait_for_stop(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "T":
            return
        time.sleep(0.001)
    raise TimeoutError(f"process {pid} never stopped")
