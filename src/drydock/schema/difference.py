"""What changed from one schema to another, object by object and property by property.

Compares what SQLite holds to: layout, comments, quotes, the case of names and keywords, and
where a constraint was written make no difference. A renamed column is one that went and one that
came; guessing otherwise is not this module's business. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from drydock.names import fold
from drydock.schema import meaning
from drydock.schema.clauses import canonical
from drydock.schema.objects import Schema, Table, by_name
from drydock.schema.wording import (
    column_text,
    count,
    foreign_key_text,
    index_text,
    names,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from drydock.schema.objects import Column

ADDED, REMOVED, CHANGED = "+", "-", "~"


class Line(NamedTuple):
    """A change as it is read: ``~  budgets.amount  type DECIMAL(10,2) → REAL``."""

    sign: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is there, gone or different.

    `kind` is table, column, index, view or trigger, or the property of a table that changed
    (``foreign key``, ``check``, …); `table` is the table it belongs to, empty for a view.
    `subject` is what ``--expect`` takes: ``trips``, ``trips.tag``, ``index:idx_tag``.
    `before` and `after` hold the SQL of a table, index, view or trigger, and else a property.
    """

    sign: str
    kind: str
    table: str
    subject: str
    detail: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """Every change, tables first, then indexes, views and triggers, each by name."""

    changes: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def lines(self) -> tuple[Line, ...]:
        """Return the changes to be read by people, in their order."""
        return tuple(Line(change.sign, change.subject, change.detail) for change in self.changes)

    def of(self, sign: str, kind: str) -> tuple[Change, ...]:
        """Return the changes with this sign and kind."""
        return tuple(one for one in self.changes if (one.sign, one.kind) == (sign, kind))


def difference(before: Schema, after: Schema) -> SchemaDifference:
    """Return what turns `before` into `after`; an empty difference is false."""
    tables = _pairs(before.own_tables, after.own_tables)
    return SchemaDifference(
        (
            *(change for old, new in tables for change in _table(old, new)),
            *_objects("index", before.indexes, after.indexes, meaning.index, index_text),
            *_objects("view", before.views, after.views, _text, _a_view),
            *_objects("trigger", before.triggers, after.triggers, _text, _on_table),
        )
    )


