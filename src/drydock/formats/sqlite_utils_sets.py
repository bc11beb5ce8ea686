"""Run one function of a sqlite-utils ``Migrations`` set on a candidate, in the child process.

After sqlite_utils/migrations.py of sqlite-utils 4 (and the package sqlite-migrate before it). The
function is given Drydock's `Database`, whose tables' ``transform()`` loses nothing.
"""

from __future__ import annotations

import sqlite3
import sys
import types
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

from drydock.rebuild import Database
from drydock.source import MigrationError

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(
    connection: sqlite3.Connection,
    text: str,
    file: str,
    set_name: str,
    name: str,
    *,
    known: Sequence[tuple[str, str]],
) -> None:
    """Run the function `name` of the set `set_name` in the module `text`, read from `file`.

    In a transaction with foreign keys off (F15), unless it was registered as not transactional.

    Raises:
        MigrationError: The sets hold other functions than `known`, which its text shows.
    """
    older = types.ModuleType("sqlite_migrate")
    vars(older)["Migrations"] = Migrations
    sys.modules["sqlite_migrate"] = older
    module = sys.modules["drydock_migration"] = types.ModuleType("drydock_migration")
    module.__file__ = file
    code = compile(text, file, "exec", dont_inherit=True)
    exec(code, vars(module))  # noqa: S102 - it is the user's migration
    sets = [each for each in vars(module).values() if isinstance(each, Migrations)]
    _require_known(Path(file), sets, known)
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=OFF")
    database = Database(connection)
    pending = [each for found in sets if found.name == set_name for each in found.pending(database)]
    wanted = next(each for each in pending if each.name == name)
    if wanted.transactional:
        connection.execute("BEGIN")
    wanted.fn(database)
    if connection.in_transaction:
        connection.execute("COMMIT")
    connection.close()


def _require_known(
    path: Path, sets: Sequence[Migrations], known: Sequence[tuple[str, str]]
) -> None:
    with closing(sqlite3.connect(":memory:")) as nothing:
        fresh = Database(nothing)
        registered = {(each.name, one.name) for each in sets for one in each.pending(fresh)}
    hidden = sorted(registered ^ set(known))
    if hidden:
        raise MigrationError(
            path,
            f"its text does not show what its sets hold: {', '.join(map('.'.join, hidden))}",
            hint="register each function by a decorator at the top of the file, then run: "
            "inv migrate",
        )
