"""The receipt's two files in a run's folder: written last, found by a run's name, read again.

A receipt that cannot be written is a note; the run has ended and its record is on the disk.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock import connection, files, record
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.receipt.facts import Receipt
    from drydock.record import Record
    from drydock.schema.difference import SchemaDifference
    from drydock.schema.objects import Schema
    from drydock.walk import Walk

PAGE = "receipt.html"
DATA = "receipt.json"
_RUNS_SHOWN = 10


class NoSuchRun(DrydockError):
    """A name given on the command line is no run of this database."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        shown = ", ".join(list(known)[-3:])
        super().__init__(
            f"there is no run {name!r}; nothing was touched" if name else "no run is recorded yet",
            hint=f"the newest ones: {shown} (all of them: inv history)"
            if shown
            else "every run leaves a receipt; the first one: inv migrate --dry-run",
        )


class SeveralRuns(DrydockError):
    """More runs than one begin as the name given on the command line does."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str, found: Iterable[str]) -> None:
        self.name = name
        runs = list(found)
        left = [f"and {len(runs) - _RUNS_SHOWN} older ones"] * (len(runs) > _RUNS_SHOWN)
        super().__init__(
            f"{len(runs)} runs begin with {name!r}; nothing was touched",
            cause=[*reversed(runs[-_RUNS_SHOWN:]), *left],
            hint=f"the newest of them: inv receipt --run {runs[-1]} (all runs: inv history)",
        )


class NoReceipt(DrydockError):
    """The run is known, and it left no receipt."""

    exit_code = ExitCode.USAGE

    def __init__(self, found: Record) -> None:
        self.record = found
        super().__init__(
            f"run {found.id} left no receipt",
            cause=f"{found.command}: {found.phase}{': ' if found.outcome else ''}{found.outcome}",
            hint="a run that was killed leaves none; all runs: inv history",
        )


def leave(walk: Walk, error: DrydockError | None = None) -> None:
    """Write the receipt of the walk's run, whose record has ended; never raises.

    Args:
        walk: What the steps have left; the paths it names may be gone.
        error: Why the run ended early, None where it did not.
    """
    if walk.run is None:
        return
    try:
        _write(walk, error)
    except Exception as problem:  # noqa: BLE001 - whatever it is, the run itself has ended well
        walk.reporter.note(f"the receipt could not be written: {problem}")


def _write(walk: Walk, error: DrydockError | None) -> None:
    from drydock.receipt.gathering import gather, of_record
    from drydock.schema.difference import difference

    folder, found = walk.record.folder, walk.record.record
    if found.phase == "interrupted":  # the walk is another run's, which only cleans up
        _put(folder, of_record(found), "")
        return
    schemas = walk.schemas
    with suppress(DrydockError, sqlite3.Error):  # one of the two databases may be damaged
        schemas = schemas or _schemas(walk)
    changes = difference(*schemas) if schemas else None
    picture = _picture(schemas[1], changes) if schemas and changes is not None else ""
    _put(folder, gather(walk, error, changes), picture)


def _put(folder: Path, receipt: Receipt, picture: str) -> None:
    from drydock.receipt import page

    data = {field.name: getattr(receipt, field.name) for field in fields(receipt)}
    files.write_json(folder / DATA, {"format": receipt.format, **data})
    files.write_atomically(folder / PAGE, page.render(receipt, picture))


def _schemas(walk: Walk) -> tuple[Schema, Schema] | None:
    """Return the schema before and after the run; None where it changed nothing that is left."""
    found = walk.record.record
    if found.result and walk.backup is not None:
        # After a return the new database is the one that was kept aside.
        new = walk.schema if found.phase == "finished" else None
        return _of(Path(walk.backup.file)), new or _of(Path(found.failed_copy or walk.live))
    if found.failed_copy:
        return _of(Path(found.failed_copy)), _of(walk.live)
    return None


def _of(path: Path) -> Schema:
    from drydock.schema.inventory import inventory

    with closing(connection.read(path)) as opened:
        return inventory(opened)


def _picture(schema: Schema, changes: SchemaDifference) -> str:
    from drydock.receipt.excerpt import excerpt
    from drydock.schema.diagram import svg

    shown, about = excerpt(schema, changes)
    return svg(shown, about) if shown.own_tables or about else ""


def find(state: Path, name: str = "") -> tuple[Record, Path]:
    """Return a run's record and the path of its page.

    Args:
        state: The database's state folder.
        name: The run's id, or how it begins; empty: the newest run that left a receipt.

    Raises:
        NoSuchRun: None is called so.
        SeveralRuns: More than one begins so.
        NoReceipt: It left none.
    """
    every = record.history(state)
    runs = state / "runs"
    if not name:
        every = tuple(each for each in every if (runs / each.id / PAGE).exists())
        found = every[-1:]
    else:
        found = tuple(each for each in every if each.id == name) or tuple(
            each for each in every if each.id.startswith(name)
        )
    if not found:
        raise NoSuchRun(name, (each.id for each in every))
    if len(found) > 1:
        raise SeveralRuns(name, (each.id for each in found))
    page = runs / found[0].id / PAGE
    if not page.exists():
        raise NoReceipt(found[0])
    return found[0], page


def read(page: Path) -> dict[str, Any]:
    """Return the JSON beside a receipt's page, as docs/json.md describes it.

    Raises:
        DrydockError: It cannot be read.
    """
    path = page.with_name(DATA)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DrydockError(
            f"{path} cannot be read", cause=str(error), hint="look at the page: inv receipt --open"
        ) from error
    return found
