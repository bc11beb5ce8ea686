"""What a migration really did: its statements with the rows they changed, and its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import tokens
from drydock.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODE = "journal_mode"
RECORDED = 5_000
"""Statements of one Python migration that are recorded at most."""


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """A statement as it was executed.

    `times` counts executions in a row of the same text (``executemany``, loops); `rows` is the
    sum of the rows they inserted, updated or deleted; `line` is the file's line where known;
    `way` tells how it was carried out where that is not as it is written.
    """

    sql: str
    rows: int
    times: int = 1
    line: int | None = None
    way: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """One migration that ran to its end on the candidate; `seconds` is how long it took."""

    name: str
    seconds: float
    statements: tuple[TracedStatement, ...]
    output: str = ""


def leaves_wal(statements: Iterable[str]) -> bool:
    """Say whether these put the database into another journal mode than WAL, last of all.

    A candidate is never in WAL mode by itself, so that its file cannot tell.
    """
    asked = [mode for sql in statements if _MODE in sql.lower() for mode in _modes(sql)]
    return bool(asked) and asked[-1] != "wal"


def _modes(sql: str) -> Iterable[str]:
    """Yield the journal modes that are set for the database, in a statement or a script."""
    words = [each.folded for each in tokens.code(sql.replace("\0", ""))]
    for place, word in enumerate(words):
        head = words[max(place - 3, 0) : place]
        is_set = words[place + 1 : place + 2] in (["="], ["("]) and len(words) > place + 2
        if (
            word == _MODE
            and is_set
            and (head[-1:] == ["pragma"] or head == ["pragma", "main", "."])
        ):
            yield fold(words[place + 2])
