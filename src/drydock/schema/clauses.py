"""What the text of CREATE TABLE and CREATE INDEX says where SQLite's PRAGMAs are silent.

CHECK, COLLATE, generated expressions, DEFERRABLE, AUTOINCREMENT, ON CONFLICT, index expressions
and the WHERE of a partial index; and a canonical form of any SQL, in which layout, comments,
quoting and the case of names make no difference. Reads only text that SQLite has accepted, token
by token; it is no parser and refuses nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.tokens import tokenize, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TELLING = re.compile(r"\b(?:collate|check|as|autoincrement|conflict|deferred)\b", re.IGNORECASE)
"""A table without any of these words has nothing that the PRAGMAs do not tell; tokens are slow."""

_TABLE_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})
_VALUES = frozenset(
    {"null", "true", "false", "current_date", "current_time", "current_timestamp"}
)  # quoted, each of these is a name and no longer a value


@dataclass(frozen=True, slots=True)
class Word:
    """A token that means something; `spaced` when white space or a comment stands before it."""

    text: str
    kind: str
    spaced: bool

    @property
    def upper(self) -> str:
        """The text in capitals when it is a bare word; as it is when quoted."""
        return self.text if self.text[0] in "\"'`[" else self.text.upper()


@dataclass(frozen=True, slots=True)
class ColumnClauses:
    """What a column's definition says beyond ``PRAGMA table_xinfo``."""

    name: str
    collation: str | None = None
    generated: str | None = None


@dataclass(frozen=True, slots=True)
class TableClauses:
    """What a table's text says beyond its PRAGMAs; `deferrable` is by foreign key, as declared."""

    columns: tuple[ColumnClauses, ...] = ()
    checks: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    deferrable: tuple[bool, ...] = ()
    autoincrement: bool = False


@lru_cache(maxsize=4096)
def of_table(sql: str) -> TableClauses:
    """Return the clauses of a CREATE TABLE statement as SQLite stores it."""
    if not _TELLING.search(sql):
        return TableClauses()
    words = _words(sql)
    opening = next((at for at, word in enumerate(words) if word.text == "("), None)
    if opening is None:
        return TableClauses()
    definitions = [_Definition(part) for part in _split(_group(words, opening))]
    return TableClauses(
        columns=tuple(found for one in definitions if (found := one.column()) is not None),
        checks=tuple(check for one in definitions for check in one.checks),
        conflicts=tuple(conflict for one in definitions for conflict in one.conflicts),
        deferrable=tuple(each for one in definitions for each in one.deferrable),
        autoincrement=any(one.autoincrement for one in definitions),
    )


def of_index(sql: str) -> tuple[tuple[str, ...], str | None]:
    """Return an index's terms without COLLATE and ASC or DESC, and its WHERE condition."""
    words = _words(sql)
    opening = next(at for at, word in enumerate(words) if word.text == "(")
    inside = _group(words, opening)
    rest = words[opening + len(inside) + 2 :]
    where = readable(rest[1:]) if rest and rest[0].upper == "WHERE" else None
    return tuple(readable(_bare_term(term)) for term in _split(inside)), where


@lru_cache(maxsize=4096)
def canonical(sql: str) -> str:
    """Return `sql` in a form that is equal for texts that differ only in how they are written.

    Layout, comments, quotes around names, the case of keywords and names, and parentheses around
    the whole do not count; strings, numbers and order do.
    """
    return " ".join(_canonical_word(word) for word in _unwrapped(sql))


def virtual_module(sql: str) -> str:
    """Return the folded module name of a CREATE VIRTUAL TABLE statement."""
    words = _words(sql)
    using = next(at for at, word in enumerate(words) if word.upper == "USING")
    return fold(unquote(words[using + 1].text))


def single_token(sql: str) -> str | None:
    """Return the only token of `sql`, parentheses around it aside, or None when it has more."""
    words = _unwrapped(sql)
    return words[0].text if len(words) == 1 else None


def readable(words: Sequence[Word]) -> str:
    """Return the words as written, comments gone and each run of white space one space."""
    text = "".join((" " if word.spaced else "") + word.text for word in words)
    return text.strip()


def _words(sql: str) -> tuple[Word, ...]:
    return tuple(_each_word(sql))


