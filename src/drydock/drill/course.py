"""The exercises of a drill, in their order, and what is known when all of them went well.

What is exercised is the code of a real run, and what it left is judged by the digest of the
content. It refuses to begin where the temporary folder has no room, and leaves nothing behind.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, candidate, chain, connection, executor, files, ledger
from drydock.drill import project
from drydock.errors import DrydockError, ExitCode, Interrupted
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drydock.settings import Settings
    from drydock.walk import Reporter, Walk

    GoBack = Callable[[Walk, str | None], None]

ROOM = 8
"""How many times the database the folder must hold: backups, candidates, databases replaced."""
BACKUPS = 3
"""How many of the newest backups are restored and proved."""
KILLED_AT = "publish-4"
"""The worst moment there is: the new database is live, and no record says so yet."""

_CHILD = (
    "import sys; from pathlib import Path; from drydock.drill import project; "
    "project.migrate(Path(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class Report:
    """How a drill went well.

    `bytes` is the database's size, `recovery` the seconds that going back took, `folder` where it
    was measured and `is_elsewhere` whether that is another file system than the database's.
    """

    bytes: int
    recovery: float
    restored: tuple[str, ...]
    folder: Path
    is_elsewhere: bool


class DrillFailed(DrydockError):
    """A way back did not lead where it should, on a copy; better to learn it now."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, exercise: str, cause: list[str], hint: str | None = None) -> None:
        self.exercise = exercise
        super().__init__(
            f"the drill failed: {exercise}",
            cause=cause,
            state="your database was only read; all of this happened to a copy of it",
            hint=hint or "look at the environment: inv doctor; then run: inv drill",
        )


class NoRoomForDrill(DrydockError):
    """The temporary folder cannot hold what a drill makes."""

    exit_code = ExitCode.REFUSED

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            "there is not enough room for a drill; nothing was touched",
            cause=f"{folder} has {free:,} bytes free, a drill may need {needed:,}",
            hint="let it work on another disk: TMPDIR=/a/folder inv drill",
        )


def run(real: Settings, reporter: Reporter, go_back: GoBack) -> Report:
    """Drill on a copy of the project's database; tell each exercise as a step.

    Args:
        real: The project's settings.
        reporter: What is told of each exercise.
        go_back: What ``inv rollback`` does.

    Raises:
        DrillFailed: An exercise did not end as it should.
        NoRoomForDrill, DatabaseMissing, NotADatabase: Nothing was begun.
    """
    live = connection.require_file(real.database)
    size = live.stat().st_size
    with tempfile.TemporaryDirectory(prefix="drydock-drill-") as name:
        folder = Path(os.path.realpath(name))
        free = files.free_bytes(folder)
        if free < ROOM * size:
            raise NoRoomForDrill(folder.parent, ROOM * size, free)
        drill = _Drill(real, folder, reporter, go_back)
        drill.copy()
        drill.migrate()
        recovery = drill.roll_back()
        drill.fail()
        drill.kill()
        restored = drill.restore_backups()
        elsewhere = folder.stat().st_dev != live.stat().st_dev
        return Report(size, recovery, restored, folder.parent, elsewhere)


