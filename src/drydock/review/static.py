"""The review without running anything: the schema moves on in memory, the rows are asked as is.

What earlier pending migrations make or change is known from the shadow, so that a table of
theirs is not looked for in the database. It writes nothing, and works without a database too.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection
from drydock.names import fold
from drydock.review import allowances, changes, python_code, quick, reading
from drydock.review import table as tables
from drydock.review.finding import Finding, in_order
from drydock.review.registry import judge
from drydock.review.rules.history import History, SecondRun
from drydock.review.shadow import Shadow
from drydock.review.situation import Known, Situation
from drydock.review.standing import is_heavy, standing
from drydock.review.steps import Setting, Step
from drydock.review.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drydock.migration import Migration
    from drydock.review.versions import Version


def review_statically(
    migrations: Iterable[Migration],
    before: sqlite3.Connection | None,
    *,
    history: History | None = None,
    sqlite_version: Version | None = None,
    code: tuple[tuple[str, str], ...] = (),
    rerun: bool = False,
) -> tuple[Finding, ...]:
    """Return what is to be said of the pending migrations, in their order.

    Args:
        migrations: The pending ones, in the order in which they would run.
        before: The database as it is, only read; None where there is none.
        history: The ledger against the files, for the rules about it.
        sqlite_version: What the application runs on; the one in this process by default.
        code: The application's source files as (path, text), to look for old names in.
        rerun: Also try each file's statements a second time (``not-rerunnable``).

    Raises:
        MigrationError: A file cannot be read as statements or as Python.
        Interrupted: A signal came.
    """
    if before is not None:
        connection.stop_when(before)
    setting = Setting(sqlite_version or sqlite3.sqlite_version_info, code)
    review = StaticReview(before, setting, rerun=rerun)
    try:
        for migration in migrations:
            review.take(migration)
        review.finish()
    finally:
        review.shadow.close()
    return in_order((*history_findings(history, before), *_untried_once(review.findings)))


def _untried_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings, of ``untried`` the first one of each file."""
    seen: set[str] = set()
    for each in findings:
        if each.rule != "untried":
            yield each
        elif each.migration not in seen:
            seen.add(each.migration)
            yield each


def history_findings(
    history: History | None, before: sqlite3.Connection | None
) -> tuple[Finding, ...]:
    """Return the findings about ledger and files; nothing without a history."""
    if history is None:
        return ()
    with closing(sqlite3.connect(":memory:")) as nothing:
        situation = Situation(before or nothing, before, Known())
        return tuple(
            Finding(
                rule.name,
                verdict.severity,
                verdict.migration or "",
                verdict.path or history.folder / (verdict.migration or ""),
                1,
                verdict.evidence,
                rule.why,
                verdict.fix,
            )
            for rule, verdict in judge(history, situation)
        )


def sql_steps(migration: Migration) -> tuple[Step, ...]:
    """Return the statements of an ``.sql`` migration as steps."""
    return tuple(Step(each.line, each.text) for each in migration.statements)


