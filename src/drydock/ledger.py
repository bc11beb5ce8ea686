"""The ledger: the table in the database that says which migrations have been applied, and how.

It lives in the database itself, so that a backup carries its own history and publish changes
both in one instant. It keeps the text as applied, so that an edited file can be shown as a
difference. It refuses nothing: what to make of a row is `drydock.plan`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from drydock.migration import Migration

TABLE = "_drydock_ledger"
TAKEN_BACK = "_drydock_taken_back"

_CREATE = f"""\
CREATE TABLE IF NOT EXISTS {TABLE} (
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

_CREATE_BACK = f"""\
CREATE TABLE IF NOT EXISTS {TAKEN_BACK} (
  sequence INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  taken_back_at TEXT NOT NULL,
  run TEXT NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One applied migration.

    `applied_at` is UTC in ISO 8601; `run` is the id of the run that applied it, or how it came
    into the ledger without one (``adopted``, ``marked``); `declared` holds the allowances it was
    applied with, one a line.
    """

    sequence: int
    name: str
    checksum: str
    applied_at: str
    seconds: float
    run: str

    @property
    def is_of_a_run(self) -> bool:
        """Whether a run applied it: its id begins with the year, and no other word does."""
        return self.run[:1].isdigit()


def exists(connection: sqlite3.Connection) -> bool:
    """Say whether the database has a ledger."""
    row = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (TABLE,)
    ).fetchone()
    return row is not None


def entries(connection: sqlite3.Connection) -> tuple[Entry, ...]:
    """Return the applied migrations in the order in which they were applied.

    Whatever somebody else has put into the rows: a name that is no text is shown as one, and is
    then no file's name.
    """
    if not exists(connection):
        return ()
    rows = connection.execute(
        f"SELECT sequence, name, checksum, applied_at, seconds, run FROM {TABLE} ORDER BY sequence"
    )
    return tuple(_entry(*row) for row in rows)


def _entry(sequence: int, *rest: Any) -> Entry:
    name, checksum, applied_at, seconds, run = rest
    took = float(seconds) if isinstance(seconds, int | float) else 0.0
    return Entry(sequence, _text(name), _text(checksum), _text(applied_at), took, _text(run))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def text_of(connection: sqlite3.Connection, name: str) -> str:
    """Return the text of the migration `name` as it was applied; empty when it is not there."""
    row = connection.execute(f"SELECT text FROM {TABLE} WHERE name = ?", (name,)).fetchone()
    return _text(row[0]) if row else ""


def kind_in(connection: sqlite3.Connection, name: str) -> str:
    """Return the kind of the migration `name` as it was applied (`kind_of`)."""
    row = connection.execute(f"SELECT kind FROM {TABLE} WHERE name = ?", (name,)).fetchone()
    return _text(row[0]) if row else ""


def create(connection: sqlite3.Connection) -> None:
    """Create the ledger where there is none."""
    connection.execute(_CREATE)


def kind_of(migration: Migration) -> str:
    """Return what the ledger keeps of a file's kind: ``sql``, ``py``, ``dbmate:sql``, …"""
    suffix = migration.path.suffix.removeprefix(".")
    return suffix if migration.origin is None else f"{migration.origin.tool}:{suffix}"


def is_all_ours(connection: sqlite3.Connection) -> bool:
    """Say whether something has been applied, and nothing from another tool's folder."""
    if not exists(connection):
        return False
    ours, every = connection.execute(
        f"SELECT count(*) FILTER (WHERE kind NOT LIKE '%:%'), count(*) FROM {TABLE}"
    ).fetchone()
    return bool(every) and int(ours) == int(every)


def record(
    connection: sqlite3.Connection,
    migration: Migration,
    *,
    applied_at: str,
    seconds: float,
    run: str,
    replace: bool = False,
) -> None:
    """Add `migration` to the ledger; `seconds` is how long it took.

    With `replace` it takes the place of a row of its name, which is refused else.
    """
    declared = "\n".join(f"{each.rule}: {each.reason}" for each in migration.directives)
    connection.execute(
        f"INSERT{' OR REPLACE' * replace} INTO {TABLE}"
        " (name, checksum, text, kind, applied_at, seconds, run, declared)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            migration.name,
            migration.checksum,
            migration.text,
            kind_of(migration),
            applied_at,
            seconds,
            run,
            declared,
        ),
    )


def remove(connection: sqlite3.Connection, name: str) -> None:
    """Take the migration `name` out of the ledger; harmless where it is not in it."""
    connection.execute(f"DELETE FROM {TABLE} WHERE name = ?", (name,))


def take_back(connection: sqlite3.Connection, name: str, *, at: str, run: str) -> None:
    """Take the migration `name` out of the ledger, and note that `run` did; `at` is UTC."""
    connection.execute(_CREATE_BACK)
    remove(connection, name)
    connection.execute(
        f"INSERT INTO {TAKEN_BACK} (name, taken_back_at, run) VALUES (?, ?, ?)", (name, at, run)
    )


def taken_back(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the names of the migrations that runs took back, in that order."""
    return tuple(name for name, _ in _taken_back(connection))


def knows_run(connection: sqlite3.Connection, run: str) -> bool:
    """Say whether `run` applied a migration here, or took one back."""
    runs = [entry.run for entry in entries(connection)]
    return run in [*runs, *(by for _, by in _taken_back(connection))]


def _taken_back(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (TAKEN_BACK,)
    ).fetchone()
    if found is None:
        return []
    rows = connection.execute(f"SELECT name, run FROM {TAKEN_BACK} ORDER BY sequence")
    return [(_text(name), _text(run)) for name, run in rows]


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Let the row of the migration `old` follow its file, which is called `new` now."""
    connection.execute(f"UPDATE {TABLE} SET name = ? WHERE name = ?", (new, old))
