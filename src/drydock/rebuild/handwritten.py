"""A rebuild of a table as people and tools write it in SQL, recognised by its text alone.

That is: a new table, a copy of every row, DROP, RENAME, and the indexes (lang_altertable.html,
section 7). Only the plain form counts: names without a schema, every row, no expression but
columns. It asks no database and judges no rows; what a recognised rebuild amounts to is
`shortcut`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.tokens import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KEY_PRAGMAS = ("FOREIGN_KEYS", "DEFER_FOREIGN_KEYS", "FOREIGN_KEY_CHECK")
_VALUES = ("NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP")
"""Bare words that are values where a column of that name could be meant."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``INSERT INTO new (columns) SELECT values FROM old``; no `columns` where none are listed.

    A star among the values is ``*``.
    """

    new: str
    old: str
    columns: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What the statements of a rebuild say.

    Attributes:
        table: The name that the new table takes in the end, which is the old one's.
        copy: How the rows get there.
        statements: All of them: CREATE TABLE, INSERT, DROP, RENAME, and what follows.
        indexes: For each statement behind the RENAME, the index that it creates on the table;
            empty for a PRAGMA about foreign keys.
    """

    table: str
    copy: Copy
    statements: tuple[str, ...]
    indexes: tuple[str, ...]


def find(statements: Sequence[str]) -> Rebuild | None:
    """Return the rebuild that `statements` begin with; None where they begin otherwise."""
    first = [text.split(None, 1)[0].upper() for text in statements[:4]]
    if first != ["CREATE", "INSERT", "DROP", "ALTER"]:
        return None
    create, insert, drop, alter = (_Reader(text) for text in statements[:4])
    new, copy, old = _created(create), _copied(insert), _dropped(drop)
    renamed, table = _renamed(alter)
    if not (new and copy and old and table):
        return None
    if len({fold(new), fold(copy.new), fold(renamed)}) > 1:
        return None
    if len({fold(old), fold(copy.old), fold(table)}) > 1:
        return None
    indexes = tuple(_indexes(statements[4:], table))
    return Rebuild(table, copy, tuple(statements[: 4 + len(indexes)]), indexes)


class _Reader:
    """The code tokens of one statement, taken from the front."""

    def __init__(self, statement: str) -> None:
        self._tokens = code(statement)
        while self._tokens and self._tokens[-1].text == ";":
            self._tokens.pop()

    def take(self, *words: str) -> bool:
        """Take these bare words, all or none."""
        there = self._tokens[: len(words)]
        found = len(there) == len(words) and all(
            token.is_word(word) for token, word in zip(there, words, strict=True)
        )
        if found:
            del self._tokens[: len(words)]
        return found

    def name(self) -> str:
        """Take a name; empty where none comes."""
        first = self._tokens[0] if self._tokens else None
        if first is None or not first.is_name or first.kind == "string" or first.is_word(*_VALUES):
            return ""
        return self._tokens.pop(0).name

    def names(self, after: str) -> list[tuple[str, str]]:
        """Take ``after a, b.c, …``: each name with its qualifier; a star is one; empty: a fault."""
        found: list[tuple[str, str]] = []
        while self.take("," if found else after):
            first = "*" if self.take("*") else self.name()
            if self.take("."):
                found.append(("*" if self.take("*") else self.name(), first))
            else:
                found.append((first, ""))
        return found

    @property
    def is_over(self) -> bool:
        return not self._tokens


def _created(reader: _Reader) -> str:
    if not reader.take("CREATE", "TABLE"):
        return ""
    reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    return name if reader.take("(") else ""


def _copied(reader: _Reader) -> Copy | None:
    new = reader.take("INSERT", "INTO") and reader.name()
    columns = reader.names("(")
    if columns and not reader.take(")"):
        return None
    values = reader.names("SELECT")
    old = reader.take("FROM") and reader.name()
    if not (new and values and old and reader.is_over):
        return None
    if any(not name for name, _ in (*columns, *values)) or any(table for _, table in columns):
        return None
    if any(fold(table) != fold(old) for _, table in values if table):
        return None
    return Copy(new, old, tuple(name for name, _ in columns), tuple(name for name, _ in values))


def _dropped(reader: _Reader) -> str:
    if not reader.take("DROP", "TABLE"):
        return ""
    reader.take("IF", "EXISTS")
    name = reader.name()
    return name if reader.is_over else ""


def _renamed(reader: _Reader) -> tuple[str, str]:
    old = reader.take("ALTER", "TABLE") and reader.name()
    new = reader.take("RENAME", "TO") and reader.name()
    return (old, new) if old and new and reader.is_over else ("", "")


def _indexes(statements: Sequence[str], table: str) -> Iterator[str]:
    """Yield `Rebuild.indexes`, up to the first statement that does not belong to the rebuild."""
    for statement in statements:
        reader = _Reader(statement)
        if reader.take("PRAGMA"):
            if not any(reader.take(word) for word in _KEY_PRAGMAS):
                return
            yield ""
            continue
        if not (reader.take("CREATE", "INDEX") or reader.take("CREATE", "UNIQUE", "INDEX")):
            return
        reader.take("IF", "NOT", "EXISTS")
        name = reader.name()
        if not (name and reader.take("ON") and fold(reader.name()) == fold(table)):
            return
        yield name