class StaticReview:
    """A static review under way."""

    def __init__(
        self, before: sqlite3.Connection | None, setting: Setting, *, rerun: bool = False
    ) -> None:
        self.findings: list[Finding] = []
        self.shadow = Shadow(before)
        self._before = before
        self._setting = setting
        self._rerun = rerun
        self._known = Known(uncertain=before is None, open=before is None)
        self._there = _names(before)

    def take(self, migration: Migration) -> None:
        """Review one migration and move the shadow on by it."""
        if migration.path.suffix == ".sql" and self._take_plain(migration):
            return
        walk = self._walk(migration)
        self.findings += allowances.settled(walk)

    def finish(self) -> None:
        """Try what was put off, and judge what SQLite said against it."""
        self.shadow.settle_cheaply()
        self._judge_late()

    def _judge_late(self) -> None:
        late, self.shadow.late = self.shadow.late, []
        for each, message in late:
            walk = self._new_walk(each.migration)
            walk.refused(each.statement, message, Step(each.line, each.statement))
            self.findings += walk.findings

    def _take_plain(self, migration: Migration) -> bool:
        """Move on by a file of plain statements only, at little cost; False leaves it to do."""
        if self._rerun or migration.directives or not migration.statements:
            return False
        plain = []
        for statement in migration.statements:
            shape = quick.plain(statement.text)
            if shape is None or not self._is_harmless(shape, statement.text):
                return False
            plain.append((shape, statement))
        # A file's statements are looked at before the first one is carried out, because a file
        # that turns out not to be plain is walked from its start.
        if not self._setting.version >= sqlite3.sqlite_version_info:
            return False
        for shape, statement in plain:
            if shape.kind == "column":
                self.shadow.put_off(statement.text, shape.table, migration, statement.line)
                continue
            refused = self.shadow.apply(statement.text)
            if refused is not None:
                walk = self._new_walk(migration)
                walk.refused(statement.text, refused, Step(statement.line, statement.text))
                self.findings += walk.findings
            elif shape.kind == "table":
                self._known.created.add(fold(shape.table))
            elif shape.kind == "insert":
                self._known.written.add(fold(shape.table))
        return True

    def _is_harmless(self, shape: quick.Plain, text: str) -> bool:
        """Say whether no rule could have a word on a plain statement."""
        table = fold(shape.table)
        if reading.unbound(text):
            return False
        if shape.kind == "table":
            known = table in self._there or table in self._known.created
            return not known and "references" not in text.lower()
        if shape.kind == "index":
            listed = self.shadow.connection.execute(
                "SELECT 1 FROM pragma_index_list(?) LIMIT 1", (shape.table,)
            )
            return "exists" not in text.lower() and listed.fetchone() is None
        return shape.kind != "column" or self._is_new_column(shape)

    def _is_new_column(self, shape: quick.Plain) -> bool:
        """Say whether a column is not there yet, and no view's * becomes another one by it."""
        if tables.mentions(self.shadow.connection, shape.table):
            return False
        if self._before is None or fold(shape.table) not in self._there:
            return True
        row = self._before.execute(
            "SELECT 1 FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE",
            (shape.table, shape.column),
        )
        return row.fetchone() is None

    def _walk(self, migration: Migration) -> Walk:
        # Views and triggers are compiled where something goes away, and may read any table.
        heavy = is_heavy(migration, self.shadow.connection)
        self.shadow.settle(None if heavy else migration.text)
        self._judge_late()
        self.shadow.start_file()
        before = standing(self.shadow.connection, heavy=heavy, rows=False)
        walk = self._new_walk(migration)
        is_sql = migration.path.suffix == ".sql"
        steps = sql_steps(migration) if is_sql else self._python_steps(migration, walk)
        walk.run(steps, before)
        walk.finish(steps[-1].line if steps else 1, before)
        if is_sql and self._rerun:
            self._try_again(migration, walk)
        self.shadow.end_file()
        return walk

    def _python_steps(self, migration: Migration, walk: Walk) -> tuple[Step, ...]:
        code = python_code.read(migration)
        if code.unread:
            walk.judge_all([changes.Unread(code.unread)], walk.situation(), code.unread[0])
            # Which rows those statements change is not known, here and in what comes after.
            self._known.uncertain = True
        # Nor is what its libraries make of the schema.
        self.shadow.is_certain = False
        self._known.open = True
        return tuple(Step(c.line, c.text, c.asked, conditional=c.conditional) for c in code.calls)

    def _try_again(self, migration: Migration, walk: Walk) -> None:
        """Run a file a second time on the shadow, and take it back."""
        connection = self.shadow.connection
        if walk.stopped or connection.in_transaction:
            return
        connection.execute("BEGIN")
        for statement in migration.statements:
            message = self.shadow.apply(statement.text)
            if message is not None and "within a transaction" not in message:
                second = SecondRun(message, statement.line)
                walk.judge_all([second], walk.situation(), statement.line)
                break
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def _new_walk(self, migration: Migration) -> Walk:
        return Walk(migration, self.shadow, self._before, self._known, self._setting)


def _names(before: sqlite3.Connection | None) -> frozenset[str]:
    if before is None:
        return frozenset()
    rows = before.execute("SELECT name FROM sqlite_schema").fetchall()
    return frozenset(fold(name) for (name,) in rows)
