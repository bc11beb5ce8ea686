"""A run's changes to the file system, as strace recorded them, in a form that can be replayed.

Every open, write, truncate, sync, rename, link and unlink of the process that runs `inv`, of its
threads and of what it starts, with its bytes: SQLite's as well as ours. Memory maps (``-shm``) are
not seen; SQLite rebuilds them.
"""

# ruff: noqa: PTH118
# Paths are strings here: thousands of lines are read.
from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.crash import tracing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.specimen import Specimen

TRACED = (
    "openat,creat,close,lseek,write,pwrite64,ftruncate,truncate,fsync,fdatasync,rename,renameat,"
    "renameat2,unlink,unlinkat,rmdir,link,linkat,mkdir,mkdirat,copy_file_range,dup,dup2,dup3,fcntl,"
    "clone,clone3,fork,vfork,execve"
)
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\)\s+= (-?\d+)")
BEGUN = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\)\s+= (-?\d+)")
FORKS = ("clone", "clone3", "fork", "vfork")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?')
AT_DONE = b"to go back: inv rollback"


@dataclass(frozen=True)
class Change:
    """One change: `what` is create, write, truncate, sync, rename, link, unlink or said.

    `file` is a number for the inode (files of one recording are numbered from 1); names are
    relative to the project's folder. A sync of a folder has file 0 and the folder as its name.
    """

    what: str
    file: int = 0
    name: str = ""
    other: str = ""
    offset: int = 0
    data: bytes = b""


@dataclass(frozen=True)
class Recording:
    """The files before, and every change; `done_at` is where the screen said that all is well."""

    before: dict[str, tuple[int, bytes]]
    changes: tuple[Change, ...]
    done_at: int


def record(specimen: Specimen, *words: str) -> Recording:
    """Run ``inv WORDS`` on a specimen and return what it did."""
    files = sorted(path for path in specimen.root.rglob("*") if path.is_file())
    before, inodes = {}, {}
    for path in files:
        inode = inodes.setdefault(path.stat().st_ino, len(inodes) + 1)
        if not path.is_symlink():
            before[path.relative_to(specimen.root).as_posix()] = (inode, path.read_bytes())
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as log:
        options = ["-f", "-xx", "-s", str(1 << 26), "-o", log.name, "-e", f"trace={TRACED}"]
        done = tracing.traced(specimen, words, options)
        assert done.returncode == 0, done.screen
        return _Reader(str(specimen.root), before).read(log)


