"""A schema as data: tables, columns, keys, indexes, views and triggers.

Says what SQLite holds to, not how it was written: an implied parent key is filled in, a UNIQUE
in a column and one at the table's end look the same. The text as stored is kept beside it in
`sql`. Refuses nothing and decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from drydock.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Column:
    """One column, as ``PRAGMA table_xinfo`` and the table's text tell it.

    `default` is the SQL text after DEFAULT without its outer parentheses; `primary_key_position`
    counts from 1, 0 outside the key; `generated` reads ``AS (price * 2) STORED``; `hidden` is
    true for a virtual table's column that ``SELECT *`` leaves out.
    """

    name: str
    declared_type: str
    not_null: bool = False
    default: str | None = None
    primary_key_position: int = 0
    generated: str | None = None
    collation: str = "BINARY"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference to a parent table.

    `parent_columns` is empty where SQLite could not tell them (no such parent, or one without a
    primary key). `deferrable` is true for DEFERRABLE INITIALLY DEFERRED alone: SQLite checks
    every other spelling at once.
    """

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table, virtual ones and their shadows included.

    `rowid_alias` names the INTEGER PRIMARY KEY column that is the rowid, if there is one;
    `conflicts` lists constraints with an ON CONFLICT clause, as ``UNIQUE (a) ON CONFLICT
    REPLACE``; `virtual` is the module (``fts5``) of a virtual table.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    rowid_alias: str | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    checks: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    strict: bool = False
    without_rowid: bool = False
    autoincrement: bool = False
    virtual: str | None = None
    shadow: bool = False
    sql: str = ""

    def column(self, name: str) -> Column | None:
        """Return the column called `name`, as SQLite compares names, or None."""
        return _named(self.columns, name)


@dataclass(frozen=True, slots=True)
class IndexColumn:
    """One term of an index: a column's name, or an expression's text."""

    text: str
    expression: bool = False
    descending: bool = False
    collation: str = "BINARY"


@dataclass(frozen=True, slots=True)
class Index:
    """An index that CREATE INDEX made; `where` is the condition of a partial one."""

    name: str
    table: str
    unique: bool
    columns: tuple[IndexColumn, ...]
    where: str | None = None
    sql: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A view and its text."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, the table or view it stands on, and its text."""

    name: str
    table: str
    sql: str


@dataclass(frozen=True, slots=True)
class Schema:
    """All objects of a database, each kind sorted by name.

    SQLite's own tables (``sqlite_…``) and Drydock's (``_drydock_…``) are not in it.
    """

    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    indexes: tuple[Index, ...] = ()

    def table(self, name: str) -> Table | None:
        """Return the table called `name`, as SQLite compares names, or None."""
        return _named(self.tables, name)

    @property
    def own_tables(self) -> tuple[Table, ...]:
        """The tables that someone created: without the shadows behind virtual tables."""
        return tuple(table for table in self.tables if not table.shadow)


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The name as it was written."""
        ...


class OnTable(Protocol):
    """Anything that belongs to a table."""

    @property
    def table(self) -> str:
        """The table's name as it was written."""
        ...


NamedT = TypeVar("NamedT", bound=Named)
OnTableT = TypeVar("OnTableT", bound=OnTable)


def by_name(objects: Iterable[NamedT]) -> dict[str, NamedT]:
    """Return `objects` under their folded names, in their order."""
    return {fold(thing.name): thing for thing in objects}


def by_table(objects: Iterable[OnTableT]) -> defaultdict[str, list[OnTableT]]:
    """Return `objects` in lists under the folded names of their tables."""
    groups: defaultdict[str, list[OnTableT]] = defaultdict(list)
    for thing in objects:
        groups[fold(thing.table)].append(thing)
    return groups


def _named(objects: Iterable[NamedT], name: str) -> NamedT | None:
    folded = fold(name)
    return next((thing for thing in objects if fold(thing.name) == folded), None)
