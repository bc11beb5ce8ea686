"""The proof of a copy, which goes on while its caller does something else.

Its bytes are compared with the source's by the process that copied them (F01), its structure is
checked by SQLite in a thread of this one, and it is synced; together that uses the second core
while migrations run on a candidate. Nothing counts as proved before `Proving.result` has returned.
"""

from __future__ import annotations

import json
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection, files, ledger, signals
from drydock.backup.proof import count_rows, quick_check
from drydock.errors import DrydockError, ExitCode
from drydock.words import as_word

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from drydock.ledger import Entry

_DAMAGE_SHOWN = 5
_STOP_SECONDS = 0.5


class BackupFailed(DrydockError):
    """The copy could not be made or proved; it was removed and does not count."""

    def __init__(self, database: Path, cause: str, hint: str | None = None) -> None:
        self.database = database
        super().__init__(
            f"the backup of {database.name} failed; nothing was changed",
            cause=cause,
            hint=hint or "look at the disk (inv doctor), then run the command again",
        )


class DatabaseDamaged(DrydockError):
    """The database was damaged before Drydock came (F35)."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        # SQLite tells many in one row.
        lines = [line for problem in problems for line in problem.splitlines()]
        left = [f"and {len(lines) - _DAMAGE_SHOWN} more"] * (len(lines) > _DAMAGE_SHOWN)
        super().__init__(
            f"{path} is damaged already; nothing was changed",
            cause=[*lines[:_DAMAGE_SHOWN], *left],
            hint=f"a damaged index is mended by: sqlite3 {as_word(path)} REINDEX\n"
            "anything else: inv restore BACKUP (inv backups lists them), or see "
            "https://sqlite.org/recovery.html",
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a proved copy: its digest, its rows by table, and what was applied."""

    sha256: str
    rows: dict[str, int]
    applied: tuple[Entry, ...]
    sqlite: str


class Proving:
    """One proof going on, from its making until `result` or `stop`.

    Args:
        database: What was copied, for its name in errors.
        copy: The copy; nobody writes it any more.
        comparer: The process that compares its bytes with the source's.
        rows_before: The rows of the source by table, where they are known; they must be the same.
    """

    def __init__(
        self,
        database: Path,
        copy: Path,
        comparer: subprocess.Popen[bytes],
        rows_before: dict[str, int] | None,
    ) -> None:
        self._database = database
        self._copy = copy
        self._comparer = comparer
        self._rows_before = rows_before
        self._stopped = threading.Event()
        self._proof: Proof | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="drydock-proof", daemon=True)
        with signals.held_back():
            self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether `result` would answer at once, well or not."""
        return not self._thread.is_alive()

    def result(self) -> Proof:
        """Wait for the proof.

        Raises:
            BackupFailed: The copy is not its source's equal.
            DatabaseDamaged: SQLite finds it unsound, so its source is.
            Interrupted: A signal ended the check.
            sqlite3.Error, OSError: It could not be read or synced.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        assert self._proof is not None
        return self._proof

    def stop(self) -> None:
        """End it unfinished; harmless when it is over."""
        self._stopped.set()
        self._comparer.kill()
        self._thread.join(_STOP_SECONDS)  # a sync cannot be ended, and need not be waited for

    def _work(self) -> None:
        try:
            self._proof = self._prove()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for the result
            self._failure = error
        finally:
            self._comparer.kill()
            self._comparer.communicate()

    def _prove(self) -> Proof:
        with closing(connection.read_only(self._copy)) as copy:
            connection.stop_when(copy, self._stopped.is_set)
            problems = quick_check(copy)
            rows = {} if problems else count_rows(copy)
            applied = () if problems else ledger.entries(copy)
            version = str(copy.execute("SELECT sqlite_version()").fetchone()[0])
        answer, complaint = self._comparer.communicate()
        if self._comparer.returncode != 0:
            why = complaint.decode(errors="replace")[-300:]
            raise BackupFailed(self._database, f"the comparison ended with: {why}")
        compared = json.loads(answer)
        if compared["difference"] is not None:
            raise BackupFailed(self._database, "the copy differs from its source")
        if problems:
            raise DatabaseDamaged(self._database, problems)
        if self._rows_before not in (None, rows):
            raise BackupFailed(self._database, "the copy differs from its source")
        files.sync(self._copy)
        return Proof(compared["sha256"], rows, applied, version)
