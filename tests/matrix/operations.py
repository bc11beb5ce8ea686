"""What a column of the matrix is: one change asked of a table, as data.

An operation says what is asked (so that each tool can be asked in its own words), which facts it
may change, and what must be true afterwards. Which cells are rightly refused stands here where it
follows from the data, and in the feature where it follows from the shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.matrix.feature import Feature
    from tests.matrix.snapshot import Column, Snapshot

RENAMED = "Renamed qz"
KEPT = "t kept"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: `kind` and `value` on `column` (``$f`` is the feature's own).

    Args:
        name: The column's name in the matrix.
        kind: What is asked; the tools' adaptors switch on it.
        column: The column it is asked of.
        value: The new type, default, collation, name or expression.
        blind: Kinds of probes that ask about just what changes.
        free: Facts of the snapshot that the change decides; the oracle does not compare them.
        proofs: Rows to insert afterwards, each with what SQLite must say.
    """

    name: str
    kind: str
    column: str = ""
    value: str = ""
    blind: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    proofs: tuple[tuple[Mapping[str, str], str], ...] = field(default=())

    def on(self, feature: Feature) -> Operation:
        """Return the operation with the name of the feature's own column filled in."""
        return replace(self, column=feature.f) if self.column == "$f" else self


def _op(
    name: str,
    kind: str,
    column: str = "",
    value: str = "",
    *,
    blind: str = "",
    free: str = "",
    proofs: tuple[tuple[Mapping[str, str], str], ...] = (),
) -> Operation:
    """Return the operation; `blind` and `free` are lists with commas."""
    split = [frozenset(filter(None, text.split(","))) for text in (blind, free)]
    return Operation(name, kind, column, value, split[0], split[1], proofs)


F_VALUES = "f omitted,f null,f same,f typed,touch,clear,f compared,f ordered"
ROWID = "no id,null id,f omitted,f null,clear"  # a WITHOUT ROWID key is NOT NULL
KEYED = "no id,same id,null id,code unique,f same,f null,f omitted,clear"
UNSET = "f omitted,f null,clear,parent goes,parent moves"
PASSES = "ok"

OPERATIONS: tuple[Operation, ...] = (
    _op("bystander: set NOT NULL", "set not null", "spare",
        proofs=(({"spare": "NULL"}, "NOT NULL constraint failed"),)),
    _op("bystander: drop NOT NULL", "drop not null", "num", blind="num null",
        proofs=(({"num": "NULL"}, PASSES),)),
    _op("bystander: set DEFAULT", "set default", "spare", "n/a"),
    _op("bystander: drop DEFAULT", "drop default", "num", blind="num default"),
    _op("bystander: rename", "rename", "spare", RENAMED),
    _op("bystander: drop", "drop", "spare"),
    _op("bystander: retype within affinity", "retype", "spare", "VARCHAR(20)"),
    _op("bystander: retype across affinity", "retype", "num", "TEXT", blind="view,wide"),
    _op("bystander: move first", "move first", "spare", free="order"),
    _op("bystander: add foreign key", "add key", "ref",
        proofs=(({"ref": "999"}, "FOREIGN KEY constraint failed"),)),
    _op("bystander: drop foreign key", "drop key", "own", blind="own key,parent held",
        proofs=(({"own": "999"}, PASSES),)),
    _op("bystander: COLLATE", "collate", "spare", "NOCASE"),
    _op("table: keep the old one", "keep", "num", KEPT, blind="num null"),
    _op("table: STRICT", "strict"),
    _op("table: not STRICT", "not strict"),
    _op("table: add CHECK", "add check", "num", "num > -100000",
        proofs=(({"num": "-100001"}, "CHECK constraint failed"),)),
    _op("table: drop CHECK", "drop check", "num", "num_ck", blind="num check",
        proofs=(({"num": "-1"}, PASSES),)),
    _op("table: primary key to code", "pk", "code", blind=KEYED,
        free="pk,rowids,autoincrement,sequence"),
    _op("table: AUTOINCREMENT", "autoincrement", blind="no id,null id", free="sequence"),
    _op("table: no AUTOINCREMENT", "no autoincrement", blind="no id,null id", free="sequence"),
    _op("table: WITHOUT ROWID", "without rowid", blind=ROWID, free="pk,rowids,statistics"),
    _op("table: with rowid", "with rowid", blind="no id,null id", free="pk,rowids,statistics"),
    _op("table: add generated column", "generated", "g", "num * 2"),
    _op("f: set NOT NULL", "set not null", "$f", blind="f null,f omitted,f same,clear"),
    _op("f: drop NOT NULL", "drop not null", "$f", blind="f null,f omitted,clear"),
    _op("f: set DEFAULT", "set default", "$f", "n/a", blind=UNSET),
    _op("f: drop DEFAULT", "drop default", "$f", blind=UNSET),
    _op("f: rename", "rename", "$f", RENAMED),
    _op("f: drop", "drop", "$f", blind=F_VALUES),
    _op("f: drop with cascade", "drop cascade", "$f", blind=F_VALUES),
    _op("f: retype within affinity", "retype within", "$f"),
    _op("f: retype across affinity", "retype across", "$f", blind=F_VALUES),
    _op("f: COLLATE", "collate", "$f", "NOCASE", blind="f same,f compared,f ordered"),
)  # fmt: skip


