"""What a walk is given: its steps, what carries them out, and what holds for the whole review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import sqlite3

    from drydock.review.versions import Version


class Engine(Protocol):
    """What carries statements out."""

    connection: sqlite3.Connection
    is_certain: bool

    def apply(self, statement: str) -> str | None:
        """Carry a statement out; return what SQLite said against it."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, or one call of sqlite-utils, on its line.

    `conditional` says that it may not run; `ran` that it has run already, with its `rows`;
    `is_inner` that a library ran it as a part of a call that is a step by itself.
    """

    line: int
    text: str | None = None
    asked: object | None = None
    conditional: bool = False
    ran: bool = False
    rows: int | None = None
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for a whole review: the application's SQLite version and its source files.

    `time_limit` is the seconds that one file's statements may take on a copy; 0 for any.
    """

    version: Version
    code: tuple[tuple[str, str], ...] = ()
    time_limit: float = 0.0
