"""One table's story: from two tables that are taken for one to the evidence about its rows.

A subject is compared under its first identity; where hidden rowids moved it is looked at again
under a key or by content; then its columns are told. Whether two tables are one table at all is
`drydock.evidence.comparison`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock.evidence import content, pairing, rows, samples
from drydock.evidence.facts import ColumnEvidence, Kind, Sample, TableEvidence
from drydock.names import fold

if TYPE_CHECKING:
    import sqlite3

    from drydock.evidence.facts import Options
    from drydock.evidence.inventory import Column, Shape, Table
    from drydock.evidence.pairing import Columns, Pair
    from drydock.evidence.rows import Detail, Stretch, Tally


@dataclass(frozen=True, slots=True)
class Subject:
    """Two tables that are taken for one, and everything needed to compare their rows."""

    before: Table
    after: Table
    old: Shape
    new: Shape
    columns: Columns
    rows_before: int
    rows_after: int

    @property
    def is_rowid_lasting(self) -> bool:
        """Whether the rowid is a column of both, so that nothing renumbers it (F22)."""
        if self.old.alias is None or self.new.alias is None:
            return self.before.kind == "virtual"
        return (self.old.alias, self.new.alias) in {
            (one.name, other.name) for one, other in self.columns.common
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparing a subject's rows gave, under the identity that fits best."""

    subject: Subject
    pair: Pair
    tally: Tally
    differing: tuple[tuple[Stretch, Tally], ...] = ()
    details: tuple[Detail, ...] = ()
    rowids_moved: bool = False

    @property
    def kept(self) -> int:
        """Rows that are the same in both."""
        return self.subject.rows_before - self.tally.gone - self.tally.changed

    @property
    def added(self) -> int:
        """Rows that only the table after has."""
        return self.subject.rows_after - self.kept - self.tally.changed

    @property
    def changed_columns(self) -> list[tuple[Column, Column]]:
        """The columns with a changed value."""
        common = self.pair.columns.common
        return [pair for pair, count in zip(common, self.tally.by_column, strict=True) if count]


def subject(
    before: tuple[Table, Shape],
    after: tuple[Table, Shape],
    counts: tuple[int, int],
    options: Options,
) -> Subject:
    """Make the subject of two tables with `counts` rows. Pure."""
    (old_table, old), (new_table, new) = before, after
    columns = pairing.columns(old, new)
    for table, was, name in options.renamed_columns:
        if fold(table) == fold(new_table.name):
            one, other = old.column(was), new.column(name)
            if one in columns.dropped and other in columns.added and one and other:
                columns = columns.renamed(one, other)
    return Subject(old_table, new_table, old, new, columns, *counts)


def first_pair(connection: sqlite3.Connection, subject: Subject) -> Pair:
    """Return the identity to compare under first: the rowid, a key that tells rows apart, none."""
    before, after = (subject.before, subject.old), (subject.after, subject.new)
    if found := pairing.by_rowid(before, after, subject.columns):
        return found
    for pair in pairing.key_identities(before, after, subject.columns):
        if rows.is_identity(connection, pair):
            return pair
    return pairing.by_content(subject.before, subject.after, subject.columns)


def needs_second_look(outcome: Outcome) -> bool:
    """Whether the rows may only seem to differ because their hidden rowids moved (F22). Pure.

    An UPDATE in place changes rows under their rowids. Rowids that went *and* came, or a table
    written anew, say that the rows may have moved.
    """
    subject, tally = outcome.subject, outcome.tally
    if not outcome.pair.by_rowid or subject.is_rowid_lasting:
        return False
    old, new = subject.before, subject.after
    written_anew = old.root != new.root or old.sql != new.sql
    gone, came = tally.gone > 0, outcome.added > 0
    return (tally.changed > 0 and (written_anew or gone or came)) or (gone and came)