def _unwrapped(sql: str) -> tuple[Word, ...]:
    """Return the words of `sql` without a last semicolon and parentheses around the whole."""
    words = _words(sql)
    if words and words[-1].text == ";":
        words = words[:-1]
    while words and words[0].text == "(" and len(_group(words, 0)) == len(words) - 2:
        words = words[1:-1]
    return words


def _each_word(sql: str) -> Iterator[Word]:
    spaced = False
    for token in tokenize(sql):
        if token.is_code:
            yield Word(token.text, token.kind, spaced)
        spaced = not token.is_code


def _group(words: Sequence[Word], opening: int) -> tuple[Word, ...]:
    """Return what stands inside the parenthesis that `words` opens at `opening`."""
    depth = 0
    for at in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[at].text, 0)
        if depth == 0:
            return tuple(words[opening + 1 : at])
    return tuple(words[opening + 1 :])


def _split(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Yield the parts between the commas that stand in no parenthesis."""
    depth = start = 0
    for at, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.text == "," and depth == 0:
            yield tuple(words[start:at])
            start = at + 1
    yield tuple(words[start:])


def _bare_term(term: tuple[Word, ...]) -> tuple[Word, ...]:
    if term[-1].upper in ("ASC", "DESC"):
        term = term[:-1]
    if len(term) > 2 and term[-2].upper == "COLLATE":
        term = term[:-2]
    return term


class _Definition:
    """One column's definition or one constraint of a table, read from its first word on."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words = words
        self.of_column = words[0].upper not in _TABLE_CONSTRAINTS
        self.checks: list[str] = []
        self.conflicts: list[str] = []
        self.deferrable: list[bool] = []
        self.autoincrement = False
        self.collation: str | None = None
        self.generated: str | None = None
        self._constraint = 0  # where the one stands that an ON CONFLICT would belong to
        at = 1 if self.of_column else 0
        while at < len(words):
            at = self._read(at)

    def column(self) -> ColumnClauses | None:
        """Return what was said of the column, if anything was."""
        if not self.of_column or not (self.collation or self.generated):
            return None
        return ColumnClauses(unquote(self.words[0].text), self.collation, self.generated)

    def _read(self, at: int) -> int:
        """Read the clause that starts at `at`; return where the next one may start."""
        following = self.words[at + 1].text if at + 1 < len(self.words) else ""
        if following == "(":
            # What stands in parentheses belongs to the word before them and holds no clause.
            inside = _group(self.words, at + 1)
            end = at + len(inside) + 3
            self._read_group(self.words[at].upper, inside, end)
        else:
            end = at + 1
        match self.words[at].upper:
            case "COLLATE":
                self.collation = unquote(following)
                end = at + 2
            case "AUTOINCREMENT":
                self.autoincrement = True
            case "REFERENCES":
                self.deferrable.append(False)
            case "DEFERRED" if self.deferrable:  # NOT DEFERRABLE INITIALLY DEFERRED is neither
                self.deferrable[-1] = self.words[at - 3].upper != "NOT"
            case "PRIMARY" | "UNIQUE" | "NULL":
                self._constraint = at
            case "CONFLICT":
                self.conflicts.append(
                    f"{self._named(self._constraint)} ON CONFLICT {following.upper()}"
                )
        return end

    def _read_group(self, word: str, inside: tuple[Word, ...], end: int) -> None:
        if word == "CHECK":
            self.checks.append(readable(inside))
        elif word == "AS":
            stored = end < len(self.words) and self.words[end].upper == "STORED"
            self.generated = f"AS ({readable(inside)}) {'STORED' if stored else 'VIRTUAL'}"

    def _named(self, at: int) -> str:
        """Return the constraint at `at` with its columns."""
        kinds = {"PRIMARY": "PRIMARY KEY", "UNIQUE": "UNIQUE", "NULL": "NOT NULL"}
        kind = kinds[self.words[at].upper]
        if self.of_column:
            return f"{kind} ({unquote(self.words[0].text)})"
        opening = next(i for i in range(at, len(self.words)) if self.words[i].text == "(")
        terms = _split(_group(self.words, opening))
        return f"{kind} ({', '.join(unquote(term[0].text) for term in terms)})"


def _canonical_word(word: Word) -> str:
    if word.kind == "string":
        return word.text
    name = unquote(word.text)
    if name != word.text and fold(name) in _VALUES:
        return f'"{fold(name)}"'
    return fold(name)
