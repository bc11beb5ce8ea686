"""Another program with the database open: a real process that does what a test tells it.

It is told one line of JSON at a time and answers with one, so nobody has to wait by sleeping.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, sqlite3, sys
open_ = {}
for line in sys.stdin:
    order = json.loads(line)
    try:
        if "connect" in order:
            db = sqlite3.connect(order["connect"], isolation_level=None, timeout=order["timeout"])
            open_[0] = db
            answer = []
        else:
            answer = open_[0].execute(order["sql"]).fetchall()
        print(json.dumps({"rows": answer}), flush=True)
    except sqlite3.Error as error:
        print(json.dumps({"error": str(error), "name": error.sqlite_errorname}), flush=True)
"""


class Stray:
    """A process with one connection; `pid` is what a message should name."""

    def __init__(self, path: Path, *, timeout: float = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._tell({"connect": os.fspath(path), "timeout": timeout})

    def sql(self, sql: str) -> list:
        """Execute one statement there; raise sqlite3.OperationalError with the error's name."""
        answer = self._tell({"sql": sql})
        if "error" in answer:
            raise sqlite3.OperationalError(f"{answer['name']}: {answer['error']}")
        return answer["rows"]

    def _tell(self, order: dict) -> dict:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.kill()
