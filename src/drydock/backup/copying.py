"""Copy a database through SQLite into a file of ours, fast; the last sync is the caller's.

What was measured on 1.2 GB (docs/performance.md): a target that locks once instead of at each
step, a memory-mapped source, and letting the disk write while the copy goes on, take a third to a
half off. The source is mapped only while it is held: nobody can truncate it under the map.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from drydock import connection

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGES_A_STEP = 8192
FLUSH_SECONDS = 0.2


def copy(
    source: sqlite3.Connection,
    target: Path,
    *,
    is_held: bool,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Copy the database behind `source` into `target`.

    Args:
        source: A connection that reads it.
        target: A private file of ours, empty.
        is_held: Nobody else can write the source. Without that it is copied in one step, so that
            a writer cannot make the copy start again for ever (F33).
        progress: Called with pages done and pages in all.
    """
    if is_held:
        connection.map_at_rest(source)
    with _written_meanwhile(target), closing(connection.copy_target(target)) as opened:
        source.backup(
            opened,
            pages=PAGES_A_STEP if is_held else -1,
            progress=lambda _, left, total: progress and progress(total - left, total),
        )
        # Copied beside a running application it says WAL, and every reader of it, ours too, would
        # leave a -wal and a -shm beside it.
        opened.execute("PRAGMA journal_mode=DELETE")
    if is_held:
        source.execute("PRAGMA mmap_size=0")


@contextmanager
def _written_meanwhile(target: Path) -> Iterator[None]:
    """Let the disk write what has been copied so far while the rest is copied.

    The descriptor is closed only after SQLite's connection to the file (F01).
    """
    done = threading.Event()
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)

    def flush() -> None:
        while not done.wait(FLUSH_SECONDS):
            os.fsync(descriptor)

    writer = threading.Thread(target=flush, name="drydock-flush", daemon=True)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()
        os.close(descriptor)