def look_again(connection: sqlite3.Connection, outcome: Outcome) -> Outcome:
    """Compare under a key, or without one by content; keep what explains more rows as kept."""
    subject = outcome.subject
    before, after = (subject.before, subject.old), (subject.after, subject.new)
    for pair in pairing.key_identities(before, after, subject.columns):
        if not rows.is_identity(connection, pair):
            continue
        tally = rows.tally(connection, rows.Stretch(pair))
        by_key = replace(
            outcome,
            pair=pair,
            tally=tally,
            differing=((rows.Stretch(pair), tally),),
            rowids_moved=True,
        )
        better = (by_key.kept, -by_key.tally.gone) > (outcome.kept, -outcome.tally.gone)
        return by_key if better else outcome
    by_content = compare_content(connection, subject)
    return by_content if by_content.kept > outcome.kept else outcome


def compare_content(connection: sqlite3.Connection, subject: Subject) -> Outcome:
    """Compare a subject as two bags of rows."""
    pair = pairing.by_content(subject.before, subject.after, subject.columns)
    gone, _ = content.differences(connection, pair)
    tally = rows.Tally(0, gone, (0,) * len(subject.columns.common))
    return Outcome(subject, pair, tally, rowids_moved=subject.old.rowid is not None)


def conclude(connection: sqlite3.Connection, outcome: Outcome, options: Options) -> TableEvidence:
    """Tell the columns and take the samples of a compared subject."""
    subject, pair, tally = outcome.subject, outcome.pair, outcome.tally
    renamed = _renamed(connection, outcome)
    left = pair.columns
    for old, new in renamed:
        left = left.renamed(old, new)
    return TableEvidence(
        name=subject.after.name,
        was=_table_was(subject.before, subject.after),
        kind=kind(
            subject.before,
            subject.after,
            rows_differ=bool(tally.changed or tally.gone or outcome.added),
            made_anew=options.made_anew,
        ),
        rows_before=subject.rows_before,
        rows_after=subject.rows_after,
        kept=outcome.kept,
        changed=tally.changed,
        added=outcome.added,
        removed=tally.gone,
        columns=(
            *_changed_columns(outcome),
            *(ColumnEvidence(new.name, was=old.name, fate="renamed") for old, new in renamed),
            *dropped_columns(connection, subject.before, left, options),
            *(ColumnEvidence(column.name, fate="added") for column in left.added),
        ),
        matched_by=pair.matched_by,
        rowids_moved=outcome.rowids_moved,
        is_rewritten=_is_rewritten(subject.before, subject.after, options.made_anew),
        samples=_samples(connection, outcome, options.samples),
    )


def proved(
    connection: sqlite3.Connection,
    before: Table,
    after: Table,
    shapes: tuple[Shape, Shape] | None,
    *,
    count: int,
    options: Options,
) -> TableEvidence:
    """The evidence of a table whose pages are the same; `shapes` where its SQL is not.

    The same bytes under columns that read the same are the same rows: a column of another name
    at the same place is the same column.
    """
    told: list[ColumnEvidence] = []
    if shapes is not None:
        old, new = shapes
        stored = [column for column in old.columns if column.hidden != 2]
        now = [column for column in new.columns if column.hidden != 2]
        for one, other in zip(stored, now, strict=False):
            if (was := _was(one, other)) is not None:
                told.append(ColumnEvidence(other.name, was=was, fate="renamed"))
        told += [ColumnEvidence(column.name, fate="added") for column in now[len(stored) :]]
        by_name = pairing.columns(old, new)
        derived = tuple(column for column in by_name.dropped if column.hidden == 2)
        left = pairing.Columns((), derived, ())
        told += dropped_columns(connection, before, left, options)
        told += [ColumnEvidence(c.name, fate="added") for c in by_name.added if c.hidden == 2]
    return TableEvidence(
        name=after.name,
        was=_table_was(before, after),
        kind=kind(before, after, rows_differ=False),
        rows_before=count,
        rows_after=count,
        kept=count,
        columns=tuple(told),
        matched_by="pages",
        pages_proved=True,
    )


def dropped(
    connection: sqlite3.Connection, table: Table, shape: Shape, count: int, options: Options
) -> TableEvidence:
    """The evidence of a table that is gone."""
    shown = [column for column in shape.columns if not column.is_generated]
    return TableEvidence(
        name=table.name,
        kind="dropped",
        rows_before=count,
        rows_after=0,
        kept=0,
        removed=count,
        samples=samples.rows_of(connection, table.name, shown, options.samples) if count else (),
    )


