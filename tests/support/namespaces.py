"""Mounts of a test's own: a read-only folder, a full disk, a bind-mounted file, without harm."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@functools.cache
def _why_not() -> str:
    try:
        tried = subprocess.run(
            ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return "unshare is not installed (apt install util-linux)"
    return tried.stderr.strip()


def run_mounted(mounts: str, program: str, *arguments: Path) -> str:
    """Run a Python program after shell commands that mount; return what it printed.

    `$1`, `$2`, … are the arguments in both (``sys.argv``).
    """
    if why := _why_not():
        pytest.skip(
            f"no mounts of our own here: {why}; allow user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1) or run as root"
        )
    ran = subprocess.run(
        ["unshare", "-Urm", "sh", "-ec", f'{mounts}\nexec "$0" - "$@"', sys.executable, *arguments],
        input=program,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
