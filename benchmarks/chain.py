"""The main job by whole commands: start-up, a thousand small migrations, a backup, a big run.

Every figure is a whole process from the outside, as a user waits for it, with backup, proof,
inspection and publish included on our side. The bars are issue 2's, and so is the big database:
1.5 GB, 12.5 million rows; a table of 5 million with three indexes is updated, another rebuilt.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import drydock
from benchmarks.harness import Bar, Benchmark, Contest, Entry, Setting, compete

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.harness import Table

ROWS, QUICK_ROWS = 5_000_000, 100_000
MIGRATIONS, QUICK_MIGRATIONS = 1_000, 100
STARTS, QUICK_STARTS = 21, 5

_TABLE = """
CREATE TABLE {name} (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  amount DECIMAL(10,2) NOT NULL,
  happened DATE NOT NULL,
  kind TEXT,
  note TEXT
);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO {name} SELECT i, (i * 7919) % 50000, ((i * 104729) % 1000000) / 4.0,
 date('2000-01-01', (i % 9000) || ' days'), 'kind' || (i % 40), 'a note of usual length ' || i
FROM n;
CREATE INDEX {name}_account ON {name} (account);
CREATE INDEX {name}_happened ON {name} (happened);
CREATE INDEX {name}_kind ON {name} (kind, happened);
"""
_CHANGES = """\
-- drydock: allow big-rewrite: this is the benchmark
ALTER TABLE entry ADD COLUMN tag TEXT;
UPDATE entry SET tag = 'tenth' WHERE id % 10 = 0;
CREATE TABLE booking_new (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
  happened DATE NOT NULL,
  kind TEXT,
  note TEXT
);
INSERT INTO booking_new SELECT id, account, amount, happened, kind, note FROM booking;
DROP TABLE booking;
ALTER TABLE booking_new RENAME TO booking;
CREATE INDEX booking_account ON booking (account);
CREATE INDEX booking_happened ON booking (happened);
CREATE INDEX booking_kind ON booking (kind, happened);
"""
_OURS = """\
\"\"\"The same, with the table changed by Drydock's own call.\"\"\"
# drydock: allow big-rewrite: this is the benchmark
def migrate(db):
    db.execute("ALTER TABLE entry ADD COLUMN tag TEXT")
    db.execute("UPDATE entry SET tag = 'tenth' WHERE id % 10 = 0")
    db["booking"].transform(add_check="amount >= 0")
"""
_NAKED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
if "unsafe" in sys.argv:
    db.execute("PRAGMA journal_mode=OFF")
    db.execute("PRAGMA synchronous=OFF")
db.execute("BEGIN")
for statement in open(sys.argv[2]).read().split(";"):
    if statement.strip():
        db.execute(statement)
db.execute("COMMIT")
db.close()
"""


def run(setting: Setting) -> Iterator[Table]:
    """Yield the four contests' tables."""
    # As pip leaves an installed package. Invoke lets Python keep no byte code of what it imports.
    compileall.compile_dir(Path(drydock.__file__).parent, quiet=1)
    yield _start_up(setting)
    yield _many(setting)
    big = _big_database(setting)
    yield _backup(setting, big)
    yield _end_to_end(setting, big)


def _start_up(setting: Setting) -> Table:
    root = _project(setting.scratch / "start")
    bare = setting.scratch / "bare"
    bare.mkdir()
    (bare / "tasks.py").write_text(
        "from invoke import task\n@task\ndef hello(c):\n    print('hello')\n"
    )
    for number in range(25):
        (root / "migrations" / f"{number:03}_m.sql").write_text(f"CREATE TABLE t{number} (a);\n")
    _inv(root, "migrate", "--create", "--quiet")
    contest = Contest(
        "start-up: 25 applied, nothing pending",
        (
            Entry("inv status", lambda: _inv(root, "status")),
            Entry("inv migrate", lambda: _inv(root, "migrate")),
            Entry("a bare task", lambda: _inv(bare, "hello")),
        ),
        (
            Bar(against="a bare task", at_most=1.15),
            Bar(entry="inv migrate", against="a bare task", at_most=1.15),
        ),
    )
    return compete(contest, QUICK_STARTS if setting.quick else STARTS)


def _many(setting: Setting) -> Table:
    count = QUICK_MIGRATIONS if setting.quick else MIGRATIONS
    ours = _project(setting.scratch / "many")
    theirs = setting.scratch / "dbmate" / "migrations"
    theirs.mkdir(parents=True)
    for number in range(count):
        text = _small(number)
        (ours / "migrations" / f"{number:05}_m.sql").write_text(text)
        (theirs / f"{number:05}_m.sql").write_text(f"-- migrate:up\n{text}\n-- migrate:down\n")
    target = setting.scratch / "dbmate" / "app.db"
    dbmate = str(setting.peers.dbmate)
    contest = Contest(
        f"{count:,} small pending migrations, from nothing",
        (
            Entry(
                "drydock, all of the chain",
                lambda: _inv(ours, "migrate", "--create", "--quiet"),
                lambda: _forget(ours),
            ),
            Entry(
                "dbmate",
                lambda: _command(
                    [dbmate, "--no-dump-schema", "-d", str(theirs), "-u", f"sqlite:{target}", "up"]
                ),
                lambda: target.unlink(missing_ok=True),
            ),
        ),
        (Bar(against="dbmate", at_most=0.7),),
    )
    return compete(contest, setting.rounds)


