"""The child process that imports the application's models and answers with their DDL.

Run by path, with ``-P``, as ``models_child.py MODULE ATTRIBUTE`` in the project's folder: it
imports nothing of Drydock, so that it loads as fast as the application does. Before the
application's code runs, every way to a database file through `sqlite3` leads to a database in
memory or is refused, and what it prints is turned to stderr. The answer is JSON on what was
stdout: the statements, or why there are none. Guards against accidents, not against malice.
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sqlite3.dbapi2
import sys
import traceback
from pathlib import Path
from typing import Any

_connect: Any = sqlite3.connect

_DDL = """
    SELECT sql FROM sqlite_schema
    WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'
      AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
    ORDER BY rowid"""


class Refused(Exception):
    """Why there is no DDL: the cause in a line, what kind it is, and where."""

    def __init__(self, kind: str, cause: str, at: str = "") -> None:
        super().__init__(cause)
        self.answer = {"kind": [kind], "cause": [cause], "at": [at]}


def close_the_files() -> None:
    """Make every `sqlite3.connect` of this process open a database in memory."""

    def in_memory(_database: object, *arguments: Any, **named: Any) -> Any:
        named.pop("uri", None)
        return _connect(":memory:", *arguments[:6], **named)

    def refuse_files(event: str, arguments: tuple[object, ...]) -> None:
        if event == "sqlite3.connect" and arguments[0] != ":memory:":
            raise PermissionError(f"no database file is opened while models load: {arguments[0]}")

    for module in (sqlite3, sqlite3.dbapi2):  # SQLAlchemy takes the second
        vars(module)["connect"] = in_memory
    sys.addaudithook(refuse_files)


def metadata_of(module: str, attribute: str) -> Any:
    """Return the MetaData that `attribute` of `module` is or has.

    Raises:
        Refused: The module cannot be imported, or has no such thing.
    """
    try:
        found: Any = importlib.import_module(module)
    except BaseException as error:  # a module may even exit while it loads
        missing = getattr(error, "name", None)
        kind = "sqlalchemy" if missing == "sqlalchemy" else "import"
        raise Refused(kind, _told(error), _place(error)) from error
    for name in attribute.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            names = sorted(one for one in vars(found) if not one.startswith("_"))
            raise Refused("attribute", f"{module} has no {name}", ", ".join(names)) from error
    metadata = getattr(found, "metadata", found)
    if not callable(getattr(metadata, "create_all", None)):
        raise Refused("attribute", f"{attribute} is no declarative base and no MetaData")
    return metadata


def ddl_of(metadata: Any) -> list[str]:
    """Return the statements that `metadata` makes on SQLite, in their order.

    They are read back from a database in memory that ``create_all`` filled, so conditional DDL
    and DDL that the models hang on events count as they would for the application.
    """
    try:
        from sqlalchemy import create_engine, text
    except ImportError as error:
        raise Refused("sqlalchemy", _told(error)) from error
    engine = create_engine("sqlite://")
    schemas = {table.schema: None for table in metadata.tables.values()}
    try:
        with engine.connect().execution_options(schema_translate_map=schemas) as connection:
            metadata.create_all(connection)
            return [row[0] for row in connection.execute(text(_DDL))]
    except Exception as error:
        raise Refused("ddl", _told(error), _place(error)) from error


def _told(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def _place(error: BaseException) -> str:
    """Return file:line and the line of the last step in code that is not a library's."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}\n{(error.text or '').strip()}"
    root = f"{Path.cwd()}{os.sep}"
    steps = [
        step
        for step in traceback.extract_tb(error.__traceback__)
        if step.filename.startswith(root) and "site-packages" not in step.filename
    ]
    return f"{steps[-1].filename}:{steps[-1].lineno}\n{steps[-1].line}" if steps else ""


def main(module: str, attribute: str) -> None:
    """Answer on stdout, then leave without waiting for the application's threads."""
    descriptor = os.dup(1)  # not inherited by what the application starts
    os.dup2(2, 1)
    close_the_files()
    sys.path.insert(0, os.fspath(Path.cwd()))
    try:
        answer = {"ddl": ddl_of(metadata_of(module, attribute))}
    except Refused as refusal:
        answer = refusal.answer
    with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
        json.dump(answer, pipe)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
