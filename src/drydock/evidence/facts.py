"""The evidence as data: what the comparison of two database files proved.

Frozen records only. What of it is a loss is decided in `drydock.evidence.loss`; how it is shown
is the terminal's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["untouched", "changed", "rebuilt", "renamed", "added", "dropped"]


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly to compare, and with how many hands.

    Args:
        samples: The most sample rows kept of one table, and of one foreign key.
        workers: Threads for large files; None: one for each core, at most four.
        small_bytes: Files up to this size are compared by one thread and, with `integrity`
            left at ``"touched"``, checked whole.
        integrity: ``"touched"``: every table that changed; ``"whole"``: the whole file with
            `integrity_check`; ``"none"``: not at all.
        renamed_columns: Renames that the caller knows of (a migration's own RENAME COLUMN), as
            table after, column before, column after. Others are recognised where the values of
            all rows are the same; a column renamed *and* updated needs to be told.
        made_anew: Tables that the caller knows to have been dropped, or to have taken the place
            of a dropped one, folded. Others are recognised where they stand in another b-tree
            under another text; SQLite may give a new table the place of the old one.
    """

    samples: int = 5
    workers: int | None = None
    small_bytes: int = 50_000_000
    integrity: Literal["touched", "whole", "none"] = "touched"
    renamed_columns: tuple[tuple[str, str, str], ...] = ()
    made_anew: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison has come: rows compared of rows to compare, and at what speed."""

    table: str
    rows: int
    rows_in_all: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows compared in a second, so far."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest will take at this speed."""
        speed = self.rows_per_second
        return (self.rows_in_all - self.rows) / speed if speed > 0 else 0.0


@dataclass(frozen=True, slots=True)
class SampleValue:
    """One value of a sample row as text, shortened, secrets hidden; None: no such side."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A row that was changed or removed: how it is found, and its values.

    A changed row shows the columns that changed, a removed one shows all (the first dozen).
    """

    kind: Literal["changed", "removed"]
    key: str
    values: tuple[SampleValue, ...]


@dataclass(frozen=True, slots=True)
class ColumnEvidence:
    """What happened to one column, counted over the rows that stand in both files.

    Attributes:
        name: Its name in `after`; of a dropped column, in `before`.
        was: Its name in `before` where it was renamed.
        fate: Whether the column itself is still there.
        changed: Rows whose value is another one now (another storage class counts: 1 and 1.0).
        storage_class_changed: Of those, the values whose `typeof` is another one.
        irreversible: Of those, the values that do not come back when they are cast to what they
            were: '007' that became 7, 2^53+1 that became a float. Digits were lost.
        emptied: Of the changed, the values that became NULL.
        dropped_values: Of a dropped column, the values that were not NULL.
    """

    name: str
    was: str | None = None
    fate: Literal["kept", "renamed", "added", "dropped"] = "kept"
    changed: int = 0
    storage_class_changed: int = 0
    irreversible: int = 0
    emptied: int = 0
    dropped_values: int = 0
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableEvidence:
    """What became of one table's rows.

    ``rows_before == kept + changed + removed`` and ``rows_after == kept + changed + added``.

    Attributes:
        name: Its name in `after`; of a dropped table, in `before`.
        was: Its name in `before` where it was renamed.
        kind: ``changed``: in place; ``rebuilt``: its rows were written anew under new DDL.
        columns: Those that changed, were renamed, added or dropped; not the untouched ones.
        matched_by: How a row before was found again: ``rowid``, ``key (a, b)``, ``content``
            (the hidden rowids moved and the table has no key: rows are counted by their values)
            or ``pages`` (no row had to be looked for).
        pages_proved: Whether identical pages proved it, without looking at a row.
        rowids_moved: Rows are the same, but their hidden rowids are not (VACUUM does it, F22).
        is_rewritten: Its rows stand in another b-tree under other DDL (a rebuild, or ALTER TABLE
            and VACUUM), or in a table that was made anew: a changed value may come from the copy
            and not from an UPDATE.
        samples: Some of the changed and removed rows.
    """

    name: str
    kind: Kind
    rows_before: int
    rows_after: int
    kept: int
    changed: int = 0
    added: int = 0
    removed: int = 0
    was: str | None = None
    columns: tuple[ColumnEvidence, ...] = ()
    matched_by: str = "rowid"
    pages_proved: bool = False
    rowids_moved: bool = False
    is_rewritten: bool = False
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """A table, index, trigger or view that came, went or got another definition."""

    kind: str
    name: str
    table: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Every schema object that is not the same in both files; `_drydock_` ones left out."""

    added: tuple[ObjectChange, ...] = ()
    removed: tuple[ObjectChange, ...] = ()
    changed: tuple[ObjectChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKeyEvidence:
    """Rows that break a foreign key now and did not before, by key."""

    table: str
    columns: tuple[str, ...]
    parent: str
    rows: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that SQLite's own checks, or an index's, found wrong in `after`."""

    table: str | None
    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class SequenceChange:
    """An AUTOINCREMENT counter (`sqlite_sequence`) that moved; None: there is none.

    `table` is the table's name in `after`; of a dropped one, in `before`.
    """

    table: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A table whose rows were not compared one by one, or that was not checked whole, and why."""

    table: str
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What changed between two database files; made by `drydock.evidence.compare`."""

    tables: tuple[TableEvidence, ...]
    schema: SchemaChange
    foreign_keys: tuple[ForeignKeyEvidence, ...]
    integrity: tuple[Problem, ...]
    sequences: tuple[SequenceChange, ...]
    not_compared: tuple[NotCompared, ...]
    seconds: float
    rows_compared: int
    rows_proved_by_pages: int
    not_checked: tuple[NotCompared, ...] = ()

    def table(self, name: str) -> TableEvidence:
        """Return the evidence of the table called `name`.

        Raises:
            KeyError: No table of that name is in either file.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
