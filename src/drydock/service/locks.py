"""SQLite's locks as Linux lists them in /proc/locks.

It reads text and decides what the byte ranges mean; it opens no database, takes no lock, and says
nothing where the system has no such list.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WRITE = "write lock"
READ = "read lock"

# https://www.sqlite.org/src/file/src/os.h: PENDING, RESERVED, then 510 bytes of SHARED.
_PENDING = 0x40000000
_SHARED = _PENDING + 2
_LAST = _SHARED + 509
# https://www.sqlite.org/walformat.html#wal_locks: WRITE, CKPT, RECOVER, then five readers.
_WAL_WRITE, _WAL_RECOVER, _WAL_LAST_READER = 120, 122, 127


@dataclass(frozen=True, slots=True)
class Lock:
    """One granted POSIX lock: `first` to `last` byte of the file with that inode."""

    pid: int
    inode: int
    exclusive: bool
    first: int
    last: int


def granted(text: str | None = None) -> list[Lock]:
    """Return the locks that are held, from `text` or the system; none where it has no list."""
    if text is None:
        try:
            text = Path("/proc/locks").read_text(encoding="ascii")
        except OSError:
            return []
    return [lock for lock in map(_parse, text.splitlines()) if lock]


def _parse(line: str) -> Lock | None:
    # 1: POSIX  ADVISORY  WRITE 4121 fd:01:1835023 1073741825 1073741825
    fields = line.split()
    if len(fields) != 8 or fields[1] != "POSIX":  # a waiter has "->" there, flock is not SQLite's
        return None
    inode = fields[5].rpartition(":")[2]
    last = int(fields[7]) if fields[7] != "EOF" else 2**63 - 1
    return Lock(int(fields[4]), int(inode), fields[3] == "WRITE", int(fields[6]), last)


def meaning(held: list[Lock], database: int | None, index: int | None) -> str | None:
    """Return what one process's locks amount to: `WRITE`, `READ`, or None.

    Args:
        held: The locks of that process.
        database: The inode of the database file.
        index: The inode of its ``-shm`` file; in WAL mode every connection, idle ones too, reads
            the database's own lock bytes, and only this file tells who works.
    """
    words = {
        _on_database(lock, in_wal=index is not None) for lock in held if lock.inode == database
    }
    words |= {_on_index(lock) for lock in held if lock.inode == index}
    return WRITE if WRITE in words else READ if READ in words else None


def _on_database(lock: Lock, *, in_wal: bool) -> str | None:
    if lock.last < _PENDING or lock.first > _LAST:
        return None
    if lock.exclusive:
        return WRITE
    return READ if lock.last >= _SHARED and not in_wal else None


def _on_index(lock: Lock) -> str | None:
    if lock.exclusive and lock.first <= _WAL_RECOVER and lock.last >= _WAL_WRITE:
        return WRITE
    return READ if _WAL_RECOVER < lock.first <= _WAL_LAST_READER else None
