"""Changing a big table: 5 million rows, 600 MB, three indexes; Drydock against the peers.

Every run is on a fresh copy of one database, in a process of its own, timed inside it, after the
copy has reached the disk: a commit would wait for that too. Drydock runs as a migration has it, on
a candidate, which is what issue 3's bars are about, and alone, where its commit is durable like the
peers'. Memory is the peak of Drydock's process at two sizes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar, Benchmark, Contest, Entry, Setting, Table, compete
from benchmarks.peers import PeerError, Peers, working

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS, QUICK_ROWS = 5_000_000, 50_000
OURS = ("drydock in a migration", "drydock")
_FLAT = 32  # MB that Drydock's process may grow by from a tenth of the rows to all of them

_MAKE = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE t (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  amount TEXT NOT NULL,
  happened TEXT NOT NULL,
  kind TEXT,
  note TEXT,
  extra TEXT
);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO t SELECT i, (i * 7919) % 50000, ((i * 104729) % 1000000),
 date('2000-01-01', (i % 9000) || ' days'), 'kind' || (i % 40),
 'a note of the usual length ' || i, 'x' || i FROM n;
CREATE INDEX t_account ON t(account);
CREATE INDEX t_happened ON t(happened);
CREATE INDEX t_kind ON t(kind, happened);
CREATE TABLE child(id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id) ON DELETE CASCADE);
INSERT INTO child(t) SELECT id FROM t WHERE id % 1000 = 0;
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A contest: what is asked, of whom besides Drydock, and the bars."""

    name: str
    kind: str
    column: str
    arguments: dict[str, Any]
    against: tuple[str, ...]
    bars: tuple[Bar, ...]
    asked: str = ""
    value: str = ""


CHANGES = (
    Change("tighten: SET NOT NULL", "set not null", "extra", {"not_null": ["extra"]},
           ("sqlite-utils", "alembic", "by hand"), (Bar("sqlite-utils", times=40),)),
    Change("loosen: DROP NOT NULL", "drop not null", "amount", {"not_null": {"amount": False}},
           ("sqlite-utils", "alembic", "by hand"), (Bar(seconds=0.050),)),
    Change("drop a column", "drop", "note", {"drop": ["note"]},
           ("sqlite-utils", "alembic", "by hand"), (Bar("sqlite-utils", times=5),)),
    Change("retype TEXT to INTEGER", "retype", "amount", {"types": {"amount": "INTEGER"}},
           ("sqlite-utils", "alembic", "by hand"), (Bar("sqlite-utils", times=5),), "INTEGER"),
    Change("a true rebuild: another order", "move first", "note",
           {"column_order": ["note", "id", "account", "amount", "happened", "kind", "extra"]},
           ("sqlite-utils", "by hand"), (Bar("sqlite-utils", times=2.4),)),
)  # fmt: skip


def _database(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.executescript(_MAKE.format(rows=rows))


def _warm(base: Path) -> Path:
    """Return a database that is only there to be changed first."""
    path = base.with_name("warm.db")
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE t (\n  x TEXT,\n  y TEXT,\n  z TEXT\n)")
    return path


def _entry(tool: str, change: Change, base: Path, peers: Peers, peaks: dict[str, float]) -> Entry:
    path = base.with_name("run.db")

    def prepare() -> None:
        for stale in path.parent.glob("run.db*"):
            stale.unlink()
        shutil.copyfile(base, path)
        with path.open("rb+") as written:
            os.fsync(written.fileno())

    def run() -> float:
        python = Path(sys.executable) if tool in (*OURS, "by hand") else peers.python
        with working(python, tool) as worker:
            # Imports are not the subject: a first request on three columns warms them.
            worker.ask({"path": str(_warm(base)), "table": "t", "kind": "drop",
                        "column": "y", "arguments": {"drop": ["y"]}})  # fmt: skip
            answer = worker.ask(
                {"path": str(path), "table": "t", "kind": change.kind, "column": change.column,
                 "value": change.value, "asked": change.asked, "arguments": change.arguments}
            )  # fmt: skip
        if answer["error"] or not answer["offered"]:
            raise PeerError(f"{tool} did not do {change.name}: {answer['error']}")
        peaks[tool] = max(peaks.get(tool, 0), answer["peak"])
        return float(answer["seconds"])

    return Entry(tool, run, prepare)


def _run(setting: Setting) -> Iterator[Table]:
    rows = QUICK_ROWS if setting.quick else ROWS
    base = setting.scratch / "base.db"
    _database(base, rows)
    peaks: dict[str, float] = {}
    for change in CHANGES:
        tools = (*OURS, *change.against)
        entries = [_entry(tool, change, base, setting.peers, peaks) for tool in tools]
        megabytes = base.stat().st_size / 1e6
        name = f"{change.name} ({rows:,} rows, {megabytes:.0f} MB)"
        # The bars are for the full size: on a small one, fixed costs decide.
        yield compete(Contest(name, entries, () if setting.quick else change.bars), setting.rounds)
    yield _memory(setting, rows, max(peaks[tool] for tool in OURS))


def _memory(setting: Setting, rows: int, peak: float) -> Table:
    """Return Drydock's peak memory over all changes, beside that of a tenth of the rows."""
    small = setting.scratch / "small.db"
    _database(small, rows // 10)
    peaks: dict[str, float] = {}
    for change in CHANGES:
        for tool in OURS:
            entry = _entry(tool, change, small, setting.peers, peaks)
            entry.prepare()
            entry.run()
    low = max(peaks.values())
    grown = peak - low
    said = f"peak memory grows by under {_FLAT} MB: {grown:.0f} MB"
    return Table(
        "memory of Drydock's process",
        ("rows", "peak"),
        (
            (f"{rows // 10:,}", f"{low:.0f} MB"),
            (f"{rows:,}", f"{peak:.0f} MB"),
        ),
        (f"bar: {said}: {'met' if grown < _FLAT else 'MISSED'}",),
        () if grown < _FLAT else (said,),
    )


BENCHMARK = Benchmark("rebuild", "changing a big table: seconds and memory", _run)
