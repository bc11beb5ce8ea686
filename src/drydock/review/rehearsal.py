"""The review that runs the migrations on a throw-away copy, and asks the copy at each statement.

``.sql`` files are carried out here, statement by statement, so that the evidence is that of the
very moment. Python is run by the caller's executor, on the same file, and its traced statements
are judged on a second copy from just before. It stops at the first migration that fails, and it
never touches another file than the copy and its own sibling.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drydock import connection
from drydock.errors import DrydockError, Interrupted
from drydock.executor.trace import Applied
from drydock.review import allowances, python_code
from drydock.review.changes import Unreached
from drydock.review.copy import Copy
from drydock.review.finding import Finding, Verdict, in_order
from drydock.review.registry import RULES, judge
from drydock.review.rules.constraints import orphans
from drydock.review.shadow import Shadow, first_word
from drydock.review.situation import Known
from drydock.review.standing import is_heavy, standing
from drydock.review.static import history_findings, sql_steps
from drydock.review.steps import Setting, Step
from drydock.review.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from drydock.executor.trace import TracedStatement
    from drydock.migration import Migration
    from drydock.review.rules.history import History
    from drydock.review.versions import Version


_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal found, and what ran.

    `applied` are the migrations with their statements as they were executed; `stopped` is the
    name of the migration that failed, None when all ran.
    """

    findings: tuple[Finding, ...]
    applied: tuple[Applied, ...]
    stopped: str | None


def review_rehearsed(
    migrations: Iterable[Migration],
    copy: Path,
    run_one: Callable[[Migration], Applied],
    *,
    history: History | None = None,
    sqlite_version: Version | None = None,
    code: tuple[tuple[str, str], ...] = (),
    time_limit: float = 0.0,
) -> Rehearsal:
    """Run the pending migrations on `copy` and return what was found on the way.

    Args:
        migrations: The pending ones, in their order.
        copy: A copy of the database that is thrown away afterwards.
        run_one: Runs one Python migration on `copy`, raising a `DrydockError` when it fails.
        history: As for `review_statically`.
        sqlite_version: As for `review_statically`.
        code: As for `review_statically`.
        time_limit: Seconds that the statements of one SQL file may take; 0 for none.

    Raises:
        Interrupted: A signal came.
        MigrationError: A file cannot be read as statements or as Python.
    """
    setting = Setting(sqlite_version or sqlite3.sqlite_version_info, code, time_limit)
    findings: list[Finding] = []
    applied: list[Applied] = []
    stopped: str | None = None
    known = Known()
    with closing(connection.read_only(copy)) as opened:
        findings += history_findings(history, opened)
    pending = tuple(migrations)
    done: Applied | None
    for place, migration in enumerate(pending):
        if migration.path.suffix == ".sql":
            walk, done = _run_sql(migration, copy, setting, known)
        else:
            walk, done = _run_python(migration, copy, setting, known, run_one)
        applied += [done] if done is not None else []
        if not walk.stopped:
            with _telling_what_is_malformed(walk), closing(Copy(copy)) as fresh:
                fresh.connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        findings += allowances.settled(walk)
        if walk.stopped:
            stopped = migration.name
            findings += _unreached(pending[place + 1 :], walk)
            break
    return Rehearsal(in_order(findings), tuple(applied), stopped)


def _unreached(rest: Iterable[Migration], walk: Walk) -> Iterable[Finding]:
    """Yield what is to be said of the migrations behind the one whose `walk` stopped."""
    for each in rest:
        change = Unreached(each.name, each.path, walk.migration.name)
        for rule, verdict in judge(change, walk.situation()):
            yield walk.finding(rule, verdict, 1)


def _run_sql(
    migration: Migration, copy: Path, setting: Setting, known: Known
) -> tuple[Walk, Applied]:
    with closing(Copy(copy, setting.time_limit)) as engine:
        heavy = is_heavy(migration, engine.connection)
        before = standing(engine.connection, heavy=heavy, rows=True)
        walk = Walk(migration, engine, engine.connection, known, setting, exact=True)
        steps = sql_steps(migration)
        with _telling_what_is_malformed(walk):
            walk.run(steps, before)
            walk.finish(steps[-1].line if steps else 1, before)
        return walk, Applied(migration.name, 0.0, tuple(engine.done))


