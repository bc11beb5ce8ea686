"""Compare two database files page by page, and digest the second: a program of its own.

It runs in a child process (``python -I -S pages.py LIVE COPY``) because it opens the live file:
closing that descriptor in the process that holds the database would drop SQLite's locks (F01),
and another process's locks are its own. Needs nothing but the standard library. It answers with
one line of JSON: ``{"difference": BYTE_OFFSET or null, "sha256": "…"}``. With one file (``-`` is
standard input) it answers with the digest of its content, in which the bytes of the header that
a backup may change count as zero.

SQLite's backup API copies every page as it is but for these bytes of the header (fileformat2,
section 1.3), which it sets itself.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import sys

BLOCK = 1 << 22
OWN_BYTES = (
    (18, 20),  # file format versions: WAL or not
    (24, 28),  # file change counter
    (40, 44),  # schema cookie
    (92, 100),  # version-valid-for and the writing library's version
)
HEADER_BYTES = 100


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
    if blank_own_bytes(first[:HEADER_BYTES]) != blank_own_bytes(second[:HEADER_BYTES]):
        return 0
    if len(first) != len(second):
        return min(len(first), len(second))
    for start in range(0, len(first), BLOCK):
        begin = max(start, HEADER_BYTES)
        if first[begin : start + BLOCK] != second[begin : start + BLOCK]:
            one, other = first[begin : start + BLOCK], second[begin : start + BLOCK]
            return begin + next(
                i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b
            )
    return None


if __name__ == "__main__":
    answer = (
        {"content": content_digest(sys.argv[1])}
        if len(sys.argv) == 2
        else compare(sys.argv[1], sys.argv[2])
    )
    sys.stdout.write(json.dumps(answer) + "\n")
