"""The judge of a cell: lossless, rightly refused, needlessly refused, or lost, with the reasons.

It compares what SQLite tells and does before and after with what was asked, and has no knowledge
of the implementation under test. A refusal that changed anything, a change that was not made, and
a change that touched anything else are all losses.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.matrix import expectation, operations, probes, snapshot
from tests.matrix.probes import Names, Outcome
from tests.matrix.snapshot import Column, Snapshot, comments, fold, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.matrix.feature import Feature
    from tests.matrix.operations import Operation

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?")


class Kind(StrEnum):
    """The four verdicts."""

    LOSSLESS = "lossless"
    RIGHTLY_REFUSED = "rightly refused"
    NEEDLESSLY_REFUSED = "needlessly refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one cell, and why."""

    feature: str
    operation: str
    kind: Kind
    reasons: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the tool did right by this cell."""
        return self.kind in (Kind.LOSSLESS, Kind.RIGHTLY_REFUSED)

    def __str__(self) -> str:
        return f"{self.feature} / {self.operation}: {self.kind}: {'; '.join(self.reasons)}"


class Case:
    """One feature, built once: its database's bytes and what was observed of it."""

    def __init__(self, feature: Feature) -> None:
        self.feature = feature
        self._outcomes: dict[tuple[str, ...], tuple[Outcome | None, ...]] = {}
        memory = _connect(":memory:")
        with closing(memory):
            memory.executescript(feature.script)
            self.image = memory.serialize()
            self.before = snapshot.take(memory, feature.table)

    def operations(self) -> Iterator[Operation]:
        """Yield the operations that can be asked of this feature."""
        for asked in operations.OPERATIONS:
            operation = asked.on(self.feature)
            if operations.asked_of(operation, self.feature, self.before):
                yield operation

    def judge(
        self,
        operation: Operation,
        path: Path,
        change: Callable[[Path], str | None],
        more: Callable[[Snapshot, Snapshot, Operation], Iterable[str]] = lambda *_: (),
        blind: frozenset[str] = frozenset(),
    ) -> Verdict:
        """Write the database to `path`, let `change` work on it, and return what became of it.

        `change` returns None when it is done, or its refusal as text. `more` may find further
        losses in the snapshots before and after (see `tests.matrix.wording`); `blind` names the
        kinds of probes that would be unfair to ask of the tool.
        """
        operation = replace(operation, blind=operation.blind | blind)
        path.write_bytes(self.image)
        error = change(path)
        with closing(_connect(":memory:")) as old, closing(_connect(path)) as new:
            old.deserialize(self.image)
            reasons: list[str] = []
            right = expectation.right_refusal(old, operation, self.feature, self.before)
            try:
                if error is None and right and not self._has(operation.column):
                    kind, reasons = Kind.LOST, [f"done, although {right}"]
                elif error is None:
                    after = snapshot.take(new, self.feature.table)
                    reasons = list(self._losses(old, new, operation, after))
                    reasons += more(self.before, after, operation)
                    kind = Kind.LOST if reasons else Kind.LOSSLESS
                    if right and not reasons:
                        kind, reasons = Kind.LOST, [f"done, although {right}"]
                else:
                    reasons = list(self._traces(new))
                    may = right or expectation.may_refuse(old, operation, self.feature, self.before)
                    kind = Kind.RIGHTLY_REFUSED if may else Kind.NEEDLESSLY_REFUSED
                    kind = Kind.LOST if reasons else kind
                    reasons.append(error)
            except sqlite3.Error as damage:
                kind, reasons = Kind.LOST, [f"unreadable: {damage}", str(error)]
        return Verdict(self.feature.name, operation.name, kind, tuple(reasons))

    def _has(self, column: str) -> bool:
        return not column or any(c.name == column for c in self.before.columns)

    def _traces(self, new: sqlite3.Connection) -> Iterator[str]:
        """Yield what a refusal has changed."""
        after = snapshot.take(new, self.feature.table)
        if after != self.before:
            for fact in Snapshot.__slots__:
                was, now = getattr(self.before, fact), getattr(after, fact)
                if was != now:
                    yield f"refused, but {fact} changed: {_difference(was, now)}"

    def _losses(
        self,
        old: sqlite3.Connection,
        new: sqlite3.Connection,
        operation: Operation,
        after: Snapshot,
    ) -> Iterator[str]:
        """Yield everything that the change lost, left or did not do."""
        wanted = expectation.expected(old, operation, self.feature, self.before)
        yield from compare(wanted, after, operation, self.feature)
        column, kind = operation.column, operation.kind
        renamed = {column: operation.value} if kind == "rename" else {}
        gone = frozenset({column} if kind in ("drop", "drop cascade") else ())
        now = Names(renamed, gone, self._compared(operation))
        earlier = self._earlier(old, now.compared)
        goes = kind == "drop" and operation.name in self.feature.either
        # What a dropped column guarded, or what was named to go with it, may act no more.
        if not goes and kind != "drop cascade":
            later = probes.observe(new, self.feature, now)
            for first, then in zip(earlier, later, strict=True):
                if first and then and first.kind not in operation.blind:
                    yield from _behaviour(first, then, operation)
        if earlier[0] is None or earlier[0].said != "ok":
            return  # not even a good row can be inserted: an insert proves nothing
        if kind == "add key" and "own key" in operation.blind:
            return  # the tool's keys are deferred: an insert proves nothing yet
        for values, said in operation.proofs:
            answer = probes.says(new, self.feature, now, values)
            if said.replace(" ", "") not in answer:
                yield f"not done: {dict(values)} should say {said}, says {answer}"

    def _earlier(
        self, old: sqlite3.Connection, compared: tuple[str, ...]
    ) -> tuple[Outcome | None, ...]:
        """Return what the probes came to before, told in `compared`; tried once."""
        if compared not in self._outcomes:
            names = Names({}, frozenset(), compared)
            self._outcomes[compared] = probes.observe(old, self.feature, names)
        return self._outcomes[compared]

    def _compared(self, operation: Operation) -> tuple[str, ...]:
        """Return the columns whose cells a probe's effect is compared in."""
        names = tuple(column.name for column in self.before.columns)
        changed = ("drop", "drop cascade", "retype", "retype within", "retype across",
                   "set default", "drop default")  # fmt: skip
        if operation.kind not in changed:
            return names
        return tuple(name for name in names if name != operation.column)