def affinity(declared: str) -> str:
    """Return the affinity of a declared type: SQLite's datatype3, section 3.1, in its order."""
    text = declared.upper()
    if "INT" in text:
        return "INTEGER"
    if re.search("CHAR|CLOB|TEXT", text):
        return "TEXT"
    if "BLOB" in text or not text:
        return "BLOB"
    return "REAL" if re.search("REAL|FLOA|DOUB", text) else "NUMERIC"


_NUMBERLIKE = re.compile(r"text:'[\s+-]?\d")
WITHIN = {"INTEGER": "BIGINT", "TEXT": "NVARCHAR(99)", "BLOB": "BLOB", "REAL": "DOUBLE",
          "NUMERIC": "DECIMAL(12,3)"}  # fmt: skip


def new_type(operation: Operation, feature: Feature, before: Snapshot) -> str:
    """Return the declared type that the operation asks for, "" where it asks for none."""
    if operation.kind == "retype":
        return operation.value
    if operation.kind in ("retype within", "retype across"):
        old = column_of(before, feature.f)
        family = affinity(old.type if old else "")
        if operation.kind == "retype within":
            return WITHIN[family]
        if family == "TEXT" and not any(_NUMBERLIKE.match(v) for v in _cells(before, feature.f)):
            return "BLOB"
        return "INTEGER" if family in ("TEXT", "BLOB") else "TEXT"
    return ""


def _cells(before: Snapshot, name: str) -> list[str]:
    place = before.rows.header.index(name) if name in before.rows.header else None
    return [] if place is None else [row[place] for row in before.rows.rows]


def column_of(before: Snapshot, name: str) -> Column | None:
    """Return the column `name` of the snapshot, None where the table has none."""
    return next((column for column in before.columns if column.name == name), None)


def asked_of(operation: Operation, feature: Feature, before: Snapshot) -> bool:
    """Return whether the operation makes sense for the feature: the cell exists."""
    if operation.name in feature.lacks:
        return False
    column = column_of(before, operation.column)
    hazards = {
        "drop cascade": bool(feature.cascade),
        "not strict": bool(before.strict),
        "strict": not before.strict,
        "with rowid": bool(before.without_rowid),
        "without rowid": not before.without_rowid,
        "autoincrement": not before.autoincrement,
        "no autoincrement": before.autoincrement,
        "drop not null": column is not None and bool(column.notnull),
        "set not null": column is not None and not column.notnull,
        "drop default": column is not None and column.default is not None,
    }
    return hazards.get(operation.kind, True)
