"""The connections and the threads that compare: SQLite frees the GIL, so two threads use two cores.

Every connection has `after` as its main database and `before` attached as `was`, both read-only.
A thread opens its own, works through the units it is given and closes it. Nothing here knows what
a unit is.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from contextlib import closing, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from drydock import connection, signals, strangers
from drydock.errors import DrydockError, ExitCode
from drydock.words import as_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Unit = TypeVar("Unit")
Result = TypeVar("Result")


ENCODINGS_DIFFER = (
    "their text encodings differ (PRAGMA encoding), and SQLite compares rows within one only"
)


class ComparisonStopped(DrydockError):
    """The comparison was interrupted; both files were only read."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("the comparison was stopped before it was finished; nothing was proved")


class NotComparable(DrydockError):
    """SQLite cannot read the rows of one of the two files."""

    def __init__(self, before: Path, after: Path, cause: str) -> None:
        self.before = before
        self.after = after
        stranger = strangers.named(cause)
        super().__init__(
            f"{after} cannot be compared with {before}",
            cause=cause if stranger is None else f"only the application knows {stranger}",
            hint=f"sqlite3 {as_word(after)} 'PRAGMA integrity_check'"
            if stranger is None
            else f"leave the tables alone whose rows cannot be read without {stranger}",
        )


class EncodingsDiffer(NotComparable):
    """The two files keep text in different encodings; neither is damaged."""

    def __init__(self, before: Path, after: Path) -> None:
        super().__init__(before, after, ENCODINGS_DIFFER)
        self.hint = (
            "neither is damaged; a whole database is brought back all the same: inv restore BACKUP"
        )


def has_two_encodings(error: sqlite3.Error) -> bool:
    """Whether SQLite refused to read two files at once because of their text encodings."""
    return "same text encoding" in str(error)


class Crew:
    """Opens both files and shares work out among threads.

    Args:
        before: The file compared with; only read.
        after: The file that was changed; only read.
        workers: The number of threads; with 1 the caller's own does the work.
        should_stop: Polled about every millisecond; true ends the comparison.
        knows_checks: See `knowing_checks`.
        stands_in: Whether collations that only the application knows are stood in for. Rows can
            be read then, and an index of theirs walked through, but nothing looked for in it.
    """

    def __init__(
        self,
        before: Path,
        after: Path,
        *,
        workers: int,
        should_stop: Callable[[], bool],
        knows_checks: bool = False,
        stands_in: bool = True,
    ) -> None:
        self.before = before
        self.after = after
        self.workers = workers
        self._asked = should_stop
        self._knows_checks = knows_checks
        self._stands_in = stands_in
        self._failed = threading.Event()

    def knowing_checks(self) -> Crew:
        """Return a crew whose connections know the tables' CHECK constraints.

        SQLite does not parse them in a file opened ``mode=ro``, so integrity_check would pass
        over a row that breaks one. These open for writing and forbid it with `query_only`.
        """
        return Crew(
            self.before,
            self.after,
            workers=self.workers,
            should_stop=self._asked,
            knows_checks=True,
            stands_in=False,
        )

    def without_stand_ins(self) -> Crew:
        """Return a crew whose connections say which collation they do not know."""
        return Crew(
            self.before,
            self.after,
            workers=self.workers,
            should_stop=self._asked,
            stands_in=False,
        )

    def should_stop(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._failed.is_set() or self._asked()

    def open(self) -> sqlite3.Connection:
        """Return a connection with `after` as ``main`` and `before` as ``was``.

        Raises:
            NotComparable: SQLite cannot read both of them in one connection.
        """
        mode = "rw" if self._knows_checks else "ro"
        opened = (connection.read if self._knows_checks else connection.read_only)(self.after)
        try:
            connection.stop_when(opened, self.should_stop)
            connection.map_at_rest(opened)
            opened.text_factory = _lenient
            opened.execute("ATTACH ? AS was", (f"{self.before.absolute().as_uri()}?mode={mode}",))
            for schema in ("main", "was"):
                self._read_schema(opened, schema)
        except sqlite3.Error as error:
            opened.close()
            raise self.explained(error) from error
        return opened

    def _read_schema(self, opened: sqlite3.Connection, schema: str) -> None:
        texts = opened.execute(
            f"SELECT sql FROM {schema}.sqlite_schema WHERE sql LIKE '%collate%'"
        ).fetchall()
        for name in strangers.collations(text for (text,) in texts) if self._stands_in else ():
            strangers.stand_in(opened, name)

    def explained(self, error: sqlite3.Error) -> DrydockError:
        """Return what `error`, met while comparing, means to the user."""
        if self._asked() or "interrupted" in str(error):
            return ComparisonStopped()
        if has_two_encodings(error):
            return EncodingsDiffer(self.before, self.after)
        return NotComparable(self.before, self.after, str(error))

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise what SQLite says inside the block as the error that a user understands."""
        try:
            yield
        except sqlite3.Error as error:
            raise self.explained(error) from error

    def each(
        self,
        units: Sequence[Unit],
        work: Callable[[sqlite3.Connection, Unit], Result],
    ) -> Iterator[tuple[Unit, Result]]:
        """Yield every unit with what `work` made of it, in the order in which they are done.

        Raises:
            ComparisonStopped: `should_stop()` became true.
            NotComparable: SQLite failed on a unit; the other threads are ended first.
        """
        if not units:
            return
        if self.workers == 1 or len(units) == 1:
            with closing(self.open()) as own:
                for unit in units:
                    yield unit, self._do(own, unit, work)
            return
        shared = _Shared[Unit, Result](units)
        threads = [
            threading.Thread(target=self._labour, args=(shared, work), name="drydock-evidence")
            for _ in range(min(self.workers, len(units)))
        ]
        try:
            with signals.held_back():
                for thread in threads:
                    thread.start()
            for _ in units:
                yield shared.result()
        except BaseException:
            self._failed.set()
            raise
        finally:
            shared.todo.clear()
            for thread in threads:
                thread.join()

    def _do(
        self,
        own: sqlite3.Connection,
        unit: Unit,
        work: Callable[[sqlite3.Connection, Unit], Result],
    ) -> Result:
        with self.explaining():
            return work(own, unit)

    def _labour(
        self, shared: _Shared[Unit, Result], work: Callable[[sqlite3.Connection, Unit], Result]
    ) -> None:
        try:
            with closing(self.open()) as own:
                while shared.todo:
                    unit = shared.todo.popleft()
                    shared.done.put((unit, self._do(own, unit, work)))
        except IndexError:
            return  # another thread took the last unit
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            shared.done.put(error)


class _Shared(Generic[Unit, Result]):
    """The units still to do, and the results, between the threads of one `each`."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.todo = deque(units)
        self.done: SimpleQueue[tuple[Unit, Result] | BaseException] = SimpleQueue()

    def result(self) -> tuple[Unit, Result]:
        """Wait for the next unit that is done, or raise what a thread raised."""
        done = self.done.get()
        if isinstance(done, BaseException):
            raise done
        return done


def _lenient(raw: bytes) -> str:
    # A text that is no UTF-8 (F21) must not end the comparison; it is only ever shown.
    return raw.decode("utf-8", "backslashreplace")
