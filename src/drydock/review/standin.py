"""Stand-in for drydock.tokens until it exists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    kind: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _parser() -> Any:
    from syntaqlite import Syntaqlite

    return Syntaqlite()


def tokenize(sql: str) -> list[Token]:
    out = []
    position = 0
    for t in _parser().tokenize(sql):
        text = t["text"]
        out.append(Token(text, t["category"], position, position + len(text)))
        position += len(text)
    return out
