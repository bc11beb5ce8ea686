"""From a walk that has ended to its receipt: what is told, and how much of it.

Everything that could be large is bounded here, with a count of what was left out, so that a
thousand migrations or a loop of a million statements still make a page that opens. Reads no
database but for the schema of a rollback; decides nothing about the run.
"""

from __future__ import annotations

import shlex
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.receipt.facts import (
    BackupTold,
    ColumnTold,
    DataTold,
    ErrorTold,
    FindingTold,
    MigrationTold,
    Receipt,
    SampleTold,
    SchemaChangeTold,
    StatementTold,
    StepTold,
    TableTold,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.errors import DrydockError
    from drydock.evidence import Evidence, TableEvidence
    from drydock.executor import Applied
    from drydock.migration import Migration
    from drydock.record import Record
    from drydock.review import Finding
    from drydock.schema.difference import SchemaDifference
    from drydock.walk import Walk

STATEMENTS = 40
"""Statements told of one migration; the others are counted."""
STATEMENTS_IN_ALL = 3_000
SQL_LETTERS = 2_000
TEXT_LETTERS = 20_000
TEXT_IN_ALL = 400_000
TABLES = 200


class _Room:
    """How much may still be told: what one migration takes, the next ones do not have."""

    def __init__(self) -> None:
        self.letters = TEXT_IN_ALL
        self.statements = STATEMENTS_IN_ALL

    def cut(self, text: str) -> tuple[str, int]:
        """Return what there is room for, and how many characters were left out."""
        shown = text[: min(TEXT_LETTERS, self.letters)]
        self.letters -= len(shown)
        return shown, len(text) - len(shown)


def gather(walk: Walk, error: DrydockError | None, difference: SchemaDifference | None) -> Receipt:
    """Return the receipt of the walk's run, whose record has ended.

    Args:
        walk: What the steps have left.
        error: Why it ended early, None where it did not.
        difference: What changed in the schema, None where that is not known.
    """
    found = walk.record.record
    is_finished = found.phase == "finished"
    # A run that is stuck may have its new database live still.
    went = found.result or found.failed_copy or found.target
    is_published = bool(went) if is_finished else walk.published
    return replace(
        of_record(found),
        summary=(is_finished and walk.done.get("migrate")) or found.outcome,
        dry_run=walk.options.dry_run,
        published=is_published,
        seconds=round(max((each.began + each.seconds for each in walk.taken), default=0.0), 3),
        steps=tuple(
            StepTold(
                each.step, each.state, each.detail, round(each.began, 3), round(each.seconds, 3)
            )
            for each in walk.taken
        ),
        migrations=_migrations(walk, found, error),
        data=data(walk.evidence) if walk.evidence else None,
        schema=tuple(
            SchemaChangeTold(*line) for line in (difference.lines() if difference else ())
        ),
        since=data(walk.written_since) if walk.written_since else None,
        backup=_backup(walk),
        error=_error(error) if error else None,
        back=_back(walk, found, is_published=is_published),
    )


def of_record(found: Record) -> Receipt:
    """Return what a run's record alone can tell, of one that was killed for example."""
    from drydock import __version__

    # A result without a database kept aside: it had published, and nothing took that back.
    is_published = bool(found.result) and not found.failed_copy
    return Receipt(
        run=found.id,
        sequence=found.sequence,
        command=found.command,
        database=found.database,
        phase=found.phase,
        summary=found.outcome,
        dry_run=False,
        published=is_published,
        started_at=found.started_at,
        ended_at=found.ended_at,
        seconds=0.0,
        steps=(),
        migrations=(),
        data=None,
        schema=(),
        since=None,
        backup=None,
        result_digest=found.result,
        failed_copy=found.failed_copy,
        error=None,
        back=("inv rollback",) if is_published else (),
        drydock=__version__,
        sqlite=sqlite3.sqlite_version,
    )


def data(evidence: Evidence) -> DataTold:
    """Return the evidence in the receipt's words."""
    changed = [table for table in evidence.tables if table.kind != "untouched"]
    untouched = [table for table in evidence.tables if table.kind == "untouched"]
    return DataTold(
        tables=tuple(_table(table) for table in changed[:TABLES]),
        tables_left_out=len(changed[TABLES:]),
        tables_untouched=len(untouched),
        rows_untouched=sum(table.rows_after for table in untouched),
        rows_compared=evidence.rows_compared,
        rows_proved_by_pages=evidence.rows_proved_by_pages,
        seconds=round(evidence.seconds, 3),
        not_compared=tuple(
            f"{each.table}: {each.reason}"
            for each in (*evidence.not_compared, *evidence.not_checked)
        ),
    )


def finding(found: Finding) -> FindingTold:
    """Return a finding in the receipt's words."""
    return FindingTold(
        found.rule,
        found.severity,
        found.line,
        found.why,
        found.evidence,
        found.fix,
        found.allowed,
    )


def _table(table: TableEvidence) -> TableTold:
    return TableTold(
        name=table.name,
        was=table.was,
        kind=table.kind,
        rows_before=table.rows_before,
        rows_after=table.rows_after,
        kept=table.kept,
        changed=table.changed,
        added=table.added,
        removed=table.removed,
        columns=tuple(
            ColumnTold(
                column.name,
                column.was,
                column.fate,
                column.changed,
                column.emptied,
                column.dropped_values,
            )
            for column in table.columns
        ),
        samples=tuple(
            SampleTold(
                sample.kind,
                sample.key,
                tuple((value.column, value.before, value.after) for value in sample.values),
            )
            for sample in table.samples
        ),
    )


def _migrations(walk: Walk, found: Record, error: DrydockError | None) -> tuple[MigrationTold, ...]:
    findings: dict[str, list[Finding]] = {}
    for each in walk.findings:
        findings.setdefault(each.migration, []).append(each)
    applied = {each.name: each for each in walk.applied}
    failed = getattr(getattr(error, "migration", None), "name", None)
    ran = _state_of_those_that_ran(walk, found)
    room = _Room()
    return tuple(
        _migration(
            each,
            applied.get(each.name),
            findings.get(each.name, ()),
            ran if each.name in applied else "failed" if each.name == failed else "pending",
            room,
        )
        for each in walk.pending
    )


def _state_of_those_that_ran(walk: Walk, found: Record) -> str:
    if walk.options.dry_run:
        return "rehearsed"
    if found.phase == "finished" or walk.published:
        return "applied"
    return "taken back" if found.result else "discarded"


def _migration(
    migration: Migration,
    applied: Applied | None,
    findings: Sequence[Finding],
    state: str,
    room: _Room,
) -> MigrationTold:
    statements = applied.statements if applied else ()
    shown = statements[: min(STATEMENTS, room.statements)]
    room.statements -= len(shown)
    text, text_left_out = room.cut(migration.text)
    output, output_left_out = room.cut(applied.output if applied else "")
    header = migration.header
    return MigrationTold(
        name=migration.name,
        file=str(migration.path),
        kind=migration.kind,
        purpose=header.purpose,
        date=header.date,
        author=header.author,
        state=state,
        seconds=round(applied.seconds, 3) if applied else 0.0,
        rows=sum(each.rows for each in statements),
        findings=tuple(finding(each) for each in findings),
        statements=tuple(
            StatementTold(_shortened(each.sql), each.rows, each.times, each.line, each.way)
            for each in shown
        ),
        statements_left_out=len(statements) - len(shown),
        text=text,
        text_left_out=text_left_out,
        output=output,
        output_left_out=output_left_out,
    )


def _shortened(sql: str) -> str:
    return sql if len(sql) <= SQL_LETTERS else sql[: SQL_LETTERS - 1] + "…"


def _backup(walk: Walk) -> BackupTold | None:
    if walk.backup is None or walk.options.dry_run:
        return None
    manifest = walk.backup.manifest
    return BackupTold(
        manifest.id,
        str(walk.backup.file),
        manifest.bytes,
        sum(manifest.rows.values()),
        manifest.sha256,
    )


def _error(error: DrydockError) -> ErrorTold:
    return ErrorTold(
        error.what, tuple(error.cause), error.at, error.state, error.hint, int(error.exit_code)
    )


def _back(walk: Walk, found: Record, *, is_published: bool) -> tuple[str, ...]:
    """Return what to type for the database before the run; nothing where nothing was changed."""
    if is_published and found.result and walk.backup is not None:
        return (
            "inv rollback",
            f"inv restore {walk.backup.id}",
            f"inv restore {walk.backup.id} --output {shlex.quote(f'before-{walk.live.name}')}",
        )
    return ()
