"""What a schema may ask of its connection that only the application's own connections know.

A collation or a function that the application registers is nothing to SQLite here: it refuses to
compare or to compute, and says so in words that are easily taken for damage. The database is sound
all the same. What is only walked through may be asked with a stand-in for a collation, whose order
means nothing; whoever asks must leave out what the answer says of it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from drydock.names import fold
from drydock.tokens import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Answer = TypeVar("Answer")

_UNKNOWN = re.compile(
    r"no such collation sequence: (?P<collation>.+)"
    r"|(?:unknown|no such) function: (?P<function>[^()]+)"
)
_COLLATE = re.compile(
    r"\bcollate\s*('(?:[^']|'')+'|\"(?:[^\"]|\"\")+\"|`(?:[^`]|``)+`|\[[^\]]+\]|(?<=\s)\w+)",
    re.IGNORECASE,
)
BUILT_IN = frozenset({"binary", "nocase", "rtrim"})
"""SQLite's own collations, folded."""
ORDER = re.compile(r"row not in PRIMARY KEY order for |non-unique entry in index ")
"""What SQLite's checks say of an order that is not the stand-in's."""


class Stranger(NamedTuple):
    """A collation or a function that this connection does not know."""

    kind: Literal["collation", "function"]
    name: str

    def __str__(self) -> str:
        return f"the {self.kind} {self.name}"


def named(message: object) -> Stranger | None:
    """Return what SQLite's message misses; None where it is about something else."""
    found = _UNKNOWN.search(str(message))
    if found is None:
        return None
    if found["collation"] is not None:
        return Stranger("collation", found["collation"])
    return Stranger("function", found["function"])


def collations(schema: Iterable[str]) -> frozenset[str]:
    """Return the collations that these definitions name and SQLite has not; perhaps too many."""
    names = (unquote(each) for text in schema for each in _COLLATE.findall(text))
    return frozenset(name for name in names if fold(name) not in BUILT_IN)


def stand_in(connection: sqlite3.Connection, collation: str) -> None:
    """Let `connection` take `collation` for the order of texts."""
    connection.create_collation(collation, _by_text)


def walked(
    connection: sqlite3.Connection, ask: Callable[[], Answer]
) -> tuple[Answer, tuple[Stranger, ...]]:
    """Return what `ask` gives, and the collations that were stood in for meanwhile.

    CHECK constraints, which may call a stranger, are passed over.

    Raises:
        sqlite3.Error: As `ask` does, but for such a collation.
    """
    met: list[Stranger] = []
    connection.execute("PRAGMA ignore_check_constraints=ON")
    try:
        while True:
            try:
                return ask(), tuple(met)
            except sqlite3.Error as error:
                stranger = named(error)
                if stranger is None or stranger.kind == "function" or stranger in met:
                    raise
                met.append(stranger)
                stand_in(connection, stranger.name)
    finally:
        connection.execute("PRAGMA ignore_check_constraints=OFF")
        for each in met:
            with suppress(sqlite3.Error):  # a statement that was left halfway still holds it
                connection.create_collation(each.name, None)


def _by_text(left: str, right: str) -> int:
    return (left > right) - (left < right)
