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
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drydock.source import MigrationError

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

    def run(
        self, connection: sqlite3.Connection, direction: Direction, *, transactional: bool
    ) -> None:
        """Run it; an error that is to be ignored takes back this step alone.

        In a savepoint, unless it is not `transactional`: VACUUM runs in none.
        """
        if transactional:
            connection.execute(f"SAVEPOINT {_SAVEPOINT}")
        try:
            self._work(connection, direction, transactional=transactional)
        except sqlite3.DatabaseError:
            is_undone = transactional and not connection.in_transaction
            if self.ignores not in {direction, "all"} or is_undone:
                raise
            if transactional:
                connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
        if transactional:
            connection.execute(f"RELEASE {_SAVEPOINT}")

    def _work(
        self, connection: sqlite3.Connection, direction: Direction, *, transactional: bool
    ) -> None:
        for each in self.group if direction == "apply" else reversed(self.group):
            each.run(connection, direction, transactional=transactional)
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
    """Run the steps of the migration `text`, read from `file`, each in a savepoint.

    yoyo's transaction around all of them means nothing on a candidate. A migration that says
    ``__transactional__ = False`` runs without savepoints too, as yoyo runs it.

    Raises:
        MigrationError: It has no step, and is not there for what it depends on.
    """
    collector = Collector()
    stand_in = types.ModuleType("yoyo")
    module = sys.modules["yoyo_migration"] = types.ModuleType("yoyo_migration")
    module.__file__ = file
    names = vars(module)
    for name, value in (
        ("step", collector.step),
        ("group", collector.group),
        ("transaction", collector.group),
    ):
        names[name] = value
        setattr(stand_in, name, value)
    sys.modules["yoyo"] = stand_in
    code = compile(text, file, "exec", dont_inherit=True)
    exec(code, names)  # noqa: S102 - it is the user's migration
    if not collector.steps and "__depends__" not in names:
        raise MigrationError(
            Path(file),
            "it makes no step, so that nothing in it would run",
            hint="make its steps at the top of the file, then run: inv migrate",
        )
    connection.isolation_level = None
    transactional = bool(names.get("__transactional__", True))
    for each in collector.steps if direction == "apply" else reversed(collector.steps):
        each.run(connection, direction, transactional=transactional)
    connection.close()
