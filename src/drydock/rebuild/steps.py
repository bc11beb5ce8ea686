"""The statements of each way, in the order that keeps the data safe.

A `Script` runs every statement on the twin as it is written down, so what stands in it has been
rehearsed, and the schema it ends with is the one that the real database must end with. All of it
runs inside one transaction: a crash at any statement leaves the table as it was.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild import edit
from drydock.rebuild.census import changed_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drydock.rebuild.ddl import CreateTable
    from drydock.rebuild.shape import SchemaObject, TableShape
    from drydock.rebuild.twin import Twin

_SEQUENCE_SEED = "_drydock_sequence"
_ASIDE = "_drydock_"


def literal(text: str) -> str:
    """Return `text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


class Script:
    """Statements, each rehearsed on the twin when it is added."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.statements: list[str] = []

    def run(self, *statements: str) -> None:
        """Rehearse the statements and add them.

        Raises:
            sqlite3.Error: what SQLite says against one; those before it stay added.
        """
        for statement in statements:
            self.twin.execute(statement)
            self.statements.append(statement)

    def run_past_broken(self, statement: str) -> None:
        """Rehearse an ALTER TABLE that a view or trigger may stop which was broken before.

        With `writable_schema` SQLite passes over what it cannot parse; what the statement itself
        breaks is found afterwards, by preparing everything again.

        Raises:
            sqlite3.Error: The statement fails on its own account.
        """
        try:
            self.run(statement)
        except sqlite3.Error as error:
            if not str(error).startswith(("error in view", "error in trigger")):
                raise
            self.run("PRAGMA writable_schema = ON", statement, "PRAGMA writable_schema = OFF")

    def edit_texts(self, texts: Mapping[tuple[str, str], str], *first: str) -> None:
        """Set stored texts by (type, name), as lang_altertable.html, section 7, describes.

        `first` are further writes to `sqlite_master` that belong to the same edit.
        """
        updates = [
            f"UPDATE sqlite_master SET sql = {literal(sql)} "
            f"WHERE type = {literal(type_)} AND name = {literal(name)}"
            for (type_, name), sql in texts.items()
        ]
        if not updates and not first:
            return
        self.run("PRAGMA writable_schema = ON", *first, *updates)
        # Everyone who has the file open must read the schema again, and so must we.
        version = int(str(self.twin.execute("PRAGMA schema_version")[0][0]))
        self.run(f"PRAGMA schema_version = {version + 1}", "PRAGMA writable_schema = RESET")


@dataclass(frozen=True, slots=True)
class Copy:
    """How the rows get from the old table into the new one.

    Attributes:
        before: The table now.
        after: The table as asked, before any rename.
        create: The tree of the new text.
        values: The SQL that gives a column's value, for columns (folded) that are not merely
            taken over.
        temporary: A free name.
        dependents: The indexes and triggers of the table, in their order.
    """

    before: TableShape
    after: TableShape
    create: CreateTable
    values: Mapping[str, str]
    temporary: str
    dependents: tuple[SchemaObject, ...]

    def insert(self, source: str, destination: str) -> str:
        """Return the copy: plain expressions, every row or none (F17), rowids as they are."""
        columns = [one.name for one in self.after.columns if not one.hidden]
        into = [quote(name) for name in columns]
        values = [self.values.get(fold(name), quote(name)) for name in columns]
        shadowed = {fold(one.name) for one in (*self.before.columns, *self.after.columns)}
        rowid = next((one for one in ("rowid", "_rowid_", "oid") if one not in shadowed), None)
        hidden = self.after.rowid_alias is None and not self.after.without_rowid
        if rowid and hidden and not self.before.without_rowid:
            into.insert(0, rowid)
            values.insert(0, rowid)
        return (
            f"INSERT OR ABORT INTO {quote(destination)}({', '.join(into)}) "
            f"SELECT {', '.join(values)} FROM {quote(source)}"
        )


def convert(
    script: Script, before: TableShape, after: TableShape, columns: tuple[str, ...]
) -> None:
    """Write the values again that their new type, already in the text, stores in another form."""
    pairs = [(quote(name), before.column(name), after.column(name)) for name in columns]
    conditions = [changed_form(name, old, new) for name, old, new in pairs if old and new]
    assignments = ", ".join(f"{name} = {name}" for name, _, _ in pairs)
    script.run(
        # Rows that broke a CHECK before may pass; what is converted is judged by its rules.
        "PRAGMA ignore_check_constraints = ON",
        f"UPDATE OR ABORT {quote(before.name)} SET {assignments} WHERE {' OR '.join(conditions)}",
        "PRAGMA ignore_check_constraints = OFF",
    )


def swap(script: Script, copy: Copy, reindex: Iterable[str]) -> None:
    """Let the table take over a new tree; no other object is touched."""
    table, temporary = copy.before.name, copy.temporary
    alias = copy.after.rowid_alias
    # 1. Copy the rows into a table that judges none of them.
    script.run(
        edit.storage(copy.create, temporary, rowid_alias=alias, uniques=False),
        copy.insert(table, temporary),
    )
    # 2. Exchange the root pages and set the new text, as one edit of the schema.
    mine, other = literal(table), literal(temporary)
    script.edit_texts(
        {("table", table): copy.after.sql},
        "UPDATE sqlite_master AS mine SET rootpage = other.rootpage FROM sqlite_master AS other "
        "WHERE mine.type = 'table' AND other.type = 'table' "
        f"AND ((mine.name = {mine} AND other.name = {other}) "
        f"OR (mine.name = {other} AND other.name = {mine}))",
    )
    # 3. The temporary table holds the old rows now: nobody refers to it, so no action fires.
    script.run(f"DROP TABLE {quote(temporary)}")
    # 4. Only indexes that hold a changed value are built anew; the others fit row for row.
    script.run(*(f"REINDEX {quote(name)}" for name in reindex))


def rebuild(script: Script, copy: Copy) -> None:
    """Make the table anew: lang_altertable.html, section 7, in its twelve steps' order."""
    table, temporary = copy.before.name, copy.temporary
    # 1. The new table under a free name: what is created as "old" is never referred to (F17).
    script.run(edit.storage(copy.create, temporary, rowid_alias=None, uniques=True))
    # 2. Every row, or none.
    script.run(copy.insert(table, temporary))
    # 3. Statistics and sequence step aside: DROP TABLE would take them along.
    _set_aside(script, table, temporary)
    if _has(script, "sqlite_sequence"):  # the rename of step 5 brings it back
        names = f"name = {literal(temporary)} WHERE name = {literal(table)}"
        script.run(f"UPDATE sqlite_sequence SET {names}")
    # 4. The old table goes; foreign keys are off, so nothing cascades (F15).
    script.run(f"DROP TABLE {quote(table)}")
    # 5. Rename without rewriting views and keys, which still say the right name.
    _rename_quietly(script, temporary, table)
    # 6. The text to the byte, with the rules that step 1 left out.
    script.edit_texts({("table", table): copy.after.sql})
    # 7. Indexes and triggers word for word, in their order; then the statistics.
    _restore(script, copy, temporary)


def rebuild_keeping(script: Script, copy: Copy, kept: str) -> None:
    """Make the table anew and keep the old one, rows and all, as `kept`."""
    table = copy.before.name
    _set_aside(script, table, copy.temporary)
    # 1. Indexes and triggers belong to the new table: their names must be free.
    for one in reversed(copy.dependents):
        script.run(f"DROP {one.type.upper()} {quote(one.name)}")
    # 2. Rename without dragging views and foreign keys along (F17).
    plain = edit.without_qualifier(copy.before.sql, table)
    if plain != copy.before.sql:
        script.edit_texts({("table", table): plain})
    _rename_quietly(script, table, kept)
    # 3. The new table under its own name, and the rows.
    script.run(edit.storage(copy.create, table, rowid_alias=None, uniques=True))
    script.run(copy.insert(kept, table))
    if _has(script, "sqlite_sequence"):
        script.run(
            f"DELETE FROM sqlite_sequence WHERE name = {literal(table)}",
            f"INSERT INTO sqlite_sequence(name, seq) SELECT {literal(table)}, seq "
            f"FROM sqlite_sequence WHERE name = {literal(kept)}",
        )
    script.edit_texts({("table", table): copy.after.sql})
    _restore(script, copy, copy.temporary)


def set_sequence(script: Script, table: str, alias: str, *, wanted: bool) -> None:
    """Start an AUTOINCREMENT sequence at the highest key there is, or forget it.

    With rows it is never below 0, as SQLite counts where it copies them (autoinc.html).
    """
    if not _has(script, "sqlite_sequence"):
        # SQLite makes the table with the first AUTOINCREMENT, and never by an edit of the text.
        script.run(
            f"CREATE TABLE {_SEQUENCE_SEED}(x INTEGER PRIMARY KEY AUTOINCREMENT)",
            f"DROP TABLE {_SEQUENCE_SEED}",
        )
    script.run(f"DELETE FROM sqlite_sequence WHERE name = {literal(table)}")
    if wanted:
        script.run(
            f"INSERT INTO sqlite_sequence(name, seq) SELECT {literal(table)}, highest FROM "
            f"(SELECT max(0, max({quote(alias)})) AS highest FROM {quote(table)}) "
            "WHERE highest IS NOT NULL"
        )


def forget_statistics(script: Script, table: str) -> None:
    """Take the table's statistics away, as DROP TABLE does."""
    script.run(
        *(f"DELETE FROM {name} WHERE tbl = {literal(table)}" for name in _statistics(script))
    )


def _rename_quietly(script: Script, old: str, new: str) -> None:
    script.run(
        "PRAGMA legacy_alter_table = ON",
        f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}",
        "PRAGMA legacy_alter_table = OFF",
    )


def _has(script: Script, system_table: str) -> bool:
    return script.twin.schema().find("table", system_table) is not None


def _statistics(script: Script) -> list[str]:
    names = ("sqlite_stat1", "sqlite_stat4")
    return [name for name in names if _has(script, name)]


def _set_aside(script: Script, table: str, temporary: str) -> None:
    for name in _statistics(script):
        script.run(
            f"UPDATE {name} SET tbl = {literal(temporary)}, idx = {literal(_ASIDE)} || idx "
            f"WHERE tbl = {literal(table)}"
        )


def _restore(script: Script, copy: Copy, temporary: str) -> None:
    script.run(*(one.sql for one in copy.dependents if one.sql))
    table = literal(copy.before.name)
    for name in _statistics(script):
        script.run(
            f"UPDATE {name} SET tbl = {table}, idx = substr(idx, {len(_ASIDE) + 1}) "
            f"WHERE tbl = {literal(temporary)}",
            f"DELETE FROM {name} WHERE tbl = {table} AND idx NOT IN "
            "(SELECT name FROM sqlite_master)",
        )
