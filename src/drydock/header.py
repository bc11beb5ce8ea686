"""What a migration's comments say: its header, and what it declares as meant.

Header lines are ``Migration:``, ``Date:``, ``Author:`` and ``Purpose:``; a directive is
``-- drydock: allow RULE: reason`` (``#`` in Python). It refuses a line that starts like a directive
and is none: a typing error there would silently declare nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"^\W*(migration|date|author|purpose)\s*:\s*(\S.*?)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^\s*(?:--|#)\s*drydock\s*:\s*(.*?)\s*$", re.IGNORECASE)
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


def directives(text: str) -> tuple[Directive, ...]:
    """Return what `text` declares as meant.

    Raises:
        NotADirective: A directive that is not ``allow RULE: reason``.
    """
    found: list[Directive] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _DIRECTIVE.match(line):
            allowed = _ALLOW.fullmatch(match[1])
            if not allowed:
                raise NotADirective(match[1], number)
            found.append(Directive(allowed[1], allowed[2], number))
    return tuple(found)
