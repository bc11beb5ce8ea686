"""The candidate: a copy of the backup for the migrations to work on.

It is copied from the backup and never from the live file, so that nothing here opens the live
file beside SQLite (F01). Where the file system can share blocks (Btrfs, XFS, APFS) the copy costs
nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from drydock import files

if TYPE_CHECKING:
    from pathlib import Path

_FICLONE = 0x40049409  # ioctl_ficlone(2): share all blocks of the source
_CHUNK = 1 << 26


def copy(source: Path, target: Path) -> None:
    """Make `target` a private copy of the quiescent file `source`; it is not synced.

    Raises:
        FileExistsError: `target` is there already.
        OSError: It could not be copied; `target` is gone again.
    """
    files.create_private(target)
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            if not _share_blocks(reader.fileno(), writer.fileno()):
                _copy_range(reader.fileno(), writer.fileno())
                shutil.copyfileobj(reader, writer, 1 << 20)  # what the kernel would not copy
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _share_blocks(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return False
    return True


def _copy_range(source: int, target: int) -> None:
    """Copy in the kernel as far as it goes; both descriptors stand behind what was copied."""
    if not hasattr(os, "copy_file_range"):
        return
    try:
        while os.copy_file_range(source, target, _CHUNK):
            pass
    except OSError:
        return