def _run_python(
    migration: Migration,
    copy: Path,
    setting: Setting,
    known: Known,
    run_one: Callable[[Migration], Applied],
) -> tuple[Walk, Applied | None]:
    import shutil

    past = copy.with_name(f"{copy.name}.before")
    shutil.copyfile(copy, past)
    try:
        with closing(connection.read_only(past)) as data, closing(Shadow(data)) as shadow:
            fresh = Known(tables=known.tables, columns=known.columns)
            walk = Walk(migration, shadow, data, fresh, setting)
            try:
                done = run_one(migration)
            except Interrupted:
                raise
            except DrydockError as error:
                _tell_failure(walk, error)
                return walk, None
            before = replace(
                standing(shadow.connection, heavy=True, rows=False), orphans=orphans(data)
            )
            walk.run(_traced(migration, done), before)
            with _telling_what_is_malformed(walk), closing(Copy(copy)) as after:
                walk.finish(1, before, after.connection)
            walk.findings[:] = _told_once(walk.findings)
            return walk, done
    finally:
        past.unlink()


def _traced(migration: Migration, done: Applied) -> tuple[Step, ...]:
    """Return what a Python migration asked of sqlite-utils, then what it really ran.

    A statement gets its line from the code, where it stands there word for word. One that does
    not, beside a ``transform()``, is a part of that: the call is judged, and not how it is done.
    """
    calls = python_code.read(migration).calls
    asked = tuple(call for call in calls if isinstance(call.asked, python_code.Transform))
    lines = {call.text.rstrip("; \n"): call.line for call in calls if call.text is not None}
    ran = (
        Step(
            each.line or lines.get(each.sql.rstrip("; \n"), 1),
            each.sql,
            ran=True,
            rows=each.rows,
            is_inner=bool(asked) and each.sql.rstrip("; \n") not in lines,
        )
        for each in _merged(done.statements)
    )
    steps = (Step(each.line, asked=each.asked, ran=True) for each in asked)
    return (*steps, *ran)


def _merged(statements: Iterable[TracedStatement]) -> Iterable[TracedStatement]:
    """Return the statements with those that differ in their values alone as one, rows summed.

    A loop that puts values into its text may have run ten thousand of them.
    """
    first: dict[str, TracedStatement] = {}
    for place, each in enumerate(statements):
        changes_rows = first_word(each.sql) in {"INSERT", "UPDATE", "DELETE", "REPLACE"}
        form = _VALUE.sub("?", each.sql) if changes_rows else f"{place}"
        seen = first.get(form)
        first[form] = each if seen is None else replace(seen, rows=seen.rows + each.rows)
    return first.values()


def _told_once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings without those that its code and its statements both gave."""
    first: dict[tuple[object, ...], Finding] = {}
    for each in findings:
        key = (each.rule, each.table, each.column, each.line if each.table is None else 0)
        first.setdefault(key, each)
    return tuple(first.values())


@contextmanager
def _telling_what_is_malformed(walk: Walk) -> Iterator[None]:
    """Tell it, and stop, where a migration has left what SQLite cannot read."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "malformed" not in str(error):
            raise
        verdict = Verdict(
            "error",
            (f"it left a database that SQLite cannot read: {error}",),
            "leave sqlite_schema to SQLite: change a table by ALTER TABLE, or by "
            'db["TABLE"].transform(...) in a Python migration',
        )
        walk.findings.append(walk.finding(RULES["would-fail"], verdict, 1))
        walk.stopped = True


def _tell_failure(walk: Walk, error: DrydockError) -> None:
    """Tell a Python migration's failure as a finding, with its causes."""
    line = getattr(error, "line", None) or 1
    verdict = Verdict("error", (error.what, *error.cause), error.hint or "mend the file")
    walk.findings.append(walk.finding(RULES["would-fail"], verdict, line))
    walk.stopped = True
