"""Take back, on a throw-away copy, what a script says is done already, so that it can run again.

What is there is set aside under a name of ours, so that the script makes it anew; what it drops
and is gone is put there, so that it has something to drop; what it renamed gets its old name. The
run then shows what else it does, and whether it makes exactly what was there. It refuses, by
returning None, where SQLite does not let it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection
from drydock.adopt.claims import Thing
from drydock.names import fold, quote
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from drydock.adopt.claims import Rename
    from drydock.schema.objects import Schema

# Names of ours: the comparisons of schema and rows leave such tables out.
ASIDE = "_drydock_aside"


def find(schema: Schema, thing: Thing) -> Thing | None:
    """Return the thing of that name as it is in `schema`, None where there is none.

    SQLite's messages do not always tell the kind; a column without a table is looked for nowhere.
    """
    if thing.kind == "column":
        table = schema.table(thing.table)
        column = table.column(thing.name) if table else None
        return Thing("column", column.name, table.name) if table and column else None
    if thing.kind == "trigger":
        names = [each.name for each in schema.triggers if fold(each.name) == fold(thing.name)]
        return Thing("trigger", names[0]) if names else None
    if table := schema.table(thing.name):
        return Thing("table", table.name)
    for view in schema.views:
        if fold(view.name) == fold(thing.name):
            return Thing("view", view.name)
    for index in schema.indexes:
        if fold(index.name) == fold(thing.name):
            return Thing("index", index.name)
    return None


def set_aside(file: Path, things: Mapping[Thing, str]) -> str | None:
    """Set `things`, all of which are in `file`, aside; return what SQLite says against it.

    Tables and columns are kept under the names given; what has no contents is dropped.
    """
    tables = [each for each in things if each.kind == "table"]
    columns = [each for each in things if each.kind == "column"]
    others = [each for each in things if each.kind not in ("table", "column")]
    with closing(_open(file)) as opened:
        # Whatever points at the table goes on pointing at its name, which is made anew.
        statements = ["PRAGMA legacy_alter_table=ON"]
        for each in tables:
            statements += _drops_on(opened, each.name)
        statements += [f"DROP {each.kind.upper()} IF EXISTS {quote(each.name)}" for each in others]
        statements += [
            f"ALTER TABLE {quote(each.name)} RENAME TO {quote(things[each])}" for each in tables
        ]
        statements.append("PRAGMA legacy_alter_table=OFF")
        problem = _execute(opened, statements)
        renames = [
            f"ALTER TABLE {quote(each.table)} RENAME COLUMN {quote(each.name)} "
            f"TO {quote(things[each])}"
            for each in columns
        ]
        if problem is None and _execute(opened, renames) is not None:
            # A view or trigger that was broken before lets SQLite rename no column.
            problem = _execute(opened, [*_drops_of_code(opened), *renames])
    return problem


def shortfall(file: Path, things: Mapping[Thing, str]) -> tuple[str, ...]:
    """Return what the script filled in, in `file`, that was never filled in what is set aside.

    A table or column that something else made (the application's create_all) is there exactly so,
    and yet without the rows or values that the script gives it.
    """
    lines: list[str] = []
    with closing(connection.read_only(file)) as opened:
        tables = {str(row[0]) for row in opened.execute("SELECT name FROM sqlite_schema")}
        for thing, aside in things.items():
            if thing.kind == "table" and {thing.name, aside} <= tables:
                made, kept = (_count(opened, name) for name in (thing.name, aside))
                if made and not kept:
                    lines.append(f"add {counted(made, 'row')} to {thing.name}, which is empty")
            elif thing.kind == "column" and thing.table in tables:
                lines += _unfilled(opened, thing, aside)
    return tuple(lines)


def put_back(file: Path, thing: Thing) -> str | None:
    """Make something of the name of `thing`, which is not in `file`, so that it can be dropped."""
    dummy, name = quote(f"{ASIDE}_dummy"), quote(thing.name)
    statement = {
        "table": f"CREATE TABLE {name} ({quote(ASIDE)})",
        "column": f"ALTER TABLE {quote(thing.table)} ADD COLUMN {name}",
        "index": f"CREATE INDEX {name} ON {dummy} (x)",
        "view": f"CREATE VIEW {name} AS SELECT 1 AS x",
        "trigger": f"CREATE TRIGGER {name} AFTER INSERT ON {dummy} BEGIN SELECT 1; END",
    }[thing.kind]
    with closing(_open(file)) as opened:
        return _execute(opened, [f"CREATE TABLE IF NOT EXISTS {dummy} (x)", statement])


def rename_back(file: Path, rename: Rename) -> str | None:
    """Give what was renamed its old name again."""
    table, to = quote(rename.table), quote(rename.to)
    statement = (
        f"ALTER TABLE {table} RENAME COLUMN {to} TO {quote(rename.column)}"
        if rename.column
        else f"ALTER TABLE {to} RENAME TO {table}"
    )
    with closing(_open(file)) as opened:
        return _execute(opened, [statement])


def without_triggers(file: Path) -> None:
    """Drop all triggers, so that what a run changes is the script's own doing."""
    with closing(_open(file)) as opened:
        drops = [each for each in _drops_of_code(opened) if each.startswith("DROP TRIGGER")]
        _execute(opened, drops)


def _count(opened: sqlite3.Connection, table: str, where: str = "true") -> int:
    return int(opened.execute(f"SELECT count(*) FROM {quote(table)} WHERE {where}").fetchone()[0])


def _unfilled(opened: sqlite3.Connection, column: Thing, aside: str) -> list[str]:
    """Return a line when a column made anew got values, and the one set aside its default alone."""
    columns = opened.execute(f"PRAGMA table_info({quote(column.table)})")
    defaults = {str(row[1]): row[4] for row in columns}
    if column.name not in defaults or aside not in defaults:
        return []
    default = f"({defaults[aside] or 'NULL'})"
    if _count(opened, column.table, f"{quote(aside)} IS NOT {default}"):
        return []
    filled = _count(opened, column.table, f"{quote(column.name)} IS NOT {quote(aside)}")
    return [f"fill {column} in {counted(filled, 'row')}"] if filled else []


def _open(file: Path) -> sqlite3.Connection:
    opened = connection.candidate(file, journal=True)
    # The schema is as trusted as the script that is run on it next.
    opened.execute("PRAGMA trusted_schema=ON")
    opened.execute("PRAGMA foreign_keys=OFF")
    return opened


def _execute(opened: sqlite3.Connection, statements: Iterable[str]) -> str | None:
    """Run all of them or, when one fails, none; return what SQLite said."""
    try:
        opened.execute("SAVEPOINT undo")
        for statement in statements:
            opened.execute(statement)
    except sqlite3.Error as error:
        opened.execute("ROLLBACK TO undo")
        return str(error)
    finally:
        opened.execute("RELEASE undo")
    return None


def _drops_on(opened: sqlite3.Connection, table: str) -> list[str]:
    rows = opened.execute(
        "SELECT type, name FROM sqlite_schema "
        "WHERE type IN ('index', 'trigger') AND sql NOT NULL AND tbl_name = ? COLLATE NOCASE",
        (table,),
    )
    return [f"DROP {kind.upper()} {quote(name)}" for kind, name in rows]


def _drops_of_code(opened: sqlite3.Connection) -> list[str]:
    rows = opened.execute(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY type"
    )
    return [f"DROP {kind.upper()} IF EXISTS {quote(name)}" for kind, name in rows]