def added(table: Table, count: int) -> TableEvidence:
    """The evidence of a table that is new."""
    return TableEvidence(
        name=table.name, kind="added", rows_before=0, rows_after=count, kept=0, added=count
    )


def kind(
    before: Table, after: Table, *, rows_differ: bool, made_anew: frozenset[str] = frozenset()
) -> Kind:
    """What happened to a table that is in both files. Pure."""
    if fold(before.name) != fold(after.name):
        return "renamed"
    if before.sql == after.sql:
        return "changed" if rows_differ else "untouched"
    return "rebuilt" if _is_rewritten(before, after, made_anew) else "changed"


def dropped_columns(
    connection: sqlite3.Connection, table: Table, columns: Columns, options: Options
) -> list[ColumnEvidence]:
    """Count what was in the dropped columns; a generated one held nothing of its own."""
    stored = tuple(column for column in columns.dropped if not column.is_generated)
    counts = rows.filled(connection, table, stored)
    return [
        ColumnEvidence(
            column.name,
            fate="dropped",
            dropped_values=count,
            samples=samples.values(connection, table.name, column, options.samples)
            if count
            else (),
        )
        for column, count in zip(stored, counts, strict=True)
    ] + [
        ColumnEvidence(column.name, fate="dropped")
        for column in columns.dropped
        if column.is_generated
    ]


def _samples(connection: sqlite3.Connection, outcome: Outcome, limit: int) -> tuple[Sample, ...]:
    """Up to `limit` removed rows, and as many changed ones, of the first stretch with some."""
    pair = outcome.pair
    if not pair.on:
        missing = content.missing_rows(connection, pair, limit) if outcome.tally.gone else []
        return samples.removed(pair, missing)
    gone = next((stretch for stretch, tally in outcome.differing if tally.gone), None)
    changed = next((stretch for stretch, tally in outcome.differing if tally.changed), None)
    found: tuple[Sample, ...] = ()
    if gone is not None:
        found += samples.gone(connection, pair, gone.where, limit)
    if changed is not None:
        found += samples.changed(connection, pair, changed.where, limit)
    return found


def _changed_columns(outcome: Outcome) -> list[ColumnEvidence]:
    """The compared columns that have another name or another value now."""
    details = iter(outcome.details)
    told = []
    for (old, new), changed in zip(
        outcome.pair.columns.common, outcome.tally.by_column, strict=True
    ):
        was = _was(old, new)
        if changed:
            found = next(details)
            told.append(
                ColumnEvidence(
                    new.name,
                    was=was,
                    fate="kept" if was is None else "renamed",
                    changed=changed,
                    storage_class_changed=found.storage_class,
                    irreversible=found.irreversible,
                    emptied=found.emptied,
                )
            )
        elif was is not None:
            told.append(ColumnEvidence(new.name, was=was, fate="renamed"))
    return told


def _renamed(connection: sqlite3.Connection, outcome: Outcome) -> list[tuple[Column, Column]]:
    """The dropped and added columns that are one: every row's value is the same in both."""
    found: list[tuple[Column, Column]] = []
    subject = outcome.subject
    if not outcome.pair.on:
        return found
    taken: set[str] = set()
    candidates = pairing.rename_candidates(outcome.pair.columns, subject.old, subject.new)
    for old, new in candidates:
        if old.name in taken or new.name in taken:
            continue
        if subject.rows_before > 0 and rows.is_renamed(connection, outcome.pair, old, new):
            found.append((old, new))
            taken |= {old.name, new.name}
    return found


def _is_rewritten(before: Table, after: Table, made_anew: frozenset[str]) -> bool:
    is_elsewhere = before.root != after.root and before.sql != after.sql
    return is_elsewhere or not made_anew.isdisjoint((fold(before.name), fold(after.name)))


def _was(old: Column, new: Column) -> str | None:
    return old.name if fold(old.name) != fold(new.name) else None


def _table_was(before: Table, after: Table) -> str | None:
    return before.name if fold(before.name) != fold(after.name) else None
