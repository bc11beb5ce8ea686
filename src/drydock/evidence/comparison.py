"""The comparison of two database files: which table became which, and who looks at what.

The order: pages first (one read of both files proves most tables), then rows of the rest under
several threads, then columns and samples, foreign keys and integrity. It writes to neither file
and never opens the live one: `before` is a backup, `after` a candidate, both at rest.
"""

from __future__ import annotations

import os
import time
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.evidence import checks, inventory, matching, rows, tables
from drydock.evidence.crew import Crew
from drydock.evidence.facts import Evidence, Options, Progress
from drydock.evidence.matching import Files
from drydock.evidence.pages import PageProof
from drydock.evidence.tables import Outcome
from drydock.names import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from drydock.evidence.facts import NotCompared, TableEvidence
    from drydock.evidence.rows import Stretch
    from drydock.evidence.tables import Subject

_MOST_WORKERS = 4


def compare(
    before: Path,
    after: Path,
    *,
    options: Options | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Evidence:
    """Prove what changed from the file `before` to the file `after`, row by row, exactly.

    Args:
        before: A backup; sound, and written by nobody.
        after: A candidate; written by nobody.
        options: How thoroughly.
        progress: Called in the caller's thread whenever some rows have been compared.
        should_stop: Polled about every millisecond; true ends the comparison.

    Raises:
        ComparisonStopped: `should_stop()` became true.
        NotComparable: SQLite cannot read one of the files.
        OSError: A file cannot be read.
    """
    started = time.monotonic()
    options = options or Options()
    size = max(before.stat().st_size, after.stat().st_size)
    workers = options.workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    if size <= options.small_bytes:
        workers = 1
    crew = Crew(before, after, workers=workers, should_stop=should_stop)
    pages = PageProof.read(before, after, workers=workers, should_stop=should_stop)
    with pages or nullcontext() as proof, closing(crew.open()) as connection, crew.explaining():
        files = Files.read(connection, proof)
        found, not_compared = _Comparison(files, crew, connection, options, progress).tables()
        keys, keyed = checks.foreign_keys(files, connection, crew, found, options)
        checked = checks.integrity(files, crew, found, options, size=size)
        renamed = {fold(table.was): table.name for table in found if table.was}
        sequences = inventory.sequence_changes(connection, renamed)
    by_pages = sum(table.rows_before for table in found if table.pages_proved)
    return Evidence(
        tables=tuple(found),
        schema=inventory.schema_change(files.old, files.new),
        foreign_keys=tuple(keys),
        integrity=(*keyed.problems, *checked.problems),
        sequences=sequences,
        not_compared=tuple(not_compared),
        seconds=time.monotonic() - started,
        rows_compared=sum(table.rows_before for table in found) - by_pages,
        rows_proved_by_pages=by_pages,
        not_checked=(*keyed.left_out, *checked.left_out),
    )


class _Comparison:
    """One run of `compare`: the files, the crew, and the rows done so far."""

    def __init__(
        self,
        files: Files,
        crew: Crew,
        connection: sqlite3.Connection,
        options: Options,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._files = files
        self._crew = crew
        self._connection = connection
        self._options = options
        self._progress = progress
        self._rows = self._rows_in_all = 0
        self._started = time.monotonic()

    def tables(self) -> tuple[list[TableEvidence], list[NotCompared]]:
        """Tell what became of every table, in the order of the file after, dropped ones last."""
        files = self._files
        matched = matching.match(files, self._options)
        told = list(matched.told)
        told += self._compare(matched.subjects)
        gone, come = list(matched.gone), list(matched.come)
        for pair in matching.rename_candidates(files, gone, come):
            if pair[0] in gone and pair[1] in come:
                subject = files.subject(*pair, self._options)
                (evidence,) = self._compare([subject])
                if matching.is_renamed(subject, evidence):
                    told.append(evidence)
                    gone.remove(pair[0])
                    come.remove(pair[1])
        for table in gone:
            shape = files.shapes.of("was", table)
            count = files.rows_before(table)
            told.append(tables.dropped(self._connection, table, shape, count, self._options))
        told += [tables.added(table, rows.count(self._connection, "main", table)) for table in come]
        order = {name: at for at, name in enumerate(files.new.tables)}
        told.sort(key=lambda table: order.get(fold(table.name), len(order)))
        return told, list(matched.not_compared)

    def _compare(self, subjects: list[Subject]) -> list[TableEvidence]:
        """Compare the rows of the subjects, under the identity that fits each best."""
        outcomes = self._tally(subjects)
        suspects = [at for at, outcome in enumerate(outcomes) if tables.needs_second_look(outcome)]
        for at, outcome in self._crew.each(
            suspects, lambda own, at: tables.look_again(own, outcomes[at])
        ):
            outcomes[at] = outcome
        self._look_closer(outcomes)
        told = dict(
            self._crew.each(
                range(len(outcomes)),
                lambda own, at: tables.conclude(own, outcomes[at], self._options),
            )
        )
        return [told[at] for at in range(len(outcomes))]

    def _tally(self, subjects: list[Subject]) -> list[Outcome]:
        units: list[tuple[int, Stretch]] = []
        outcomes = []
        for at, subject in enumerate(subjects):
            pair = tables.first_pair(self._connection, subject)
            nothing = rows.Tally(0, 0, (0,) * len(pair.columns.common))
            outcomes.append(Outcome(subject, pair, nothing))
            if subject.rows_before:
                stretches = rows.stretches(self._connection, pair, subject.rows_before)
                units += [(at, stretch) for stretch in stretches]
        self._rows_in_all += sum(stretch.rows for _, stretch in units)

        def work(own: sqlite3.Connection, unit: tuple[int, Stretch]) -> Outcome | rows.Tally:
            at, stretch = unit
            if not stretch.pair.on:
                return tables.compare_content(own, subjects[at])
            return rows.tally(own, stretch)

        for (at, stretch), result in self._crew.each(units, work):
            self._report(subjects[at].after.name, stretch.rows)
            if isinstance(result, Outcome):
                outcomes[at] = result
            elif result.changed or result.gone:
                outcome = outcomes[at]
                outcomes[at] = replace(
                    outcome,
                    tally=outcome.tally + result,
                    differing=(*outcome.differing, (stretch, result)),
                )
        return outcomes

    def _look_closer(self, outcomes: list[Outcome]) -> None:
        """Count, for the columns with changed values, classes changed, digits lost, NULLs made."""
        units = [
            (at, stretch)
            for at, outcome in enumerate(outcomes)
            for stretch, tally in outcome.differing
            if tally.changed
        ]
        for (at, _), details in self._crew.each(
            units, lambda own, unit: rows.detail(own, unit[1], outcomes[unit[0]].changed_columns)
        ):
            known = outcomes[at].details or (rows.Detail(0, 0, 0),) * len(details)
            summed = tuple(one + two for one, two in zip(known, details, strict=True))
            outcomes[at] = replace(outcomes[at], details=summed)

    def _report(self, table: str, done: int) -> None:
        self._rows += done
        if self._progress is not None:
            seconds = time.monotonic() - self._started
            self._progress(Progress(table, self._rows, self._rows_in_all, seconds))
