"""The receipt as data: what docs/json.md promises to programs, and what the page shows.

Frozen records only, in the words of the glossary. The names of the fields are the keys of the
JSON: a field may be added, none is renamed or taken away while `FORMAT` is 1.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step: `state` is done, skipped or failed, `began` is seconds into the run."""

    name: str
    state: str
    detail: str
    began: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StatementTold:
    """A statement as it was executed; `line` is the file's where it is known.

    `way` says how, where that is not as it is written: ``schema edit``.
    """

    sql: str
    rows: int
    times: int
    line: int | None
    way: str


@dataclass(frozen=True, slots=True)
class FindingTold:
    """What the review said of one place; `allowed` is the reason that declares it meant."""

    rule: str
    severity: str
    line: int
    why: str
    evidence: tuple[str, ...]
    fix: str
    allowed: str | None


@dataclass(frozen=True, slots=True)
class MigrationTold:
    """One migration of the run.

    `state` is applied, rehearsed, discarded (it ran, and its work was thrown away), taken back
    (after publish), failed or pending. Long texts are cut: `statements_left_out` counts
    statements, the other two characters.
    """

    name: str
    file: str
    kind: str
    purpose: str
    date: str
    author: str
    state: str
    seconds: float
    rows: int
    findings: tuple[FindingTold, ...]
    statements: tuple[StatementTold, ...]
    statements_left_out: int
    text: str
    text_left_out: int
    output: str
    output_left_out: int


@dataclass(frozen=True, slots=True)
class ColumnTold:
    """What became of one column's values."""

    name: str
    was: str | None
    fate: str
    changed: int
    emptied: int
    dropped_values: int


@dataclass(frozen=True, slots=True)
class SampleTold:
    """One changed or removed row, as short texts: column, before, after."""

    kind: str
    key: str
    values: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class TableTold:
    """What became of one table's rows; ``rows_before == kept + changed + removed``."""

    name: str
    was: str | None
    kind: str
    rows_before: int
    rows_after: int
    kept: int
    changed: int
    added: int
    removed: int
    columns: tuple[ColumnTold, ...]
    samples: tuple[SampleTold, ...]


@dataclass(frozen=True, slots=True)
class DataTold:
    """The evidence: every table that is not as it was, and how much was proved to be.

    `tables` holds the first 200 of those, `tables_left_out` counts the others; `not_compared`
    names the tables whose rows could not be compared, with the reason.
    """

    tables: tuple[TableTold, ...]
    tables_left_out: int
    tables_untouched: int
    rows_untouched: int
    rows_compared: int
    rows_proved_by_pages: int
    seconds: float
    not_compared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaChangeTold:
    """One line of the schema's difference; `sign` is +, - or ~."""

    sign: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class BackupTold:
    """The backup that the run took; `sha256` is of its file."""

    id: str
    file: str
    bytes: int
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ErrorTold:
    """Why the run ended early, as the screen said it."""

    what: str
    cause: tuple[str, ...]
    at: str | None
    state: str | None
    hint: str | None
    exit_code: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run did.

    `phase` is how it ended: finished, failed, returned, stuck or interrupted. `published` says
    whether the live database is another one now. `data` is the evidence of what the migrations
    changed; `since` is what the application wrote after publish and going back left behind.
    `back` are the commands that give back the database as it was before.
    """

    run: str
    sequence: int
    command: str
    database: str
    phase: str
    summary: str
    dry_run: bool
    published: bool
    started_at: str
    ended_at: str
    seconds: float
    steps: tuple[StepTold, ...]
    migrations: tuple[MigrationTold, ...]
    data: DataTold | None
    schema: tuple[SchemaChangeTold, ...]
    since: DataTold | None
    backup: BackupTold | None
    result_digest: str
    failed_copy: str
    error: ErrorTold | None
    back: tuple[str, ...]
    drydock: str
    sqlite: str
    format: int = FORMAT
