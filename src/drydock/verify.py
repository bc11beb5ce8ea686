"""Verify a database: ledger against files, soundness, foreign keys, models, the committed schema.

Reads only, and says everything that is wrong at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import backup, formats, plan
from drydock.errors import DrydockError, ExitCode
from drydock.executor.diagnosis import violations
from drydock.schema import inventory as schema_inventory

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from drydock.migration import Migration
    from drydock.plan import Plan
    from drydock.schema.disagreement import Difference
    from drydock.schema.objects import Schema
    from drydock.settings import Settings


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified; `problems` are lines, empty when all is well; `notes` are no failure.

    `history` are those of the problems that files and ledger have with each other.
    """

    tables: int
    against: str
    problems: tuple[str, ...]
    history: tuple[str, ...]
    notes: tuple[str, ...]
    schema: Schema


class SchemaDiffers(DrydockError):
    """The database is not what files, models or schema file say it should be."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, name: str, found: Verification) -> None:
        self.problems = found.problems
        hints = ["what to do about the files: inv review"] if found.history else []
        if len(found.problems) > len(found.history):
            hints.append("write the migration that makes it so (inv new NAME), or mend the models")
        super().__init__(
            f"{name} is not as it should be", cause=list(self.problems), hint="\n".join(hints)
        )


def verify(
    settings: Settings,
    opened: sqlite3.Connection,
    migrations: Sequence[Migration],
    *,
    after_publish: bool = False,
    all_applied: bool = False,
) -> Verification:
    """Verify the database behind `opened`.

    Args:
        settings: The project's.
        opened: A connection that reads it.
        migrations: The project's, in their order.
        after_publish: It is what a run has just inspected, byte for byte: its soundness and keys
            are proved (only new violations counted), and the committed schema file is still that
            of before.
        all_applied: Count pending migrations as a problem.

    Raises:
        ModelsUnusable, SchemaTextError: Models or schema file cannot be read.
    """
    schema = schema_inventory.inventory(opened)
    state = plan.make(formats.entries(opened, migrations), migrations)
    history = _history(state, all_applied=all_applied)
    problems = [*history]
    if not after_publish:
        problems += backup.quick_check(opened)
        problems += violations(opened, limit=20)
    notes: list[str] = []
    against = "files"
    pending = bool(state.pending)
    if settings.models and not pending:
        differences = _against_models(settings, schema)
        problems += [_told(each) for each in differences if each.severity == "error"]
        notes += [_told(each) for each in differences if each.severity == "note"]
        against = "models"
    if not after_publish and settings.schema and not pending:
        if settings.schema.exists():
            problems += _against_file(settings, schema)
        else:
            notes.append(
                f"{settings.schema.name} is not there, so it was not compared; "
                "the next run that applies a migration writes it"
            )
    if pending and (settings.models or settings.schema):
        notes.append(f"{len(state.pending)} pending: not compared with models or schema file")
    return Verification(
        tables=len(schema.own_tables),
        against=against,
        problems=tuple(problems),
        history=tuple(history),
        notes=tuple(notes),
        schema=schema,
    )


def _history(state: Plan, *, all_applied: bool) -> list[str]:
    lines = [
        f"migration {each.name} was edited after it was applied (inv status --diff shows it)"
        for each in state.edited
    ]
    lines += [
        f"migration {each.name} was applied on {each.applied_at} and its file is gone"
        for each in state.missing
    ]
    if all_applied:
        lines += [f"migration {each.name} is pending" for each in state.pending]
    return lines


def _against_models(settings: Settings, schema: Schema) -> Sequence[Difference]:
    from drydock.schema.comparison import against_models
    from drydock.schema.models import from_models

    models = from_models(settings.models, root=settings.root)
    return against_models(schema, models, ignore=settings.ignore)


def _against_file(settings: Settings, schema: Schema) -> list[str]:
    from drydock.schema import difference, file

    assert settings.schema is not None
    committed = file.read_file(settings.schema)
    found = difference.difference(committed, schema)
    return [
        f"{settings.schema.name}: {line.sign} {line.subject}: {line.detail}"
        for line in found.lines()
    ]


def _told(difference: Difference) -> str:
    return f"{difference.subject}: {difference.detail}"
