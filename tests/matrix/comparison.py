"""What differs between what a change should have left and what it did: facts, then behaviour.

Pure: it reads two snapshots, or two outcomes of one probe, and says in words what was lost. What
was asked for is never a difference.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.matrix import operations
from tests.matrix.snapshot import Column, Snapshot, comments, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix.operations import Operation
    from tests.matrix.probes import Outcome

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?")


def facts(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield each fact that is not as it should be."""
    if not after.columns:
        yield "the table is gone"
        return
    free = operation.free
    yield from _columns(wanted, after, operation)
    for fact in ("without_rowid", "strict", "autoincrement", "keys"):
        if fact not in free and getattr(wanted, fact) != getattr(after, fact):
            yield f"{fact}: {difference(getattr(wanted, fact), getattr(after, fact))}"
    yield from _damage(wanted, after)
    if "rowids" not in free and wanted.rowids and wanted.rowids != after.rowids:
        yield f"rowids: {difference(wanted.rowids, after.rowids)}"
    yield from _indexes(wanted, after, operation)
    place = {name: i for i, name in enumerate(after.rows.header)}
    if missing := [name for name in wanted.rows.header if name not in place]:
        yield f"columns are gone: {missing}"
    else:
        order = [place[name] for name in wanted.rows.header]
        rows = tuple(tuple(row[i] for i in order) for row in after.rows.rows)
        if rows != wanted.rows.rows:
            yield f"cells: {difference(wanted.rows.rows, rows)}"
    yield from _surroundings(wanted, after, operation)
    yield from _comments(wanted, after, operation)


def _damage(wanted: Snapshot, after: Snapshot) -> Iterator[str]:
    """Yield new damage only: what was there before, or in the kept copy, is nobody's doing."""
    for fact in ("violations", "damage"):
        new = Counter(getattr(after, fact)) - Counter(getattr(wanted, fact)) - Counter(["ok"])
        if told := [found for found in new if operations.KEPT not in str(found)]:
            yield f"{fact}: {told}"


