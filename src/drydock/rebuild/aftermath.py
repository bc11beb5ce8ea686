"""What the rehearsal left on the twin, against what was there: does everything still mean the same?

SQLite says which view, trigger or foreign key no longer compiles, and which columns the others
read now. Reads the twin's answers only; refuses in the name of what would break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.refusals import ContradictoryChangeError, DependentsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drydock.rebuild.changes import Changes
    from drydock.rebuild.dependents import Surroundings
    from drydock.rebuild.readings import Reading


def keys_stand(before: Mapping[str, str], after: Mapping[str, str], around: Surroundings) -> None:
    """Check that every foreign key that found its parent's columns unique still does.

    Raises:
        DependentsError: The key it refers to would go.
        ContradictoryChangeError: A key that is to be added finds none.
    """
    table = around.shape.name
    broken = {child: error for child, error in after.items() if child not in before}
    referring = {one.table for one in around.children}
    if children := sorted(referring & set(broken)):
        columns = ", ".join(quote(name) for name in around.shape.primary_key)
        raise DependentsError(
            f"table {table} cannot lose its key: {', '.join(children)} would refer to nothing",
            dependents=tuple(children),
            cause=[f"table {child}: {broken[child]}" for child in children],
            hint=f"keep it unique: CREATE UNIQUE INDEX … ON {quote(table)}({columns})",
        )
    if broken:
        raise ContradictoryChangeError(
            f"table {table} cannot refer to columns that are not unique",
            cause=list(broken.values()),
            hint="refer to the parent's primary key, or make its columns UNIQUE first",
        )


def readings_kept(
    before: Mapping[tuple[str, str], Reading],
    after: Mapping[tuple[str, str], Reading],
    table: str,
    *,
    changes: Changes,
    tables: frozenset[str],
    lost_alias: str | None,
) -> None:
    """Check that every view and trigger still reads what it read, under the new names.

    What was broken before does not count. `lost_alias` is an INTEGER PRIMARY KEY that is one no
    longer: what read it as ``rowid`` reads the hidden rowid now, which has its values.

    Raises:
        DependentsError: One would break, or would read something else.
    """
    renames = {fold(old): fold(new) for old, new in changes.rename.items()}
    fresh = {(fold(table), fold(name)) for name in changes.generated}

    def now(pair: tuple[str, str]) -> tuple[str, str]:
        return (pair[0], renames.get(pair[1], pair[1])) if pair[0] == fold(table) else pair

    def then(pair: tuple[str, str]) -> tuple[str, str]:
        hidden = lost_alias is not None and pair == (fold(table), "rowid")
        return (pair[0], fold(lost_alias or "")) if hidden else pair

    causes, names = [], []
    for key, old in before.items():
        new = after.get(key)
        if old.error or new is None:
            continue
        was = {now(pair) for pair in old.columns if pair[0] in tables}
        reads = {then(pair) for pair in new.columns if pair[0] in tables} - (fresh - was)
        joined = {renames.get(name, name) for name in old.joined}
        what = f"{old.subject.type} {old.subject.name}"
        if new.error:
            causes.append(f"{what} would break: {new.error}")
        elif was != reads:
            odd = ", ".join(sorted(".".join(pair) for pair in was ^ reads))
            causes.append(f"{what} would read other columns: {odd}")
        elif joined != new.joined and fold(table) in old.tables:
            odd = ", ".join(sorted(joined ^ new.joined))
            causes.append(f"{what} would join on other columns: {odd}")
        else:
            continue
        names.append(old.subject.name)
    if causes:
        kinds = [
            f"DROP {old.subject.type.upper()} {quote(old.subject.name)}"
            for old in before.values()
            if old.subject.name in names
        ]
        raise DependentsError(
            f"table {table} cannot be changed so: {len(names)} of what uses it would break",
            dependents=tuple(names),
            cause=causes,
            hint=f"first {'; '.join(kinds)}; afterwards create it in its new form",
        )
