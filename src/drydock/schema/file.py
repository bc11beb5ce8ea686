"""The committed ``schema.sql``: a database's schema as text that people and git can read.

`render` writes every object's SQL as SQLite stores it, in an order that depends on names alone,
so that one change is one hunk of a diff. `read` gives the schema of such a text by executing it
in memory; reading what was rendered gives an equal schema back. Refuses a text that SQLite does
not accept, and one that reaches for another file. `renew` alone writes, and only over a file that
it wrote.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import files
from drydock.errors import DrydockError, ExitCode
from drydock.schema.inventory import inventory
from drydock.script import ScriptError, split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drydock.schema.objects import Index, Schema, Table, Trigger, View

HEADER = "-- The schema after the last migration. Drydock keeps this file current: inv migrate.\n"

_UNKNOWN = re.compile(r"no such (?P<kind>collation sequence|function): (?P<name>.+)")
_FORBIDDEN = (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)


class SchemaTextError(DrydockError):
    """A schema's text is no schema to SQLite."""

    exit_code = ExitCode.REFUSED

    def __init__(self, cause: str, line: int, statement: str) -> None:
        self.line = line
        self.statement = statement
        super().__init__(
            "the schema's text cannot be read; nothing was touched",
            cause=cause,
            at=f"line {line}\n{statement}".rstrip(),
            hint="mend it, or bring it back from version control; or delete it: the next run "
            "that applies a migration writes it anew",
        )


def render(schema: Schema) -> str:
    """Return `schema` as the text of ``schema.sql``, the same for equal schemas.

    Tables, then virtual tables, indexes, views and triggers, each by name: an order in which
    every statement finds what it needs. Shadow tables are left out; their virtual table makes
    them.
    """
    plain = [table for table in schema.own_tables if not table.virtual]
    virtual = [table for table in schema.own_tables if table.virtual]
    objects: tuple[Table | Index | View | Trigger, ...] = (
        *plain,
        *virtual,
        *schema.indexes,
        *schema.views,
        *schema.triggers,
    )
    return HEADER + "".join(f"\n{_ended(thing.sql)}\n" for thing in objects)


def renew(path: Path, schema: Schema) -> str | None:
    """Write `schema` to the file `path`, where it is not there yet; return what is to be told.

    A file that is not of our making (a setting that names the wrong one, a schema with notes in
    it) is left as it is.
    """
    text = render(schema)
    try:
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there == text:
            return None
        if there.strip() and not there.startswith(HEADER):
            return (
                f"{path.name} was not written by Drydock, and stays as it is; to have it kept "
                "current, delete it or name another file (schema in the settings)"
            )
        files.write_atomically(path, text, mode=0o644)
    except UnicodeDecodeError:
        return f"{path.name} is not UTF-8, and stays as it is; to have it kept current, delete it"
    except OSError as error:
        return f"{path.name} could not be written: {error}"
    return f"{path.name} is current; commit it with the migrations"


def read(text: str) -> Schema:
    """Return the schema that executing `text` on an empty database gives.

    Raises:
        SchemaTextError: `text` is not SQL that builds a schema.
    """
    try:
        statements = [(one.text, one.line) for one in split(text)]
    except ScriptError as error:
        raise SchemaTextError(error.problem, error.line, "") from error
    return built(statements)


def read_file(path: Path) -> Schema:
    """Return the schema that the file `path` holds.

    Raises:
        SchemaTextError: It is not UTF-8, or no SQL that builds a schema.
    """
    try:
        return read(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SchemaTextError(f"{path.name} is not UTF-8", line, "") from error


def built(statements: Iterable[tuple[str, int]]) -> Schema:
    """Return the schema of an in-memory database after `statements`, given with their lines.

    Raises:
        SchemaTextError: SQLite refuses one of them.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.set_authorizer(_authorize)
        for statement, line in statements:
            try:
                _execute(connection, statement)
            except sqlite3.Error as error:
                raise SchemaTextError(str(error), line, statement) from error
        return inventory(connection)


def _ended(sql: str) -> str:
    """Return a stored statement with its semicolon, which a last ``--`` comment must not eat."""
    last_line = sql.rpartition("\n")[2]
    return f"{sql}\n;" if "--" in last_line else f"{sql};"


def _authorize(action: int, *_: str | None) -> int:
    # A text from a repository must not make or open files (F24).
    return sqlite3.SQLITE_DENY if action in _FORBIDDEN else sqlite3.SQLITE_OK


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement, standing in for collations and functions of the application's own.

    SQLite asks for them when a table is made. What they do is not part of the schema.
    """
    known: set[str] = set()
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            unknown = _UNKNOWN.fullmatch(str(error))
            if unknown is None or unknown["name"] in known:
                raise
            known.add(unknown["name"])
            if unknown["kind"] == "function":
                connection.create_function(unknown["name"], -1, _no_value, deterministic=True)
            else:
                connection.create_collation(unknown["name"], _all_equal)
        else:
            return


def _no_value(*_: object) -> None:
    return None


def _all_equal(_: str, __: str) -> int:
    return 0
