"""Real backends on free ports, each in a folder of its own; all of them ended by pid afterwards."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from drydock.service import start
from drydock.service.backend import ServiceSettings

APPLICATION = """
import asyncio, os, pathlib, sqlite3
HERE = pathlib.Path(__file__).parent
connection = sqlite3.connect(HERE / "the data.db") if os.environ.get("OPENS") else None
if connection:
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("http only")
    status = 200
    if scope["path"] == "/slow":
        (HERE / "slow.started").touch()
        await asyncio.sleep(float(os.environ.get("SLOW", "0.8")))
    if scope["path"] == "/health":
        with (HERE / "asked").open("a") as file:
            file.write("x")
        if os.environ.get("FLAPS") and (HERE / "asked").stat().st_size % 2 == 0:
            status = 503
    if scope["path"] == "/health" and os.environ.get("UNWELL"):
        status = 503
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"pid %d" % os.getpid()})
"""

# Starts in a tenth of a second and does not know what SIGTERM is.
STUBBORN = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def poll(condition, seconds=15.0):
    """Return the first true value of `condition`; fail loudly when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


class Yard:
    """A folder with an application, a populated database and a free port."""

    poll = staticmethod(poll)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.database = folder / "the data.db"
        self._started: list[subprocess.Popen[bytes]] = []
        (folder / "ship.py").write_text(APPLICATION)
        (folder / "stubborn.py").write_text(STUBBORN)
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            db.execute('CREATE TABLE "odd ""name" (x)')
            db.execute('INSERT INTO "odd ""name" VALUES (1), (2)')

    def uvicorn(self, *options: str) -> tuple[str, ...]:
        port = str(self.port)
        return (sys.executable, "-m", "uvicorn", "ship:app", "--port", port, *options)

    def settings(self, *options: str, **changes) -> ServiceSettings:
        values = {
            "start": self.uvicorn(*options),
            "cwd": self.folder,
            "log": self.folder / "logs" / "backend.log",
            "pid_file": self.folder / "state" / "backend.json",
            "port": self.port,
            "ready": 15.0,
            **changes,
        }
        return ServiceSettings(**values)

    def stubborn(self, **changes) -> ServiceSettings:
        start = (sys.executable, "stubborn.py", str(self.port))
        return self.settings(start=start, **changes)

    def launch(self, *command: str, cwd: Path | None = None, **env: str):
        """Start a process as a user would by hand, not through Drydock."""
        process = subprocess.Popen(
            command,
            cwd=cwd or self.folder,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def serve(self, *command: str, cwd: Path | None = None, **env: str):
        """Start a process by hand and return when it answers on the port."""
        process = self.launch(*command, cwd=cwd, **env)
        poll(self.answers)
        return process

    def asked(self) -> int:
        """Return how many times the application was asked for its health."""
        path = self.folder / "asked"
        return path.stat().st_size if path.exists() else 0

    def strays(self) -> list[psutil.Process]:
        """Return every process that runs in this folder."""
        found = []
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if Path(each.cwd()).is_relative_to(self.folder):
                    found.append(each)
        return [each for each in found if each.pid != os.getpid()]

    def clear(self) -> None:
        for stray in self.strays():
            with contextlib.suppress(psutil.Error, OSError):
                stray.kill()
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait(5)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def yard(tmp_path):
    yard = Yard(tmp_path.resolve())
    yield yard
    yard.clear()


@pytest.fixture
def late_after(yard, monkeypatch):
    """Return a function that lets a start's deadline pass once health was asked so many times.

    A deadline in real seconds would decide on a busy machine before the application is up.
    """

    def set_clock(times: int) -> None:
        def monotonic() -> float:
            return time.monotonic() + (1000 if yard.asked() >= times else 0)

        monkeypatch.setattr(start, "time", SimpleNamespace(monotonic=monotonic, sleep=time.sleep))

    return set_clock
