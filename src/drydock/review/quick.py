"""The cheap first look: statements that need no parsing, told by their first words.

A folder of a thousand small migrations is mostly plain CREATE TABLE, ADD COLUMN and CREATE
INDEX; these are recognised by a strict pattern each. Whatever is not exactly of such a shape is
"not plain" and read in full, so a miss here costs time and never a finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from drydock.tokens import unquote

_GAP = r"(?:\s|--[^\n]*\n)"
_NAME = r"(?:\w+|\"(?:[^\"]|\"\")+\"|`[^`]+`|\[[^\]]+\])"
_TABLE = re.compile(
    rf"{_GAP}*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<table>{_NAME})\s*\(", re.IGNORECASE
)
_COLUMN = re.compile(
    rf"{_GAP}*ALTER\s+TABLE\s+(?P<table>{_NAME})\s+ADD\s+(?:COLUMN\s+)?(?P<column>{_NAME})\s+"
    r"\w+(?:\s*\([\d\s,]+\))?"
    r"(?:\s+NOT\s+NULL(?=\s+DEFAULT\s+(?!NULL)))?"
    r"(?:\s+DEFAULT\s+(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?|NULL|TRUE|FALSE))?\s*;?\s*\Z",
    re.IGNORECASE,
)
_INDEX = re.compile(
    rf"{_GAP}*CREATE\s+INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})\s+ON\s+"
    rf"(?P<table>{_NAME})\s*\([^\"()]+\)\s*;?\s*\Z",
    re.IGNORECASE,
)
_INSERT = re.compile(
    rf"{_GAP}*INSERT\s+INTO\s+(?P<table>{_NAME})\s*(?:\([^\"()]*\)\s*)?VALUES\b[^\"]*\Z",
    re.IGNORECASE,
)
HEAVY = re.compile(r"\b(drop|rename)\b", re.IGNORECASE)
"""Words of a file after which views, triggers and indexes may be gone."""
MAKES = re.compile(
    rf"\bCREATE{_GAP}+(?:TEMP(?:ORARY)?{_GAP}+)?(?:VIEW|TRIGGER|VIRTUAL)\b", re.IGNORECASE
)
"""A statement that makes what has to be compiled."""
WIDENS = re.compile(
    rf"\bALTER{_GAP}+TABLE{_GAP}+(?:\w+\s*\.\s*)?(?P<table>{_NAME}){_GAP}+ADD\b", re.IGNORECASE
)
"""An ADD COLUMN, which changes what * means, and how many values an INSERT needs."""
_PATTERNS: dict[str, tuple[Literal["table", "column", "index", "insert"], re.Pattern[str]]] = {
    "CREATE T": ("table", _TABLE),
    "CREATE I": ("index", _INDEX),
    "ALTER TA": ("column", _COLUMN),
    "INSERT I": ("insert", _INSERT),
}


@dataclass(frozen=True, slots=True)
class Plain:
    """A statement of a plain shape; `column` is empty but for ADD COLUMN."""

    kind: Literal["table", "column", "index", "insert"]
    table: str
    column: str = ""


def plain(statement: str) -> Plain | None:
    """Return what a plain statement is, None for one that has to be read in full."""
    entry = _PATTERNS.get(statement[:8].upper())
    found = entry[1].match(statement) if entry else None
    if entry is None or found is None:
        return None
    column = unquote(found["column"]) if entry[0] == "column" else ""
    return Plain(entry[0], unquote(found["table"]), column)
