"""What a run's result says about the database as it is: what is there, what is not, what differs.

Pure: it reads schemas and evidence, and finds the words. A run was made on a base in which some
things had been taken back (`drydock.adopt.undoing`); where its result equals the database as it
is, the script's effect is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.adopt.claims import Thing
from drydock.adopt.undoing import ASIDE, find
from drydock.names import fold
from drydock.schema.difference import ADDED, CHANGED, REMOVED, difference
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drydock.adopt.trial import Trial
    from drydock.evidence import TableEvidence
    from drydock.schema.difference import Change
    from drydock.schema.objects import Schema

_SHOWN = 5
_SIGNS = {ADDED: "with ", REMOVED: "without ", CHANGED: ""}
_OBJECTS = ("table", "column", "index", "view", "trigger")


@dataclass(frozen=True, slots=True)
class Weight:
    """What separates a run's result from the database as it is.

    `missing` are things that it makes and that are not there, `dropped` those that it would take
    away, `other` those that are there in another form, as lines; `rows` tells of rows that would
    change, `grown` what has been added to a thing since.
    """

    missing: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    tables: frozenset[str] = frozenset()

    @property
    def is_nothing(self) -> bool:
        """True when the result is the database as it is."""
        return not (self.missing or self.dropped or self.other or self.rows or self.marks)

    @property
    def is_rows_only(self) -> bool:
        """True when nothing but rows is apart."""
        return bool(self.rows) and not (self.missing or self.dropped or self.other or self.marks)

    def lines(self) -> tuple[str, ...]:
        """Return what a run would do to the database, in words."""
        parts = (
            ("make ", self.missing),
            ("drop ", self.dropped),
            ("change ", self.other),
            ("", self.rows),
            ("set ", self.marks),
        )
        return tuple(f"{verb}{_listed(things)}" for verb, things in parts if things)


def weigh(
    trial: Trial, now: Schema, incomparable: Iterable[str] = (), *, is_undone: bool = False
) -> Weight:
    """Return what separates the result of `trial`, which ended well, from `now`.

    Args:
        trial: The run.
        now: The schema of the database as it is.
        incomparable: Tables whose rows cannot be compared: they were made anew by the run, or a
            column was put into them for it.
        is_undone: Things were set aside for it: a column made anew stands at the end.
    """
    assert trial.after is not None
    base = trial.before.schema
    apart = [
        each
        for each in difference(now, trial.after.schema).changes
        if not is_undone or not (each.kind == "column order" or _is_ours(each))
    ]
    left_out = {fold(name) for name in incomparable}
    new_tables = {
        fold(each.subject) for each in apart if (each.sign, each.kind) == (ADDED, "table")
    }
    rows = [each for each in trial.rows if fold(each.name) not in left_out | new_tables]
    return Weight(
        missing=_named(
            _with_rows(each, trial.rows)
            for each in apart
            if each.sign == ADDED and each.kind in _OBJECTS
        ),
        dropped=_named(
            _words(each) for each in apart if each.sign == REMOVED and _stood_in(base, each)
        ),
        other=_named(
            f"{_words(each)} ({_SIGNS[each.sign]}{each.detail})"
            for each in apart
            if each.sign == CHANGED or each.kind not in _OBJECTS
        ),
        rows=tuple(line for each in rows if each.kind != "dropped" for line in _row_words(each)),
        marks=trial.marks,
        grown=_named(
            _words(each)
            for each in apart
            if (each.sign, each.kind) == (REMOVED, "column") and not _stood_in(base, each)
        ),
        tables=frozenset(fold(each.table or each.subject) for each in apart),
    )


def listed(things: Sequence[object]) -> str:
    """Return things as they are read, the first few of them."""
    return _listed([str(each) for each in things])


def _is_ours(change: Change) -> bool:
    """Say whether a change is about a name that we gave to something set aside."""
    texts = (change.subject, change.detail, change.before, change.after)
    return any(ASIDE in text for text in texts)


def _stood_in(base: Schema, change: Change) -> bool:
    if change.kind not in _OBJECTS:
        return False
    return find(base, _thing(change)) is not None


def _thing(change: Change) -> Thing:
    """Return the schema object that a change is about; a table for a property of one."""
    if change.kind == "column":
        return Thing("column", change.subject.removeprefix(f"{change.table}."), change.table)
    name = change.subject.partition(":")[2]
    match change.kind:
        case "index" | "view" | "trigger":
            return Thing(change.kind, name)
        case _:
            return Thing("table", change.table or change.subject)


def _words(change: Change) -> str:
    return str(_thing(change))


def _with_rows(change: Change, rows: Iterable[TableEvidence]) -> str:
    counts = [each.added for each in rows if fold(each.name) == fold(change.subject)]
    return f"{_words(change)}{f' with {_many(counts[0])}' if counts and counts[0] else ''}"


def _row_words(table: TableEvidence) -> list[str]:
    counts = (
        ("change", "of", table.changed),
        ("add", "to", table.added),
        ("remove", "of", table.removed),
    )
    return [f"{verb} {_many(count)} {of} {table.name}" for verb, of, count in counts if count]


def _many(count: int) -> str:
    return counted(count, "row")


def _named(words: Iterable[str]) -> tuple[str, ...]:
    """Return each once, in their order."""
    return tuple(dict.fromkeys(words))


def _listed(things: Sequence[str]) -> str:
    more = len(things) - _SHOWN
    return ", ".join([*things[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])
