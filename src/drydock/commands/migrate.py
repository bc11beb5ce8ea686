"""``inv migrate``: walk the whole chain, or say at once that nothing is pending."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from drydock import plan
from drydock.commands import status
from drydock.errors import DrydockError, ExitCode
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.settings import Settings
    from drydock.terminal import Terminal
    from drydock.walk import Walk


def is_current(
    settings: Settings, terminal: Terminal, *, create: bool, to: str | None = None
) -> bool:
    """Say so and return True when no migration is pending and no run is unfinished.

    Raises:
        UnknownMigration: ``--to`` names none, which is told also when there is nothing to do.
    """
    if create:
        from drydock import empty

        if empty.is_absent(settings.database):
            return False
    found = status.read(settings)
    if found.pending or not found.is_clean or status.is_unfinished(settings):
        return False
    if to is not None:
        plan.up_to(found, to)
    said = f"nothing pending: {len(found.applied)} applied to {settings.database.name}"
    if terminal.as_json:
        terminal.document({"run": None, "phase": "current", "summary": said, "error": None})
    elif not terminal.quiet:
        terminal.line(said)
    return True


def run(walk: Walk, terminal: Terminal) -> None:
    """Walk the chain; with ``--json``, tell the run's receipt whatever became of it.

    Raises:
        DrydockError: A step failed; everything was undone.
    """
    from drydock.receipt import files

    try:
        go(walk)
    finally:
        page = walk.run.folder / files.PAGE if walk.run is not None else None
        if terminal.as_json and page is not None and page.exists():
            terminal.document(files.read(page))


def go(walk: Walk) -> None:
    """Review, then walk the chain, for what the walk's options ask.

    Raises:
        DrydockError: A step failed; everything was undone.
    """
    from drydock import empty

    if walk.options.create:
        empty.require_folder(walk)
    # First of all: eight runners that read the database for their reviews would keep the one
    # that may work from leaving WAL mode.
    walk.lock_up()
    try:
        if walk.options.create:
            empty.make(walk)
        _review_and_walk(walk)
    except BaseException as error:
        _remove_empty(walk, error)
        raise
    if walk.options.dry_run:
        empty.remove(walk)


def _review_and_walk(walk: Walk) -> None:
    from drydock import chain

    began = time.monotonic()
    try:
        review_first(walk)
    except DrydockError as error:
        if error.exit_code is ExitCode.REFUSED:
            _remove_empty(walk, error)
            chain.decline(walk, "review", error, began)
            if walk.run is not None:
                walk.reporter.note("what was found, on one page: inv receipt --open")
        raise
    chain.begin(walk)
    found = walk.read_plan()
    if not walk.pending and found.is_clean and not walk.done:
        walk.reporter.note("nothing pending")
        chain.finish(walk, "nothing pending")
        return
    chain.walk_all(walk)
    walk.reporter.note("all that was done, on one page: inv receipt --open")
    if walk.backup is not None and not walk.options.dry_run:
        walk.reporter.note("to go back: inv rollback")


def _remove_empty(walk: Walk, error: BaseException) -> None:
    """Remove what ``--create`` made, and say in `error` that the next run has to make it again."""
    from drydock import empty

    empty.remove(walk)
    if isinstance(error, DrydockError):
        empty.make_again(walk, error)


def review_first(walk: Walk) -> None:
    """Review, and ask, while the application still runs; the step in the chain sees if it holds.

    Raises:
        ReviewFailed, ReviewRefused, UnknownMigration: Nothing was touched.
    """
    from drydock.steps import review

    found = walk.read_plan()
    if walk.pending or not found.is_clean:
        stamp = walk.stamp()
        _tell_of_the_rest(walk)
        if status.needs_adopting(walk.settings, found):
            walk.reporter.note(status.ADOPT)
        review.look(walk)
        walk.is_reviewed, walk.reviewed_at = True, stamp


def _tell_of_the_rest(walk: Walk) -> None:
    """Say what ``--to`` means for the application, before it is stopped."""
    count, options = walk.stays_pending, walk.options
    if not (count and walk.pending and options.to and walk.has_backend) or options.dry_run:
        return
    stays = f"{counted(count, 'migration')} {'stays' if count == 1 else 'stay'}"
    walk.reporter.note(
        f"{stays} pending after {walk.pending[-1].name}; where the application is not well "
        "on that schema, the previous database comes back"
    )
