"""What a script says it makes, and what stood in its way: names of schema objects, from text.

Claims come from the script's own SQL (in Python: its string constants), obstacles from SQLite's
messages, also where a script caught the error and only printed it. Pure, and a hint for
experiments only: what counts is what a run does (`drydock.adopt.judgement`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from drydock.names import fold
from drydock.tokens import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.migration import Migration

Kind = Literal["table", "index", "view", "trigger", "column"]

_NAME = r"""("(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|'[^']+'|[^\W\d][\w$]*)"""
_MAIN = r"(?:main\s*\.\s*)?"
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_CREATE = re.compile(
    r"\bcreate\s+(?:virtual\s+|unique\s+)?(table|index|view|trigger)\s+(?:if\s+not\s+exists\s+)?"
    rf"{_MAIN}{_NAME}",
    re.IGNORECASE,
)
_ADD = re.compile(rf"\balter\s+table\s+{_MAIN}{_NAME}\s+add\s+(?:column\s+)?{_NAME}", re.IGNORECASE)
_DROP = re.compile(
    rf"\bdrop\s+(table|index|view|trigger)\s+(?:if\s+exists\s+)?{_MAIN}{_NAME}", re.IGNORECASE
)
_DROP_COLUMN = re.compile(
    rf"\balter\s+table\s+{_MAIN}{_NAME}\s+drop\s+(?:column\s+)?{_NAME}", re.IGNORECASE
)
_RENAME = re.compile(
    rf"\balter\s+table\s+{_MAIN}{_NAME}\s+rename\s+(?:(?:column\s+)?{_NAME}\s+)?to\s+{_NAME}",
    re.IGNORECASE,
)
_INSERT = re.compile(r"\binsert(?=\s+into\b)", re.IGNORECASE)
# SQLite's messages. A hint of ours may follow a name on its line.
_END = r"(?=$| \(did you mean|[\s\"']*\)?$)"
_EXISTS = re.compile(rf"\b(table|index|view|trigger) (.+?) already exists{_END}", re.MULTILINE)
_ALREADY = re.compile(
    r"there is already (?:another|an?) (table|index)[^:\n]*?"
    rf"(?:named|name:) (.+?){_END}",
    re.MULTILINE,
)
_DUPLICATE = re.compile(rf"\bduplicate column name: (.+?){_END}", re.MULTILINE)
_NO_SUCH = re.compile(
    rf"\bno such (table|index|view|trigger|column): \"?(?:main\.)?(.+?)\"?{_END}", re.MULTILINE
)
_NO_COLUMN = re.compile(rf"\btable (\S+) has no column named (.+?){_END}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Thing:
    """A schema object by name; a column has its table (empty where the message names none)."""

    kind: Kind
    name: str
    table: str = ""

    def __str__(self) -> str:
        """As it is read: ``transactions.notes``, ``index idx_notes``."""
        if self.kind == "column":
            return f"{self.table}.{self.name}" if self.table else f"column {self.name}"
        return f"{self.kind} {self.name}"

    @property
    def subject(self) -> str:
        """As `drydock.schema.difference` calls it: ``transactions.notes``, ``index:idx_notes``."""
        if self.kind in ("table", "column"):
            return f"{self.table}.{self.name}" if self.table else self.name
        return f"{self.kind}:{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: tables, views and indexes share one space of names."""
        return (fold(self.table) if self.kind == "column" else "", fold(self.name))


@dataclass(frozen=True, slots=True)
class Rename:
    """``ALTER TABLE … RENAME``: of `table` itself, or of its `column`, to `to`."""

    table: str
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a script's text says: what it makes, drops and renames.

    `makes` is what it makes and nothing else of it touches; `remakes` what it drops or renames
    away and makes again, as in a rebuild.
    """

    makes: tuple[Thing, ...]
    remakes: tuple[Thing, ...]
    drops: tuple[Thing, ...]
    renames: tuple[Rename, ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a run stopped: something that it makes is there, or that it needs is not."""

    thing: Thing
    is_there: bool


def of(migration: Migration) -> Claims:
    """Return the claims of a script; temporary objects are none.

    What it drops or renames away itself is not claimed: a rebuild's ``x_new`` is no result.
    """
    text = _COMMENT.sub(" ", _sql_text(migration))
    renames = tuple(
        Rename(unquote(table), unquote(column or ""), unquote(to))
        for table, column, to in _RENAME.findall(text)
    )
    drops = (
        *(_thing(kind, name) for kind, name in _DROP.findall(text)),
        *(Thing("column", unquote(name), unquote(table)) for table, name in _columns(text, "drop")),
    )
    gone = {each.key for each in drops}
    gone |= {("", fold(each.table)) for each in renames if not each.column}
    gone |= {(fold(each.table), fold(each.column)) for each in renames if each.column}
    made = (
        *(_thing(kind, name) for kind, name in _CREATE.findall(text)),
        *(Thing("column", unquote(name), unquote(table)) for table, name in _columns(text, "add")),
    )
    again = [*made, *(Thing("table", each.to) for each in renames if not each.column)]
    dropped = {each.key for each in drops}
    return Claims(
        makes=_once(each for each in made if each.key not in gone),
        remakes=_once(each for each in again if each.key in dropped),
        drops=drops,
        renames=renames,
    )


def skipping_rows(migration: Migration) -> Migration:
    """Return the script with every INSERT INTO leaving rows alone whose keys are there."""
    return replace(migration, text=_INSERT.sub("INSERT OR IGNORE", migration.text))


def obstacle(told: Iterable[str], statement: str, claims: Claims) -> Obstacle | None:
    """Return what stopped a run, None where that is not about what is there or not.

    Args:
        told: The error's lines, or what the script printed of it.
        statement: The one that failed, where it is known: it tells a duplicate column's table.
        claims: The script's; else the text tells it.
    """
    text = "\n".join(told)
    if found := _EXISTS.search(text) or _ALREADY.search(text):
        return Obstacle(_thing(found[1], found[2]), is_there=True)
    if found := _DUPLICATE.search(text):
        name = unquote(found[1])
        tables = [unquote(table) for table, _ in _ADD.findall(statement)]
        tables += [each.table for each in claims.makes if each.key[1] == fold(name) and each.table]
        return Obstacle(Thing("column", name, tables[0] if tables else ""), is_there=True)
    return missing(text)


def missing(text: str) -> Obstacle | None:
    """Return what SQLite said is not there, None when it did not say so."""
    if found := _NO_COLUMN.search(text):
        return Obstacle(Thing("column", unquote(found[2]), unquote(found[1])), is_there=False)
    if not (found := _NO_SUCH.search(text)):
        return None
    if found[1] != "column":
        return Obstacle(_thing(found[1], found[2]), is_there=False)
    # A qualifier may be an alias, a trigger's new or old, or a table: the name alone is sure.
    return Obstacle(Thing("column", unquote(found[2].rpartition(".")[2])), is_there=False)


def _once(things: Iterable[Thing]) -> tuple[Thing, ...]:
    return tuple({each.key: each for each in things}.values())


def _thing(kind: str, name: str) -> Thing:
    kinds: dict[str, Kind] = {
        "table": "table",
        "index": "index",
        "view": "view",
        "trigger": "trigger",
    }
    return Thing(kinds[kind.lower()], unquote(name.strip()))


def _columns(text: str, verb: str) -> list[tuple[str, str]]:
    pattern = _ADD if verb == "add" else _DROP_COLUMN
    return [(table, name) for table, name in pattern.findall(text) if fold(name) != "constraint"]


def _sql_text(migration: Migration) -> str:
    """Return the text that may be SQL: all of an .sql file, the string constants of Python."""
    if migration.kind == "sql":
        return migration.text
    inside_format = {
        id(part)
        for node in ast.walk(migration.tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }
    constants = (
        node.value
        for node in ast.walk(migration.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in inside_format
    )
    return ";\n".join(constants)
