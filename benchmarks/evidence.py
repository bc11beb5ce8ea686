"""Proving what changed between backup and candidate: 12.5 million rows, 1.5 GB.

The bars are issue 4's: untouched tables within three times a read of the files, touched ones
within the join's time, ahead of the session extension's diff.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from benchmarks.harness import Bar, Benchmark, Contest, Entry, Setting, Table, compete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROWS, QUICK_ROWS = 2_500_000, 60_000

_MAKE = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT, email TEXT, opened TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} / 10)
INSERT INTO account SELECT i, 'name ' || i, 'u' || i || '@example.org', '2026-01-01' FROM n;
"""
_TABLE = """
CREATE TABLE t{at}(
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account(id), amount INTEGER,
  kind TEXT COLLATE NOCASE, rate REAL, note TEXT
);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO t{at} SELECT i, 1 + i % ({rows} / 10), i * 7 % 100000, 'kind' || (i % 50), i / 3.0,
 'a note of the usual length ' || i FROM n;
CREATE INDEX t{at}_account ON t{at}(account);
"""
_TOUCHED = "UPDATE t1 SET amount = amount + 1 WHERE id % 10 = 0"
_COLUMNS = ("id", "account", "amount", "kind", "rate", "note")


def _run(setting: Setting) -> Iterator[Table]:
    rows = QUICK_ROWS if setting.quick else ROWS
    before, after = setting.scratch / "before.db", setting.scratch / "after.db"
    script = _MAKE + "".join(_TABLE.replace("{at}", str(at)) for at in range(5)) + "COMMIT;"
    with closing(sqlite3.connect(before, isolation_level=None)) as connection:
        connection.executescript(script.format(rows=rows))
    shutil.copyfile(before, after)
    size = f"{before.stat().st_size / 1e6:,.0f} MB, {5 * rows + rows // 10:,} rows"
    yield compete(
        Contest(
            f"nothing changed ({size})",
            [
                Entry("drydock evidence", _evidence(before, after)),
                Entry("read both files", lambda: _read(before, after)),
            ],
            [Bar("read both files", times=1 / 3)],
        ),
        setting.rounds,
    )
    with closing(sqlite3.connect(after, isolation_level=None)) as connection:
        connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TOUCHED}")
    yield compete(
        Contest(
            f"10 % of one table of five changed ({size})",
            [
                Entry("drydock evidence, rows", _evidence(before, after, integrity="none")),
                Entry("drydock evidence, all", _evidence(before, after)),
                Entry("join of all tables, one thread", lambda: _join(before, after)),
                *_session(before, after),
            ],
            [Bar("join of all tables, one thread", times=1.0)],
        ),
        setting.rounds,
    )


def _evidence(before: Path, after: Path, integrity: str = "touched") -> Callable[[], None]:
    from drydock.evidence import Options, compare

    def run() -> None:
        compare(before, after, options=Options(integrity=integrity))

    return run


def _read(*paths: Path) -> None:
    buffer = bytearray(1 << 20)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def _join(before: Path, after: Path) -> None:
    with closing(sqlite3.connect(after)) as connection:
        connection.execute("ATTACH ? AS was", (str(before),))
        for at in range(5):
            same = " AND ".join(f"o.{name} COLLATE BINARY IS n.{name}" for name in _COLUMNS)
            connection.execute(
                f"SELECT count(*) FROM was.t{at} o NOT INDEXED JOIN t{at} n NOT INDEXED "
                f"ON n.rowid = o.rowid WHERE NOT ({same})"
            ).fetchone()


def _session(before: Path, after: Path) -> list[Entry]:
    """The session extension's diff, where apsw has it."""
    import apsw

    if not hasattr(apsw, "Session"):
        return []

    def run() -> None:
        connection = apsw.Connection(str(after))
        connection.execute("ATTACH ? AS was", (str(before),))
        session = apsw.Session(connection, "main")
        for at in range(5):
            session.attach(f"t{at}")
            session.diff("was", f"t{at}")
        session.close()
        connection.close()

    return [Entry("session extension's diff (apsw)", run)]


BENCHMARK = Benchmark("evidence", "proving what changed between backup and candidate", _run)
