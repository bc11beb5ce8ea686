"""The little of SQLite's file format that a proof by pages needs: header, cells, overflow.

Pure functions over bytes (sqlite.org/fileformat2.html, sections 1.3, 1.5 and 1.6). It decodes no
record and no value: SQLite does that. Bytes that are no sound page raise `struct.error` or
`IndexError`; the caller counts such a page as unproved.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_BYTES = 100
LOCK_BYTE = 0x40000000
INTERIOR_INDEX, INTERIOR_TABLE, LEAF_INDEX, LEAF_TABLE = 2, 5, 10, 13
INTERIOR = frozenset((INTERIOR_INDEX, INTERIOR_TABLE))
LEAVES = frozenset((LEAF_INDEX, LEAF_TABLE))

_MAGIC = b"SQLite format 3\x00"
_NUMBER = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a database's first 100 bytes that decide whether pages can be compared."""

    page_size: int
    reserved: int
    encoding: int
    schema_format: int
    pages: int
    freelist: int
    auto_vacuum: bool

    @property
    def usable(self) -> int:
        """Bytes of a page that hold content."""
        return self.page_size - self.reserved

    @property
    def layout(self) -> tuple[int, int, int, int]:
        """What must be the same in both files for equal bytes to mean equal values."""
        return self.page_size, self.reserved, self.encoding, self.schema_format


def header(head: bytes, size: int) -> Header | None:
    """Decode the first 100 bytes of a file of `size` bytes; None where it holds no database."""
    if len(head) < HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    page_size = int.from_bytes(head[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    if page_size < 512 or size % page_size:
        return None
    freelist, schema_format, largest_root, encoding = (
        int.from_bytes(head[at : at + 4], "big") for at in (32, 44, 52, 56)
    )
    return Header(
        page_size=page_size,
        reserved=head[20],
        encoding=encoding,
        schema_format=schema_format,
        pages=size // page_size,
        freelist=freelist,
        auto_vacuum=largest_root > 0,
    )


def children(page: bytes, at: int = 0) -> list[int]:
    """The pages under an interior page whose b-tree header stands at byte `at`."""
    (count,) = struct.unpack_from(">H", page, at + 3)
    pointers = struct.unpack_from(f">{count}H", page, at + 12)
    found = [_NUMBER.unpack_from(page, pointer)[0] for pointer in pointers]
    found.append(_NUMBER.unpack_from(page, at + 8)[0])
    return found


def freed(trunk: bytes, usable: int) -> tuple[int, tuple[int, ...]]:
    """The next trunk page of the freelist, and the free pages that this one lists."""
    following, count = struct.unpack_from(">II", trunk)
    return following, struct.unpack_from(f">{min(count, usable // 4 - 2)}I", trunk, 8)


def pointer_maps(head: Header) -> Iterator[int]:
    """The pages that an auto-vacuum database keeps for its pointer map."""
    lock_page = LOCK_BYTE // head.page_size + 1
    if head.auto_vacuum:
        for number in range(2, head.pages + 1, head.usable // 5 + 1):
            yield number + 1 if number == lock_page else number


def spills(page: bytes, usable: int, at: int = 0) -> Iterator[int]:
    """The first overflow page of every cell that spills over from a b-tree page."""
    is_table, is_interior = page[at] == LEAF_TABLE, page[at] in INTERIOR
    (count,) = struct.unpack_from(">H", page, at + 3)
    pointers = struct.unpack_from(f">{count}H", page, at + (12 if is_interior else 8))
    largest = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
    smallest = (usable - 12) * 32 // 255 - 23
    # Most cells are told to be short by the first byte or two of their length.
    short = 0x80 | largest >> 7 if largest > 127 else 0
    for pointer in pointers:
        start = pointer + 4 if is_interior else pointer
        if page[start] <= 0x80 and page[start] <= largest:
            continue
        if page[start] < short and page[start + 1] < 0x80:
            continue
        payload, start = _varint(page, start)
        if payload <= largest:
            continue
        if is_table:
            _, start = _varint(page, start)
        local = smallest + (payload - smallest) % (usable - 4)
        local = local if local <= largest else smallest
        yield _NUMBER.unpack_from(page, start + local)[0]


def end_of_cell(page: bytes, start: int, kind: int) -> int:
    """Where a cell ends that begins at `start`, behind its child's number, and does not spill."""
    size, start = _varint(page, start)
    if kind == INTERIOR_TABLE:
        return start  # its one number is the row's, and there is no content
    if kind == LEAF_TABLE:
        _, start = _varint(page, start)
    return start + size


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """The variable-length integer at `at`, and where the next field begins."""
    value = 0
    for step in range(8):
        byte = page[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | page[at + 8], at + 9