def compare(
    wanted: Snapshot, after: Snapshot, operation: Operation, feature: Feature
) -> Iterator[str]:
    """Yield each fact that is not as it should be."""
    if not after.columns:
        yield "the table is gone"
        return
    free = operation.free
    yield from _columns(wanted, after, operation)
    for fact in ("without_rowid", "strict", "autoincrement", "keys"):
        if fact not in free and getattr(wanted, fact) != getattr(after, fact):
            yield f"{fact}: {_difference(getattr(wanted, fact), getattr(after, fact))}"
    yield from _damage(wanted, after)
    if "rowids" not in free and wanted.rowids and wanted.rowids != after.rowids:
        yield f"rowids: {_difference(wanted.rowids, after.rowids)}"
    yield from _indexes(wanted, after, operation)
    place = {name: i for i, name in enumerate(after.rows.header)}
    if missing := [name for name in wanted.rows.header if name not in place]:
        yield f"columns are gone: {missing}"
    else:
        order = [place[name] for name in wanted.rows.header]
        rows = tuple(tuple(row[i] for i in order) for row in after.rows.rows)
        if rows != wanted.rows.rows:
            yield f"cells: {_difference(wanted.rows.rows, rows)}"
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
        yield f"columns: {_difference([c.name for c in wanted.columns], list(found))}"
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
        yield f"indexes{f' ({target})' if target else ''}: {_difference(was, now)}"


def _surroundings(wanted: Snapshot, after: Snapshot, operation: Operation) -> Iterator[str]:
    """Yield what was lost of everything around the table."""
    was, now = wanted.triggers, after.triggers
    if was != now:
        yield f"triggers and their order: {_difference(was, now)}"
    for fact in ("objects", "tables", "views"):
        old = {item[:-1]: item[-1] for item in getattr(wanted, fact)}
        new = {item[:-1]: item[-1] for item in getattr(after, fact)}
        if operation.kind == "keep" and fact == "tables":
            new.pop((operation.value,), None)
        if operation.kind == "keep":
            new.pop(("table", operation.value), None)
        for key in sorted({*old, *new}):
            if not _same(fact, old.get(key), new.get(key), operation):
                yield f"{' '.join(key)}: {_difference(old.get(key), new.get(key))}"
    for fact in ("sequence", "statistics"):
        rows = [row for row in getattr(after, fact) if row[0] != operations.KEPT]
        rows = [row for row in rows if fact == "statistics" or row[1] != "0"]
        if fact not in operation.free and list(getattr(wanted, fact)) != rows:
            yield f"{fact}: {_difference(getattr(wanted, fact), rows)}"


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


def _behaviour(first: Outcome, then: Outcome, operation: Operation) -> Iterator[str]:
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
                        f" {_difference(content.splitlines(), new[table].splitlines())}"
                    )


def _difference(was: object, now: object) -> str:
    """Return what is missing and what is new, or both as they are."""
    if isinstance(was, list | tuple) and isinstance(now, list | tuple):
        missing = [item for item in was if item not in now]
        new = [item for item in now if item not in was]
        if missing or new:
            return f"missing {missing}, new {new}"[:600]
    return f"{was!r} became {now!r}"[:600]


def _connect(path: Path | str) -> sqlite3.Connection:
    """Return a connection in autocommit mode with foreign keys on; broken UTF-8 is kept."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA synchronous = OFF")
    return conn
