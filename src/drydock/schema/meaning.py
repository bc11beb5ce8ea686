"""What parts of a schema mean to SQLite, so that two spellings of one thing are equal.

Each function returns a value to compare: equal values behave alike. Types by affinity
(https://sqlite.org/datatype3.html), defaults as the value a column of that affinity would store,
everything else by its canonical text. Pure; keeps no text for display.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from drydock.affinity import affinity
from drydock.names import fold
from drydock.schema.clauses import canonical, single_token
from drydock.tokens import unquote

if TYPE_CHECKING:
    from drydock.schema.objects import ForeignKey, Index

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_NOW = {
    "datetime ( 'now' )": "current_timestamp",
    "date ( 'now' )": "current_date",
    "time ( 'now' )": "current_time",
    "now ( )": "current_timestamp",
}
_KEYWORDS = {"null": None, "true": 1, "false": 0}


class Default(NamedTuple):
    """A default's meaning: the value a row would store, or the text of an expression."""

    kind: str
    value: str | float | None


def type_name(declared_type: str) -> str:
    """Return a declared type with its case and spaces made even."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(fold(declared_type).split()))


def default(text: str | None, declared_type: str) -> Default:
    """Return what ``DEFAULT text`` means in a column of `declared_type`.

    ``1``, ``(1)`` and ``'1'`` are one default of an INTEGER column and two of a column without
    a type; ``"x"`` and ``x`` are the string; no default is NULL.
    """
    if text is None:
        return Default("value", None)
    plain = canonical(text)
    if plain in _NOW.values() or plain in _NOW:
        return Default("expression", _NOW.get(plain, plain))
    number = plain.replace(" ", "")
    if _NUMBER.fullmatch(number):
        return _stored(_number(number), declared_type)
    token = single_token(text)
    if token is None or fold(token[:2]) == "x'":
        return Default("expression", plain)
    return _stored(_KEYWORDS.get(fold(token), unquote(token)), declared_type)


def foreign_key(key: ForeignKey) -> tuple[object, ...]:
    """Return a foreign key as SQLite enforces it; the order of its column pairs does not count."""
    pairs = zip(map(fold, key.columns), map(fold, key.parent_columns), strict=False)
    columns = sorted(pairs) if key.parent_columns else [*map(fold, key.columns)]
    return (tuple(columns), fold(key.parent), key.on_delete, key.on_update, key.deferrable)


def column_set(columns: tuple[str, ...]) -> frozenset[str]:
    """Return the columns of a UNIQUE, whose order does not change what it refuses."""
    return frozenset(map(fold, columns))


def index(one: Index) -> tuple[object, ...]:
    """Return an index's meaning; its name is no part of it."""
    terms = tuple(
        (
            canonical(term.text) if term.expression else fold(term.text),
            term.descending,
            fold(term.collation),
        )
        for term in one.columns
    )
    return (fold(one.table), one.unique, terms, canonical(one.where) if one.where else None)


def _number(text: str) -> float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _stored(value: str | float | None, declared_type: str) -> Default:
    """Return `value` as a column of `declared_type` would store it."""
    kind = affinity(declared_type)
    if value is None:
        return Default("value", None)
    if kind == "TEXT":
        return Default("value", str(value))
    if kind == "BLOB":
        return Default(f"value of {type(value).__name__}", value)
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return Default("value", value)
        value = _number(value.strip())
    # Python holds 1 and 1.0 equal, as a numeric column does: it stores 1.0 as 1.
    return Default("value", float(value) if kind == "REAL" else value)
