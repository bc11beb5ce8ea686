"""What a migration really did: its statements with the rows they changed, and its output."""

from __future__ import annotations

from dataclasses import dataclass


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
