"""Asking SQLite whether it would take a statement, without running it.

EXPLAIN compiles and runs nothing of the statement. Each question is made a new text: Python keeps
compiled statements by their text, and SQLite does not look at the schema again for an EXPLAIN,
so a view dropped in between would still "compile".
"""

from __future__ import annotations

import itertools
import sqlite3

from drydock import strangers

_NEXT = itertools.count()
NO_MODULE = "no such module: "
"""What SQLite says of a virtual table whose module only the application loads."""


def objection(connection: sqlite3.Connection, statement: str) -> str | None:
    """Return what SQLite says against compiling `statement`, None when it takes it."""
    try:
        connection.execute(f"EXPLAIN /* {next(_NEXT)} */ {statement}").close()
    except sqlite3.ProgrammingError as error:
        # Parameters that are not bound here are no fault of the statement's text.
        return None if "binding" in str(error) else str(error)
    except (sqlite3.Error, sqlite3.Warning) as error:
        return str(error)
    return None


def refusal(connection: sqlite3.Connection, statement: str) -> str | None:
    """Return what SQLite says against `statement`, unless it may be sound with the application.

    A function, a collation or a module that is not here is no fault of the statement's text.
    """
    message = objection(connection, statement)
    if message is None or message.startswith(NO_MODULE) or strangers.named(message) is not None:
        return None
    return message
