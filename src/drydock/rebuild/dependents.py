"""Who depends on a column: found before anything is touched, each with what would resolve it.

SQLite is asked (indexes and foreign keys by PRAGMA, views and triggers by `readings`), the table's
own constraints are read from its text, and full-text tables from theirs, because SQLite itself
does not know that they read their content table. Decides nothing: `program` refuses or cascades.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.changes import constraints, label, mentioned
from drydock.tokens import code, unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.rebuild.ddl import CreateTable
    from drydock.rebuild.readings import Reading
    from drydock.rebuild.shape import Schema, TableShape
    from drydock.rebuild.twin import Twin


@dataclass(frozen=True, slots=True)
class Dependent:
    """One thing that depends on a column.

    Attributes:
        kind: ``index``, ``view``, ``trigger``, ``CHECK``, ``UNIQUE``, ``primary key``,
            ``foreign key``, ``generated column``, ``child table`` or ``full-text table``.
        labels: How `cascade` may name it; the first is how we do.
        why: What it does with the column.
        fix: The statement that resolves it.
        cascades: Whether naming it in `cascade` lets it go too.
    """

    kind: str
    labels: tuple[str, ...]
    why: str
    fix: str
    cascades: bool = True

    def line(self) -> str:
        """Return one line for the screen."""
        return f"{self.kind} {self.labels[0]} {self.why}; to resolve: {self.fix}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a table and of everything that may depend on it."""

    schema: Schema
    shape: TableShape
    create: CreateTable
    readings: tuple[Reading, ...]
    children: tuple[ChildKey, ...]

    def of_column(self, name: str) -> list[Dependent]:
        """Return everything that keeps the column from being dropped."""
        found = [*self._own_constraints(fold(name)), *self._indexes(fold(name))]
        found += [
            child.dependent()
            for child in self.children
            if fold(name) in child.parent_columns and not child.is_self(fold(name))
        ]
        found += self._readers(name)
        return found + self.full_text(name)

    def _own_constraints(self, column: str) -> Iterator[Dependent]:
        table = self.shape.name
        for item, one, columns in constraints(self.create):
            if column not in columns:
                continue
            labels, own = label(item, one), item.column and fold(item.column.name) == column
            if one.kind == "PRIMARY KEY":
                fix = f'db["{table}"].transform(pk=…) with the new key'
                yield Dependent("primary key", labels, "holds it", fix, cascades=False)
            elif one.kind == "GENERATED" and item.column and not own:
                fix = f'db["{table}"].transform(drop=["{item.column.name}"])'
                yield Dependent("generated column", (item.column.name,), "is made of it", fix)
            elif one.kind == "UNIQUE" or (one.kind == "CHECK" and not own):
                fix = f"name it in cascade={[labels[0]]!r}"
                yield Dependent(one.kind, labels, "is about it", fix)
            elif one.kind == "FOREIGN KEY":
                fix = f'db["{table}"].transform(drop_foreign_keys=["{column}"])'
                yield Dependent("foreign key", labels, "holds it", fix)

    def _indexes(self, column: str) -> Iterator[Dependent]:
        for index in self.shape.indexes:
            if index.origin != "c":
                continue
            stored = self.schema.find("index", index.name)
            names = mentioned(_after_table(stored.sql or "") if stored else "", {column})
            if names or index.holds(frozenset({column})):
                fix = f"DROP INDEX {quote(index.name)}"
                yield Dependent("index", (index.name,), "holds it", fix)

    def _readers(self, column: str) -> Iterator[Dependent]:
        for reading in self.readings:
            if reading.uses(self.shape.name, column):
                kind, name = reading.subject.type, reading.subject.name
                yield Dependent(kind, (name,), "uses it", f"DROP {kind.upper()} {quote(name)}")

    def full_text(self, column: str) -> list[Dependent]:
        """Return the full-text tables that read the column from this table by its name."""
        return [
            Dependent(
                "full-text table",
                (one.name,),
                "reads it",
                f"DROP TABLE {quote(one.name)}",
                cascades=False,
            )
            for one in self.schema.objects
            if one.type == "table"
            and fold(column) in _content_columns(one.sql or "", fold(self.shape.name))
        ]

    def by_position(self) -> list[Dependent]:
        """Return the views and triggers that would read other columns in another order."""
        return [
            Dependent(
                one.subject.type,
                (one.subject.name,),
                "takes its columns by position",
                f"DROP {one.subject.type.upper()} {quote(one.subject.name)}",
            )
            for one in self.readings
            if one.by_position(self.shape.name)
        ]

    def by_rowid(self) -> list[Dependent]:
        """Return the views and triggers that find rows by the rowid, under any of its names."""
        names = {"rowid", "_rowid_", "oid"} - {fold(one.name) for one in self.shape.columns}
        table, alias = fold(self.shape.name), fold(self.shape.rowid_alias or "rowid")
        return [
            Dependent(
                one.subject.type,
                (one.subject.name,),
                "reads the rowid",
                f"DROP {one.subject.type.upper()} {quote(one.subject.name)}",
            )
            for one in self.readings
            if (table, alias) in one.columns
            and any(token.folded in names for token in code(one.subject.sql or ""))
        ]


