"""What ``from yoyo import step`` is while a yoyo migration runs on a candidate.

It stands in for yoyo in the child process: it collects the steps of one file and runs them as
yoyo 9 would (yoyo/migrations.py): each in a savepoint, groups in order, ``ignore_errors`` honoured,
functions given the connection. It keeps no books and needs no yoyo to be installed.
"""

from __future__ import annotations

import sqlite3
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Work = str | Callable[[sqlite3.Connection], object] | None

Direction = Literal["apply", "rollback"]
_SAVEPOINT = "yoyo_step"


@dataclass(eq=False, slots=True)
class Step:
    """One step, or a group of them; `ignores` is ``apply``, ``rollback``, ``all`` or nothing."""

    apply: Work
    rollback: Work
    ignores: str | None
    group: tuple[Step, ...] = ()

    def run(self, connection: sqlite3.Connection, direction: Direction) -> None:
        """Run it in a savepoint; an error that is to be ignored takes back this step alone."""
        connection.execute(f"SAVEPOINT {_SAVEPOINT}")
        try:
            self._work(connection, direction)
        except sqlite3.DatabaseError:
            if self.ignores not in {direction, "all"} or not connection.in_transaction:
                raise
            connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
        connection.execute(f"RELEASE {_SAVEPOINT}")

    def _work(self, connection: sqlite3.Connection, direction: Direction) -> None:
        for each in self.group if direction == "apply" else reversed(self.group):
            each.run(connection, direction)
        work = self.apply if direction == "apply" else self.rollback
        if isinstance(work, str):
            for _ in connection.execute(work):
                pass  # a SELECT runs to its end
        elif work is not None:
            work(connection)


class Collector:
    """The steps of one file, in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, apply: Work, rollback: Work = None, ignore_errors: str | None = None) -> Step:
        """Add a step."""
        made = Step(apply, rollback, ignore_errors)
        self.steps.append(made)
        return made

    def group(
        self,
        *given: Step | Iterable[Step],
        steps: Iterable[Step] | None = None,
        ignore_errors: str | None = None,
    ) -> Step:
        """Put steps into a group, which stands where the last of them stood."""
        every = list(steps or ())
        for each in given:
            every += [each] if isinstance(each, Step) else list(each)
        self.steps = [each for each in self.steps if each not in every]
        made = Step(None, None, ignore_errors, tuple(every))
        self.steps.append(made)
        return made


def run(
    connection: sqlite3.Connection, text: str, file: str, direction: Direction = "apply"
) -> None:
    """Run the steps of the migration `text`, read from `file`, in one transaction.

    A migration that says ``__transactional__ = False`` runs without one, as yoyo runs it.
    """
    collector = Collector()
    stand_in = types.ModuleType("yoyo")
    names: dict[str, Any] = {"__name__": "yoyo_migration", "__file__": file}
    for name, value in (
        ("step", collector.step),
        ("group", collector.group),
        ("transaction", collector.group),
    ):
        names[name] = value
        setattr(stand_in, name, value)
    sys.modules["yoyo"] = stand_in
    exec(compile(text, file, "exec"), names)  # noqa: S102 - it is the user's migration
    connection.isolation_level = None
    is_one = names.get("__transactional__", True)
    if is_one:
        connection.execute("BEGIN")
    for each in collector.steps if direction == "apply" else reversed(collector.steps):
        each.run(connection, direction)
    if is_one and connection.in_transaction:
        connection.execute("COMMIT")
    connection.close()
