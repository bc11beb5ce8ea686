"""How two tables' rows are found again and which of their columns are compared, as SQL.

Pure text building, and the exactness of the whole evidence rests on it: `IS` under BINARY
collation is exact where both columns store values in one form; `typeof` is asked for only where
they do not (`IS` holds 1 and 1.0 for equal). ``o`` is the row before, ``n`` the row after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.evidence.inventory import Column, Shape, Table


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of two tables, told apart by folded name.

    Attributes:
        common: In both; compared. Columns generated in both are left out: they follow the others.
        dropped: Only before.
        added: Only after.
    """

    common: tuple[tuple[Column, Column], ...]
    dropped: tuple[Column, ...]
    added: tuple[Column, ...]

    def renamed(self, old: Column, new: Column) -> Columns:
        """Return these with `old` and `new` taken for one column."""
        return Columns(
            (*self.common, (old, new)),
            tuple(column for column in self.dropped if column != old),
            tuple(column for column in self.added if column != new),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tables that are taken for one, the columns compared, and what identifies a row.

    Attributes:
        on: Pairs of column names (before, after) that are equal for the same row; the rowid or
            its alias where `by_rowid`; empty: rows have no identity but their values.
        is_exact: Whether no two rows before can be equal to one row after: the rowid, or a key
            that both files hold unique byte by byte. Else that is for the rows to say.
    """

    before: Table
    after: Table
    columns: Columns
    on: tuple[tuple[str, str], ...]
    by_rowid: bool
    is_exact: bool = True

    @property
    def matched_by(self) -> str:
        """How the evidence names this identity."""
        if not self.on:
            return "content"
        return "rowid" if self.by_rowid else f"key ({', '.join(old for old, _ in self.on)})"


def columns(before: Shape, after: Shape) -> Columns:
    """Tell which columns of two tables are the same by name."""
    pairs = tuple((old, after.column(old.name)) for old in before.columns)
    return Columns(
        tuple(
            (old, new)
            for old, new in pairs
            if new is not None and not (old.is_generated and new.is_generated)
        ),
        tuple(old for old, new in pairs if new is None),
        tuple(new for new in after.columns if before.column(new.name) is None),
    )


def rename_candidates(found: Columns, before: Shape, after: Shape) -> list[tuple[Column, Column]]:
    """Pairs of a dropped and an added column that may be one: same type; same place first.

    Whether they are is for their values to say.
    """
    places = [column.name for column in after.columns]
    at = {column.name: place for place, column in enumerate(before.columns)}
    pairs = [
        (old, new)
        for old in found.dropped
        for new in found.added
        if fold(old.declared) == fold(new.declared)
        and not old.is_generated
        and not new.is_generated
    ]
    return sorted(pairs, key=lambda pair: abs(at[pair[0].name] - places.index(pair[1].name)))


def by_rowid(
    before: tuple[Table, Shape], after: tuple[Table, Shape], found: Columns
) -> Pair | None:
    """The identity by the rowid, or its alias, where both tables have one."""
    (old, old_shape), (new, new_shape) = before, after
    if not (old_shape.identity and new_shape.identity):
        return None
    return Pair(old, new, found, ((old_shape.identity, new_shape.identity),), by_rowid=True)


def by_content(before: Table, after: Table, found: Columns) -> Pair:
    """No identity: rows are told apart by their values alone."""
    return Pair(before, after, found, (), by_rowid=False)


def key_identities(
    before: tuple[Table, Shape], after: tuple[Table, Shape], found: Columns
) -> list[Pair]:
    """The identities by a key that is unique in both files, the primary key first.

    By one that a stranger orders only byte by byte: in the index, SQLite would look for its rows
    in the wrong place.
    """
    names = {fold(old.name): (old, new) for old, new in found.common}
    there = {frozenset(map(fold, key)) for key in after[1].keys}
    pairs = []
    strange = before[1].strange_keys | after[1].strange_keys
    for key in before[1].keys:
        common = [names[fold(name)] for name in key if fold(name) in names]
        old_set, new_set = (frozenset(fold(each.name) for each in side) for side in _sides(common))
        if len(common) == len(key) and new_set in there:
            is_exact = (
                old_set in before[1].exact_keys
                and new_set in after[1].exact_keys
                and all(old.storage == new.storage for old, new in common)
            )
            if not is_exact and (old_set in strange or new_set in strange):
                continue
            on = tuple((old.name, new.name) for old, new in common)
            pairs.append(Pair(before[0], after[0], found, on, by_rowid=False, is_exact=is_exact))
    return pairs


def _sides(common: list[tuple[Column, Column]]) -> tuple[list[Column], list[Column]]:
    return [old for old, _ in common], [new for _, new in common]


def source(pair: Pair) -> str:
    """The FROM clause: every row before, with the row after that it became, if any.

    Rowid access is forced: with few columns the planner would take an index, at twice the time.
    """
    scan = " NOT INDEXED"
    seek = scan if pair.by_rowid else ""
    return (
        f"was.{quote(pair.before.name)} AS o{scan} "
        f"LEFT JOIN main.{quote(pair.after.name)} AS n{seek} ON {is_found(pair)}"
    )


def is_found(pair: Pair, row: str = "n", *, by_old: bool = False) -> str:
    """Whether `row` is the one that the row before became; `by_old`: its columns are named alike.

    The unary plus keeps the affinity of the key after, so that its index serves.
    """
    # A column's own collation may be wider than its key's.
    collation = "" if pair.by_rowid or not pair.is_exact else " COLLATE BINARY"
    return " AND ".join(
        f"{row}.{quote(old if by_old else new)}{collation} = +o.{quote(old)}"
        for old, new in pair.on
    )


def is_gone(pair: Pair) -> str:
    """Whether the row before has no row after (a key that matched is not NULL)."""
    return f"n.{quote(pair.on[0][1])} IS NULL"


def is_same(old: Column, new: Column, row: str = "n") -> str:
    """Whether a value is the same in `row` to the bit, storage class included."""
    one, two = f"o.{quote(old.name)}", f"{row}.{quote(new.name)}"
    if old.storage == new.storage != "any":
        return f"{one} COLLATE BINARY IS {two}"
    # Unary plus: no affinity of one side may convert the other ('007' IS 7).
    return f"(+{one} COLLATE BINARY IS +{two} AND typeof({one}) IS typeof({two}))"


def is_same_row(pair: Pair) -> str:
    """Whether all compared columns of a row are the same."""
    return all_of([is_same(old, new) for old, new in pair.columns.common])


def comes_back(old: Column, new: Column) -> str:
    """Whether a value of another storage class, cast to what it was, is the old value."""
    one, two = f"o.{quote(old.name)}", f"n.{quote(new.name)}"
    return (
        f"CASE typeof({one}) WHEN 'integer' THEN CAST({two} AS INTEGER) "
        f"WHEN 'real' THEN CAST({two} AS REAL) WHEN 'text' THEN CAST({two} AS TEXT) "
        f"ELSE CAST({two} AS BLOB) END COLLATE BINARY IS +{one}"
    )


def all_of(conditions: Sequence[str]) -> str:
    """AND of the conditions, as a shallow tree: SQLite refuses expressions 1,000 deep."""
    if not conditions:
        return "1"
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    return f"({all_of(conditions[:middle])} AND {all_of(conditions[middle:])})"