def _backup(setting: Setting, big: Path) -> Table:
    from drydock import files, hold
    from drydock.backup import copying

    target = setting.scratch / "copy.db"

    def ours() -> None:
        held = hold.take(big, timeout=5, announce=lambda _: None)
        files.create_private(target)
        copier = copying.at_rest(big, target, progress=lambda *_: None)
        files.sync(target)
        held.release()
        copier.kill()  # it would go on to compare both
        copier.communicate()

    def cp() -> None:
        _command(["cp", str(big), str(target)])
        files.sync(target)

    contest = Contest(
        f"a durable copy of {big.stat().st_size / 1e9:.2f} GB",
        (
            Entry("drydock's copy of the held database", ours, lambda: _gone(target)),
            Entry("cp and fsync", cp, lambda: _gone(target)),
        ),
        (Bar(against="cp and fsync", at_most=0.9),),
    )
    return compete(contest, setting.rounds)


def _end_to_end(setting: Setting, big: Path) -> Table:
    ours = _project(setting.scratch / "whole")
    (ours / "migrations" / "001_change.sql").write_text(_CHANGES)
    letter = _project(setting.scratch / "letter")
    sorted_copy = _CHANGES.replace("FROM booking;", "FROM booking ORDER BY rowid;")
    (letter / "migrations" / "001_change.sql").write_text(sorted_copy)
    own = _project(setting.scratch / "own")
    (own / "migrations" / "001_change.py").write_text(_OURS)
    target = setting.scratch / "naked.db"
    script = setting.scratch / "naked.py"
    script.write_text(_NAKED)

    def naked(*words: str) -> None:
        changes = ours / "migrations" / "001_change.sql"
        _command([sys.executable, str(script), str(target), str(changes), *words])

    contest = Contest(
        "add a column, update a tenth, rebuild a table",
        (
            Entry(
                "drydock, all of the chain",
                lambda: _inv(ours, "migrate", "--yes", "--quiet"),
                lambda: _fresh(ours, big),
            ),
            Entry(
                "the same change by transform(add_check=…), all of the chain",
                lambda: _inv(own, "migrate", "--yes", "--quiet"),
                lambda: _fresh(own, big),
            ),
            # No edit of the schema comes to a sorted copy, as it comes to the plain one.
            Entry(
                "a rebuild that is run to the letter, all of the chain",
                lambda: _inv(letter, "migrate", "--yes", "--quiet"),
                lambda: _fresh(letter, big),
            ),
            Entry("the same script in place, nothing else", naked, lambda: _copied(big, target)),
            # No tool that runs these statements to the letter can be faster than this.
            Entry(
                "the statements alone, without journal or sync",
                lambda: naked("unsafe"),
                lambda: _copied(big, target),
            ),
        ),
        (Bar(against="the same script in place, nothing else", at_most=0.75),),
    )
    return compete(contest, setting.rounds)


def _big_database(setting: Setting) -> Path:
    path = setting.scratch / "big.db"
    rows = QUICK_ROWS if setting.quick else ROWS
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        for name, share in (("entry", 1.0), ("booking", 1.0), ("quiet", 0.5)):
            db.executescript(_TABLE.format(name=name, rows=int(rows * share)))
    return path


def _small(number: int) -> str:
    table = number // 4
    return (
        f"CREATE TABLE t{table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, v REAL);",
        f"ALTER TABLE t{table} ADD COLUMN extra TEXT;",
        f"CREATE INDEX t{table}_name ON t{table} (name);",
        f"INSERT INTO t{table} (name, v) VALUES ('a', 1), ('b', 2);",
    )[number % 4]


def _project(root: Path) -> Path:
    (root / "migrations").mkdir(parents=True)
    (root / "tasks.py").write_text("from drydock.tasks import namespace\n")
    (root / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "app.db"\n')
    return root


def _forget(root: Path) -> None:
    for name in (".drydock", "backups"):
        shutil.rmtree(root / name, ignore_errors=True)
    _gone(root / "app.db")


def _fresh(root: Path, big: Path) -> None:
    _forget(root)
    _copied(big, root / "app.db")


def _copied(source: Path, target: Path) -> None:
    _gone(target)
    shutil.copyfile(source, target)
    os.sync()  # what the preparation wrote must not be paid for by the run


def _gone(path: Path) -> None:
    path.unlink(missing_ok=True)


def _inv(root: Path, *words: str) -> None:
    _command([sys.executable, "-m", "invoke", *words], cwd=root)


def _command(command: list[str], cwd: Path | None = None) -> None:
    # Byte code is written as on a user's machine, whatever this environment says.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")


BENCHMARK = Benchmark("chain", "whole commands: start-up, many files, backup, a big run", run)
