"""What of the evidence is a loss: the decision that can stop a run. Pure.

A loss is what cannot be had back from the file after and what no statement asked for by name. Rows
that an UPDATE changed in place are told by the evidence, not blocked: changing data is what
migrations are for. Values of a table that was rebuilt are another matter: there a changed type or
a forgotten column does it. Told only are values that come back when cast (1 that became '1').
Full-text indexes that can be made again from their content are no loss; tables named
`_drydock_…` are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock.names import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.evidence.facts import ColumnEvidence, Evidence, TableEvidence

LossKind = Literal[
    "rows-removed",
    "table-dropped",
    "column-dropped",
    "values-changed-class",
    "values-emptied",
    "sequence-lowered",
    "object-lost",
]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that was there before and is not any more.

    Attributes:
        kind: ``rows-removed``: rows of a table that is still there; ``table-dropped``: a table
            that had rows; ``column-dropped``: a column that had values;
            ``values-changed-class``: values that got another storage class in a rebuild and do
            not come back (digits or zeros lost);
            ``values-emptied``: values that a rebuild turned to NULL;
            ``sequence-lowered``: an AUTOINCREMENT counter, so that ids are given twice (F17);
            ``object-lost``: an index, trigger or view that nothing dropped (the gate finds it).
        table: The table as it was called before.
        column: The column as it was called before, where it is about one.
        count: Rows or values lost.
        samples: Some of them, as short texts.
        sentence: One line for the screen.
    """

    kind: LossKind
    table: str
    column: str | None
    count: int
    samples: tuple[str, ...]
    sentence: str


def losses(evidence: Evidence) -> tuple[Loss, ...]:
    """Return every loss, in the order of the tables."""
    found = [loss for table in evidence.tables for loss in _of_table(table)]
    dropped = {fold(table.name) for table in evidence.tables if table.kind == "dropped"}
    was = {fold(table.name): table.was for table in evidence.tables if table.was}
    for sequence in evidence.sequences:
        if fold(sequence.table) in dropped:
            continue
        name = was.get(fold(sequence.table), sequence.table)
        if sequence.before and sequence.before > (sequence.after or 0):
            found.append(
                Loss(
                    "sequence-lowered",
                    name,
                    None,
                    sequence.before - (sequence.after or 0),
                    (),
                    f"{name}: AUTOINCREMENT went back from {sequence.before} to "
                    f"{sequence.after or 0}; ids that were used will be given again",
                )
            )
    return tuple(found)


def _of_table(table: TableEvidence) -> Iterator[Loss]:
    name = table.was or table.name
    samples = tuple(
        ", ".join(f"{value.column}={value.before}" for value in sample.values)
        for sample in table.samples
        if sample.kind == "removed"
    )
    if table.kind == "dropped":
        if table.rows_before:
            yield Loss(
                "table-dropped",
                name,
                None,
                table.rows_before,
                samples,
                f"table {name} is dropped with {_many(table.rows_before, 'row')}",
            )
        return
    if table.removed:
        yield Loss(
            "rows-removed",
            name,
            None,
            table.removed,
            samples,
            f"{name}: {_many(table.removed, 'row')} of {table.rows_before:,} gone",
        )
    for column in table.columns:
        yield from _of_column(table, column)


def _of_column(table: TableEvidence, column: ColumnEvidence) -> Iterator[Loss]:
    name = table.was or table.name
    column_name = column.was or column.name
    where = f"{name}.{column_name}"
    if column.dropped_values:
        yield Loss(
            "column-dropped",
            name,
            column_name,
            column.dropped_values,
            column.samples,
            f"column {where} is dropped with {_many(column.dropped_values, 'value')}",
        )
    if not table.is_rewritten:
        return
    if column.irreversible:
        yield Loss(
            "values-changed-class",
            name,
            column_name,
            column.irreversible,
            _changes(table, column.name),
            f"{where}: {_many(column.irreversible, 'value')} got another type "
            "and cannot be turned back",
        )
    if column.emptied:
        yield Loss(
            "values-emptied",
            name,
            column_name,
            column.emptied,
            _changes(table, column.name),
            f"{where}: {_many(column.emptied, 'value')} became NULL in a rebuild",
        )


def _changes(table: TableEvidence, column: str) -> tuple[str, ...]:
    return tuple(
        f"{value.before} became {value.after}"
        for sample in table.samples
        if sample.kind == "changed"
        for value in sample.values
        if value.column == column
    )


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
