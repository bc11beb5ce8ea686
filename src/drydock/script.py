"""An SQL file as the statements that SQLite would run.

It means exactly what ``sqlite3 -bail db < file`` does, so the borders between statements are
SQLite's own: a semicolon ends a statement, and inside CREATE TRIGGER only where
`sqlite3.complete_statement` says so (F20: splitting on ``;`` got 19,361 of 20,000 scripts wrong).
It refuses, before anything runs, what SQLite would skip in silence or half run: an unterminated
comment, string or trigger, and the command-line tool's dot-commands (F18, F19).
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.errors import DrydockError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = " \t\n\f\r"
"""SQLite's white space: a no-break space is a letter to it."""
_SKIP = re.compile(rf"(?:[{_SPACE}]+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|;)+", re.DOTALL)
# One token that may hide a semicolon, or a semicolon. An unterminated one matches to no end and
# is caught below. A doubled quote ends one token here and begins the next: the border is the same.
_BORDER = re.compile(
    r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|;|(?P<open>'|\"|`|\[|/\*)",
    re.DOTALL,
)
_TRIGGER = re.compile(r"\btrigger\b", re.IGNORECASE)
_OPENED = {"'": "string", '"': "name", "`": "name", "[": "name", "/*": "comment"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script.

    `line` and `end_line` count from 1 and are those of its first and last character; `offset`
    counts characters from the start of the script.
    """

    text: str
    line: int
    end_line: int
    offset: int


class ScriptError(DrydockError):
    """A script cannot be read as statements; nothing of it was run."""

    def __init__(self, problem: str, line: int) -> None:
        self.problem = problem
        self.line = line
        super().__init__(f"line {line}: {problem}")


def split(text: str) -> tuple[Statement, ...]:
    """Return the statements of `text`, in order, without empty ones.

    A last statement without its semicolon counts, as it does for ``sqlite3``.

    Raises:
        ScriptError: An unterminated string, name, comment or trigger; or a dot-command.
    """
    statements: list[Statement] = []
    line, counted = 1, 0
    start = _next_start(text, 0)
    while start < len(text):
        if text[start] == "." and _at_line_start(text, start):
            command = text[start:].split(None, 1)[0]
            raise ScriptError(
                f"{command} is a command of the sqlite3 tool, not SQL", _line(text, start)
            )
        end = _end_of_statement(text, start)
        body = text[start:end].rstrip(_SPACE)
        line += text.count("\n", counted, start)
        last = line + body.count("\n")
        statements.append(Statement(body, line, last, start))
        counted = start
        start = _next_start(text, end)
    return tuple(statements)


def comments(text: str) -> Iterator[tuple[str, int]]:
    """Yield each comment of `text` with its line; what stands in a string or a name is none."""
    line, counted = 1, 0
    for match in _BORDER.finditer(text):
        if match[0].startswith(("--", "/*")):
            line += text.count("\n", counted, match.start())
            counted = match.start()
            yield match[0], line


def _next_start(text: str, position: int) -> int:
    skipped = _SKIP.match(text, position)
    return skipped.end() if skipped else position


def _end_of_statement(text: str, start: int) -> int:
    position = start
    while found := _BORDER.search(text, position):
        opened = found["open"]
        if opened:
            raise ScriptError(
                f"this {_OPENED[opened]} is opened by {opened} and never closed",
                _line(text, found.start()),
            )
        position = found.end()
        if found[0] == ";" and _is_complete(text[start:position]):
            return position
    if _is_open_trigger(text[start:]):
        raise ScriptError("this CREATE TRIGGER has no END;", _line(text, start))
    return len(text)


def _is_complete(chunk: str) -> bool:
    # Only a trigger's body can hold a semicolon that does not end the statement.
    return _TRIGGER.search(chunk) is None or sqlite3.complete_statement(chunk)


def _is_open_trigger(tail: str) -> bool:
    # Closed by our own hand: were it a whole statement but for its semicolon, this completes it.
    return _TRIGGER.search(tail) is not None and not sqlite3.complete_statement(tail + "\n;")


def _at_line_start(text: str, position: int) -> bool:
    return position == 0 or text[position - 1] == "\n"


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
