"""What a migration's comments say: its header, and what it declares as meant.

Header lines are ``Migration:``, ``Date:``, ``Author:`` and ``Purpose:``; a directive is
``-- drydock: allow RULE: reason`` (``#`` in Python). It refuses a comment that starts like a
directive and is none: a typing error there would silently declare nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import script

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = re.compile(r"^\W*(migration|date|author|purpose)\s*:\s*(\S.*?)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?:--|#)\s*drydock\s*:\s*(.*?)\s*$", re.IGNORECASE)
_MAYBE = re.compile(r"(?:--|#)\s*drydock\s*:", re.IGNORECASE)
_ALLOW = re.compile(r"allow\s+([a-z-]+)\s*:\s*(\S.*)")
HEADER_LINES = 40


@dataclass(frozen=True, slots=True)
class Header:
    """What a migration's opening comments say of it; an empty string where they are silent."""

    migration: str = ""
    date: str = ""
    author: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Directive:
    """``-- drydock: allow RULE: reason``: one finding that its author means."""

    rule: str
    reason: str
    line: int


class NotADirective(ValueError):
    """A line begins like a directive and is none; `words` is what it says."""

    def __init__(self, words: str, line: int) -> None:
        super().__init__(words)
        self.words = words
        self.line = line


def header(text: str) -> Header:
    """Return what the first lines of `text` say."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:HEADER_LINES]:
        if match := _HEADER.match(line):
            found.setdefault(match[1].lower(), match[2])
    return Header(**found)


def directives(text: str, *, python: bool = False) -> tuple[Directive, ...]:
    """Return what the comments of `text`, SQL or Python, declare as meant.

    A comment may stand behind code on its line. What stands in a string is data.

    Raises:
        NotADirective: A directive that is not ``allow RULE: reason``.
    """
    if not _MAYBE.search(text):
        return ()
    found: list[Directive] = []
    for comment, line in _python_comments(text) if python else script.comments(text):
        if match := _DIRECTIVE.match(comment):
            allowed = _ALLOW.fullmatch(match[1])
            if not allowed:
                raise NotADirective(match[1], line)
            found.append(Directive(allowed[1], allowed[2], line))
    return tuple(found)


def _python_comments(text: str) -> Iterator[tuple[str, int]]:
    """Yield each comment with its line, up to where `text` is no Python."""
    import io
    import tokenize

    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string, token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return  # whoever compiles it says where
