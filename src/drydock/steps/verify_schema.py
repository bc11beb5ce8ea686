"""Verify the live database after publish: history, soundness, keys, models, schema file."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, formats, verify
from drydock.errors import DrydockError, ExitCode
from drydock.faults import reach
from drydock.steps import Skipped

if TYPE_CHECKING:
    from drydock.walk import Walk


class ExpectationFailed(DrydockError):
    """What ``--expect`` asked for is not in the database."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, question: str, detail: str, near: tuple[str, ...]) -> None:
        self.question = question
        super().__init__(
            f"{question}: no",
            cause=detail,
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
        raise verify.SchemaDiffers(walk.settings.database.name, result.problems)
    walk.schema = result.schema
    answers = [_answer(walk, question) for question in walk.options.expect]
    if walk.run is not None:
        reach("verify-1")
    return "; ".join([f"{result.tables} tables match the {result.against}", *answers])


def _answer(walk: Walk, question: str) -> str:
    from drydock.schema.expectation import expect

    assert walk.schema is not None
    answer = expect(walk.schema, question)
    if not answer.found:
        raise ExpectationFailed(question, answer.detail, answer.near)
    return f"{question}: yes, {answer.detail}"
