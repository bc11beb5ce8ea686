"""SQL as SQLite's own tokens: exact text, exact offsets, comments and spaces included.

A thin, lazy wrapper over syntaqlite's `tokenize`, so that an edit of a stored statement touches
the asked tokens and leaves every other byte alone. It refuses to parse: it knows no statement, no
column, no name. Whoever asks for meaning builds it from these tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import local
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.names import fold

if TYPE_CHECKING:
    from syntaqlite import Syntaqlite  # type: ignore[import-untyped]  # it ships no types

_SPACE = 185
_COMMENT = 186
_ILLEGAL = 187
_CLOSERS = {'"': '"', "`": "`", "[": "]", "'": "'"}
_thread = local()


class UntokenizableError(DrydockError):
    """The text cannot be SQL: it holds a NUL, at which SQLite would stop reading."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, slots=True)
class Token:
    """One token of SQLite's grammar.

    Attributes:
        text: Exactly as written, quotes included.
        kind: ``keyword``, ``identifier``, ``string``, ``number``, ``operator``, ``punctuation``,
            ``parameter``, ``comment``, ``space`` or ``illegal`` (as an unterminated string).
        start: Offset of its first character in the text, in characters.
        end: Offset after its last character.
    """

    text: str
    kind: str
    start: int
    end: int

    @property
    def is_code(self) -> bool:
        """Whether SQLite's parser sees it: neither space nor comment."""
        return self.kind not in ("space", "comment")

    @property
    def is_name(self) -> bool:
        """Whether it could name something: a bare or quoted identifier, or a keyword."""
        first = self.text[:1]
        return self.kind != "comment" and (
            first in _CLOSERS or first.isalpha() or first == "_" or first > "\x7f"
        )

    @property
    def name(self) -> str:
        """The name it spells, without its quotes."""
        return unquote(self.text)

    @property
    def folded(self) -> str:
        """The name it spells, in the case in which SQLite compares names."""
        return fold(self.name)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these bare (unquoted) words, given in upper case."""
        return self.text.isascii() and self.text.upper() in words


def unquote(text: str) -> str:
    """Return the name an identifier token spells: ``[a]``, ``"a"`` and ``a`` all give ``a``."""
    closer = _CLOSERS.get(text[:1])
    if closer is None or len(text) < 2 or text[-1] != closer:
        return text
    inner = text[1:-1]
    return inner if closer == "]" else inner.replace(closer * 2, closer)


def tokenize(sql: str) -> list[Token]:
    """Return every token of `sql`; joined, their texts are `sql` to the byte.

    Raises:
        UntokenizableError: `sql` holds a NUL.
    """
    return list(_tokenize(sql))


def code(sql: str) -> list[Token]:
    """Return the tokens of `sql` that SQLite's parser sees, without spaces and comments."""
    return [token for token in _tokenize(sql) if token.is_code]


@lru_cache(maxsize=4096)
def _tokenize(sql: str) -> tuple[Token, ...]:
    if "\0" in sql:
        # syntaqlite never comes back from a NUL, and eats all memory on the way.
        raise UntokenizableError(
            "SQL text with a NUL character cannot be read",
            cause="SQLite stops reading at a NUL; what follows it would be skipped",
            state="nothing was changed",
            hint="remove the NUL character from the text",
        )
    tokens: list[Token] = []
    position = 0
    for raw in _lexer().tokenize(sql):
        text = str(raw["text"])
        tokens.append(Token(text, _kind(raw), position, position + len(text)))
        position += len(text)
    return tuple(tokens)


def _kind(raw: dict[str, object]) -> str:
    if raw["type"] == _SPACE:
        return "space"
    if raw["type"] == _COMMENT:
        return "comment"
    if raw["type"] == _ILLEGAL:
        return "illegal"
    return str(raw["category"])


def _lexer() -> Syntaqlite:
    """One lexer a thread: an instance must not be shared between threads."""
    lexer: Syntaqlite | None = getattr(_thread, "lexer", None)
    if lexer is None:
        from syntaqlite import Syntaqlite

        lexer = _thread.lexer = Syntaqlite()
    return lexer
