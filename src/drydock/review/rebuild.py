"""A table rebuilt by hand, recognised, and the two definitions compared.

Three idioms are known: make the new table, copy, drop the old, rename the new one; rename the
old one first, make the new one under its name, copy, drop; and set the rows aside by CREATE
TABLE AS, drop, make anew, copy back. Pure: it is given changes and definitions, and refuses to
call a rebuild what does not put a table back under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.review import changes, syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drydock.review.python_code import Transform
    from drydock.review.table import ForeignKey, Table


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One rebuild; the places are those of its statements in the file, from 0.

    `table` is the name that it has before and after; `source` is where the rows are copied from
    (the old table under its name at that moment), `target` where to.
    """

    table: str
    source: str
    target: str
    copied: int
    dropped: int
    renamed: int | None
    renamed_first: int | None
    by_rows: bool = False


def find(statements: Sequence[tuple[object, ...]], *, by_rows: bool) -> tuple[Rebuild, ...]:
    """Return the rebuilds among a file's statements, each given as its changes.

    Args:
        statements: The changes of each statement.
        by_rows: Python may read the old rows and insert them one by one into the new table.
    """
    flat = [(place, change) for place, each in enumerate(statements) for change in each]
    drops = [(place, c) for place, c in flat if isinstance(c, changes.DropTable)]
    found = [_rebuild_by(place, drop.table, flat) for place, drop in drops]
    if by_rows:
        found = [
            each or _rebuild_by_rows(place, drop.table, flat)
            for each, (place, drop) in zip(found, drops, strict=True)
        ]
    return tuple(each for each in found if each is not None)


def _rebuild_by(place: int, dropped: str, flat: list[tuple[int, object]]) -> Rebuild | None:
    """Return the rebuild whose old rows are dropped at `place`."""
    renames = [(at, c) for at, c in flat if isinstance(c, changes.RenameTable)]
    for copied, target in _copies(dropped, flat):
        if copied > place:
            continue
        for at, rename in renames:
            if at > copied and _same(rename.table, target) and _same(rename.new, dropped):
                return Rebuild(dropped, dropped, target, copied, place, at, None)
            if at < copied and _same(rename.new, dropped) and _same(rename.table, target):
                return Rebuild(target, dropped, target, copied, place, None, at)
        back = _put_back(dropped, target, place, flat)
        if back is not None:
            return Rebuild(dropped, target, dropped, back, place, None, None)
    return None


def _rebuild_by_rows(place: int, dropped: str, flat: list[tuple[int, object]]) -> Rebuild | None:
    """Return the rebuild of a table that another one, filled by INSERTs, takes the name of."""
    for at, rename in flat:
        if not isinstance(rename, changes.RenameTable) or at < place:
            continue
        for copied, write in flat:
            if not isinstance(write, changes.Write) or write.verb != "insert" or copied > place:
                continue
            if _same(rename.new, dropped) and _same(rename.table, write.table):
                return Rebuild(
                    dropped, dropped, rename.table, copied, place, at, None, by_rows=True
                )
    return None


def _put_back(home: str, aside: str, after: int, flat: list[tuple[int, object]]) -> int | None:
    """Return where rows set aside come back into a new table of the old name."""
    for place, target in _copies(aside, flat):
        if place > after and _same(target, home):
            return place
    return None


def _copies(source: str, flat: list[tuple[int, object]]) -> Iterator[tuple[int, str]]:
    """Yield where, and into which table, the rows of `source` are copied."""
    for place, change in flat:
        if isinstance(change, changes.Write | changes.CreateTable) and change.source_table:
            if not _same(change.source_table, source):
                continue
            yield place, change.table


def set_aside(rebuild: Rebuild) -> bool:
    """Say whether the rows came back from a table that they were set aside in."""
    return rebuild.renamed is None and rebuild.renamed_first is None


def copy_of(rebuild: Rebuild, write: changes.Write, old: Table, new: Table) -> changes.Copy:
    """Return the copying step, as rows of `old` under its own name."""
    targets = write.columns or tuple(each.name for each in new.columns if not each.generated)
    select = write.source or ""
    if not _same(rebuild.source, old.name):
        select = syntax.replace_name(select, rebuild.source, f"main.{quote(old.name)}")
    # `*` yields generated columns, which take no value: SQLite refuses such a copy, unless both
    # tables are made alike, and then it copies what is stored.
    stored = write.star and len(targets) < len(old.columns)
    if set_aside(rebuild) or rebuild.by_rows or stored:
        taken = {fold(each.name) for each in new.columns if not each.generated}
        names = tuple(each.name for each in old.columns if fold(each.name) in taken)
        listed = ", ".join(quote(each) for each in names)
        select, targets = f"SELECT {listed} FROM main.{quote(old.name)}", names
    image = changes.Image(new.name, tuple(targets), select)
    return changes.Copy(old, new, image, write.star, write.filtered, write.ignores)


