"""Who has a database open, and who of them holds a lock on it.

It compares device and inode of every process's open files with those of the database and its
sidecars, and opens neither: closing a descriptor of a database would drop the locks that SQLite
holds in this process (F01). It sees idle connections, which no lock shows (F45), and says how
many processes it was not allowed to look into.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SIDECARS = ("", "-wal", "-shm", "-journal")
OPEN = "open file"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the database open.

    Args:
        how: ``write lock``, ``read lock``, or ``open file`` where no lock of it is known.
        fds: How many of its descriptors are the database's or a sidecar's.
    """

    pid: int
    command: tuple[str, ...]
    how: str
    fds: int

    def __str__(self) -> str:
        from drydock.service import command

        return f"{command.described(self.pid, self.command)} ({self.how})"


@dataclass(frozen=True, slots=True)
class Holders:
    """Everybody found, those with a write lock first, and how many could not be inspected."""

    found: tuple[Holder, ...]
    uninspectable: int

    def __str__(self) -> str:
        """Answer a "database is locked": who it is, and what could not be seen."""
        lines = [str(each) for each in self.found]
        if self.uninspectable:
            several = "process" if self.uninspectable == 1 else "processes"
            lines.append(f"{self.uninspectable} {several} of other users could not be inspected")
        return "\n".join(lines) or "no other process has it open"


def holders(path: Path) -> Holders:
    """Return which other processes have the database at `path`, or a sidecar of it, open."""
    return _holders(path, _files(path))


def holders_of_replaced(path: Path, device: int, inode: int) -> Holders:
    """Return which other processes have the file open that had the name `path` before another.

    Args:
        path: Where it was.
        device: Its device.
        inode: Its inode. Who has it open keeps that number from being given to another file.

    Only Linux shows a file without a name; elsewhere nobody is found.
    """
    if sys.platform != "linux":
        return Holders((), 0)
    return _holders(path, {(device, inode): ""})


def _holders(path: Path, files: dict[tuple[int, int], str]) -> Holders:
    found, hidden = _in_proc(files) if sys.platform == "linux" else _by_lsof(path)
    found.pop(os.getpid(), None)
    if not found:
        return Holders((), hidden)  # every publish asks: what names somebody is not even loaded
    from drydock.service import locks, process

    held = locks.granted()
    database, index = _inode(files, ""), _inode(files, "-shm")
    result = []
    for pid, count in found.items():
        how = locks.meaning([each for each in held if each.pid == pid], database, index)
        result.append(Holder(pid, process.command(pid), how or OPEN, count))
    strength = (locks.WRITE, locks.READ, OPEN)
    return Holders(tuple(sorted(result, key=lambda e: (strength.index(e.how), e.pid))), hidden)


def _files(path: Path) -> dict[tuple[int, int], str]:
    files = {}
    for suffix, file in _paths(path).items():
        try:
            stat = file.stat()
        except OSError:
            continue
        files[stat.st_dev, stat.st_ino] = suffix
    return files


def _paths(path: Path) -> dict[str, Path]:
    # SQLite puts the sidecars beside the real file, whatever link it was opened by.
    real = path.resolve()
    return {suffix: real.with_name(real.name + suffix) for suffix in SIDECARS}


def _inode(files: dict[tuple[int, int], str], suffix: str) -> int | None:
    return next((inode for (_, inode), each in files.items() if each == suffix), None)


def _in_proc(files: dict[tuple[int, int], str]) -> tuple[dict[int, int], int]:
    found: dict[int, int] = {}
    hidden = 0
    pids = [each.name for each in os.scandir("/proc") if each.name.isdigit()] if files else []
    for pid in pids:
        try:
            count = _count(pid, files)
        except PermissionError:
            hidden += _is_program(pid)
            continue
        except OSError:  # it ended meanwhile
            continue
        if count:
            found[int(pid)] = count
    return found, hidden


def _count(pid: str, files: dict[tuple[int, int], str]) -> int:
    count = 0
    with os.scandir(f"/proc/{pid}/fd") as descriptors:
        for each in descriptors:
            try:
                stat = each.stat()
            except OSError:  # closed meanwhile
                continue
            count += (stat.st_dev, stat.st_ino) in files
    return count


def _is_program(pid: str) -> bool:
    # A kernel thread has no command line and opens no files; it is not worth a warning.
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def _by_lsof(path: Path) -> tuple[dict[int, int], int]:
    import psutil

    names = [str(each) for each in _paths(path).values() if each.exists()]
    found: dict[int, int] = {}
    try:
        answer = subprocess.run(
            ["lsof", "-w", "-F", "pf", "--", *names],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return _by_open_files(names)
    pid = 0
    for line in answer.splitlines() if names else ():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("f") and line[1:].rstrip("rwu").isdigit():
            found[pid] = found.get(pid, 0) + 1
    mine = os.getuid()
    users = [each.info["uids"] for each in psutil.process_iter(["uids"])]
    return found, sum(1 for each in users if mine and (each is None or each.real != mine))


def _by_open_files(names: list[str]) -> tuple[dict[int, int], int]:
    import psutil

    found: dict[int, int] = {}
    hidden = 0
    for each in psutil.process_iter():
        try:
            count = sum(1 for file in each.open_files() if os.path.realpath(file.path) in names)
        except psutil.AccessDenied:
            hidden += 1
            continue
        except (psutil.Error, OSError):
            continue
        if count:
            found[each.pid] = count
    return found, hidden