class _Reader:
    """Follows descriptors and names through the log, process by process."""

    def __init__(self, root: str, before: dict[str, tuple[int, bytes]]) -> None:
        self.root = root
        self.before = before
        self.names = {name: inode for name, (inode, _) in before.items()}
        self.count = max(self.names.values(), default=0)
        self.tables: dict[int, dict[int, list]] = {}  # process → its descriptors
        self.open: dict[int, list] = {}  # descriptor → [file, position, folder, close-on-exec]
        self.begun: dict[int, str] = {}  # process → the text of the call that it is in
        self.forking: list[int] = []
        self.lengths = dict(before.values())
        self.changes: list[Change] = []
        self.done_at = -1

    def read(self, log: Iterable[str]) -> Recording:
        for line in log:
            if found := BEGUN.match(line.rstrip("\n")):
                self.begun[int(found[1])] = found[3]
                self._enter(int(found[1]))
                if found[2] in FORKS:
                    self.forking.append(int(found[1]))
                continue
            text = ""
            if found := ENDED.match(line):
                text = self.begun.pop(int(found[1]), "")
            elif not (found := LINE.match(line)):
                continue
            if int(found[4]) >= 0:
                self._enter(int(found[1]))
                self._take_of(int(found[1]), found[2], text + found[3], int(found[4]))
        done_at = len(self.changes) if self.done_at < 0 else self.done_at
        return Recording(self.before, tuple(self.changes), done_at)

    def _enter(self, process: int) -> None:
        """Make a process's descriptors the current ones; a new one has those of who forks."""
        if process not in self.tables:
            parent = next((each for each in self.forking if each != process), None)
            is_thread = parent is not None and "CLONE_THREAD" in self.begun.get(parent, "")
            known = self.tables.get(parent, {}) if parent is not None else {}
            self.tables[process] = known if is_thread else dict(known)
        self.open = self.tables[process]

    def _take_of(self, process: int, call: str, text: str, result: int) -> None:
        if call in FORKS:
            if process in self.forking:
                self.forking.remove(process)
            if result not in self.tables:
                self.tables[result] = self.open if "CLONE_THREAD" in text else dict(self.open)
        elif call == "execve":
            kept = {number: each for number, each in self.open.items() if not each[3]}
            self.tables[process] = kept
        else:
            self._take(call, text, result)

    def _take(self, call: str, text: str, result: int) -> None:  # noqa: C901 - a table of calls
        strings = [bytes.fromhex(each.replace("\\x", "")) for each in STRING.findall(text)]
        rest = STRING.sub("_", text).split(", ")
        first = int(rest[0]) if rest[0].lstrip("-").isdigit() else -1
        if call in ("openat", "creat"):
            self._opened(strings[0], text, result)
        elif call == "close":
            self.open.pop(first, None)
        elif call in ("dup", "dup2", "dup3") or (call == "fcntl" and "F_DUPFD" in text):
            if first in self.open:
                again = self.open[first]
                again[3] = False  # the copy that a program is given outlives its start
                self.open[result] = again
            else:
                self.open.pop(result, None)
        elif call == "write" and first == 2 and AT_DONE in strings[0]:
            self.done_at = len(self.changes)
        elif call == "copy_file_range":
            self._copied(first, int(rest[2]), result)
        elif first in self.open and call in ("lseek", "write", "pwrite64", "ftruncate"):
            self._written(call, first, rest, strings, result)
        elif call in ("fsync", "fdatasync") and first in self.open:
            file, _, folder, _ = self.open[first]
            self._add(Change("sync", file, folder))
        elif call.startswith(("rename", "link")):
            self._renamed(call, *(self._name(each) for each in strings[:2]))
        elif call.startswith("unlink"):
            name = self._name(strings[0])
            if name in self.names:
                self._add(Change("unlink", self.names.pop(name), name))

    def _opened(self, path: bytes, text: str, descriptor: int) -> None:
        name = self._name(path)
        self.open.pop(descriptor, None)
        if name is None:
            return
        # What is only read and no known file is a folder, one that may be gone by now.
        is_read = "O_RDONLY" in text and "O_CREAT" not in text
        if "O_DIRECTORY" in text or (is_read and name not in self.names):
            self.open[descriptor] = [0, 0, name, True]
            return
        if name not in self.names:
            self.count += 1
            self.names[name] = self.count
            self._add(Change("create", self.count, name))
        elif "O_TRUNC" in text:
            self._add(Change("truncate", self.names[name]))
        self.open[descriptor] = [self.names[name], 0, "", "O_CLOEXEC" in text]

    def _written(self, call: str, descriptor: int, rest, strings, result: int) -> None:
        entry = self.open[descriptor]
        if call == "lseek":
            entry[1] = result
        elif call == "ftruncate":
            self._add(Change("truncate", entry[0], offset=int(rest[1])))
        elif call == "pwrite64":
            self._add(Change("write", entry[0], offset=int(rest[-1]), data=strings[0][:result]))
        else:
            self._add(Change("write", entry[0], offset=entry[1], data=strings[0][:result]))
            entry[1] += result

    def _copied(self, source: int, target: int, count: int) -> None:
        if source in self.open and target in self.open and count:
            data = replayed(
                self.lengths.get(self.open[source][0], b""), self.open[source][0], self.changes
            )
            start = self.open[source][1]
            entry = self.open[target]
            self._add(Change("write", entry[0], offset=entry[1], data=data[start : start + count]))
            self.open[source][1] += count
            entry[1] += count

    def _renamed(self, call: str, source: str | None, target: str | None) -> None:
        if source is None or target is None or source not in self.names:
            return
        what = "link" if call.startswith("link") else "rename"
        self._add(Change(what, self.names[source], source, target))
        self.names[target] = self.names[source]
        if what == "rename":
            del self.names[source]

    def _name(self, path: bytes) -> str | None:
        full = os.path.normpath(os.path.join(self.root, os.fsdecode(path)))
        inside = full == self.root or full.startswith(self.root + "/")
        return os.path.relpath(full, self.root) if inside else None

    def _add(self, change: Change) -> None:
        self.changes.append(change)


def replayed(before: bytes, file: int, changes: Iterable[Change]) -> bytes:
    """Return a file's bytes after `changes`, none of them lost."""
    content = bytearray(before)
    for change in changes:
        if change.file == file:
            apply(content, change)
    return bytes(content)


def apply(content: bytearray, change: Change) -> None:
    """Make one write or truncation to a file's bytes."""
    if change.what == "truncate":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
    elif change.what == "write":
        if len(content) < change.offset:
            content.extend(bytes(change.offset - len(content)))
        content[change.offset : change.offset + len(change.data)] = change.data
