"""Issue 3's proof: every table feature by every change, judged by an oracle of its own.

Promise: nothing that was not asked to change is lost, and nothing harmless is refused. The suite
runs every change on the `CORE` themes and a rotating share on the others;
`DRYDOCK_MATRIX=all` runs every cell, and `python -m benchmarks matrix` asks the peers too.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlite_utils import Database as StockDatabase

from drydock import Database
from drydock.connection import be_disposable
from drydock.errors import DrydockError
from tests.matrix import wording
from tests.matrix.features import CORE, FEATURES
from tests.matrix.oracle import Case, Kind, Verdict
from tests.matrix.request import BEYOND, arguments

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.matrix.feature import Feature
    from tests.matrix.operations import Operation

SHARE = 1 if os.environ.get("DRYDOCK_MATRIX") == "all" else 12


@pytest.mark.parametrize(
    ("number", "feature"), list(enumerate(FEATURES)), ids=[feature.name for feature in FEATURES]
)
def test_f15_f17_a_change_loses_nothing_and_refuses_nothing_harmless(
    number: int, feature: Feature, tmp_path: Path
) -> None:
    """Each cell is lossless or rightly refused, children and foreign keys included."""
    case = Case(feature)
    bad = []
    for place, operation in enumerate(case.operations()):
        if feature.name in CORE or (number + place) % SHARE == 0:
            verdict = _judged(case, operation, tmp_path, _drydock(case, operation))
            if not verdict.is_good:
                bad.append(str(verdict))
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    ("number", "feature"), list(enumerate(FEATURES)), ids=[feature.name for feature in FEATURES]
)
def test_f15_f17_a_change_in_a_migration_loses_nothing(
    number: int, feature: Feature, tmp_path: Path
) -> None:
    """As `inv migrate` has it: in a transaction, on a candidate that keeps no rollback journal."""
    case = Case(feature)
    bad = []
    for place, operation in enumerate(case.operations()):
        if (number + place) % SHARE == SHARE // 2:
            verdict = _judged(case, operation, tmp_path, _in_a_migration(case, operation))
            if not verdict.is_good:
                bad.append(str(verdict))
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    ("feature", "operation"),
    [
        ("type DATE", "bystander: set NOT NULL"),
        ("untyped column", "bystander: drop DEFAULT"),
        ("COLLATE NOCASE", "bystander: move first"),
        ("generated VIRTUAL", "bystander: set NOT NULL"),
        ("own key DEFERRABLE INITIALLY DEFERRED", "bystander: set NOT NULL"),
        ("WITHOUT ROWID TEXT", "bystander: drop NOT NULL"),
        ("NOT NULL ON CONFLICT IGNORE", "bystander: drop"),
        ("INT PRIMARY KEY is no rowid", "bystander: drop DEFAULT"),
        ("a trigger AFTER INSERT", "bystander: set NOT NULL"),
        ("a view", "f: rename"),
        ("comments where keywords are", "bystander: drop NOT NULL"),
        ("statistics of ANALYZE", "bystander: set NOT NULL"),
        ("the target is an FTS5 table", "bystander: set NOT NULL"),
    ],
)
def test_the_oracle_finds_the_known_losses(feature: str, operation: str, tmp_path: Path) -> None:
    """What stock `transform()` is known to lose is judged lost: the oracle is not blind."""
    case, asked = _cell(feature, operation)
    assert _judged(case, asked, tmp_path, _stock(case, asked)).kind is Kind.LOST


def test_f15_the_oracle_finds_children_deleted_by_a_rebuild(tmp_path: Path) -> None:
    """The careless rebuild with foreign keys on, which every other check calls clean."""
    case, asked = _cell("type TEXT", "bystander: drop NOT NULL")

    def careless(path: Path) -> str | None:
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("PRAGMA foreign_keys = ON")
            text = case.before.sql.replace("num INTEGER NOT NULL", "num INTEGER")
            conn.execute(text.replace('"t"', "new"))
            conn.execute("INSERT INTO new SELECT * FROM t")
            conn.execute("DROP TABLE t")
            conn.execute("ALTER TABLE new RENAME TO t")
        return None

    verdict = _judged(case, asked, tmp_path, careless)
    assert verdict.kind is Kind.LOST
    assert any(reason.startswith("child: ") for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("feature", "operation"),
    [("duplicates but for case", "f: drop"), ("a view of star", "bystander: drop")],
)
def test_what_is_to_be_declined_binds_drydock_alone(
    feature: str, operation: str, tmp_path: Path
) -> None:
    """Another tool may drop a column with its own UNIQUE, or out of a view of star."""
    case, asked = _cell(feature, operation)

    def rebuild(path: Path) -> str | None:
        items = [part for part in case.before.sql.split(",\n") if f"  {asked.column} " not in part]
        names = ", ".join(c.name for c in case.before.columns if c.name != asked.column)
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.executescript(
                ",\n".join(items).replace('"t"', "new")
                + f"; INSERT INTO new SELECT {names} FROM t; PRAGMA legacy_alter_table = ON;"
                " DROP TABLE t; ALTER TABLE new RENAME TO t;"
            )
        return None

    assert case.judge(asked, tmp_path / "cell.db", rebuild).kind is Kind.LOSSLESS
    verdict = case.judge(asked, tmp_path / "cell.db", rebuild, strict=True)
    assert verdict.kind is Kind.LOST
    assert "done, although" in verdict.reasons[0]
    declined = case.judge(asked, tmp_path / "cell.db", lambda _: "no")
    assert declined.kind is Kind.RIGHTLY_REFUSED


def test_doing_nothing_is_not_lossless(tmp_path: Path) -> None:
    """A change that was not made is a loss, whatever is asked."""
    case = Case(next(feature for feature in FEATURES if feature.name == "type TEXT"))
    for asked in case.operations():
        assert _judged(case, asked, tmp_path, lambda _: None).kind is Kind.LOST, asked.name


def test_refusing_everything_is_needless(tmp_path: Path) -> None:
    """A refusal without a reason in the data or the shape is told from a right one."""
    case, asked = _cell("type TEXT", "bystander: rename")
    verdict = _judged(case, asked, tmp_path, lambda _: "no")
    assert verdict.kind is Kind.NEEDLESSLY_REFUSED


def test_a_refusal_that_left_something_is_a_loss(tmp_path: Path) -> None:
    """Half a change and an error is worse than either."""
    case, asked = _cell("type TEXT", "bystander: rename")

    def half(path: Path) -> str | None:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("CREATE TABLE _tmp_t(x)")
        return "failed"

    assert _judged(case, asked, tmp_path, half).kind is Kind.LOST


def _cell(feature: str, operation: str) -> tuple[Case, Operation]:
    case = Case(next(found for found in FEATURES if found.name == feature))
    return case, next(asked for asked in case.operations() if asked.name == operation)


def _judged(
    case: Case, operation: Operation, folder: Path, change: Callable[[Path], str | None]
) -> Verdict:
    for stale in folder.glob("cell.db*"):
        stale.unlink()
    path = folder / "cell.db"
    if change.__name__ == "drydock":
        return case.judge(operation, path, change, wording.unasked, strict=True)
    return case.judge(operation, path, change)


def _drydock(case: Case, operation: Operation) -> Callable[[Path], str | None]:
    def drydock(path: Path) -> str | None:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA foreign_keys = ON")
            conn.execute("PRAGMA synchronous = OFF")
            try:
                asked = arguments(operation, case.feature, case.before)
                cast("Any", Database(conn)[case.feature.table]).transform(**asked)
            except DrydockError as refusal:
                return refusal.what
        return None

    return drydock


def _in_a_migration(case: Case, operation: Operation) -> Callable[[Path], str | None]:
    def drydock(path: Path) -> str | None:
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("PRAGMA foreign_keys = OFF")
            be_disposable(conn, journal=False)
            conn.execute("BEGIN")
            try:
                asked = arguments(operation, case.feature, case.before)
                cast("Any", Database(conn)[case.feature.table]).transform(**asked)
                conn.execute("COMMIT")
            except DrydockError as refusal:
                told = refusal.what
            else:
                return None
        path.write_bytes(case.image)  # the candidate is thrown away
        return told

    return drydock


def _stock(case: Case, operation: Operation) -> Callable[[Path], str | None]:
    assert operation.kind not in BEYOND

    def stock(path: Path) -> str | None:
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA foreign_keys = ON")
            asked = arguments(operation, case.feature, case.before)
            StockDatabase(conn).table(case.feature.table).transform(**asked)
        return None

    return stock
