"""The doctor's page: what in this environment matters for a run, and what of it is worrying.

Reads only: versions, SQLite's known bugs, the database and who has it open, room on the disk, runs
and backups left over, permissions, the settings in force. Every fact is a line; a fact that is
wrong says what to do about it.
"""

from __future__ import annotations

import os
import platform
import shlex
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

from drydock import backup, connection, files, lock, record
from drydock.connection import DatabaseLocked, DatabaseMissing, NotADatabase, OutOfReach
from drydock.setting import SECTIONS
from drydock.settings import state_folder
from drydock.steps.take_backup import GROWTH, size
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from drydock.record import Record
    from drydock.settings import Settings

Verdict = Literal["fine", "worry", "wrong"]

LIBRARIES = ("invoke", "sqlite-utils", "syntaqlite", "rich", "psutil", "httpx")
KNOWN_BUGS: tuple[tuple[tuple[int, ...], tuple[int, ...], str], ...] = (
    ((3, 35, 0), (3, 35, 4), "DROP COLUMN can corrupt the database: releaselog/3_35_5.html"),
    ((3, 7, 0), (3, 51, 2), "a rare race can corrupt a WAL: wal.html#walresetbug (runs leave WAL)"),
)
"""First and last version, what it is and where on sqlite.org its authors describe it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the page."""

    section: str
    name: str
    value: str
    verdict: Verdict = "fine"


def examine(settings: Settings) -> tuple[Fact, ...]:
    """Return all facts, in the order of the page."""
    return (
        *_versions(),
        *_database(settings),
        *_room(settings),
        *_left_over(settings),
        *_settings(settings),
    )


def _versions() -> Iterator[Fact]:
    yield Fact("versions", "drydock", metadata.version("sqlite-drydock"))
    yield Fact("versions", "python", f"{platform.python_version()} ({sys.executable})")
    yield Fact("versions", "sqlite", sqlite3.sqlite_version)
    for first, last, what in KNOWN_BUGS:
        if first <= sqlite3.sqlite_version_info <= last:
            yield Fact("versions", "known bug", what, "worry")
    for name in LIBRARIES:
        yield Fact("versions", name, metadata.version(name))
    yield Fact("versions", "system", f"{platform.system()} {platform.release()}")


def _database(settings: Settings) -> Iterator[Fact]:
    path = settings.database
    try:
        with closing(connection.read(path, timeout=settings.timeout)) as opened:
            mode = str(opened.execute("PRAGMA journal_mode").fetchone()[0])
            page = int(opened.execute("PRAGMA page_size").fetchone()[0])
    except (DatabaseMissing, NotADatabase, OutOfReach, DatabaseLocked) as error:
        yield Fact("database", "file", "; ".join([error.what, *error.cause]), "wrong")
        if isinstance(error, DatabaseLocked):
            yield from _holders(connection.require_file(path))
        return
    real = connection.require_file(path)
    state = real.stat()
    yield Fact("database", "file", f"{real} ({size(state.st_size)})")
    if real != path:
        yield Fact("database", "link", f"{path} leads there; the link itself is kept")
    yield Fact("database", "journal mode", f"{mode}, pages of {page:,} bytes")
    yield Fact("database", "mode", f"{state.st_mode & 0o7777:04o}, owner {state.st_uid}")
    if state.st_nlink > 1:
        value = f"{state.st_nlink} hard links: published page by page, slower than a rename"
        yield Fact("database", "names", value, "worry")
    writable = os.access(real, os.W_OK) and os.access(real.parent, os.W_OK)
    if not writable:
        yield Fact("database", "writable", f"no: check {real} and its folder", "wrong")
    system = files.network_system(real)
    if system:
        yield Fact("database", "file system", f"{system}: SQLite's locks do not hold", "wrong")
    yield from _holders(real)


def _holders(real: Path) -> Iterator[Fact]:
    from drydock.service.holders import holders

    found = holders(real)
    for each in found.found:
        yield Fact("database", "open in", str(each))
    if not found.found:
        yield Fact("database", "open in", "no other process")
    if found.uninspectable:
        yield Fact("database", "not seen", f"{found.uninspectable} of other users")


def _room(settings: Settings) -> Iterator[Fact]:
    path = settings.database
    bytes_now = path.stat().st_size if path.exists() else 0
    for name, folder, share in (
        ("for the candidate", path.parent, GROWTH),
        ("for the backup", settings.backups, 1.0),
    ):
        if not folder.is_dir():
            yield Fact("disk", name, f"{folder} does not exist yet")
            continue
        free, needed = files.free_bytes(folder), share * bytes_now
        value = f"{size(free)} free in {folder}, a run may need {size(needed)}"
        yield Fact("disk", name, value, "fine" if free >= needed else "wrong")


def _left_over(settings: Settings) -> Iterator[Fact]:
    state = state_folder(settings.database)
    running = lock.is_held(state / "lock")
    try:
        run = record.unfinished(state)
    except record.RecordUnreadable as error:
        yield Fact("runs", "record", f"{error.path}: {'; '.join(error.cause)}", "wrong")
        return
    if run is not None:
        how = "is going on" if running else "was interrupted; the next inv migrate cleans up"
        yield Fact("runs", run.record.id, how, "fine" if running else "worry")
    history = record.history(state)
    for each in _stuck(history):
        yield Fact("runs", each.id, f"could not go back: {each.outcome}", "wrong")
    yield Fact("runs", "recorded", f"{len(history)} in {state}")
    kept = [path.stat().st_size for path in state.glob("runs/*/failed-*")]
    if kept:
        told = f"{counted(len(kept), 'file')} of databases that were gone back from"
        yield Fact("runs", "kept", f"{told}, {size(sum(kept))}: delete what nobody needs")
    proved = backup.proved(settings.backups) if settings.backups.is_dir() else ()
    newest = f", newest {proved[-1].id}" if proved else ""
    yield Fact("backups", "proved", f"{len(proved)}{newest}", "fine" if proved else "worry")
    for folder in backup.unproved(settings.backups) if settings.backups.is_dir() else ():
        yield Fact("backups", folder.name, "not proved; it does not count", "worry")


def _stuck(history: Sequence[Record]) -> list[Record]:
    """Return the runs that could not go back, and after which nobody has put things right."""
    stuck: list[Record] = []
    for each in history:
        if each.phase == "stuck":
            stuck.append(each)
        elif each.phase == "finished" and (
            each.result or each.target or "start-backend" in each.command
        ):
            stuck.clear()
    return stuck


def _settings(settings: Settings) -> Iterator[Fact]:
    values = {
        "": {name: getattr(settings, name) for name in SECTIONS[""]},
        "backend": settings.backend,
        "smoke": settings.smoke,
    }
    for section, known in SECTIONS.items():
        for name, (_, default, _) in known.items():
            full = f"{section}.{name}".lstrip(".")
            source = settings.sources.get(full)
            if source is not None:
                shown = _shown(name, values[section][name])
                yield Fact("settings", full, f"{shown}  (from {source})")
            elif section == "" and default not in ("", [], {}):
                yield Fact("settings", full, f"{values[section][name]}  (default)")


def _shown(name: str, value: Any) -> str:
    """Return a setting as it is read; what may be secret, of variables and headers, is left out."""
    if name == "env":
        return "(set)"
    if name == "checks":
        return ", ".join(f"{each['method']} {each['path']}" for each in value)
    if name in ("start", "stop"):
        return shlex.join(value)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
