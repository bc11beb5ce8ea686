"""The record of a run: one folder with one small JSON file that always tells how far it got.

Each change is written atomically and synced before the step it announces begins, so that after a
kill at any instant the next command knows what to finish or clean up. ``current`` names the run
that has not ended; it is the one thing a reading command looks at. It refuses to guess: a record
that cannot be read is an error that says so.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from drydock import files
from drydock.errors import DrydockError, ExitCode
from drydock.words import as_word

if TYPE_CHECKING:
    from pathlib import Path

Phase = Literal[
    "started",  # nothing but the record exists
    "held",  # the live file is out of WAL mode and held
    "publishing",  # the next instant changes the live file
    "published",  # the live file is the new one, not yet verified
    "returning",  # going back to the backup
    "finished",  # all done
    "failed",  # the database is as it was
    "returned",  # the previous database is back after publish
    "stuck",  # the way back failed; a human is needed
    "interrupted",  # was unfinished; a later command cleaned up
]
ENDED: frozenset[str] = frozenset({"finished", "failed", "returned", "stuck", "interrupted"})
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one run.

    `sequence` orders runs whatever the clock does (F31). `journal_mode` is that of the live file
    before the run, `new_mode` the one that the database which is about to be live is to have.
    `old_inode` and `new_inode` are the live file's before and after a publish by rename: they tell
    which of the two the live file is. `backend` is true when the backend ran before. `result` is
    the digest of the published content, `target` that of a backup about to be made live again.
    Times are UTC in ISO 8601.
    """

    id: str
    sequence: int
    command: str
    database: str
    phase: Phase
    started_at: str
    pid: int
    journal_mode: str = ""
    new_mode: str = ""
    backend: bool = False
    backup: str = ""
    way: str = ""
    old_inode: int = 0
    new_inode: int = 0
    pending: tuple[str, ...] = ()
    result: str = ""
    failed_copy: str = ""
    target: str = ""
    ended_at: str = ""
    outcome: str = ""
    format: int = FORMAT


class RecordUnreadable(DrydockError):
    """A run's record is damaged, so what it left behind cannot be known from it."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, cause: str) -> None:
        self.path = path
        super().__init__(
            f"the record of a run cannot be read: {path}; nothing was touched",
            cause=cause,
            hint=f"look at the database (inv doctor), then set the record aside: "
            f"mv {as_word(path)} {as_word(f'{path}.damaged')}",
        )


class Run:
    """One run being recorded; every change is on disk when the method returns."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.record = record

    def note(self, **changes: Any) -> None:
        """Change fields of the record, durably."""
        self.record = replace(self.record, **changes)
        files.write_json(self.folder / "run.json", values(self.record))

    def clear_work(self) -> None:
        """Remove what was only needed while the run went on: candidates, a rehearsal's backup."""
        for left in self.folder.glob("candidate*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "backup", ignore_errors=True)

    def end(self, phase: Phase, outcome: str) -> None:
        """Record how the run ended; no later command has anything to finish."""
        self.clear_work()
        self.note(phase=phase, outcome=outcome, ended_at=now())
        _current_file(self.folder.parent.parent).unlink(missing_ok=True)


def values(record: Record) -> dict[str, Any]:
    """Return a record's fields by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def start(state: Path, *, command: str, database: Path, stamp: str | None = None) -> Run:
    """Create the folder and the record of a new run.

    Args:
        state: The database's state folder.
        command: What the user typed.
        database: The live database's real path.
        stamp: The run's id; by default the time in UTC, to the second, made unique (F32).
    """
    runs = files.private_folder(state / "runs")
    folder = unique_folder(runs, stamp or stamp_now())
    run = Run(
        folder,
        Record(
            id=folder.name,
            sequence=1 + max((each.sequence for each in _all(runs)), default=0),
            command=command,
            database=str(database),
            phase="started",
            started_at=now(),
            pid=os.getpid(),
        ),
    )
    run.note()
    files.write_atomically(_current_file(state), folder.name + "\n")
    return run


def sweep(state: Path) -> None:
    """Remove what a kill left of runs that had not begun, and of texts half written.

    Only for who holds the lock: nobody else is writing a record then.
    """
    for left in (*state.glob(".current.*"), *state.glob("runs/*/.*.*")):
        left.unlink(missing_ok=True)
    for folder in state.glob("runs/*"):
        if not (folder / "run.json").exists():
            with suppress(OSError):
                folder.rmdir()  # only where it is empty


def unfinished(state: Path) -> Run | None:
    """Return the run that has not ended, None when there is none.

    Raises:
        RecordUnreadable: Its record is damaged.
    """
    current = _current_file(state)
    try:
        name = current.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordUnreadable(current, str(error)) from error
    folder = state / "runs" / name
    if not name or "/" in name or not (folder / "run.json").exists():
        # Killed between the folder and its record: there is nothing to finish.
        raise RecordUnreadable(current, f"it names no run: {name!r}")
    record = read(folder)
    return None if record.phase in ENDED else Run(folder, record)


def read(folder: Path) -> Record:
    """Return the record in a run's folder.

    Raises:
        RecordUnreadable: It is not one.
    """
    path = folder / "run.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Record)}
        record = Record(**{name: value for name, value in data.items() if name in known})
        return replace(record, pending=tuple(record.pending))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RecordUnreadable(path, str(error)) from error


def history(state: Path) -> tuple[Record, ...]:
    """Return every readable record, oldest first, by sequence."""
    return tuple(sorted(_all(state / "runs"), key=lambda record: record.sequence))


def last_published(state: Path) -> Record | None:
    """Return the last run that published a migration and was not taken back since."""
    for found in reversed(history(state)):
        if found.phase in ("finished", "interrupted") and found.result and found.backup:
            return found
    return None


def last_return(state: Path, backup: str) -> Record | None:
    """Return the last run that made a backup live again behind the one that took `backup`."""
    every = history(state)
    taken = next((each.sequence for each in every if each.backup == backup), None)
    for found in reversed(every):
        went = found.target and not found.pending
        if went and found.phase in ("finished", "returned", "interrupted"):
            return found if taken is not None and found.sequence > taken else None
    return None


def take_back(state: Path, backup: str, by: str) -> None:
    """Record of the last run that published that run `by` made the backup before it live again."""
    last = last_published(state)
    if last is not None and last.backup == backup:
        Run(state / "runs" / last.id, last).note(phase="returned", outcome=f"taken back by {by}")


def unique_folder(parent: Path, stamp: str) -> Path:
    """Create and return ``parent/stamp``, or the first free ``stamp-2``, ``stamp-3``, … (F32)."""
    attempt = 1
    while True:
        folder = parent / (stamp if attempt == 1 else f"{stamp}-{attempt}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            attempt += 1
        else:
            return folder


def stamp_now() -> str:
    """Return the time in UTC as it stands in names: ``20261123T101502Z``."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _all(runs: Path) -> list[Record]:
    records: list[Record] = []
    for path in runs.glob("*/run.json"):
        try:
            records.append(read(path.parent))
        except RecordUnreadable:
            continue
    return records


def _current_file(state: Path) -> Path:
    return state / "current"