@dataclass(frozen=True, slots=True)
class ChildKey:
    """A foreign key of some table to this one; names folded but for the child's own.

    `implied` means that it says no parent columns, and so the primary key, whichever that is.
    """

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    implied: bool

    def is_self(self, column: str) -> bool:
        """Whether the table refers to itself from that same column alone."""
        return fold(self.table) == self.parent and tuple(map(fold, self.columns)) == (column,)

    def dependent(self) -> Dependent:
        """Return it as what keeps its parent's column."""
        listed = ", ".join(self.columns)
        fix = f'db["{self.table}"].transform(drop_foreign_keys=["{self.columns[0]}"])'
        name = f"{self.table}({listed})"
        return Dependent("child table", (name,), "refers to it", fix, cascades=False)


def children_of(twin: Twin, schema: Schema, shape: TableShape) -> tuple[ChildKey, ...]:
    """Return every foreign key that refers to the table, its own included."""
    found = []
    for one in schema.objects:
        if one.type != "table" or "references" not in fold(one.sql or ""):
            continue
        keys: dict[object, list[tuple[object, ...]]] = {}
        for row in twin.execute(f"PRAGMA foreign_key_list({quote(one.name)})"):
            keys.setdefault(row[0], []).append(row)
        for rows in keys.values():
            if fold(str(rows[0][2])) != fold(shape.name):
                continue
            named = [row[4] for row in rows]
            parents = shape.primary_key if named[0] is None else [str(name) for name in named]
            found.append(
                ChildKey(
                    one.name,
                    tuple(str(row[3]) for row in rows),
                    fold(shape.name),
                    tuple(fold(name) for name in parents),
                    named[0] is None,
                )
            )
    return tuple(found)


def _after_table(sql: str) -> str:
    """Return a CREATE INDEX from its column list on: names before it are not columns."""
    opening = next((one for one in code(sql) if one.text == "("), None)
    return sql[opening.start :] if opening else ""


def _content_columns(sql: str, table: str) -> set[str]:
    """Return the columns that a full-text table reads from its content table, if it is `table`.

    ``rowid`` stands for the hidden rowid, unless `content_rowid` names a column.
    """
    tokens = code(sql)
    if len(tokens) < 6 or not tokens[1].is_word("VIRTUAL"):
        return set()
    opening = next((i for i, one in enumerate(tokens) if one.text == "("), len(tokens))
    columns, options = set(), {"content_rowid": "rowid", "content": ""}
    argument_starts = True
    for index in range(opening + 1, len(tokens)):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if argument_starts and following == "=":
            options[tokens[index].folded] = fold(unquote(tokens[index + 2].text))
        elif argument_starts:
            columns.add(tokens[index].folded)
        argument_starts = tokens[index].text == ","
    return columns | {options["content_rowid"]} if options["content"] == table else set()
