"""The peers' programs, installed once into a scratch folder that is no part of the project.

Python peers go into a virtual environment, dbmate comes from npm, sqitch counts only where the
system has it. It refuses to touch the project's own environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PYTHON_PEERS = ("alembic", "django", "yoyo-migrations", "sqlite-utils")


class PeerError(Exception):
    """A peer could not be installed, or its worker ended."""


@dataclass(frozen=True)
class Peers:
    """Where the peers are; each is installed when first asked for.

    `folder` is kept between runs, so that the second run starts at once.
    """

    folder: Path = Path(tempfile.gettempdir()) / "drydock-benchmark-peers"

    @cached_property
    def python(self) -> Path:
        """The interpreter of the environment with the Python peers."""
        python = self.folder / "venv" / "bin" / "python"
        ready = self.folder / "venv" / "ready"
        if not ready.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _run(sys.executable, "-m", "venv", str(self.folder / "venv"))
            _run(str(python), "-m", "pip", "install", "--quiet", *PYTHON_PEERS)
            ready.touch()
        return python

    @cached_property
    def dbmate(self) -> Path:
        """The dbmate program, from npm."""
        program = self.folder / "npm" / "node_modules" / ".bin" / "dbmate"
        if not program.exists():
            if shutil.which("npm") is None:
                raise PeerError("dbmate needs npm, which is not installed")
            _run("npm", "install", "--silent", "--prefix", str(self.folder / "npm"), "dbmate")
        return program

    @cached_property
    def sqitch(self) -> Path | None:
        """The sqitch program where the system has one."""
        found = shutil.which("sqitch")
        return Path(found) if found else None

    def versions(self) -> dict[str, str]:
        """Return the versions of the Python peers: figures without them say nothing."""
        code = (
            "import importlib.metadata as m, json, sqlite3, sys;"
            "v = {n: m.version(n) for n in sys.argv[1:]};"
            "v['SQLite'] = sqlite3.sqlite_version; print(json.dumps(v))"
        )
        out = _run(str(self.python), "-c", code, *PYTHON_PEERS)
        return {str(name): str(version) for name, version in json.loads(out).items()}


class Worker:
    """One tool in a process of its own, asked a line at a time (`benchmarks.tools`)."""

    def __init__(self, python: Path, tool: str) -> None:
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        # The process lives as long as this object, which `working` closes.
        # Byte code is kept as on a user's machine, whatever this environment says.
        clean = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(
            [str(python), "-m", "benchmarks.tools", tool],
            cwd=ROOT,
            env={**clean, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the tool's answer; raises `PeerError` when the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"the worker ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, which ends by itself when its input does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@contextmanager
def working(python: Path, tool: str) -> Iterator[Worker]:
    """Give a worker for `tool`, and end it afterwards."""
    worker = Worker(python, tool)
    try:
        yield worker
    finally:
        worker.close()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
