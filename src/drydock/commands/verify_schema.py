"""``inv verify-schema --json``: the step of the chain, its answer told as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock import chain
from drydock.steps.verify_schema import ExpectationFailed
from drydock.verify import SchemaDiffers

if TYPE_CHECKING:
    from drydock.terminal import Terminal
    from drydock.walk import Walk


def run(walk: Walk, terminal: Terminal) -> None:
    """Verify, and tell what was found whether it is as it should be or not.

    Raises:
        SchemaDiffers, ExpectationFailed: Something is not as it should be; told as data.
        DrydockError: It could not be verified.
    """
    problems: tuple[str, ...] = ()
    try:
        chain.perform(walk, chain.step_named("verify-schema"))
    except SchemaDiffers as error:
        problems = error.problems
        raise
    except ExpectationFailed as error:
        problems = tuple(error.cause)
        raise
    finally:
        if walk.schema is not None or problems:
            terminal.document(
                {
                    "database": str(walk.settings.database),
                    "matches": not problems and walk.schema is not None,
                    "summary": walk.done.get("verify-schema", ""),
                    "problems": list(problems),
                }
            )
