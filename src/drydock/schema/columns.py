"""A table's columns against the models: which there are, and each one's type, NULL, default,
generated expression and collation. Pure; says what is an error and what is a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.affinity import affinity
from drydock.names import fold
from drydock.schema import meaning
from drydock.schema.clauses import canonical
from drydock.schema.disagreement import Difference, Severity, missing, unequal, unknown
from drydock.schema.wording import column_text, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.schema.objects import Column, Table


def compared(live: Table, wanted: Table) -> Iterator[Difference]:
    """Yield where the columns of `live` differ from those that the models want.

    Of a virtual table the names alone count: its module decides the rest.
    """
    for column in wanted.columns:
        there = live.column(column.name)
        subject = f"{live.name}.{column.name}"
        if there is None:
            yield missing(subject, column_text(column))
        elif not live.virtual:
            yield from _type(subject, live, there, column)
            yield from _null(subject, live, there, wanted, column)
            yield from _default(subject, there, column)
            yield from _generated(subject, there, column)
            yield from _collation(subject, there, column)
    for there in live.columns:
        if wanted.column(there.name) is None and not there.hidden:
            yield _extra(f"{live.name}.{there.name}", live, there)


def _extra(subject: str, live: Table, there: Column) -> Difference:
    text = column_text(there)
    needed = there.not_null and there.default is None and not there.generated
    if needed and there.name != live.rowid_alias:
        return unknown("error", subject, f"{text}, which every insert must give a value")
    return unknown("note", subject, text)


def _type(subject: str, live: Table, there: Column, wanted: Column) -> Iterator[Difference]:
    types = [there.declared_type, wanted.declared_type]
    if meaning.type_name(types[0]) == meaning.type_name(types[1]):
        return
    kinds = {affinity(one) for one in types}
    # INTEGER and NUMERIC columns store every value alike (datatype3.html, section 3.1). In a
    # STRICT table the type's name decides what is refused, and INT and INTEGER are one.
    if live.strict:
        alike = set(map(fold, types)) == {"int", "integer"}
    else:
        alike = len(kinds) == 1 or kinds == {"INTEGER", "NUMERIC"}
    yield unequal("note" if alike else "error", subject, type_of(there), type_of(wanted))


def _null(
    subject: str, live: Table, there: Column, models: Table, wanted: Column
) -> Iterator[Difference]:
    refuses = there.not_null or there.name == live.rowid_alias
    wants = wanted.not_null or wanted.name == models.rowid_alias
    if refuses != wants:
        said = ["NULL refused" if one else "NULL allowed" for one in (refuses, wants)]
        # SQLAlchemy writes NOT NULL on every key column. SQLite does not imply it, and people
        # write TEXT PRIMARY KEY: laxer, but no insert of the models fails on it.
        lax_key = there.primary_key_position > 0 and wants
        yield unequal("note" if lax_key else "error", subject, *said)


def _default(subject: str, there: Column, wanted: Column) -> Iterator[Difference]:
    # In the models' type both times: the type itself is compared apart.
    meant = [meaning.default(one.default, wanted.declared_type) for one in (there, wanted)]
    if meant[0] != meant[1]:
        said = [
            f"DEFAULT {one.default}" if one.default else "no default" for one in (there, wanted)
        ]
        # Models that give the value in Python name no default of the database.
        severity: Severity = "note" if wanted.default is None else "error"
        yield unequal(severity, subject, *said)


def _generated(subject: str, there: Column, wanted: Column) -> Iterator[Difference]:
    if canonical(there.generated or "") != canonical(wanted.generated or ""):
        said = [one.generated or "not generated" for one in (there, wanted)]
        yield unequal("error", subject, *said)


def _collation(subject: str, there: Column, wanted: Column) -> Iterator[Difference]:
    if fold(there.collation) != fold(wanted.collation):
        asked = fold(wanted.collation) != "binary"
        said = [f"COLLATE {one.collation}" for one in (there, wanted)]
        yield unequal("error" if asked else "note", subject, *said)
