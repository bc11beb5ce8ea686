"""``inv migrate``: walk the whole chain, or say at once that nothing is pending."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, formats, plan
from drydock.commands import status
from drydock.errors import DrydockError, ExitCode
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drydock.migration import Migration
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
    if create and is_absent(settings.database):
        return False
    found = status.read(settings)
    if found.pending or not found.is_clean or status.is_unfinished(settings):
        return False
    if to is not None:
        plan.up_to(found, to)
    said = f"nothing pending: {len(found.applied)} applied to {settings.database.name}"
    if terminal.as_json:
        terminal.document({"run": None, "phase": "current", "summary": said, "error": None})
    else:
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
    from drydock import chain

    if walk.options.create:
        create(walk)
    # First of all: eight runners that read the database for their reviews would keep the one
    # that may work from leaving WAL mode.
    walk.lock_up()
    began = time.monotonic()
    try:
        review_first(walk)
    except DrydockError as error:
        if error.exit_code is ExitCode.REFUSED:
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


def is_absent(database: Path) -> bool:
    """Say whether there is no file, or an empty one: what ``--create`` may make a database of."""
    return not database.exists() or database.stat().st_size == 0


def create(walk: Walk) -> None:
    """Make an empty database where there is none; one that is there is left as it is.

    Raises:
        DatabaseMissing: Its folder does not exist.
        MigrationError: A file cannot be read.
    """
    if not is_absent(walk.live):
        return
    if not walk.live.parent.is_dir():
        raise connection.DatabaseMissing(walk.live, "cannot be created: its folder does not exist")
    walk.live.unlink(missing_ok=True)
    empty = walk.live.with_name(f".{walk.live.name}.new")
    empty.unlink(missing_ok=True)
    connection.create_empty(empty)
    with closing(connection.read_only(empty)) as opened:
        files = formats.read(walk.settings.migrations, opened, walk.settings.format)
    if files and files[0].kind == "sql":
        empty.unlink()
        connection.create_empty(empty, _of_a_new_database(files[0]))
    os.link(empty, walk.live)  # fails when somebody else made it meanwhile
    empty.unlink()
    walk.created = True


def _of_a_new_database(first: Migration) -> Iterator[str]:
    """Yield the settings, before any other statement, that only a new database heeds.

    When the file itself is run the database has a header, and the ledger as its first table.
    """
    from drydock import tokens

    for statement in first.statements:
        words = [each.folded for each in tokens.code(statement.text)]
        if words[:1] != ["pragma"]:
            return
        if words[1:4] == ["main", ".", *words[3:4]]:
            del words[1:3]
        if words[1:2] in (["page_size"], ["encoding"], ["auto_vacuum"]):
            yield statement.text
