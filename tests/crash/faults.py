"""Faults at the write-like calls of a process: the hook that is always there, strace or not.

An audit hook (PEP 578) sees every file that Python opens to write, renames, links, removes; the
few calls that are not audited, and SQL, are wrapped. The k-th call under the project's folder is
met by SIGKILL, a signal or an error. What SQLite writes by itself between two of its calls is
`tests.crash.tracing`'s business.
"""

# ruff: noqa: PTH100, PTH115, PTH119
# Descriptors and hooks: one level below pathlib.
from __future__ import annotations

import errno
import os
import re
import signal
import sqlite3
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
AUDITED = frozenset(
    {
        *("os.rename", "os.remove", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate"),
        *("os.chmod", "os.chown", "os.utime", "os.setxattr", "subprocess.Popen"),
    }
)
WRITING_SQL = re.compile(
    r"\s*(begin|commit|rollback|insert|update|delete|create|alter|drop|vacuum|reindex"
    r"|pragma (journal_mode=|locking_mode|wal_checkpoint))",
    re.IGNORECASE,
)
WRAPPED = ("fsync", "write", "pwrite", "copy_file_range")


@dataclass(frozen=True)
class Fault:
    """What happens at the `at`-th call (from 1; 0: nothing, only count).

    `kind` is ``kill``, ``error`` or a signal's name; `lasts` makes every later call fail too, as
    a disk that stays full does.
    """

    kind: str = "kill"
    at: int = 0
    number: int = errno.ENOSPC
    lasts: bool = False

    def __str__(self) -> str:
        what = errno.errorcode[self.number] if self.kind == "error" else self.kind
        return f"{what}{' from' if self.lasts else ''} at call {self.at}"


class Meter:
    """Counts the write-like calls below `root` and carries out the fault."""

    def __init__(self, root: str, fault: Fault, on_signal: Callable[[], None]) -> None:
        self.root = root
        self.fault = fault
        self.on_signal = on_signal
        self.calls: list[str] = []
        self.asleep = False

    def install(self) -> None:
        """Watch this process from now on; there is no way back."""
        sys.addaudithook(self._audited)
        for name in WRAPPED:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        real, meter = sqlite3.connect, self

        @cache
        def counted(factory):
            class Counted(factory):
                def execute(self, sql, *arguments):
                    if WRITING_SQL.match(sql):
                        meter.reached(f"sql {sql[:40]}", sql=True)
                    return super().execute(sql, *arguments)

                def backup(self, target, **options):
                    meter.reached("sql backup", sql=True)
                    return super().backup(target, **options)

            return Counted

        def connect(*arguments, factory=sqlite3.Connection, **options):
            return real(*arguments, factory=counted(factory), **options)

        sqlite3.connect = connect

    def reached(self, what: str, *, sql: bool = False) -> None:
        """Count one call, and carry out the fault when it is its turn."""
        if self.asleep:
            return
        self.calls.append(what)
        count, fault = len(self.calls), self.fault
        if not fault.at or count < fault.at or (count > fault.at and not fault.lasts):
            return
        if fault.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif fault.kind != "error":
            self.on_signal()
            os.kill(os.getpid(), getattr(signal, fault.kind))
        elif not sql:
            raise OSError(fault.number, os.strerror(fault.number), what)
        elif not fault.lasts:
            raise sqlite3.OperationalError("disk I/O error")

    def _audited(self, event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int):
                return  # a descriptor that was opened before
            if isinstance(flags, int) and flags & WRITES and self._is_ours(path):
                self.reached(f"open {os.path.basename(os.fsdecode(path))}")
        elif event in AUDITED and self._is_ours(arguments[0]):
            self.reached(f"{event} {os.path.basename(str(arguments[0]))}")

    def _wrapped(self, name, real):
        def call(*arguments, **options):
            if arguments and self._is_ours(arguments[0]):
                self.reached(f"os.{name}")
            return real(*arguments, **options)

        return call

    def _is_ours(self, path) -> bool:
        if isinstance(path, int):
            try:
                path = os.readlink(f"/proc/self/fd/{path}")
            except OSError:
                return True  # no /proc: count it
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        text = os.path.abspath(os.fsdecode(path))
        return text.startswith(self.root) and "__pycache__" not in text