def compare(copy: changes.Copy, write: changes.Write) -> Iterator[object]:
    """Yield what the new definition changes for the rows of the old one."""
    old, new, image = copy.old, copy.new, copy.image
    came_from = _origins(copy, write)
    yield from _dropped(copy, write)
    if write.source is None:
        return  # Python makes the new rows, so nothing more is known of them
    for target, source in came_from.items():
        there, here = new.column(target), old.column(source)
        if there is None or here is None:
            continue
        if fold(there.type) != fold(here.type):
            yield changes.Retype(old.name, here.name, here.type, there.type)
    for column in new.columns:
        was = old.column(came_from.get(column.name, ""))
        if column.not_null and not (was and was.not_null) and column.name in image.columns:
            yield changes.SetNotNull(old.name, column.name, image)
    for expression in new.checks:
        # An old one too: rows that broke it before cannot go into the new table.
        yield changes.NewCheck(old.name, expression, image)
    yield from _keys(old, new, image)
    if new.strict and not old.strict:
        types = tuple((each.name, each.type) for each in new.columns if each.name in image.columns)
        yield changes.BecomeStrict(old.name, image, types)


def transformed(asked: Transform, old: Table) -> Iterator[object]:
    """Yield what a ``transform()`` changes for the rows of `old`, which keep all the rest."""
    names = tuple(each.name for each in old.columns if not each.generated)
    listed = ", ".join(f"{quote(old.name)}.{quote(each)}" for each in names)
    image = changes.Image(old.name, names, f"SELECT {listed} FROM main.{quote(old.name)}")
    for name in asked.drop:
        yield changes.DropColumn(old.name, name, "transform")
    for name, new in asked.rename:
        yield changes.RenameColumn(old.name, name, new)
    for name, declared in asked.types:
        if column := old.column(name):
            yield changes.Retype(old.name, column.name, column.type, declared)
    for name in asked.not_null:
        column = old.column(name)
        if column and not column.not_null:
            yield changes.SetNotNull(old.name, column.name, image)
    if asked.strict and not old.strict:
        types = tuple((each.name, each.type) for each in old.columns if not each.generated)
        yield changes.BecomeStrict(old.name, image, types)


def _keys(old: Table, new: Table, image: changes.Image) -> Iterator[object]:
    unique = {_folded(index.columns) for index in old.indexes if index.unique and not index.partial}
    unique.add(_folded(old.key))
    wanted = [index.columns for index in new.indexes if index.unique and not index.partial]
    for columns in dict.fromkeys([*wanted, new.key]):
        names = [each for each in columns if each is not None]
        inside = {fold(each) for each in image.columns}
        if names and _folded(columns) not in unique and _folded(columns) <= inside:
            terms = tuple(f"{quote(image.name)}.{quote(each)}" for each in names)
            yield changes.NewUnique(old.name, terms, image)
    before = {_key(each) for each in old.foreign_keys}
    after = {_key(each) for each in new.foreign_keys}
    kept = {fold(each.name) for each in new.columns}
    for key in old.foreign_keys:
        if _key(key) not in after and _folded(key.columns) <= kept:
            yield changes.DropForeignKey(old.name, key)
    for key in new.foreign_keys:
        if _key(key) not in before:
            yield changes.NewForeignKey(old.name, key, image)


def _origins(copy: changes.Copy, write: changes.Write) -> dict[str, str]:
    """Return the old column that each new one is filled from, where it is taken as it is."""
    if not write.source_columns or set_aside_image(copy):
        return {each: each for each in copy.image.columns}
    every = [each.name for each in copy.old.columns]
    sources: list[str | None] = [*every] if copy.star else list(write.source_columns)
    pairs = zip(copy.image.columns, sources, strict=False)
    return {target: source for target, source in pairs if source is not None}


def set_aside_image(copy: changes.Copy) -> bool:
    """Say whether the image was made by us, column by column."""
    return all(copy.old.column(each) is not None for each in copy.image.columns) and (
        copy.image.select.startswith('SELECT "')
    )


def _dropped(copy: changes.Copy, write: changes.Write) -> Iterator[changes.DropColumn]:
    if copy.star:
        return
    used = syntax.identifiers(write.source or "") | syntax.identifiers(copy.image.select)
    if copy.image.select and set_aside_image(copy):
        used = frozenset(fold(each) for each in copy.image.columns)
    for column in copy.old.columns:
        if fold(column.name) not in used and not column.generated:
            way: changes.Way = "rebuild" if write.source else "rows"
            yield changes.DropColumn(copy.old.name, column.name, way)


def _key(key: ForeignKey) -> tuple[object, ...]:
    return (_folded(key.columns), fold(key.parent), _folded(key.parent_columns))


def _folded(names: Sequence[str | None]) -> frozenset[str]:
    return frozenset(fold(each or "") for each in names)


def _same(left: str, right: str) -> bool:
    return fold(left) == fold(right)
