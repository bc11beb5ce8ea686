"""One project to be harmed, and the judge of what is left of it.

The judge knows two contents, the old and the new one, and calls everything else mixed. It looks
at a copy of the files, so that looking does not mend what the next command is to meet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.crash import shapes
from tests.crash.forked import Finished, inv

PENDING = ["002_add_tag", "003_shops", "004_rebuild_item"]
SIDECARS = ("-wal", "-journal")
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
SAYS_OLD = ("as it was before the run", "is the previous database again")


@dataclass(frozen=True)
class Finding:
    """What was wrong after a fault: ``lost``, ``mixed``, ``silent`` or ``left`` and the story."""

    kind: str
    story: str


def scratch() -> Path:
    """Return the folder for specimens: in memory where there is room, so that volume is cheap."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30:
        return memory
    return Path(tempfile.gettempdir())


def content(database: Path) -> str:
    """Return a digest of all rows, schema and applied migrations of a database.

    Raises:
        sqlite3.Error, AssertionError: It cannot be read, or SQLite finds it damaged.
    """
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        digest = hashlib.sha256()
        for line in db.iterdump():
            if "_drydock_ledger" not in line:
                digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
        for row in db.execute("SELECT name FROM _drydock_ledger ORDER BY sequence"):
            digest.update(repr(row).encode())
        digest.update(
            repr(db.execute("SELECT * FROM sqlite_sequence ORDER BY 1").fetchall()).encode()
        )
    return digest.hexdigest()


class Template:
    """A built shape with its two contents; makes specimens."""

    def __init__(self, shape: str, home: Path) -> None:
        self.shape = shape
        self._home = home
        self._made = 0
        self.root = home / f"template-{shape}"
        shapes.SHAPES[shape](self.root)
        self.old = self.specimen()._content_of_copy()
        clean = self.specimen()
        done = clean.inv("migrate", "--yes")
        assert done.returncode == 0, done.screen
        self.calls = done.calls
        self.seconds = done.seconds
        self.new = clean._content_of_copy()
        assert self.new != self.old
        self.journal_mode = clean.journal_mode()
        back = clean.inv("rollback", "--yes")
        assert back.returncode == 0, back.screen
        self.calls_back = back.calls
        clean.remove()

    def specimen(self) -> Specimen:
        """Return a fresh copy."""
        self._made += 1
        root = self._home / f"{self.shape}-{self._made}"
        shapes.copy(self.shape, self.root, root)
        return Specimen(self, root)


class Specimen:
    """A project that a fault happens to."""

    def __init__(self, template: Template, root: Path) -> None:
        self.template = template
        self.root = root
        self.told = ""

    @property
    def database(self) -> Path:
        return Path(os.path.realpath(self.root / "app.db"))

    @property
    def migrations(self) -> Path:
        return self.root / "migrations"

    @property
    def environment(self) -> dict[str, str]:
        """What its runs have in their environment, by its shape."""
        return shapes.ENVIRONMENT.get(self.template.shape, {})

    def inv(self, *words: str, **options) -> Finished:
        return inv(self.root, *words, **{**self.environment, **options})

    def remove(self) -> None:
        shutil.rmtree(self.root)

    def standing(self) -> str:
        """Return ``old``, ``new`` or ``mixed: …`` for the live database as it lies there."""
        try:
            found = self._content_of_copy()
        except (sqlite3.Error, AssertionError, OSError) as error:
            return f"mixed: {type(error).__name__} {error}"
        return {self.template.old: "old", self.template.new: "new"}.get(found, "mixed: other rows")

    def journal_mode(self) -> str:
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute("PRAGMA journal_mode").fetchone()[0]

    def applied(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as db:
            rows = db.execute("SELECT name FROM _drydock_ledger ORDER BY sequence").fetchall()
        return [row[0] for row in rows]

    def left_over(self) -> list[str]:
        """Return files that no run should leave for ever."""
        every = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*")]
        marks = ("candidate", ".partial", "-journal", ".json.", ".current.", ".new", "again.db")
        empty = [
            path.relative_to(self.root).as_posix()
            for folder in ("backups", ".drydock/*/runs", "data/.drydock/*/runs")
            for path in self.root.glob(f"{folder}/*")
            if path.is_dir() and not any(path.iterdir())
        ]
        if (self.root / "app.db-journal").exists() and not self._is_hot():
            every.remove("app.db-journal")  # cut off unsynced: SQLite passes over it
        current = [path for path in every if path.endswith("/current")]
        return sorted(
            {path for path in every if any(mark in path.rsplit("/", 1)[-1] for mark in marks)}
            | {*empty, *current}
        )

    def _is_hot(self) -> bool:
        return (self.root / "app.db-journal").read_bytes().startswith(JOURNAL_MAGIC)

    def after_fault(self, done: Finished) -> Finding | None:
        """Judge the files and the screen right after a fault, before anybody mends anything."""
        self.told = done.screen
        standing = self.standing()
        if standing.startswith("mixed"):
            return Finding("mixed", f"{standing}\n{done.screen}")
        if done.was_killed:
            return None
        if done.returncode == 0 and standing != "new":
            return Finding("silent", f"exit 0 with the {standing} database\n{done.screen}")
        if done.returncode and ("error:" not in done.screen or "Traceback" in done.screen):
            return Finding(
                "silent", f"exit {done.returncode}, the screen tells nothing:\n{done.screen}"
            )
        says_old = (
            "as it was before the run" in done.screen or "is the previous database" in done.screen
        )
        if says_old and standing != "old":
            return Finding("silent", f"the screen says old, it is {standing}:\n{done.screen}")
        return None

    def after_recovery(self, *, ask_status: bool = True) -> Finding | None:
        """Let the next commands run, and judge: told, converged, verified, nothing left."""
        if ask_status and (asked := self.inv("status")).returncode != 0:
            return Finding("silent", f"status ended with {asked.returncode}:\n{asked.screen}")
        done = self.inv("migrate", "--yes")
        if done.returncode != 0:
            return Finding("lost", f"the next migrate ended with {done.returncode}:\n{done.screen}")
        if self.standing() != "new":
            return Finding("mixed", f"after recovery: {self.standing()}\n{done.screen}")
        told = "could not be put back into" in self.told
        if self.journal_mode() != self.template.journal_mode and not told:
            return Finding("left", f"journal mode {self.journal_mode()}\n{done.screen}")
        if self.left_over():
            self.inv("backup")  # a run that never began is swept up by the next one that writes
        if left := self.left_over():
            return Finding("left", f"{left}\n{done.screen}")
        return None

    def _content_of_copy(self) -> str:
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            copy = Path(folder) / "copy.db"
            shutil.copyfile(self.database, copy)
            for suffix in SIDECARS:
                beside = Path(f"{self.database}{suffix}")
                if beside.exists():
                    shutil.copyfile(beside, f"{copy}{suffix}")
            return content(copy)
