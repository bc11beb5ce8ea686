"""Verify the live database after publish: history, soundness, keys, models, schema file."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, formats, verify
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import Skipped
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.schema.expectation import Answer
    from drydock.walk import Walk


class ExpectationFailed(DrydockError):
    """What ``--expect`` asked for is not in the database; `missing` are the questions."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, answers: list[tuple[str, Answer]]) -> None:
        self.missing = tuple(question for question, answer in answers if not answer.found)
        near = [each for _, answer in answers if not answer.found for each in answer.near]
        super().__init__(
            f"{', '.join(self.missing)}: no",
            cause=[f"{question}: {_told(answer)}" for question, answer in answers],
            hint=f"did you mean: {', '.join(near)}" if near else "see what is there: inv diagram",
        )


def perform(walk: Walk) -> str:
    """Verify; after a publish the committed schema file is not asked: it is about to be renewed.

    Raises:
        SchemaDiffers: Something is not as it should be; all of it is named.
        ExpectationFailed: A question of ``--expect`` was answered with no.
    """
    if walk.options.dry_run:
        return Skipped("the candidate was inspected; nothing was published")
    with closing(connection.read(walk.live, timeout=walk.settings.timeout)) as opened:
        connection.stop_when(opened)
        walk.files = walk.files or formats.read(
            walk.settings.migrations, opened, walk.settings.format
        )
        result = verify.verify(walk.settings, opened, walk.files, after_publish=walk.published)
    for note in result.notes:
        walk.reporter.note(note)
    if result.problems:
        raise verify.SchemaDiffers(walk.settings.database.name, result)
    walk.schema = result.schema
    from drydock.schema.expectation import expect

    answers = [(each, expect(result.schema, each)) for each in walk.options.expect]
    if not all(answer.found for _, answer in answers):
        raise ExpectationFailed(answers)
    if walk.run is not None:
        reach("verify-1")
    verb = "matches" if result.tables == 1 else "match"
    told = f"{counted(result.tables, 'table')} {verb} the {result.against}"
    return "; ".join([told, *(f"{each}: {_told(answer)}" for each, answer in answers)])


def _told(answer: Answer) -> str:
    return f"{'yes' if answer.found else 'no'}, {answer.detail}"
