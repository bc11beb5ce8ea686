"""The twin: a database's schema in memory, without its rows, to rehearse a change on.

What a change would do to tables, indexes, views and triggers is tried here first, with an
authorizer and with failures that cost nothing, and the statements that succeeded here are the
ones that are then run. The twin refuses to touch the real connection: it is a database of its own.
Functions and collations that only the application knows are stood in for by empty ones.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.shape import Schema, SchemaObject, TableShape, read_schema, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NO_FUNCTION = re.compile(r"no such function: (.+)$")
_NO_COLLATION = re.compile(r"no such collation sequence: (.+)$")
_MANY = 1000


class Twin:
    """An empty copy of a schema, with the same `schema_version`."""

    def __init__(self, schema: Schema) -> None:
        self.has_stand_ins = False
        """Whether a function or a collation that it was asked for is not SQLite's own."""
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._source = schema
        self.execute("BEGIN")  # one commit, not one an object: half the time of a large schema
        for one in schema.objects:
            self._create(one)
        self.execute("COMMIT")
        self._mend_texts(schema)
        self._statistics(schema)
        self.execute(f"PRAGMA schema_version = {schema.version}")

    def close(self) -> None:
        """Give its memory back."""
        self._connection.close()

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        """Run one statement, standing in for functions and collations it does not know.

        Raises:
            sqlite3.Error: what SQLite says against the statement.
        """
        for _ in range(_MANY):
            try:
                return self._connection.execute(sql).fetchall()
            except sqlite3.Error as error:
                if not self._stand_in(str(error)):
                    raise
        raise sqlite3.OperationalError(f"cannot rehearse: {sql}")

    def schema(self) -> Schema:
        """Return the schema as it stands on the twin now."""
        return read_schema(self._connection)

    def table(self, name: str) -> TableShape:
        """Return the shape of a table as it stands on the twin now."""
        return read_table(self._connection, name)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Undo at the end whatever is done to the schema in the block."""
        self.execute("SAVEPOINT trial")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self.execute("ROLLBACK TO trial")
                self.execute("RELEASE trial")

    @contextmanager
    def watched(self, authorizer: Callable[..., int]) -> Iterator[None]:
        """Let `authorizer` see what every statement prepared in the block reads and writes."""
        self._connection.set_authorizer(authorizer)
        try:
            yield
        finally:
            self._connection.set_authorizer(None)

    def _create(self, one: SchemaObject) -> None:
        """Create one object; what cannot be created here is broken there too, and left out."""
        if one.sql is None or fold(one.name).startswith("sqlite_"):
            return
        if one.type == "table" and fold(one.name) in self._source.shadows:
            return
        try:
            self.execute(one.sql)
        except sqlite3.Error:
            virtual = next(
                (v for v in self._source.virtual if fold(v.name) == fold(one.name)), None
            )
            if virtual and virtual.columns:
                # Its module is the application's: a plain table of the same columns stands in.
                columns = ", ".join(quote(name) for name in virtual.columns)
                self.execute(f"CREATE TABLE {quote(one.name)}({columns})")

    def _stand_in(self, message: str) -> bool:
        """Register what SQLite misses, if it is a function or a collation."""
        if function := _NO_FUNCTION.search(message):
            self._connection.create_function(function[1], -1, lambda *_: None, deterministic=True)
        elif collation := _NO_COLLATION.search(message):
            self._connection.create_collation(collation[1], lambda a, b: (a > b) - (a < b))
        self.has_stand_ins = self.has_stand_ins or bool(function or collation)
        return bool(function or collation)

    def _mend_texts(self, schema: Schema) -> None:
        """Make every text the source's to the byte, where creating it normalised it."""
        here = {one.key: one.sql for one in self.schema().objects}
        stand_ins = {fold(one.name) for one in schema.virtual}
        wrong = [
            one
            for one in schema.objects
            if one.key in here and here[one.key] != one.sql and fold(one.name) not in stand_ins
        ]
        if not wrong:
            return
        self.execute("PRAGMA writable_schema = ON")
        for one in wrong:
            self._connection.execute(
                "UPDATE sqlite_master SET sql = ? WHERE type = ? AND name = ?",
                (one.sql, one.type, one.name),
            )
        self.execute("PRAGMA writable_schema = RESET")

    def _statistics(self, schema: Schema) -> None:
        """Have the system tables that the source has."""
        names = schema.names()
        if "sqlite_sequence" in names and not self.schema().find("table", "sqlite_sequence"):
            self.execute("CREATE TABLE _drydock_seq(x INTEGER PRIMARY KEY AUTOINCREMENT)")
            self.execute("DROP TABLE _drydock_seq")
        if "sqlite_stat1" in names:
            self.execute("ANALYZE")


def shape_of(sql: str, name: str) -> TableShape:
    """Return the shape that a CREATE TABLE text gives, in a database of its own.

    Raises:
        sqlite3.Error: why SQLite does not accept it.
    """
    alone = Twin(Schema((), (), frozenset(), 1))
    try:
        alone.execute(sql)
        shape = alone.table(name)
    finally:
        alone.close()
    return replace(shape, sql=sql)
