"""What a row of the matrix is: one table shape or data hazard, populated, with its surroundings.

Every feature has the same bystanders (a UNIQUE key that a child table follows with ON DELETE
CASCADE, a NOT NULL column with a default and a named CHECK, a foreign key of its own), so that
each operation can be asked of each feature, and one column in focus (`f`) that carries what the
feature is about. It holds data and builds SQL text; it never opens a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = """
CREATE TABLE other(id INTEGER PRIMARY KEY, label TEXT);
INSERT INTO other VALUES (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four');
"""
IDS = (1, 2, 3, 7)


def quoted(name: str) -> str:
    """Return `name` as a double-quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement tried before and after: its outcome and what it leaves must be the same.

    In `sql`, ``$t``, ``$f`` and ``$spare`` stand for the quoted names as they are at the time.
    With `values`, a fresh row is inserted instead, with these literals in place of the usual ones
    (None leaves the column out). `kind` names what the probe asks about, so that an operation
    that was asked to change just that can leave it out.
    """

    kind: str
    sql: str = ""
    values: Mapping[str, str | None] = field(default_factory=dict)
    verb: str = "INSERT"


@dataclass(frozen=True, slots=True)
class Feature:
    """A populated database whose table `table` has the feature, mostly in the column `f`.

    Args:
        name: The row's name in the matrix.
        script: The SQL that makes the database, in autocommit mode.
        table: The table that is changed.
        f: The column in focus.
        fresh: The literals of a row that can be inserted; the insert leaves out what is missing.
        probes: What this feature must still do, besides the probes every feature gets.
        refuse: Operations that are rightly refused, each with its reason.
        declined: Operations that Drydock is to decline although the tables would lose nothing, each
            with its reason; no loss in another tool that does them (see `expectation.declined`).
        goes: Kinds of probes that ask about a constraint in `f`'s own definition, which goes with
            it when `f` is dropped.
        lacks: Operations that cannot be asked of this shape at all.
        cascade: Dependents of `f` that a drop may name in `cascade`; empty where there are none.
    """

    name: str
    script: str
    table: str = "t"
    f: str = "f"
    fresh: Mapping[str, str] = field(default_factory=dict)
    probes: tuple[Probe, ...] = ()
    refuse: Mapping[str, str] = field(default_factory=dict)
    declined: Mapping[str, str] = field(default_factory=dict)
    goes: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()
    cascade: tuple[str, ...] = ()


def shape(
    name: str,
    f: str = "f TEXT",
    values: tuple[str, ...] | None = ("'a'", "'b'", "NULL", "'d'"),
    *,
    new: str = "'fresh'",
    fresh: Mapping[str, str] | None = None,
    id_: str = "id INTEGER PRIMARY KEY",
    constraints: str = "",
    options: str = "",
    first: str = "",
    then: str = "",
    table: str = "t",
    column: str = "f",
    text: str | None = None,
    probes: tuple[Probe, ...] = (),
    refuse: Mapping[str, str] | None = None,
    declined: Mapping[str, str] | None = None,
    goes: tuple[str, ...] = (),
    lacks: tuple[str, ...] = (),
    cascade: tuple[str, ...] = (),
) -> Feature:
    """Return the feature with `f` declared as given between the bystanders, and four rows.

    `values` None means that `f` cannot be written (a generated column). `first` and `then` are
    SQL before the table and after its rows; `text` replaces the whole CREATE TABLE statement;
    `new` and `fresh` say what a row that can be inserted holds.
    """
    tail = f",\n  {constraints}" if constraints else ""
    create = text or (
        f"CREATE TABLE {quoted(table)} (\n  {id_},\n  code TEXT NOT NULL UNIQUE,\n  {f},\n"
        "  spare TEXT,\n"
        "  num INTEGER NOT NULL DEFAULT 7 CONSTRAINT num_ck CHECK (num <> -1),\n"
        f"  own INTEGER REFERENCES other(id),\n  ref INTEGER{tail}\n) {options}"
    )
    row = {"id": "900", "code": "'fresh'", "spare": "'sp'", "num": "5", "own": "1", "ref": "1"}
    if values is not None:
        row[column] = new
    return Feature(
        name,
        "\n".join(
            [OTHER, first, create + "\n;", _rows(table, column, values), _child(table), then]
        ),
        table=table,
        f=column,
        fresh={**row, **(fresh or {})},
        probes=probes,
        refuse=refuse or {},
        declined=declined or {},
        goes=goes,
        lacks=frozenset(lacks),
        cascade=cascade,
    )


def _rows(table: str, column: str, values: tuple[str, ...] | None) -> str:
    """Return the INSERTs of the four rows, with gaps in the ids."""
    lines = []
    for index, key in enumerate(IDS if values is None else IDS[: len(values)]):
        columns, literals = (
            "id, code, spare, num, own, ref",
            (f"{key}, 'c{key}', 's{key}', {key * 10}, {index % 3 + 1}, {3 - index % 3}"),
        )
        if values is not None:
            columns, literals = f"{columns}, {quoted(column)}", f"{literals}, {values[index]}"
        lines.append(f"INSERT INTO {quoted(table)}({columns}) VALUES ({literals});")
    return "\n".join(lines)


def _child(table: str) -> str:
    """Return the child that goes with its parent: the rows a careless rebuild deletes (F15)."""
    return (
        "CREATE TABLE child(id INTEGER PRIMARY KEY, t_code TEXT"
        f" REFERENCES {quoted(table)}(code) ON DELETE CASCADE ON UPDATE CASCADE);\n"
        f"INSERT INTO child(t_code) SELECT code FROM {quoted(table)} ORDER BY code;\n"
        f"INSERT INTO child(t_code) SELECT code FROM {quoted(table)} ORDER BY code;"
    )
