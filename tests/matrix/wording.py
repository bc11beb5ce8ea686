"""The stricter half of the judgement, for Drydock alone: the schema's text but for the asked edit.

A tool that writes the DDL anew may lose nothing that the oracle can see; Drydock promises more:
the old text, with only the asked edit made in it, and every other object's text to the byte.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.matrix.snapshot import comments, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix.operations import Operation
    from tests.matrix.snapshot import Snapshot

_ADDS = {"set not null": {"null"}, "add key": set(), "add check": set(), "strict": set(),
         "without rowid": set(), "autoincrement": set(), "generated": set(),
         "collate": {"collate"}}  # fmt: skip
"""Changes that only add words, but for these that may go."""

_REMOVES = {"drop", "drop cascade", "drop not null", "keep", "drop default", "drop key",
            "drop check", "not strict", "no autoincrement"}  # fmt: skip
"""Changes that only take words away."""


def unasked(before: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield each edit of the schema's text that nobody asked for."""
    gone = Counter(words(before.sql)) - Counter(words(after.sql))
    come = Counter(words(after.sql)) - Counter(words(before.sql))
    kind = operation.kind
    if kind in _ADDS and set(gone) - _ADDS[kind] and not (kind == "collate" and len(gone) <= 2):
        yield f"words are gone from the DDL: {dict(gone)}"
    if kind in _REMOVES and come:
        yield f"words came into the DDL: {dict(come)}"
    if kind == "move first" and (gone or come):
        yield f"words changed in the DDL: {dict(gone)} and {dict(come)}"
    if kind == "rename" and (set(gone) - _spellings(before.sql, operation.column)):
        yield f"more than the name is gone from the DDL: {dict(gone)}"
    if kind == "rename" and (set(come) - _spellings(after.sql, operation.value)):
        yield f"more than the name came into the DDL: {dict(come)}"
    if comments(after.sql) - comments(before.sql):
        yield "comments came into the DDL"
    if kind != "rename":
        yield from _objects(before, after)
    yield from _types(before, after, operation)


def _spellings(sql: str, name: str) -> set[str]:
    """Return the words that are the column's name: in single quotes too, if it is defined so.

    SQLite takes a string for a name where only a name can stand (lang_keywords.html).
    """
    seen = words(sql)
    defined = {word for before, word in pairwise(seen) if before in ("(", ",")}
    return {fold(name)} | ({f"'{name}'"} & defined)


def _objects(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield each other object whose text is not to the byte what it was."""
    now = {(kind, name): text for kind, name, text in after.objects}
    for kind, name, text in before.objects:
        if now.get((kind, name), text) != text:
            yield f"the text of {kind} {name} changed: {text!r} became {now[kind, name]!r}"


def _types(before: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield each declared type that is not to the letter what it was."""
    now = {column.name: column.type for column in after.columns}
    for column in before.columns:
        if column.name != operation.column and now.get(column.name, "") != column.type:
            yield f"{column.name} was declared {column.type!r}, is {now.get(column.name)!r}"
