"""What a diagram of a schema shows: a card a table, its rows, and the references between them.

With a difference, what came, went and changed carries its sign, and what went is shown as well.
Decides what is said and not where it stands (`layout`) or how it looks (`drawing`). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.schema.difference import ADDED, CHANGED, REMOVED, SchemaDifference
from drydock.schema.file import SchemaTextError, built
from drydock.schema.objects import Table, by_name, by_table
from drydock.schema.wording import column_text, foreign_key_text, type_of

if TYPE_CHECKING:
    from drydock.schema.difference import Change
    from drydock.schema.objects import Column, ForeignKey, Schema


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card: a column, or a note on the table (then `text` is empty).

    `sign` is +, - or ~, or empty; `badge` is PK, FK, both or empty; `title` says it in full.
    """

    name: str
    text: str = ""
    badge: str = ""
    required: bool = False
    sign: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One table: its name, its kind where that is not plain, and its rows."""

    name: str
    rows: tuple[Row, ...]
    kind: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key from a row of one card to a row of another, by position."""

    child: str
    child_row: int
    parent: str
    parent_row: int
    title: str
    sign: str = ""


def cards_of(schema: Schema, difference: SchemaDifference | None = None) -> tuple[Card, ...]:
    """Return the cards of `schema`, and of the tables that the difference says went, by name."""
    changes = difference or SchemaDifference()
    tables = (*schema.own_tables, *_removed_tables(changes))
    own = by_table(changes.changes)
    return tuple(
        _card(table, own[fold(table.name)]) for table in sorted(tables, key=lambda t: fold(t.name))
    )


def references_of(
    schema: Schema, difference: SchemaDifference | None = None
) -> tuple[Reference, ...]:
    """Return the references between the tables that `cards_of` shows."""
    changes = difference or SchemaDifference()
    tables = by_name((*schema.own_tables, *_removed_tables(changes)))
    own = by_table(changes.changes)
    return tuple(
        _reference(table, key, tables[fold(key.parent)], own[name])
        for name, table in sorted(tables.items())
        for key in table.foreign_keys
        if fold(key.parent) in tables
    )


def _removed_tables(changes: SchemaDifference) -> tuple[Table, ...]:
    return tuple(_read_back(change) for change in changes.of(REMOVED, "table"))


def _read_back(change: Change) -> Table:
    """Return a table that went, from its text; without columns where SQLite cannot read it."""
    try:
        table = built([(change.before, 1)]).table(change.subject)
    except SchemaTextError:  # a virtual table whose module is not loaded here
        table = None
    return table or Table(change.subject, ())


def _card(table: Table, own: list[Change]) -> Card:
    sign = next((c.sign for c in own if c.kind == "table"), CHANGED if own else "")
    if sign in (ADDED, REMOVED):
        own = []  # the sign of the whole says it
    kind = table.virtual or ("STRICT" if table.strict else "")
    rows = [_row(table, column, own) for column in table.columns if not column.hidden]
    gone = [_gone(table, one) for one in own if (one.sign, one.kind) == (REMOVED, "column")]
    notes = [_note(one) for one in own if one.kind != "column"]
    return Card(table.name, (*rows, *gone, *notes), kind, sign)


def _row(table: Table, column: Column, own: list[Change]) -> Row:
    mine = [one for one in own if one.subject == f"{table.name}.{column.name}"]
    row = Row(
        name=column.name,
        text=type_of(column) if column.declared_type else "",
        badge=_badge(table, column),
        required=column.not_null or column.name == table.rowid_alias,
        sign=mine[0].sign if mine else "",
        title=f"{column.name} {column_text(column)}",
    )
    told = "; ".join(one.detail for one in mine if one.sign == CHANGED)
    return replace(row, title=f"{row.title} ({told})") if told else row


def _badge(table: Table, column: Column) -> str:
    of_key = ["PK"] if column.primary_key_position else []
    refers = any(fold(column.name) in map(fold, key.columns) for key in table.foreign_keys)
    return " ".join([*of_key, *(["FK"] if refers else [])])


def _gone(table: Table, change: Change) -> Row:
    name = change.subject.removeprefix(f"{table.name}.")
    text = change.detail.partition(" ")[0] if not change.detail.startswith("no type") else ""
    return Row(name, text, sign=REMOVED, title=f"{name} {change.detail}")


def _note(change: Change) -> Row:
    named = f"{change.subject} " if ":" in change.subject and change.table != change.subject else ""
    return Row(f"{named}{change.detail}", sign=change.sign, title=f"{named}{change.detail}")


def _reference(table: Table, key: ForeignKey, parent: Table, own: list[Change]) -> Reference:
    text = foreign_key_text(key)
    sign = next(
        (
            one.sign
            for one in own
            if one.sign in (ADDED, REMOVED)
            and (one.kind == "table" or (one.kind == "foreign key" and one.detail == text))
        ),
        "",
    )
    return Reference(
        child=table.name,
        child_row=_position(table, key.columns[0]),
        parent=parent.name,
        parent_row=_position(parent, key.parent_columns[0]) if key.parent_columns else 0,
        title=f"{table.name}: {text}",
        sign=sign,
    )


def _position(table: Table, name: str) -> int:
    shown = [fold(column.name) for column in table.columns if not column.hidden]
    return shown.index(fold(name)) if fold(name) in shown else 0
