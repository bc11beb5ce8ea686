"""Each guard switched off in a copy of the sources: its test must then fail.

A test that cannot fail proves nothing. The guards, by row, are in `tests.crash.guards`; the copy
is used through PYTHONPATH. A guard that nobody misses is a finding.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.guards import GUARDS
from tests.crash.specimen import Finding

if TYPE_CHECKING:
    from tests.crash.guards import Guard
    from tests.crash.laboratory import Laboratory

ROOT = Path(__file__).resolve().parents[2]
COUNT = len(GUARDS)
PATIENCE = 150.0
"""Seconds; without some guards a test waits for ever, which is noticed too."""
MISSED, NOTICED, NOT_TRIED = "missed", "noticed", "not tried"


def case(_laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Take one guard out and run its tests; they must fail."""
    guard = GUARDS[number]
    came, story = taken_out(guard)
    if came == MISSED:
        return came, Finding("silent", f"without its guard nothing failed: {guard}\n{story}")
    return came, None


def taken_out(guard: Guard) -> tuple[str, str]:
    """Return whether the tests noticed that the guard was out, and what they said.

    Raises:
        AssertionError: The guard stands elsewhere now, or its tests cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="drydock-mutant-") as folder:
        copy = Path(folder)
        for name in ("src", "tests", "migrations", "backend"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
        path = copy / "src" / "drydock" / guard.file
        path.write_text(guard.edited(path.read_text(encoding="utf-8")), encoding="utf-8")
        words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        process = subprocess.Popen(
            [*words, *guard.tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        try:
            said, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return NOTICED, "it waited for ever"
    assert process.returncode in (0, 1), f"{guard}\n{said[-2000:]}"
    if process.returncode == 1:
        return NOTICED, said[-2000:]
    return (MISSED if re.search(r"\d+ passed", said) else NOT_TRIED), said[-2000:]
