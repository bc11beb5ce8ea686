"""The rehearsal behind ``inv review``: what is pending, run on a throw-away copy and measured.

Reads the live database once, through SQLite's backup API; everything else happens on copies in a
temporary folder, which is gone afterwards.
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import (
    candidate,
    connection,
    executor,
    foresight,
    formats,
    inspection,
    ledger,
    plan,
    signals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.evidence import Evidence
    from drydock.executor import Applied
    from drydock.migration import Migration
    from drydock.plan import Plan
    from drydock.review import Finding
    from drydock.schema.difference import Line
    from drydock.settings import Settings

_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a review found out.

    `evidence` is None where nothing was rehearsed to its end. `executed` are the Python migrations
    with the statements that they really ran. `seconds` is how long the migrations took, and
    `peak_bytes` the most that the copy and its journals took on the disk; both 0 when static.
    """

    pending: tuple[Migration, ...]
    findings: tuple[Finding, ...]
    evidence: Evidence | None = None
    schema: tuple[Line, ...] = ()
    executed: tuple[Applied, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0


def take(settings: Settings, *, static: bool) -> Rehearsed:
    """Review what is pending, on a copy of the database or, without one, an empty one.

    Args:
        settings: The project's.
        static: The text and the rows as they are, without running anything.

    Raises:
        MigrationError: A file cannot be read.
    """
    from drydock import review

    with tempfile.TemporaryDirectory(prefix="drydock-review-") as folder:
        copy = Path(folder) / "copy.db"
        known = _copy(settings, copy)
        with closing(connection.read_only(copy)) as opened:
            files = formats.read(settings.migrations, opened, settings.format)
            state = plan.make(formats.entries(opened, files), files)
        if not known:
            history = review.History(state, settings.migrations, {})
            return Rehearsed(
                state.pending, review.review_statically(state.pending, None, history=history)
            )
        if static:
            return Rehearsed(state.pending, _static(settings, state, copy))
        return _rehearsed(settings, state, copy)


def _copy(settings: Settings, copy: Path) -> bool:
    """Make a copy to rehearse on; without a database, an empty one, and return False."""
    if not settings.database.exists():
        connection.create_empty(copy)
        return False
    with (
        closing(connection.read(settings.database, timeout=settings.timeout)) as source,
        closing(connection.copy_target(copy)) as target,
    ):
        source.backup(target)
    return True


def _static(settings: Settings, state: Plan, copy: Path) -> tuple[Finding, ...]:
    from drydock import review

    with closing(connection.read_only(copy)) as opened:
        texts = {each.name: ledger.text_of(opened, each.name) for each in state.edited}
        history = review.History(state, settings.migrations, texts)
        return review.review_statically(state.pending, opened, history=history)


def _rehearsed(settings: Settings, state: Plan, copy: Path) -> Rehearsed:
    from drydock import review
    from drydock.review.plans import regressions
    from drydock.schema.difference import difference
    from drydock.schema.inventory import inventory

    with closing(connection.read_only(copy)) as opened:
        texts = {each.name: ledger.text_of(opened, each.name) for each in state.edited}
        history = review.History(state, settings.migrations, texts)
    before = copy.with_name("before.db")
    candidate.copy(copy, before)

    def run_one(each: Migration) -> Applied:
        return executor.python.run(
            each,
            copy,
            live=Path(settings.database).resolve(),
            root=settings.root,
            log=copy.with_name(f"{each.name}.log"),
            time_limit=settings.time_limit,
        )

    began = time.monotonic()
    with _disk_used(copy) as peak:
        ran = review.review_rehearsed(
            state.pending, copy, run_one, history=history, time_limit=settings.time_limit
        )
    seconds = time.monotonic() - began
    programs = tuple(
        done
        for done in ran.applied
        if any(each.name == done.name and each.path.suffix == ".py" for each in state.pending)
    )
    if ran.stopped is not None:
        return Rehearsed(state.pending, ran.findings, None, (), programs, seconds, peak[0])
    with (
        closing(connection.read_only(before)) as old,
        closing(connection.read_only(copy)) as new,
    ):
        changes = difference(inventory(old), inventory(new)).lines()
        foreseen = review.review_statically(state.pending, old)
    plans = regressions(before, copy, settings.queries)
    executed = [each.sql for one in ran.applied for each in one.statements]
    found = inspection.inspect(before, copy, lambda *_: None, executed)
    refused = foresight.refusals(
        found, ran.findings, state.pending, ran.applied, before, foreseen=foreseen
    )
    findings = (*review.in_order((*ran.findings, *refused)), *plans)
    return Rehearsed(state.pending, findings, found, changes, programs, seconds, peak[0])


@contextmanager
def _disk_used(copy: Path) -> Iterator[list[int]]:
    """Measure the most bytes that files of the copy's name take meanwhile; it is in the list."""
    peak = [0]
    done = threading.Event()

    def look() -> None:
        while True:
            sizes = [_size(path) for path in copy.parent.glob(f"{copy.name}*")]
            peak[0] = max(peak[0], sum(sizes))
            if done.wait(_SAMPLE_SECONDS):
                return

    watcher = threading.Thread(target=look, name="drydock-disk", daemon=True)
    with signals.held_back():
        watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
