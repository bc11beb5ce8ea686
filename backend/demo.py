"""Makes Budget Buddy's demo database: ``python -m backend.demo --if-missing | --reset``.

It starts part-way through its history, with rows, so that ``inv migrate`` has real work. It refuses
to replace a database that somebody has open, and anything that is not a Budget Buddy database.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from backend.database.location import database_path
from backend.sample.build import build
from backend.sample.history import steps

ROWS = 20_000
AT = 15
SEED = 7
SIDECARS = ("-wal", "-shm", "-journal")


class Refused(Exception):
    """The database at the path is not to be replaced; the message says why and what to do."""


def main(argv: list[str] | None = None) -> int:
    """Make the database as the arguments say; return the exit status."""
    args = arguments(argv)
    path: Path = args.path
    if path.exists() and not args.reset:
        sys.stderr.write(f"{path} exists and was left as it is; to replace it: make demo\n")
        return 0 if args.if_missing else 3
    started = time.perf_counter()
    try:
        replace(path, rows=args.rows, at=args.at, seed=args.seed)
    except Refused as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        return 3
    except (OSError, sqlite3.Error) as error:
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        sys.stderr.write(
            f"error: {path} was not written, what was there is there: {error}{notes}\n"
        )
        return 4
    seconds = time.perf_counter() - started
    size = path.stat().st_size / 1e6
    sys.stderr.write(
        f"{path}: {args.rows:,} transactions at migration {args.at:03d}"
        f" ({size:.1f} MB, {seconds:.1f} s)\n"
    )
    return 0


def replace(path: Path, *, rows: int = ROWS, at: int = AT, seed: int = SEED) -> None:
    """Build the database beside `path`, then put it there, in place of what was.

    Raises:
        Refused: What is at `path` is in use, or no Budget Buddy database.
    """
    building = path.with_name(f"{path.name}.building-{os.getpid()}")
    try:
        build(building, rows=rows, at=at, seed=seed)
        if path.exists():
            _refuse_in_use(path)
        # A sidecar of the old database would be taken for one of the new (F04, F05).
        for ending in SIDECARS:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        building.replace(path)
    finally:
        for ending in ("", *SIDECARS):
            building.with_name(building.name + ending).unlink(missing_ok=True)


def _refuse_in_use(path: Path) -> None:
    """Raise `Refused` unless `path` is ours and nobody has it open.

    SQLite leaves WAL mode only for the last connection, so a change of the mode is the test.
    """
    try:
        uri = f"file:{quote(str(path.absolute()))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=1)) as connection:
            ours = connection.execute(
                "SELECT 1 FROM sqlite_schema WHERE name = 'transactions'"
            ).fetchone()
            if not ours:
                message = f"{path} is not a Budget Buddy database; name another with --path"
                raise Refused(message)
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        message = f"{path} is in use ({error}); stop the backend first: inv stop-backend"
        raise Refused(message) from error
    except sqlite3.DatabaseError as error:
        message = f"{path} cannot be read ({error}); move it away, or name another with --path"
        raise Refused(message) from error


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return what the command line asks for; it exits with status 2 where it is not understood."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.demo", description="Make Budget Buddy's demo database."
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--if-missing", action="store_true", help="do nothing where there is one")
    how.add_argument("--reset", action="store_true", help="replace the one that is there")
    parser.add_argument("--rows", type=_count, default=ROWS, help=f"transactions ({ROWS:,})")
    parser.add_argument("--at", type=_number, default=AT, help=f"schema of a migration ({AT:03d})")
    parser.add_argument("--path", type=Path, default=database_path(), help="where to write it")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same rows")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(text.replace(",", "").replace("_", ""))
    if count < 1:
        raise argparse.ArgumentTypeError("at least one transaction")
    return count


def _number(text: str) -> int:
    numbers = [step.number for step in steps()]
    number = int(text.partition("_")[0])
    if number not in numbers:
        message = f"there is no migration {text}: {numbers[0]:03d} to {numbers[-1]:03d}"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