def _comments(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield the comments that are gone, but for those inside what was asked to go."""
    if operation.kind in ("drop", "drop cascade", "drop check", "drop default", "pk"):
        return
    if lost := comments(wanted.sql) - comments(after.sql):
        yield f"comments in the DDL: {list(lost)}"


def _columns(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    found = {column.name: column for column in after.columns}
    if operation.kind == "generated":
        made = found.pop(operation.column, None)
        if made is None or made.hidden not in (2, 3):
            yield f"not done: no generated column {operation.column}"
    if [c.name for c in wanted.columns] != list(found):
        yield f"columns: {difference([c.name for c in wanted.columns], list(found))}"
    for column in wanted.columns:
        if column.name in found:
            strict = bool(column.pk) and operation.kind in ("strict", "not strict")
            yield from _facts(column, found[column.name], keyed=strict or "pk" in operation.free)
    if operation.kind == "pk" and [c.name for c in after.columns if c.pk] != [operation.column]:
        yield "not done: the primary key is another"


def _facts(column: Column, other: Column, *, keyed: bool) -> Iterator[str]:
    """Yield each fact of a column that changed; `keyed` leaves out what a new key decides."""
    # NOT NULL on an INTEGER PRIMARY KEY says nothing: a rowid is never NULL.
    keyed_twice = bool(column.pk) and column.type.upper() == "INTEGER"
    for fact in ("type", "notnull", "default", "pk", "hidden", "collation"):
        if fact == "notnull" and keyed_twice:
            continue
        was, now = getattr(column, fact), getattr(other, fact)
        if fact == "default":  # `(1)` and `1` are one default; that '1' is not 1, probes see
            was, now = ("".join(words(text)).strip("'()") for text in (was, now))
        elif fact in ("type", "collation"):
            was, now = was.upper(), now.upper()
        if was != now and not (keyed and fact in ("pk", "notnull")):
            yield f"{column.name}: {fact} {was!r} became {now!r}"


def _indexes(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    target = fold(operation.column)

    def told(found: Snapshot) -> list[str]:
        facts = []
        for index in found.indexes:
            if "pk" in operation.free and index.origin in ("pk", "u"):
                continue
            spelled = tuple(_one_name(word, operation) for word in index.words)
            columns = tuple(
                (name, desc, "" if operation.kind == "collate" else collation)
                for name, desc, collation in index.columns
            )
            facts.append(repr((index.name, index.unique, index.origin, columns, spelled)))
        return sorted(facts)

    was, now = told(wanted), told(after)
    if was != now:
        yield f"indexes{f' ({target})' if target else ''}: {difference(was, now)}"


def _surroundings(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield what was lost of everything around the table."""
    was, now = wanted.triggers, after.triggers
    if was != now:
        yield f"triggers and their order: {difference(was, now)}"
    for fact in ("objects", "tables", "views"):
        old = {item[:-1]: item[-1] for item in getattr(wanted, fact)}
        new = {item[:-1]: item[-1] for item in getattr(after, fact)}
        if operation.kind == "keep" and fact == "tables":
            new.pop((operation.value,), None)
        if operation.kind == "keep":
            new.pop(("table", operation.value), None)
        for key in sorted({*old, *new}):
            if not _same(fact, old.get(key), new.get(key), operation):
                yield f"{' '.join(key)}: {difference(old.get(key), new.get(key))}"
    for fact in ("sequence", "statistics"):
        rows = [row for row in getattr(after, fact) if row[0] != operations.KEPT]
        rows = [row for row in rows if fact == "statistics" or row[1] != "0"]
        if fact not in operation.free and list(getattr(wanted, fact)) != rows:
            yield f"{fact}: {difference(getattr(wanted, fact), rows)}"


def _same(fact: str, was: object, now: object, operation: Operation) -> bool:
    """Return whether an object around the table is as it was, but for what was asked."""
    if fact == "objects" and was is not None and now is not None:
        first, then = ([_one_name(w, operation) for w in words(str(s))] for s in (was, now))
        return first == then
    if fact == "views" and not isinstance(was, str) and was is not None and now is not None:
        # A view of `*` shows what the table shows: asked changes of that are not losses.
        if operation.kind in ("generated", "move first", "retype", "drop"):
            return not isinstance(now, str)
        if operation.kind.startswith("retype"):
            return not isinstance(now, str)
    if isinstance(was, str) and isinstance(now, str):
        return True  # a view that was broken before is still there; its text is compared above
    return was == now


def _one_name(word: str, operation: Operation) -> str:
    """Return `word` with the new name of a renamed column and the old one made one."""
    if operation.kind != "rename":
        return word
    names = (fold(operation.column), fold(operation.value))
    return "\N{SECTION SIGN}" if fold(word) in names else word


def difference(was: object, now: object) -> str:
    """Return what is missing and what is new, or both as they are."""
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        missing = [item for item in was if item not in now]
        new = [item for item in now if item not in was]
        if missing or new:
            return f"missing {missing}, new {new}"[:600]
    return f"{was!r} became {now!r}"[:600]


def _asked(first: Outcome, then: Outcome, operation: Operation) -> bool:
    """Return whether the difference is just what was asked for."""
    if operation.kind in ("strict", "not strict"):
        stricter = then if operation.kind == "strict" else first
        # A STRICT table stores no other class, and its primary key is NOT NULL.
        return "cannotstore" in stricter.said or (
            first.said == "ok" and "NOTNULLconstraintfailed" in then.said
        )
    failed = "NOTNULLconstraintfailed:" in then.said
    if operation.kind == "rename" and "CHECKconstraintfailed" in first.said:
        return "CHECKconstraintfailed" in then.said  # the message quotes the expression
    return (
        operation.kind in ("set not null", "drop default")
        and failed
        and then.said.endswith(operation.column)
    )


def behaviour(first: Outcome, then: Outcome, operation: Operation) -> Iterator[str]:
    if _asked(first, then, operation):
        return
    if _MOMENT.sub("NOW", first.said) != _MOMENT.sub("NOW", then.said):
        yield f"{first.kind}: `{then.asked}` said {first.said!r}, says {then.said!r}"
    elif bool(first.left) != bool(then.left):
        yield f"{first.kind}: `{then.asked}` changed rows in one and none in the other"
    elif first.left != then.left:
        masked = [[(t, _MOMENT.sub("NOW", c)) for t, c in o.left] for o in (first, then)]
        if masked[0] != masked[1] and dict(masked[0]).keys() <= dict(masked[1]).keys():
            new = dict(masked[1])
            for table, content in masked[0]:
                if content != new[table]:
                    yield (
                        f"{first.kind}: `{then.asked}` leaves in {table}"
                        f" {difference(content.splitlines(), new[table].splitlines())}"
                    )