class _Drill:
    """A drill under way: the project in the temporary folder, and what its database should be."""

    def __init__(self, real: Settings, folder: Path, reporter: Reporter, go_back: GoBack) -> None:
        self._real = real
        self._folder = folder
        self._reporter = reporter
        self._go_back = go_back
        self._database = folder / project.DATABASE
        self._exercise_now = ""
        self._largest = ""
        self._widened = ""
        self._digest = ""

    def copy(self) -> None:
        """Make the project: a copy of the live database, without its history, and settings."""
        with self._exercise("copy") as say:
            rows = project.create(self._folder, self._real)
            self._largest = max(rows, key=lambda name: rows[name], default="")
            self._widened = project.widened(self._database, rows)
            self._digest = backup.content_digest(self._database)
            say(f"{counted(sum(rows.values()), 'row')} in {counted(len(rows), 'table')}, read once")

    def migrate(self) -> None:
        """Publish a migration that makes a table, a column and an index, through the chain."""
        with self._exercise("migrate") as say:
            project.write(self._folder, "001_drill", project.good(self._widened))
            project.migrate(self._folder, self._reporter)
            self._require(self._is_migrated(), "the migration is not in the database")
            more = ", a column and an index" if self._widened else ""
            say(f"a table{more}, proved, published")

    def roll_back(self) -> float:
        """Go back to before the migration; return the seconds that it took."""
        with self._exercise("rollback") as say:
            began = time.monotonic()
            self._go_back(project.walk(self._folder, self._reporter), None)
            seconds = time.monotonic() - began
            self._require_as_it_was()
            say("the content is what it was, by digest")
        return seconds

    def fail(self) -> None:
        """Run a migration that deletes the largest table's rows and then fails."""
        with self._exercise("failure") as say:
            broken = project.write(self._folder, "002_fails", project.failing(self._largest))
            try:
                project.migrate(self._folder, self._reporter)
            except executor.MigrationFailed:
                self._require_as_it_was()
            else:
                self._require(False, "a migration that fails was taken for one that did not")
            broken.unlink()
            what = f"emptied {self._largest}" if self._largest else "made a table"
            say(f"{what} and failed; nothing changed")

    def kill(self) -> None:
        """Kill a run in the instant of publish; see that the next command cleans up after it."""
        with self._exercise("kill") as say:
            child = subprocess.run(
                [sys.executable, "-c", _CHILD, str(self._folder)],
                env={**os.environ, "DRYDOCK_FAULT": f"kill:{KILLED_AT}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                check=False,
            )
            told = child.stderr.decode(errors="replace").splitlines()[-1:]
            self._require(child.returncode < 0, "the run was not killed", *told)
            walk = project.walk(self._folder, self._reporter)
            chain.begin(walk)
            chain.finish(walk, "looked after a killed run")
            self._require(self._is_migrated(), "the killed run's database is not the new one")
            self._require_sound()
            self._go_back(project.walk(self._folder, self._reporter), None)
            self._require_as_it_was()
            say("killed while publishing: whole, and taken back")

    def restore_backups(self) -> tuple[str, ...]:
        """Restore the newest real backups to scratch files and prove them; return their ids."""
        with self._exercise("backups") as say:
            newest = backup.proved(self._real.backups)[-BACKUPS:]
            for number, each in enumerate(newest):
                restored = backup.Backup(self._folder / f"restored-{number}", each.manifest)
                restored.folder.mkdir()
                candidate.copy(each.file, restored.file)
                problems = backup.verify(restored)
                self._require(not problems, each.id, *problems)
                restored.file.unlink()
            told = (
                f"{len(newest)} restored and proved, the newest {newest[-1].id}" if newest else ""
            )
            say(told or "there is none yet: inv backup")
        return tuple(each.id for each in newest)

    @contextmanager
    def _exercise(self, name: str) -> Iterator[Callable[[str], None]]:
        """Tell an exercise as a step; an error in it becomes the drill's."""
        said: list[str] = []
        self._exercise_now = name
        began = time.monotonic()
        self._reporter.step_began(name)
        try:
            yield said.append
        except (DrydockError, OSError, sqlite3.Error) as error:
            self._reporter.step_failed(name, time.monotonic() - began)
            if isinstance(error, Interrupted):  # which told of the copy as of a database to keep
                error.state = (
                    f"{self._real.database.name} was only read, and nothing is left behind"
                )
                error.exit_code = ExitCode.INTERRUPTED
            if isinstance(error, (DrillFailed, Interrupted, OSError)):
                raise
            lines = [str(error), *getattr(error, "cause", [])]
            raise DrillFailed(name, self._told_of(lines)) from error
        seconds = time.monotonic() - began
        self._reporter.step_ended(name, " ".join(said), seconds, skipped=False)

    def _told_of(self, lines: list[str]) -> list[str]:
        """Return what was said of the copy as said of the database that it is a copy of."""
        return [line.replace(str(self._database), str(self._real.database)) for line in lines]

    def _is_migrated(self) -> bool:
        with closing(connection.read(self._database)) as opened:
            return [each.name for each in ledger.entries(opened)] == ["001_drill"]

    def _require(self, good: bool, *cause: str) -> None:
        if not good:
            raise DrillFailed(self._exercise_now, list(cause))

    def _require_as_it_was(self) -> None:
        same = backup.content_digest(self._database) == self._digest
        self._require(same, "the copy's content is not what it was before")

    def _require_sound(self) -> None:
        # Opened to be written, SQLite would look for the functions that the application's CHECK
        # constraints call.
        with closing(connection.read_only(self._database)) as opened:
            problems = backup.quick_check(opened)
        self._require(not problems, *problems)
