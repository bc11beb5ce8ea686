"""What two database files have in common, page by page: the proof that costs one read of each.

A table whose whole b-tree stands byte for byte in both files holds the same rows, and its leaf
pages say how many. This module reads files and knows pages, not tables. It refuses to guess:
whatever it cannot prove (another page size, a `-wal` beside a file, a page of no known kind)
counts as different, and its caller compares rows instead. It takes `before` to be sound, which a
proved backup is.
"""

from __future__ import annotations

import mmap
import os
import struct
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from drydock import signals
from drydock.evidence import btree, moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO
    from types import TracebackType

_CHUNK = 256 * 1024


def read_header(path: Path) -> btree.Header | None:
    """Return the header of the file at `path`, or None where its pages cannot be trusted alone.

    That is: no SQLite database, a size that is no whole number of pages, or a `-wal` or
    `-journal` beside it that may hold newer or older pages.
    """
    for suffix in ("-wal", "-journal"):
        sidecar = Path(f"{path}{suffix}")
        if sidecar.exists() and sidecar.stat().st_size > 0:
            return None
    with path.open("rb", buffering=0) as file:
        return btree.header(file.read(btree.HEADER_BYTES), os.fstat(file.fileno()).st_size)


class PageProof:
    """Which b-trees of the file `before` stand unchanged, to the byte, in the file `after`.

    Both files must be at rest: they are read through memory (a read of single pages costs a system
    call each), and to cut one short would end the process. Keeps both open until
    `close()`; a context manager.
    """

    def __init__(self, before: Path, after: Path, header: btree.Header, pages_after: int) -> None:
        self._header = header
        self._pages_after = pages_after
        self._paths = (before, after)
        self._maps = (_mapped(before), _mapped(after))
        # One byte a page, by page number: whether it differs, its kind, its number of cells.
        self._changed = bytearray(b"\x01" * (header.pages + 1))
        self._kinds = bytearray(header.pages + 1)
        self._cells = (bytearray(header.pages + 1), bytearray(header.pages + 1))
        self._roots: tuple[int, ...] = ()
        self._trees: dict[int, tuple[array[int], ...]] = {}
        self._loose: frozenset[int] | None = None

    @classmethod
    def read(
        cls,
        before: Path,
        after: Path,
        *,
        workers: int = 1,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> PageProof | None:
        """Compare every page of both files; None where pages prove nothing about these two.

        Ends early once `should_stop()`; what has not been read counts as different.

        Raises:
            OSError: A file cannot be read.
        """
        old, new = read_header(before), read_header(after)
        if old is None or new is None or old.layout != new.layout:
            return None
        proof = cls(before, after, old, new.pages)
        try:
            proof._compare(workers, should_stop)
        except BaseException:
            proof.close()
            raise
        return proof

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both files."""
        for each in self._maps:
            each.close()

    @property
    def is_whole_file_same(self) -> bool:
        """Whether not a byte differs."""
        return self._pages_after == self._header.pages and self._changed.find(1, 1) < 0

    def know_roots(self, roots: Iterable[int]) -> None:
        """Tell every root page of `before`, so that each changed page can be told to its tree."""
        self._roots = tuple(root for root in roots if root)
        self._loose = None

    def rows_if_same(self, root_before: int, root_after: int) -> int | None:
        """The number of entries of a b-tree that is the same in both files, or None.

        It may stand on other pages in the file after: then its entries are compared page by page.
        """
        if not (0 < root_before <= self._header.pages and 0 < root_after <= self._pages_after):
            return None
        in_place = self._rows_if_in_place(root_before, root_after)
        if in_place is not None or root_before == root_after:
            return in_place
        return moved.entries_if_same(
            lambda number: self._page(number, 0),
            lambda number: self._page(number, 1),
            (root_before, root_after),
            self._header.usable,
            limit=max(self._header.pages, self._pages_after),
        )

    def _rows_if_in_place(self, root_before: int, root_after: int) -> int | None:
        """The same, for a tree whose pages below the root have kept their numbers."""
        if self._page(root_before, 0) != self._page(root_after, 1):
            return None
        levels = self._tree(root_before)
        if not levels or any(1 in map(self._changed.__getitem__, level) for level in levels[1:]):
            return None
        if self._loose_pages() and self._reaches_loose_page(levels):
            return None
        return self._entries(levels)

    def rows_before(self, root: int) -> int | None:
        """The number of entries of a b-tree of `before`, without reading it again."""
        levels = self._tree(root) if 0 < root <= self._header.pages else ()
        return self._entries(levels) if levels else None

    def _compare(self, workers: int, should_stop: Callable[[], bool]) -> None:
        """Fill the maps of pages, in `workers` stretches side by side (reading frees the GIL)."""
        total = self._header.pages
        stretch = max(1, -(-total // workers))
        with ThreadPoolExecutor(workers) as pool:
            with signals.held_back():
                stretches = [
                    pool.submit(self._compare_stretch, at, min(at + stretch, total), should_stop)
                    for at in range(0, total, stretch)
                ]
            for done in stretches:
                done.result()

    def _compare_stretch(self, start: int, end: int, should_stop: Callable[[], bool]) -> None:
        """Compare the pages numbered from `start + 1` to `end`."""
        size = self._header.page_size
        per_chunk = max(1, _CHUNK // size)
        one, two = bytearray(per_chunk * size), bytearray(per_chunk * size)
        old_path, new_path = self._paths
        with old_path.open("rb", buffering=0) as old, new_path.open("rb", buffering=0) as new:
            old.seek(start * size)
            new.seek(start * size)
            for first in range(start, end, per_chunk):
                count = min(per_chunk, end - first)
                if should_stop() or _fill(old, one) < count * size:
                    return
                there = _fill(new, two) // size
                pages = slice(first + 1, first + 1 + count)
                self._kinds[pages] = one[0 : count * size : size]
                self._cells[0][pages] = one[3 : count * size : size]
                self._cells[1][pages] = one[4 : count * size : size]
                if there >= count and one == two:
                    self._changed[pages] = bytes(count)
                else:
                    self._changed[pages] = bytes(
                        at >= there * size or one[at : at + size] != two[at : at + size]
                        for at in range(0, count * size, size)
                    )

    def _page(self, number: int, file: int = 0) -> bytes:
        size = self._header.page_size
        return self._maps[file][(number - 1) * size : number * size]

    def _tree(self, root: int) -> tuple[array[int], ...]:
        if root not in self._trees:
            self._trees[root] = self._walk(root)
        return self._trees[root]

    def _walk(self, root: int) -> tuple[array[int], ...]:
        """The pages of the b-tree under `root` by level, leaves last; empty if it is unsound."""
        levels: list[array[int]] = []
        level = array("I", [root])
        seen = 0
        while min(level) > 0 and max(level) <= self._header.pages and seen <= self._header.pages:
            seen += len(level)
            levels.append(level)
            # Page 1 begins with the file's header; its b-tree page stands behind it.
            kinds = (
                set(map(self._kinds.__getitem__, level))
                if root > 1 or seen > 1
                else {self._page(1)[btree.HEADER_BYTES]}
            )
            if len(kinds) == 1 and kinds <= btree.LEAVES:
                return tuple(levels)
            if len(kinds) > 1 or not kinds <= btree.INTERIOR:
                break
            below = array("I")
            try:
                for number in level:
                    below.extend(btree.children(self._page(number), _start(number)))
            except struct.error:
                break
            level = below
        return ()  # a cycle, a wild pointer, a page of no kind: for integrity_check to name

    def _entries(self, levels: tuple[array[int], ...]) -> int:
        """Rows of a table's tree; an index's tree keeps entries on its interior pages too."""
        leaves = levels[-1]
        counted = levels if self._kinds[leaves[0]] == btree.LEAF_INDEX else (leaves,)
        high, low = self._cells
        return sum(
            256 * sum(map(high.__getitem__, level)) + sum(map(low.__getitem__, level))
            for level in counted
        )

    def _loose_pages(self) -> frozenset[int]:
        """Changed pages of `before` that are part of no tree and not free: overflow pages.

        An overflow page can change under an unchanged leaf (a long text overwritten by one of
        the same length). While there is one, the chains of each tree must be looked at.
        """
        if self._loose is None:
            claimed = bytearray(self._header.pages + 1)
            trees = (level for root in (1, *self._roots) for level in self._tree(root))
            for numbers in (*trees, self._free_pages(), btree.pointer_maps(self._header)):
                for number in numbers:
                    if number <= self._header.pages:
                        claimed[number] = 1
            self._loose = frozenset(
                number for number in _ones(self._changed) if number and not claimed[number]
            )
        return self._loose

    def _free_pages(self) -> Iterator[int]:
        trunk, left = self._header.freelist, self._header.pages
        while 0 < trunk <= self._header.pages and left > 0:
            yield trunk
            left -= 1
            trunk, free = btree.freed(self._page(trunk), self._header.usable)
            yield from free

    def _reaches_loose_page(self, levels: tuple[array[int], ...]) -> bool:
        """Whether a chain of overflow pages that hangs on this tree runs through a loose page."""
        loose = self._loose_pages()
        is_index = self._kinds[levels[-1][0]] == btree.LEAF_INDEX
        for level in levels if is_index else levels[-1:]:
            for number in level:
                for first in btree.spills(self._page(number), self._header.usable, _start(number)):
                    if not loose.isdisjoint(self._chain(first)):
                        return True
        return False

    def _chain(self, first: int) -> Iterator[int]:
        number, left = first, self._header.pages
        while 0 < number <= self._header.pages and left > 0:
            yield number
            left -= 1
            at = (number - 1) * self._header.page_size
            number = int.from_bytes(self._maps[0][at : at + 4], "big")


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _start(number: int) -> int:
    """Where the b-tree header stands on a page."""
    return btree.HEADER_BYTES if number == 1 else 0


def _ones(flags: bytearray) -> Iterator[int]:
    at = flags.find(1)
    while at >= 0:
        yield at
        at = flags.find(1, at + 1)


def _fill(file: FileIO, buffer: bytearray) -> int:
    """Read until `buffer` is full or the file ends; return the number of bytes read."""
    view, got = memoryview(buffer), 0
    while got < len(buffer) and (more := file.readinto(view[got:])):
        got += more
    return got
