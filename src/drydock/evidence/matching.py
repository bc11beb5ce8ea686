"""Which table became which: by name, by identical pages, or by its rows; the rest came or went.

It tells at once what pages prove, and hands over as subjects the tables whose rows have to be
compared. A table counts as renamed only where its rows say so, never for its looks alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.evidence import inventory, modules, rows, tables
from drydock.evidence.facts import NotCompared
from drydock.evidence.inventory import Inventory, Shapes, Table
from drydock.names import fold

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.facts import Options, TableEvidence
    from drydock.evidence.pages import PageProof
    from drydock.evidence.tables import Subject


@dataclass(frozen=True, slots=True)
class Files:
    """Both files as far as they were read: schemas, shapes, and the proof by pages, if any."""

    connection: sqlite3.Connection
    old: Inventory
    new: Inventory
    shapes: Shapes
    proof: PageProof | None

    @classmethod
    def read(cls, connection: sqlite3.Connection, proof: PageProof | None) -> Files:
        """Read both schemas."""
        old, new = inventory.read(connection, "was"), inventory.read(connection, "main")
        if proof is not None:
            proof.know_roots(old.roots)
        return cls(connection, old, new, Shapes(connection), proof)

    def rows_if_same(self, before: Table, after: Table) -> int | None:
        """The number of rows of a table whose pages are the same in both files, or None."""
        if self.proof is None or before.without_rowid != after.without_rowid:
            return None
        return self.proof.rows_if_same(before.root, after.root)

    def pages_are_same(self, before: int, after: int) -> bool:
        """Whether the b-trees under two root pages are the same to the byte."""
        return self.proof is not None and self.proof.rows_if_same(before, after) is not None

    def rows_before(self, table: Table) -> int:
        """The number of rows of a table before, read off its pages where possible."""
        known = self.proof.rows_before(table.root) if self.proof else None
        return rows.count(self.connection, "was", table) if known is None else known

    def subject(self, before: Table, after: Table, options: Options) -> Subject:
        """Make the subject of two tables."""
        old, new = self.shapes.of("was", before), self.shapes.of("main", after)
        counts = self.rows_before(before), rows.count(self.connection, "main", after)
        return tables.subject((before, old), (after, new), counts, options)


@dataclass(frozen=True, slots=True)
class Matches:
    """What is told already, what is to compare, and which tables are only in one file."""

    told: list[TableEvidence]
    subjects: list[Subject]
    gone: list[Table]
    come: list[Table]
    not_compared: list[NotCompared]


def match(files: Files, options: Options) -> Matches:
    """Pair the tables of both files."""
    found = Matches([], [], [], [], [])
    for name, before in files.old.tables.items():
        after = files.new.tables.get(name)
        if before.kind == "shadow" and not _counts_documents(files, before):
            continue
        if reason := _why_unreadable(before):
            found.not_compared.append(NotCompared(before.name, reason))
        elif after is None or after.kind != before.kind:
            found.gone.append(before)
        elif before.kind == "virtual":
            _match_virtual(files, before, after, options, found)
        elif (told := told_by_pages(files, before, after, options)) is not None:
            found.told.append(told)
        else:
            found.subjects.append(files.subject(before, after, options))
    for name, after in files.new.tables.items():
        known = files.old.tables.get(name)
        is_new = known is None or known.kind != after.kind
        if is_new and after.kind != "shadow" and not _why_unreadable(after):
            found.come.append(after)
    for before in list(found.gone):
        match_renamed = _match_renamed_pages if before.kind == "table" else _match_renamed_virtual
        match_renamed(files, before, options, found)
    return found


def told_by_pages(
    files: Files, before: Table, after: Table, options: Options
) -> TableEvidence | None:
    """The evidence of a table that identical pages prove, or None."""
    count = files.rows_if_same(before, after)
    if count is None:
        return None
    if before.sql == after.sql:
        return tables.proved(files.connection, before, after, None, count=count, options=options)
    shapes = files.shapes.of("was", before), files.shapes.of("main", after)
    if not inventory.reads_the_same(*shapes):
        return None
    return tables.proved(files.connection, before, after, shapes, count=count, options=options)


def rename_candidates(
    files: Files, gone: list[Table], come: list[Table]
) -> list[tuple[Table, Table]]:
    """Pairs of a table that went and one that came and may be it, same root page first.

    It has all columns of the other, or half of them at the same root page.
    """
    pairs = []
    for before in gone:
        if before.kind != "table" or not files.rows_before(before):
            continue
        old = _names(files, "was", before)
        for after in come:
            shared = len(old & _names(files, "main", after)) if after.kind == "table" else 0
            if shared == len(old) or (before.root == after.root and shared * 2 >= len(old)):
                pairs.append((before, after))
    return sorted(pairs, key=lambda pair: pair[0].root != pair[1].root)


def is_renamed(subject: Subject, evidence: TableEvidence) -> bool:
    """Whether the rows say that two tables of different names are one. Pure.

    Half of the rows must be the same; rows that are missing and columns that are dropped are
    told as lost. Changed rows are not, so they are allowed only at the same root page (ALTER
    TABLE RENAME): a dropped table must not hide behind a new one of the same look.
    """
    in_place = subject.before.root == subject.after.root
    return evidence.kept * 2 >= evidence.rows_before and (in_place or not evidence.changed)


def _match_virtual(
    files: Files, before: Table, after: Table, options: Options, found: Matches
) -> None:
    shadows = _shadows(files.old, before)
    same = before.sql == after.sql and all(
        (twin := files.new.tables.get(fold(table.name))) is not None
        and twin.sql == table.sql
        and files.rows_if_same(table, twin) is not None
        for table in shadows.values()
    )
    if same and shadows:
        count = rows.count(files.connection, "was", before)
        found.told.append(
            tables.proved(files.connection, before, after, None, count=count, options=options)
        )
    else:
        found.subjects.append(files.subject(before, after, options))


def _shadows(tables: Inventory, virtual: Table) -> dict[str, Table]:
    """Return the tables in which a virtual one keeps its rows, by what follows its name."""
    prefix = f"{fold(virtual.name)}_"
    return {
        name.removeprefix(prefix): table
        for name, table in tables.tables.items()
        if table.kind == "shadow" and name.startswith(prefix)
    }


def _match_renamed_virtual(files: Files, before: Table, options: Options, found: Matches) -> None:
    """Take a virtual table for a renamed one where all that it keeps stands where it stood."""
    old = _shadows(files.old, before)
    for after in found.come:
        new = _shadows(files.new, after) if after.kind == "virtual" else {}
        if (
            old
            and old.keys() == new.keys()
            and modules.read(before.sql) == modules.read(after.sql)
            and _names(files, "was", before) == _names(files, "main", after)
            and all(
                table.root == new[suffix].root
                and files.rows_if_same(table, new[suffix]) is not None
                for suffix, table in old.items()
            )
        ):
            count = rows.count(files.connection, "was", before)
            found.told.append(
                tables.proved(files.connection, before, after, None, count=count, options=options)
            )
            found.gone.remove(before)
            found.come.remove(after)
            return


def _match_renamed_pages(files: Files, before: Table, options: Options, found: Matches) -> None:
    for after in found.come:
        if after.root == before.root and after.kind == "table":
            told = told_by_pages(files, before, after, options)
            if told is not None and (
                told.rows_before or _names(files, "was", before) == _names(files, "main", after)
            ):
                found.told.append(told)
                found.gone.remove(before)
                found.come.remove(after)
                return


def _why_unreadable(table: Table) -> str | None:
    """Why a virtual table's rows are not data of its own, or None."""
    if table.kind != "virtual":
        return None
    module = modules.read(table.sql)
    if module.name not in modules.READABLE:
        return "a virtual table of a module that keeps its rows elsewhere"
    if module.content:
        return "a full-text index over another table's rows; checked against them instead"
    if module.content is not None:
        return "a full-text index without content; what it holds is counted by its sizes"
    return None


def _counts_documents(files: Files, shadow: Table) -> bool:
    """Whether a shadow table is all that tells which documents an index without content holds."""
    name = fold(shadow.name)
    owner = name.removesuffix("_docsize")
    sides = (files.old.tables.get(owner), files.new.tables.get(owner))
    return (
        name != owner
        and name in files.new.tables
        and all(each is not None and modules.read(each.sql).content == "" for each in sides)
    )


def _names(files: Files, schema: str, table: Table) -> set[str]:
    return {fold(column.name) for column in files.shapes.of(schema, table).columns}
