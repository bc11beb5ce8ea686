"""An empty database as it was after a given migration, with its ledger.

It runs the first migrations of the folder the way Drydock does: an SQL file statement by statement
on a connection of its own with foreign keys off, a Python one in a transaction. It is for making
samples from nothing; a database with rows in it is migrated with ``inv migrate``, never with this.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

_LEDGER = """\
CREATE TABLE _drydock_ledger (
  sequence INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  checksum TEXT NOT NULL,
  text TEXT NOT NULL,
  kind TEXT NOT NULL,
  applied_at TEXT NOT NULL,
  seconds REAL NOT NULL,
  run TEXT NOT NULL,
  declared TEXT NOT NULL DEFAULT ''
)"""
_DATE = re.compile(r"^\W*Date: (\d{4}-\d\d-\d\d)$", re.MULTILINE)
_ALLOW = re.compile(r"^(?:--|#) drydock: allow ([a-z-]+: .*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration, as its file is."""

    number: int
    name: str
    kind: str
    text: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text, as the ledger keeps it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def date(self) -> str:
        """The day in the header, which is when the sample says that it was applied."""
        found = _DATE.search(self.text)
        return found[1] if found else "2021-01-01"


def steps(folder: Path = MIGRATIONS) -> tuple[Step, ...]:
    """Return the migrations of `folder` in their order."""
    paths = (path for path in folder.iterdir() if re.match(r"\d+_.*\.(sql|py)$", path.name))
    return tuple(
        Step(
            int(path.name.partition("_")[0]),
            path.stem,
            path.suffix[1:],
            path.read_text(encoding="utf-8-sig"),
        )
        for path in sorted(paths, key=lambda path: path.name)
    )


def build(path: Path, at: int, folder: Path = MIGRATIONS) -> None:
    """Write the schema after migration number `at` into the empty file `path`.

    Raises:
        sqlite3.Error: A migration failed; its name is in the error's notes.
    """
    with closing(connect(path)) as connection:
        connection.execute(_LEDGER)
    for step in steps(folder):
        if step.number <= at:
            apply(path, step)


def apply(path: Path, step: Step) -> None:
    """Run `step` on `path` and write it into the ledger.

    Raises:
        sqlite3.Error: It failed; its name is in the error's notes.
    """
    try:
        if step.kind == "sql":
            with closing(connect(path)) as connection:
                connection.executescript(step.text)
        else:
            _run_python(path, step)
    except sqlite3.Error as error:
        error.add_note(f"in migration {step.name}")
        raise
    with closing(connect(path)) as connection:
        connection.execute(
            "INSERT INTO _drydock_ledger"
            " (name, checksum, text, kind, applied_at, seconds, run, declared)"
            " VALUES (?, ?, ?, ?, ?, 0.0, 'sample', ?)",
            (
                step.name,
                step.checksum,
                step.text,
                step.kind,
                f"{step.date}T09:00:00+00:00",
                "\n".join(_ALLOW.findall(step.text)),
            ),
        )


def connect(path: Path) -> sqlite3.Connection:
    """Open `path` in autocommit, with no care for durability: a sample can be made again."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA cache_size = -200000")
    return connection


def _run_python(path: Path, step: Step) -> None:
    module = ModuleType(step.name)
    exec(compile(step.text, f"{step.name}.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the project's own migration
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        module.migrate(_database(connection))
        connection.execute("COMMIT")


def _database(connection: sqlite3.Connection) -> Any:
    """Return what a migration is given: Drydock's Database; stock sqlite-utils without Drydock.

    The latter is enough for the history before transform() is used, which the demo starts from.
    """
    try:
        from drydock import Database  # noqa: PLC0415 - optional
    except ImportError:
        import sqlite_utils  # noqa: PLC0415 - optional

        return sqlite_utils.Database(connection)
    return Database(connection)
