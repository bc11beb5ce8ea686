"""Copy, compare and digest whole database files: a program of its own.

It runs in a child process because it opens the live file: closing that descriptor in the process
that holds the database would drop SQLite's locks (F01), and another process's locks are its own.
Needs nothing but the standard library. What it does is said by its first word:

``compare LIVE COPY`` answers ``{"difference": BYTE_OFFSET or null, "sha256": "…"}``, one line.
``copy LIVE COPY`` first fills the file COPY with the bytes of LIVE, which nobody may write
meanwhile, says ``copied``, and compares when its standard input ends.
``digest FILE`` (``-`` is standard input) answers ``{"content": "…"}``: the digest of a database's
content, in which the bytes of the header that a copy or a change of the journal mode may change
(fileformat2, section 1.3) count as zero.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys

TYPE_CHECKING = False  # `typing` takes 8 ms

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1 << 18  # stays in the processor's cache: 4 MB take four times as long
TO_DISK = 1 << 24  # bytes that the disk is given at once
OWN_BYTES = (
    (18, 20),  # file format versions: WAL or not
    (24, 28),  # file change counter
    (40, 44),  # schema cookie
    (92, 100),  # version-valid-for and the writing library's version
)
HEADER_BYTES = 100


def copy(live: str, target: str) -> None:
    """Fill the file `target`, which must be there and empty, with the bytes of `live`.

    Written, not cloned: a backup shares no block of the disk with what it is a backup of.
    """
    source = os.open(live, os.O_RDONLY | os.O_CLOEXEC)
    writer = os.open(target, os.O_WRONLY | os.O_CLOEXEC)
    mapped = memoryview(mmap.mmap(source, 0, access=mmap.ACCESS_READ))
    begin_writing = _disk() if len(mapped) > TO_DISK else _none
    for start in range(0, len(mapped), BLOCK):
        left = mapped[start : start + BLOCK]
        while left:
            left = left[os.write(writer, left) :]
        end = start + BLOCK
        if end % TO_DISK == 0:
            begin_writing(writer, end - TO_DISK, TO_DISK)
    os.close(writer)


def _disk() -> Callable[[int, int, int], object]:
    """Return what lets the disk begin with a range of a file, and does not wait for it.

    It promises nothing, and what it meets is told by the next fsync (sync_file_range(2)); the disk
    works from the first bytes on.
    """
    if sys.platform != "linux":
        return _none
    import ctypes

    begin = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if begin is None:
        return _none
    begin.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    write = 2  # SYNC_FILE_RANGE_WRITE
    return lambda file, start, length: begin(file, start, length, write)


def _none(_file: int, _start: int, _length: int) -> None:
    """Let the system begin when it likes."""


def blank_own_bytes(header: bytes) -> bytes:
    """Return the 100-byte header with the bytes that a backup may change set to zero."""
    blanked = bytearray(header)
    for start, end in OWN_BYTES:
        blanked[start:end] = bytes(end - start)
    return bytes(blanked)


def compare(live: str, copy: str) -> dict[str, int | str | None]:
    """Return the offset of the first differing byte (None: equal), and the copy's SHA-256."""
    digest = hashlib.sha256()
    with open(live, "rb") as one, open(copy, "rb") as other:  # noqa: PTH123 - pathlib costs 10 ms
        first = mmap.mmap(one.fileno(), 0, access=mmap.ACCESS_READ)
        second = mmap.mmap(other.fileno(), 0, access=mmap.ACCESS_READ)
        with first, second:
            difference = _first_difference(first, second)
            for start in range(0, len(second), BLOCK):
                digest.update(second[start : start + BLOCK])
    return {"difference": difference, "sha256": digest.hexdigest()}


def content_digest(path: str) -> str:
    """Return the SHA-256 of a database's content: equal for a file and its backup."""
    digest = hashlib.sha256()
    with open(0 if path == "-" else path, "rb") as file:  # noqa: PTH123 - pathlib costs 10 ms
        digest.update(blank_own_bytes(file.read(HEADER_BYTES)))
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _first_difference(first: mmap.mmap, second: mmap.mmap) -> int | None:
    if len(first) != len(second):
        return min(len(first), len(second))
    for start in range(0, len(first), BLOCK):
        one, other = first[start : start + BLOCK], second[start : start + BLOCK]
        if one != other:
            return start + next(
                i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b
            )
    return None


def as_json(answer: dict[str, int | str | None]) -> str:
    """Return an answer of numbers and plain words as JSON, without the module: it takes 8 ms."""
    words = {
        name: "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
        for name, value in answer.items()
    }
    return "{" + ", ".join(f'"{name}": {word}' for name, word in words.items()) + "}"


def main(word: str, *paths: str) -> None:
    """Do what the first word says; raises `OSError` where a file cannot be read or written."""
    if word == "copy":
        copy(*paths)
        sys.stdout.write("copied\n")
        sys.stdout.flush()
        sys.stdin.read()
    if word in ("copy", "compare"):
        sys.stdout.write(as_json(compare(*paths)) + "\n")
    else:
        sys.stdout.write(as_json({"content": content_digest(*paths)}) + "\n")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(error.strerror or str(error))
