"""A schema to look at: as SVG for people and receipts, as Mermaid for documents.

Both show tables with their columns, types and keys, and foreign keys as lines. Indexes, views and
triggers are not drawn; where a difference is given, their changes stand as notes on their table.
Pure: returns text, writes no file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.schema.cards import cards_of, references_of
from drydock.schema.drawing import drawn
from drydock.schema.layout import arranged
from drydock.schema.wording import column_text, count, type_of

if TYPE_CHECKING:
    from drydock.schema.difference import SchemaDifference
    from drydock.schema.objects import Column, ForeignKey, Schema, Table

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_\-()\[\]]*")
_UNSAFE = re.compile(r"[^A-Za-z0-9_\-()\[\]]")


def svg(schema: Schema, difference: SchemaDifference | None = None) -> str:
    """Return `schema` as a self-contained SVG.

    Args:
        schema: The schema after the change, where there is one.
        difference: What came, went and changed; marked by colour and by sign, and what went is
            drawn as well.
    """
    cards = cards_of(schema, difference)
    title = f"Database schema: {count(len(cards), 'table')}"
    if difference is not None:
        title += f", {count(len(difference.changes), 'change')}"
    layout = arranged(cards, references_of(schema, difference))
    return drawn(layout, title, with_changes=difference is not None)


def mermaid(schema: Schema) -> str:
    """Return `schema` as a Mermaid ``erDiagram``.

    Mermaid takes few characters in types and column names; others become ``_`` and the true text
    stands in the column's comment.
    """
    lines = ["erDiagram"]
    for table in schema.own_tables:
        lines.append(f"    {_entity(table.name)} {{")
        lines += [f"        {_attribute(table, c)}" for c in table.columns if not c.hidden]
        lines.append("    }")
    known = {fold(table.name) for table in schema.own_tables}
    lines += [
        f"    {_relation(table, key, schema)}"
        for table in schema.own_tables
        for key in table.foreign_keys
        if fold(key.parent) in known
    ]
    return "\n".join(lines) + "\n"


def _entity(name: str) -> str:
    """Return a table's name in quotes, always: `class` and `style` are words of Mermaid's."""
    held = re.sub(r"[%\\]", "_", _quotable(name))
    return f'"{held or "_"}"'


def _quotable(text: str) -> str:
    """Return `text` for Mermaid's double quotes, which cannot hold one or a line's end."""
    return "".join(c if c.isprintable() else " " for c in text).replace('"', "'")


def _attribute(table: Table, column: Column) -> str:
    safe_type = _safe(column.declared_type) if column.declared_type else "any"
    safe_name = _safe(column.name)
    parts = [safe_type, safe_name]
    keys = ["PK"] if column.primary_key_position else []
    if any(fold(column.name) in map(fold, key.columns) for key in table.foreign_keys):
        keys.append("FK")
    if any(fold(column.name) == fold(name) for (name, *more) in table.uniques if not more):
        keys.append("UK")
    if keys:
        parts.append(", ".join(keys))
    text = column_text(column)
    if safe_type == (column.declared_type or "any"):
        text = text.removeprefix(type_of(column)).strip()
    if safe_name != column.name:
        text = f"{column.name} {text}".strip()
    if text:
        parts.append(f'"{_quotable(text)}"')
    return " ".join(parts)


def _safe(word: str) -> str:
    """Return `word` as one that Mermaid takes for a type or a column, and for no key."""
    cleaned = _UNSAFE.sub("_", word)
    plain = _WORD.fullmatch(cleaned) and fold(cleaned) not in ("pk", "fk", "uk")
    return cleaned if plain else f"_{cleaned}"


def _relation(table: Table, key: ForeignKey, schema: Schema) -> str:
    """Return ``parent ||--o{ child``: a child has one parent, or none where NULL is allowed."""
    columns = [table.column(name) for name in key.columns]
    one = "||" if all(c is not None and c.not_null for c in columns) else "|o"
    names = _quotable(", ".join(key.columns))
    parent = schema.table(key.parent)
    assert parent is not None
    return f'{_entity(parent.name)} {one}--o{{ {_entity(table.name)} : "{names}"'
