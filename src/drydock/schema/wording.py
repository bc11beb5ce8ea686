"""The words for schema objects: short SQL that says what a column, key or index is.

The same words in every difference, answer and diagram. Pure text; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.schema.objects import Column, ForeignKey, Index, IndexColumn

NO_TYPE = "no type"


def type_of(column: Column) -> str:
    """Return the declared type, or the words for having none."""
    return column.declared_type or NO_TYPE


def column_text(column: Column) -> str:
    """Return what follows the name in a definition: ``TEXT NOT NULL DEFAULT 'x'``."""
    parts = [type_of(column)]
    if column.not_null:
        parts.append("NOT NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.generated:
        parts.append(column.generated)
    if column.collation != "BINARY":
        parts.append(f"COLLATE {column.collation}")
    return " ".join(parts)


def names(columns: Iterable[str]) -> str:
    """Return ``(a, b)``."""
    return f"({', '.join(columns)})"


def foreign_key_text(key: ForeignKey) -> str:
    """Return ``FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE``; defaults left out."""
    parts = [f"FOREIGN KEY {names(key.columns)} REFERENCES {key.parent}"]
    if key.parent_columns:
        parts.append(names(key.parent_columns))
    if key.on_delete != "NO ACTION":
        parts.append(f"ON DELETE {key.on_delete}")
    if key.on_update != "NO ACTION":
        parts.append(f"ON UPDATE {key.on_update}")
    if key.deferrable:
        parts.append("DEFERRABLE INITIALLY DEFERRED")
    return " ".join(parts)


def index_text(index: Index) -> str:
    """Return ``UNIQUE ON t (a DESC, lower(b)) WHERE a > 0``, without the index's name."""
    unique = "UNIQUE " if index.unique else ""
    where = f" WHERE {index.where}" if index.where else ""
    return f"{unique}ON {index.table} {names(map(_term, index.columns))}{where}"


def count(number: int, noun: str) -> str:
    """Return ``1 column`` or ``3 columns``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _term(term: IndexColumn) -> str:
    collation = f" COLLATE {term.collation}" if term.collation.upper() != "BINARY" else ""
    return f"{term.text}{collation}{' DESC' if term.descending else ''}"
