"""A table's keys, UNIQUEs, CHECKs and indexes against the models.

A UNIQUE constraint and a unique index over the same columns, in their own collation, are one
thing here: they refuse the same rows. Indexes are paired by name, then by what they hold. Pure;
says what is an error and what is a note.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.schema import meaning
from drydock.schema.clauses import canonical
from drydock.schema.disagreement import Difference, Severity, missing, unequal, unknown
from drydock.schema.objects import by_name
from drydock.schema.wording import foreign_key_text, index_text, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.schema.objects import ForeignKey, Index, IndexColumn, Table


def compared(
    there: Table, own: list[Index], wanted: Table, asked: list[Index]
) -> Iterator[Difference]:
    """Yield where a table and its indexes, `own`, differ from the one wanted and those asked for.

    Columns are not compared here.
    """
    yield from _primary_key(there, wanted)
    yield from _foreign_keys(there, wanted)
    yield from _checks(there, wanted)
    yield from _conflicts(there, wanted)
    yield from _uniques(there, own, wanted, asked)
    yield from _indexes(there, own, wanted, asked)


def _primary_key(there: Table, wanted: Table) -> Iterator[Difference]:
    keys = [tuple(map(fold, table.primary_key)) for table in (there, wanted)]
    if keys[0] != keys[1]:
        said = [names(t.primary_key) if t.primary_key else "none" for t in (there, wanted)]
        yield unequal("error", there.name, *said, label="primary key ")
    elif wanted.rowid_alias and not there.rowid_alias:
        # INT PRIMARY KEY fills nothing in: an insert without the key would store NULL.
        subject = f"{there.name}.{wanted.rowid_alias}"
        yield missing(subject, "INTEGER PRIMARY KEY, which numbers new rows by itself")
    if there.autoincrement != wanted.autoincrement:
        said = ["AUTOINCREMENT" if t.autoincrement else "no AUTOINCREMENT" for t in (there, wanted)]
        yield unequal("error" if wanted.autoincrement else "note", there.name, *said)


def _foreign_keys(there: Table, wanted: Table) -> Iterator[Difference]:
    meant = [{meaning.foreign_key(key): key for key in t.foreign_keys} for t in (there, wanted)]
    spare = [key for meaning_of, key in meant[0].items() if meaning_of not in meant[1]]
    for meaning_of, key in meant[1].items():
        if meaning_of in meant[0]:
            continue
        other = next((one for one in spare if _same_columns(one, key)), None)
        if other is None:
            yield missing(there.name, foreign_key_text(key))
        else:
            spare.remove(other)
            yield unequal("error", there.name, foreign_key_text(other), foreign_key_text(key))
    for key in spare:
        yield unknown("error", there.name, foreign_key_text(key))


def _same_columns(one: ForeignKey, other: ForeignKey) -> bool:
    return sorted(map(fold, one.columns)) == sorted(map(fold, other.columns))


def _checks(there: Table, wanted: Table) -> Iterator[Difference]:
    held = [{canonical(check) for check in table.checks} for table in (there, wanted)]
    for check in wanted.checks:
        if canonical(check) not in held[0]:
            yield missing(there.name, f"CHECK ({check})")
    for check in there.checks:
        if canonical(check) not in held[1]:
            yield unknown("note", there.name, f"CHECK ({check})")


def _conflicts(there: Table, wanted: Table) -> Iterator[Difference]:
    """Compare ON CONFLICT: with REPLACE or IGNORE a row goes, or stays out, without an error."""
    held, wants = ({canonical(one): one for one in t.conflicts} for t in (there, wanted))
    for meant, clause in wants.items():
        if meant not in held and _acts(clause):
            yield missing(there.name, clause)
    for meant, clause in held.items():
        if meant not in wants and _acts(clause):
            silent = clause.endswith(("REPLACE", "IGNORE"))
            yield unknown("error" if silent else "note", there.name, clause)


def _acts(clause: str) -> bool:
    return not clause.endswith("ABORT")  # what SQLite does where nothing is said


def _uniques(
    there: Table, own: list[Index], wanted: Table, asked: list[Index]
) -> Iterator[Difference]:
    """Compare what must be unique, however it is written; named indexes that miss come later."""
    held, wants = _unique_sets(there, own), _unique_sets(wanted, asked)
    for columns in wanted.uniques:
        if meaning.column_set(columns) not in held:
            yield missing(there.name, f"UNIQUE {names(columns)}")
    for columns in there.uniques:
        if meaning.column_set(columns) not in wants:
            yield unknown("error", there.name, f"UNIQUE {names(columns)}")


def _unique_sets(table: Table, indexes: list[Index]) -> set[frozenset[str]]:
    constraints = {meaning.column_set(columns) for columns in table.uniques}
    made = {_unique_columns(index, table) for index in indexes}
    key = {meaning.column_set(table.primary_key)} if table.primary_key else set()
    return constraints | key | {columns for columns in made if columns}


def _unique_columns(index: Index, table: Table) -> frozenset[str] | None:
    """Return the columns that `index` alone makes unique in every row, or None."""
    if not index.unique or index.where or not all(_is_as_stored(e, table) for e in index.columns):
        return None
    return meaning.column_set(tuple(term.text for term in index.columns))


def _indexes(
    there: Table, own: list[Index], wanted: Table, asked: list[Index]
) -> Iterator[Difference]:
    named, left = by_name(own), by_name(own)
    held, wants = _unique_sets(there, own), _unique_sets(wanted, asked)
    others = []
    for index in asked:
        same = named.get(fold(index.name))
        if same is None:
            others.append(index)
            continue
        del left[fold(index.name)]
        if _meant(same, there) != _meant(index, wanted):
            said = (index_text(same), index_text(index))
            yield unequal("error", f"index:{same.name}", *said)
    for index in others:
        twin = next((o for o in left.values() if _meant(o, there) == _meant(index, wanted)), None)
        if twin is not None:
            del left[fold(twin.name)]
            yield unequal("note", f"index:{index.name}", twin.name, index.name, label="called ")
        elif _unique_columns(index, wanted) not in held:
            yield missing(f"index:{index.name}", index_text(index))
    for index in left.values():
        if _unique_columns(index, there) not in wants:
            severity: Severity = "error" if index.unique else "note"
            yield unknown(severity, f"index:{index.name}", index_text(index))


def _meant(index: Index, table: Table) -> tuple[object, ...]:
    """Return an index's meaning with a collation only where it is not its column's own.

    A column's collation is compared at the column, once.
    """
    terms = tuple(
        replace(term, collation="" if _is_as_stored(term, table) else term.collation)
        for term in index.columns
    )
    return meaning.index(replace(index, table=table.name, columns=terms))


def _is_as_stored(term: IndexColumn, table: Table) -> bool:
    """Say whether a term is a column, in the collation that is its own."""
    column = None if term.expression else table.column(term.text)
    return column is not None and fold(column.collation) == fold(term.collation)
