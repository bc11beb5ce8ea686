"""Fill a file of ours with the database, fast; the last sync is the caller's.

Beside a running application only SQLite knows what is in the database (F02, F03), so its backup
API makes the copy. Once the database is held, it is one file at rest that nobody can write: no
WAL, no hot journal, every other writer refused. Then its bytes are the database, and another
process copies them (F01) in half of the time; they are compared afterwards, byte by byte.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from drydock import connection, signals
from drydock.backup.proof import start_pages

if TYPE_CHECKING:
    import sqlite3
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

FLUSH_SECONDS = 0.1
TOLD_SECONDS = 0.1


def through_sqlite(source: sqlite3.Connection, target: Path) -> None:
    """Copy the database behind `source`, as it is at one instant, into the empty file `target`.

    In one step: a writer cannot make it start again for ever (F33).
    """
    with _written_meanwhile(target), closing(connection.copy_target(target)) as opened:
        source.backup(opened, pages=-1)
        # Copied beside a running application it says WAL, and every reader of it, ours too, would
        # leave a -wal and a -shm beside it.
        opened.execute("PRAGMA journal_mode=DELETE")


def at_rest(
    held: Path, target: Path, progress: Callable[[int, int], None] | None = None
) -> subprocess.Popen[bytes]:
    """Copy the bytes of the held database `held` into the empty file `target`.

    Args:
        held: The live database; this process holds it (`drydock.hold`) until this returns.
        target: A private file of ours.
        progress: Called with bytes done and bytes in all.

    Returns:
        The process that copied: it compares both files as soon as it is communicated with.

    Raises:
        OSError: It could not be copied.
    """
    total = held.stat().st_size
    copier = start_pages("copy", str(held), str(target))
    assert copier.stdout is not None
    try:
        with _written_meanwhile(target):
            while not select.select([copier.stdout], [], [], TOLD_SECONDS)[0]:
                if progress:
                    progress(target.stat().st_size, total)
            if not os.read(copier.stdout.fileno(), len(b"copied\n")):
                _, complaint = copier.communicate()
                why = complaint.decode(errors="replace").strip()[-300:]
                raise OSError(why or f"the copying process ended with {copier.returncode}")
    except BaseException:
        copier.kill()
        copier.communicate()
        raise
    if progress:
        progress(total, total)
    return copier


@contextmanager
def _written_meanwhile(target: Path) -> Iterator[None]:
    """Let the disk write what has been copied so far while the rest is copied.

    The descriptor is closed only after SQLite's connection to the file (F01).
    """
    done = threading.Event()
    failed: list[OSError] = []
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)

    def flush() -> None:
        try:
            while not done.wait(FLUSH_SECONDS):
                os.fsync(descriptor)
        except OSError as error:  # told once: the last sync may not hear of it again
            failed.append(error)

    writer = threading.Thread(target=flush, name="drydock-flush", daemon=True)
    with signals.held_back():
        writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()
        os.close(descriptor)
    if failed:
        raise failed[0]
