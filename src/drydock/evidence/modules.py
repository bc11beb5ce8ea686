"""What a virtual table's text says of where its rows are: its module, and its option ``content``.

Read by SQLite's tokens, since `USING "fts5"`, `using/**/fts5(` and `content = 'notes'` are all the
same to it. SQLite itself tells a shadow table by its name alone: a table of the user's that is
called like one is data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from drydock.names import fold

READABLE = frozenset({"fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"})
"""Modules whose rows are data in the file."""

_BOXES = frozenset({"node", "rowid", "parent"})
_KEPT_IN = {
    "fts3": frozenset({"content", "segments", "segdir"}),
    "fts4": frozenset({"content", "segments", "segdir", "docsize", "stat"}),
    "fts5": frozenset({"content", "data", "idx", "docsize", "config"}),
    "rtree": _BOXES,
    "rtree_i32": _BOXES,
    "geopoly": _BOXES,
}


@dataclass(frozen=True, slots=True)
class Module:
    """The module of a virtual table.

    Attributes:
        name: As SQLite looks it up, folded.
        content: The table that a full-text index is made over, folded; empty: of nothing that is
            kept; None: its rows are its own.
    """

    name: str
    content: str | None = None

    @property
    def is_full_text(self) -> bool:
        """Whether it is a full-text index."""
        return self.name.startswith("fts")

    def keeps(self, suffix: str) -> bool:
        """Whether the table NAME_`suffix` (folded) is a part of the virtual table NAME."""
        known = _KEPT_IN.get(self.name)
        if known is None:
            return True  # nobody but the module knows
        return suffix in known and (suffix != "content" or self.content is None)


@lru_cache(maxsize=256)
def read(sql: str) -> Module:
    """Return the module in the text of a CREATE VIRTUAL TABLE."""
    from drydock.tokens import code

    words = code(sql)
    using = next((at for at, word in enumerate(words) if word.is_word("USING")), None)
    if using is None or using + 1 >= len(words):
        return Module("")
    name = words[using + 1].folded
    content = None
    for at in range(using + 3, len(words) - 1):
        starts = words[at - 1].text in ("(", ",")
        if starts and words[at].folded == "content" and words[at + 1].text == "=":
            value = words[at + 2] if at + 2 < len(words) else None
            content = fold(value.name) if value is not None and value.is_name else ""
    return Module(name, content if name.startswith("fts") else None)
