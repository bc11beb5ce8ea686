"""Behaviour, tried: statements whose outcome and effect must be the same before and after.

Each probe runs in a savepoint that is rolled back, with foreign keys on; what it did is told as
the kind of error (or "ok", with what it returned) and the rows that it leaves in the changed
table and in the tables beside it. It decides nothing; the oracle compares.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from tests.matrix import snapshot
from tests.matrix.feature import Feature, Probe, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

INSERT = "INSERT INTO $t($columns) VALUES ($row)"
FIRST_F = "(SELECT $f FROM $t ORDER BY code LIMIT 1)"

EVERY: tuple[Probe, ...] = (
    Probe("insert", values={}),
    Probe("code unique", values={"code": "'c2'"}),
    Probe("code unique", values={"code": "'c2'"}, verb="INSERT OR IGNORE"),
    Probe("code unique", values={"code": "'c2'"}, verb="INSERT OR REPLACE"),
    Probe("same id", values={"id": "2"}),
    Probe("no id", values={"id": None}),
    Probe("no id", f"DELETE FROM $t WHERE code IN ('c7', 'c3'); {INSERT}", values={"id": None}),
    Probe("null id", values={"id": "NULL"}),
    Probe("num check", values={"num": "-1"}),
    Probe("num null", values={"num": "NULL"}),
    Probe("num default", values={"num": None}),
    Probe("own key", values={"own": "999"}),
    Probe("child follows", "UPDATE $t SET code = 'moved' WHERE code = 'c2'"),
    Probe("child goes", "DELETE FROM $t WHERE code = 'c2'"),
    Probe("parent held", "DELETE FROM other WHERE id = 1"),
    Probe("f omitted", values={"$f": None}),
    Probe("f null", values={"$f": "NULL"}),
    Probe("f same", values={"$f": FIRST_F}),
    Probe("f same", values={"$f": f"upper({FIRST_F})"}),
    Probe("f same", values={"$f": FIRST_F}, verb="INSERT OR REPLACE"),
    Probe("f typed", values={"$f": "'12.50'"}),
    Probe("f typed", values={"$f": "3.0"}),
    Probe("f typed", values={"$f": "-999"}),
    Probe("f typed", values={"$f": "'zz'"}),
    Probe("f typed", values={"$f": "x'00ff'"}),
    Probe("touch", "UPDATE $t SET $f = $f WHERE code = 'c2'"),
    Probe("clear", "UPDATE $t SET $f = NULL WHERE code = 'c2'"),
    Probe("f compared", "SELECT code FROM $t WHERE $f = upper($f) ORDER BY code"),
    Probe("f compared", "SELECT code FROM $t WHERE $f = $f || ' ' ORDER BY code"),
    Probe("f ordered", "SELECT code FROM $t ORDER BY $f, code"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe came to: the error or result (no spaces or quotes), and each table after it."""

    kind: str
    asked: str
    said: str
    left: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """How the feature's names are spelled now, and which columns can be compared."""

    renamed: Mapping[str, str]
    gone: frozenset[str]
    compared: tuple[str, ...]

    def now(self, column: str) -> str:
        """Return the present name of `column`."""
        return self.renamed.get(column, column)


def observe(conn: sqlite3.Connection, feature: Feature, names: Names) -> tuple[Outcome | None, ...]:
    """Return the outcome of every probe, None for those that cannot be asked of the table now.

    `conn` is in autocommit mode with foreign keys on, and is left so; the file is not changed.
    """
    compared = tuple(names.now(column) for column in names.compared)
    watched = (*_beside(conn, feature), (feature.table, compared))
    outcomes: list[Outcome | None] = []
    conn.execute("BEGIN")
    for probe in (*EVERY, *feature.probes):
        statement = _statement(probe, feature, names)
        outcome = statement and _try(conn, probe, statement, names, watched)
        outcomes.append(outcome or None)
    if conn.in_transaction:
        conn.execute("ROLLBACK")
    return tuple(outcomes)


def says(
    conn: sqlite3.Connection, feature: Feature, names: Names, values: Mapping[str, str]
) -> str:
    """Return what inserting a fresh row with `values` says, and take it back."""
    statement = _statement(Probe("asked", values=values), feature, names)
    assert statement is not None
    conn.execute("BEGIN")
    said = _try(conn, Probe("asked"), statement, names, ()).said
    if conn.in_transaction:
        conn.execute("ROLLBACK")
    return said


def _statement(probe: Probe, feature: Feature, names: Names) -> str | None:
    """Return the probe's SQL with the names of now, or None where it cannot be asked."""
    text = " ".join((probe.sql, *probe.values, *filter(None, probe.values.values())))
    asks = {"$f": feature.f, "$spare": "spare"}
    if any(mark in text and column in names.gone for mark, column in asks.items()):
        return None
    if "$f" in probe.values and feature.f not in feature.fresh:
        return None
    row: dict[str, str | None] = {
        names.now(k): v for k, v in feature.fresh.items() if k not in names.gone
    }
    for key, literal in probe.values.items():
        row[names.now(feature.f if key == "$f" else key)] = literal
    given = {key: literal for key, literal in row.items() if literal is not None}
    marks = {
        "t": quoted(feature.table),
        "f": quoted(names.now(feature.f)),
        "spare": quoted(names.now("spare")),
        "columns": ", ".join(map(quoted, given)),
    }
    marks["row"] = Template(", ".join(given.values())).safe_substitute(marks)
    template = probe.sql or f"{probe.verb} INTO $t($columns) VALUES ($row)"
    return Template(template).safe_substitute(marks)


def _try(
    conn: sqlite3.Connection,
    probe: Probe,
    statement: str,
    names: Names,
    watched: tuple[tuple[str, tuple[str, ...]], ...],
) -> Outcome:
    if not conn.in_transaction:  # a conflict clause ROLLBACK ended it, as it should
        conn.execute("BEGIN")
    conn.execute("SAVEPOINT probe")
    changes = conn.total_changes
    said = "ok"
    try:
        for part in statement.split("; "):
            found = conn.execute(part).fetchall()
            said = f"ok {found}" if found else "ok"
    except sqlite3.Error as error:
        said = f"{type(error).__name__}: {error}"
    left: tuple[tuple[str, str], ...] = ()
    if conn.total_changes != changes:
        left = tuple((table, snapshot.cells(conn, table, columns)) for table, columns in watched)
    if conn.in_transaction:
        conn.execute("ROLLBACK TO probe")
        conn.execute("RELEASE probe")
    for old, new in names.renamed.items():
        said = said.replace(new, old)
    return Outcome(probe.kind, statement, said.replace('"', "").replace(" ", ""), left)


def _beside(conn: sqlite3.Connection, feature: Feature) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the ordinary tables beside the changed one, with their columns."""
    listed = conn.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
        " AND name NOT LIKE 'sqlite_%' AND name <> ? ORDER BY name",
        [feature.table],
    ).fetchall()
    return tuple(
        (name, tuple(r[1] for r in conn.execute(f"PRAGMA table_info({quoted(name)})")))
        for (name,) in listed
    )