def _pairs(before: Iterable[Any], after: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Return (before, after) by name, None where it is on one side only, in the order of names."""
    old, new = by_name(before), by_name(after)
    return [(old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]


def _text(thing: Any) -> str:
    return canonical(thing.sql)


def _a_view(_: Any) -> str:
    return "view"


def _on_table(trigger: Any) -> str:
    return f"ON {trigger.table}"


def _objects(
    kind: str,
    before: Iterable[Any],
    after: Iterable[Any],
    meant: Callable[[Any], object],
    worded: Callable[[Any], str],
) -> Iterator[Change]:
    for old, new in _pairs(before, after):
        one = new or old
        table = "" if kind == "view" else one.table
        subject = f"{kind}:{one.name}"
        if new is None:
            yield Change(REMOVED, kind, table, subject, worded(old), before=old.sql)
        elif old is None:
            yield Change(ADDED, kind, table, subject, worded(new), after=new.sql)
        elif meant(old) != meant(new):
            said = (worded(old), worded(new))
            detail = " → ".join(said) if said[0] != said[1] else "text changed"
            yield Change(CHANGED, kind, table, subject, detail, old.sql, new.sql)


def _table(old: Table | None, new: Table | None) -> Iterator[Change]:
    if old is None and new is not None:
        detail = f"table, {count(len(new.columns), 'column')}"
        yield Change(ADDED, "table", new.name, new.name, detail, after=new.sql)
    elif new is None and old is not None:
        detail = f"table, {count(len(old.columns), 'column')}"
        yield Change(REMOVED, "table", old.name, old.name, detail, before=old.sql)
    elif old is not None and new is not None:
        if old.virtual or new.virtual:
            yield from _virtual(old, new)
        else:
            yield from _columns(old, new)
            yield from _constraints(old, new)


def _virtual(old: Table, new: Table) -> Iterator[Change]:
    if canonical(old.sql) != canonical(new.sql):
        made = [f"made with {table.virtual}" if table.virtual else "plain" for table in (old, new)]
        detail = " → ".join(made) if made[0] != made[1] else "definition changed"
        yield Change(CHANGED, "table", new.name, new.name, detail, old.sql, new.sql)


def _columns(old: Table, new: Table) -> Iterator[Change]:
    for was, now in _pairs_in_order(old, new):
        one = now or was
        assert one is not None
        subject = f"{new.name}.{one.name}"
        if was is None:
            yield Change(ADDED, "column", new.name, subject, column_text(one))
        elif now is None:
            yield Change(REMOVED, "column", new.name, subject, column_text(one))
        else:
            yield from (
                Change(CHANGED, "column", new.name, subject, f"{label} {a} → {b}", a, b)
                for label, a, b in _column_properties(was, now)
            )
    kept = [[fold(c.name) for c in table.columns] for table in (old, new)]
    common = set(kept[0]) & set(kept[1])
    orders = [[name for name in each if name in common] for each in kept]
    if orders[0] != orders[1]:
        said = [names(name for name in each) for each in orders]
        detail = f"column order {said[0]} → {said[1]}"
        yield Change(CHANGED, "column order", new.name, new.name, detail, *said)


def _pairs_in_order(old: Table, new: Table) -> list[tuple[Column | None, Column | None]]:
    """Return (was, now) in the table's own order; columns that went stand first."""
    gone = [(c, None) for c in old.columns if new.column(c.name) is None]
    was = by_name(old.columns)
    return [*gone, *((was.get(fold(c.name)), c) for c in new.columns)]


def _column_properties(was: Column, now: Column) -> Iterator[tuple[str, str, str]]:
    """Yield (label, before, after) of what differs."""
    if meaning.type_name(was.declared_type) != meaning.type_name(now.declared_type):
        yield "type", type_of(was), type_of(now)
    if was.not_null != now.not_null:
        yield "NULL", _null(was), _null(now)
    # In the new type both times: a changed type is told above, once.
    defaults = [meaning.default(c.default, now.declared_type) for c in (was, now)]
    if defaults[0] != defaults[1]:
        yield "default", was.default or "none", now.default or "none"
    if canonical(was.generated or "") != canonical(now.generated or ""):
        yield "generated", was.generated or "no", now.generated or "no"
    if fold(was.collation) != fold(now.collation):
        yield "collation", was.collation, now.collation


def _constraints(old: Table, new: Table) -> Iterator[Change]:
    single: list[tuple[str, Callable[[Table], object], Callable[[Table], str]]] = [
        ("primary key", lambda t: tuple(map(fold, t.primary_key)), lambda t: names(t.primary_key)),
        ("rowid is", lambda t: fold(t.rowid_alias or ""), lambda t: t.rowid_alias or "hidden"),
        ("STRICT", lambda t: t.strict, lambda t: _yes(t.strict)),
        ("WITHOUT ROWID", lambda t: t.without_rowid, lambda t: _yes(t.without_rowid)),
        ("AUTOINCREMENT", lambda t: t.autoincrement, lambda t: _yes(t.autoincrement)),
    ]
    for label, meant, worded in single:
        if meant(old) != meant(new):
            was, now = worded(old), worded(new)
            yield Change(CHANGED, label, new.name, new.name, f"{label} {was} → {now}", was, now)
    yield from _set("foreign key", new, old.foreign_keys, new.foreign_keys)
    yield from _set("unique", new, old.uniques, new.uniques)
    yield from _set("check", new, old.checks, new.checks)
    yield from _set("conflict clause", new, old.conflicts, new.conflicts)


_MEANT: dict[str, Callable[[Any], Any]] = {
    "foreign key": meaning.foreign_key,
    "unique": meaning.column_set,
    "check": canonical,
    "conflict clause": canonical,
}
_WORDED: dict[str, Callable[[Any], str]] = {
    "foreign key": foreign_key_text,
    "unique": lambda columns: f"UNIQUE {names(columns)}",
    "check": lambda text: f"CHECK ({text})",
    "conflict clause": str,
}


def _set(kind: str, new: Table, before: Iterable[Any], after: Iterable[Any]) -> Iterator[Change]:
    """Yield what went and what came of constraints that have no name to pair them by."""
    meant, worded = _MEANT[kind], _WORDED[kind]
    counts = [Counter(map(meant, side)) for side in (before, after)]
    went, came = counts[0] - counts[1], counts[1] - counts[0]
    for sign, things, extra in ((REMOVED, before, went), (ADDED, after, came)):
        for thing in things:
            if extra[meant(thing)] > 0:
                extra[meant(thing)] -= 1
                yield Change(sign, kind, new.name, new.name, worded(thing))


def _null(column: Column) -> str:
    return "refused" if column.not_null else "allowed"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
