"""The checks after the comparison: foreign keys and integrity, of what the run touched.

Which checks are needed is read off the evidence; the crew makes them side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.evidence import keys, soundness
from drydock.evidence.soundness import Check
from drydock.names import fold

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.crew import Crew
    from drydock.evidence.facts import ForeignKeyEvidence, Options, Problem, TableEvidence
    from drydock.evidence.keys import ForeignKey
    from drydock.evidence.matching import Files


def foreign_keys(
    files: Files,
    connection: sqlite3.Connection,
    crew: Crew,
    found: list[TableEvidence],
    options: Options,
) -> tuple[list[ForeignKeyEvidence], list[Problem]]:
    """Find the rows that break a key now and did not before, and keys that cannot work."""
    told = {fold(table.name): table for table in found if table.kind != "dropped"}
    asked: list[tuple[ForeignKey, ForeignKey | None, tuple[tuple[str, str], ...]]] = []
    problems = []
    for table in told.values():
        child = files.new.tables[fold(table.name)]
        was_child = files.old.tables.get(fold(table.was or table.name))
        before = (
            keys.read(connection, "was", files.old, was_child, files.shapes) if was_child else []
        )
        for key in keys.read(connection, "main", files.new, child, files.shapes):
            was = next((old for old in before if _as_now(old, told) == key.names), None)
            problem = keys.mismatch(key, was)
            if problem is not None:
                problems.append(problem)
            elif not keys.is_answered(key, was, table, told.get(fold(key.parent_name))):
                asked.append((key, was, _identity(files, table, was)))
    results = dict(
        crew.each(
            range(len(asked)),
            lambda own, at: keys.new_violations(own, *asked[at], limit=options.samples),
        )
    )
    broken = [results[at] for at in range(len(asked))]
    return [rows for rows in broken if rows is not None], problems


def integrity(
    files: Files, crew: Crew, found: list[TableEvidence], options: Options, *, size: int
) -> list[Problem]:
    """Make SQLite's checks: of every touched table, and of the whole where that is cheap."""
    if options.integrity == "none":
        return []
    touched = [table for table in found if table.is_touched]
    whole = Check("integrity_check" if options.integrity == "whole" else "quick_check")
    checks: list[Check] = []
    if options.integrity == "whole":
        checks.append(whole)
    else:
        if size <= options.small_bytes:
            checks.append(whole)
        checks += [
            check
            for table in touched
            if files.new.tables[fold(table.name)].kind == "table"
            and not (
                (check := soundness.needed_check(files.connection, table, files.proof)).pragma
                == whole.pragma
                and whole in checks
            )
        ]
    problems: dict[str, Problem] = {}
    for _, result in crew.each(checks, soundness.run):
        for problem in result:
            problems.setdefault(problem.text, problem)
    full_text = soundness.full_text_problems(
        crew.before, crew.after, _full_text(files, touched), crew.should_stop
    )
    return [*problems.values(), *full_text]


def _full_text(files: Files, touched: list[TableEvidence]) -> list[str]:
    """The full-text tables of both files whose index or content was touched."""
    names = {fold(table.name) for table in touched}
    asked = []
    for name, table in files.new.tables.items():
        before = files.old.tables.get(name)
        if before is None or not soundness.is_full_text(table):
            continue
        content = soundness.content_table(table, files.new)
        shadows = [other for other in files.new.tables if other.startswith(f"{name}_")]
        same = all(
            shadow in files.old.tables
            and files.rows_if_same(files.old.tables[shadow], files.new.tables[shadow]) is not None
            for shadow in shadows
        )
        if not same or before.sql != table.sql or (content and fold(content.name) in names):
            asked.append(table.name)
    return asked


def _as_now(
    key: ForeignKey, told: dict[str, TableEvidence]
) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """The names of a key before, as its tables and columns are called now."""
    by_old_name = {fold(table.was or table.name): table for table in told.values()}

    def now(table: str, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        known = by_old_name.get(table)
        if known is None:
            return table, columns
        names = {fold(c.was): fold(c.name) for c in known.columns if c.was is not None}
        return fold(known.name), tuple(names.get(column, column) for column in columns)

    child, parent, columns, targets = key.names
    return (
        now(child, ())[0],
        now(parent, ())[0],
        now(child, columns)[1],
        now(parent, targets)[1],
    )


def _identity(
    files: Files, table: TableEvidence, was: ForeignKey | None
) -> tuple[tuple[str, str], ...]:
    """The names under which the same row of a table is found in both files; may be none."""
    if was is None or table.matched_by == "content":
        return ()
    before = files.shapes.of("was", was.child)
    after = files.shapes.of("main", files.new.tables[fold(table.name)])
    if table.matched_by == "rowid":
        return ((before.rowid, after.rowid),) if before.rowid and after.rowid else ()
    return tuple((name, name) for name in before.primary_key if after.column(name) is not None)
