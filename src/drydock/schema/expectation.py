"""Answers one question about a schema: is this table, column, index, view or trigger there?

The question is what ``verify-schema --expect`` takes: ``trips``, ``trips.tag``,
``trips.tag:TEXT``, or a kind and a name such as ``index:idx_tag``. The answer says what is there,
or which names come near. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.schema.meaning import type_name
from drydock.schema.objects import by_name
from drydock.schema.wording import column_text, count, index_text, type_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drydock.schema.objects import Schema, Table

NEAR = 3
"""How many near names are told at most."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is there, what was found or missed in one line, and near names if it is not."""

    found: bool
    detail: str
    near: tuple[str, ...] = ()


def expect(schema: Schema, question: str) -> Answer:
    """Return the answer to `question`; names compare as SQLite compares them.

    Names may hold dots and colons: the reading that finds something wins.
    """
    kind, _, name = question.partition(":")
    if fold(kind) in ("table", "index", "view", "trigger"):
        return _of_kind(schema, fold(kind), name)
    table = schema.table(question)
    if table is not None:
        return Answer(True, _table_text(table))
    for owner, column, declared in _readings(question):
        found = schema.table(owner)
        if found is not None and found.column(column) is not None:
            return _column_answer(found, column, declared)
    return _missed(schema, question)


def _readings(question: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield (table, column, type) for every way to take the question apart."""
    for dot in (at for at, letter in enumerate(question) if letter == "."):
        owner, rest = question[:dot], question[dot + 1 :]
        yield owner, rest, None
        for colon in (at for at, letter in enumerate(rest) if letter == ":"):
            yield owner, rest[:colon], rest[colon + 1 :]


def _column_answer(table: Table, name: str, declared: str | None) -> Answer:
    column = table.column(name)
    assert column is not None
    subject = f"{table.name}.{column.name}"
    if declared is not None and type_name(declared) != type_name(column.declared_type):
        return Answer(False, f"{subject} is {type_of(column)}, not {declared.strip()}")
    return Answer(True, f"column {subject}: {column_text(column)}")


def _of_kind(schema: Schema, kind: str, name: str) -> Answer:
    if kind == "table":
        table = schema.table(name)
        if table is not None:
            return Answer(True, _table_text(table))
        return Answer(False, f"no table {name}", _near(name, (t.name for t in schema.own_tables)))
    if kind == "index":
        texts = {
            key: f"index {i.name}: {index_text(i)}" for key, i in by_name(schema.indexes).items()
        }
        named = [i.name for i in schema.indexes]
    elif kind == "view":
        texts = {key: f"view {view.name}" for key, view in by_name(schema.views).items()}
        named = [view.name for view in schema.views]
    else:
        triggers = by_name(schema.triggers)
        texts = {key: f"trigger {t.name}: ON {t.table}" for key, t in triggers.items()}
        named = [trigger.name for trigger in schema.triggers]
    if fold(name) in texts:
        return Answer(True, texts[fold(name)])
    near = tuple(f"{kind}:{one}" for one in _near(name, named))
    return Answer(False, f"no {kind} {name}", near)


def _missed(schema: Schema, question: str) -> Answer:
    for owner, column, _ in _readings(question):
        table = schema.table(owner)
        if table is not None:
            wanted = column.partition(":")[0]
            near = _near(wanted, (c.name for c in table.columns))
            named = tuple(f"{table.name}.{one}" for one in near)
            # A column of that name in another table is the likeliest slip.
            elsewhere = tuple(
                f"{t.name}.{wanted}" for t in schema.own_tables if t.column(wanted) is not None
            )
            return Answer(False, f"no column {wanted} in {table.name}", (named + elsewhere)[:NEAR])
    views = by_name(schema.views)
    for owner, _, _ in _readings(question):
        if view := views.get(fold(owner)):
            return Answer(
                False,
                f"{view.name} is a view, and columns are asked for of tables only",
                (f"view:{view.name}",),
            )
    owner = question.partition(".")[0]
    others = tuple(
        f"{kind}:{one.name}"
        for kind, things in (("view", schema.views), ("index", schema.indexes))
        for one in things
        if fold(one.name) == fold(question)
    )
    near = _near(owner, (table.name for table in schema.own_tables))
    return Answer(False, f"no table {owner}", others or near)


def _near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    by_fold = {fold(one): one for one in names}
    return tuple(by_fold[one] for one in get_close_matches(fold(name), by_fold, n=NEAR))


def _table_text(table: Table) -> str:
    kind = f"{table.virtual} table" if table.virtual else "table"
    return f"{kind} {table.name}: {count(len(table.columns), 'column')}"
