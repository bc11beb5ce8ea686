"""The empty database that ``inv migrate --create`` makes, and its removal when nothing came of it.

It makes none where there is one, and removes no file that somebody else may have begun to use.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from drydock import connection, formats, hold, signals
from drydock.errors import DrydockError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drydock.migration import Migration
    from drydock.walk import Walk

_UNUSED = (
    "SELECT (SELECT count(*) FROM sqlite_schema) = 0 AND journal_mode = 'delete'"
    " AND user_version = 0 AND application_id = 0"
    " FROM pragma_journal_mode, pragma_user_version, pragma_application_id"
)


def is_absent(database: Path) -> bool:
    """Say whether there is no file, or an empty one: what ``--create`` may make a database of."""
    return not database.exists() or database.stat().st_size == 0


def require_folder(walk: Walk) -> None:
    """Raise DatabaseMissing where the database's folder does not exist."""
    if not walk.live.parent.is_dir():
        raise connection.DatabaseMissing(walk.live, "cannot be created: its folder does not exist")


def make(walk: Walk) -> None:
    """Make an empty database where there is none; one that is there is left as it is.

    Raises:
        MigrationError: A file cannot be read.
    """
    if not is_absent(walk.live):
        return
    empty = walk.live.with_name(f".{walk.live.name}.new")
    empty.unlink(missing_ok=True)
    try:
        connection.create_empty(empty)
        with closing(connection.read_only(empty)) as opened:
            migrations = formats.read(walk.settings.migrations, opened, walk.settings.format)
        if migrations and migrations[0].kind == "sql":
            empty.unlink()
            connection.create_empty(empty, _of_a_new_database(migrations[0]))
        walk.created = empty.stat().st_ino
        walk.live.unlink(missing_ok=True)
        os.link(empty, walk.live)  # fails when somebody else made it meanwhile
    finally:
        empty.unlink(missing_ok=True)


def remove(walk: Walk) -> None:
    """Remove the database that this run made, while it is that file, empty, and nobody's.

    Harmless where the run made none, or has published into it.
    """
    if not walk.created or walk.published:
        return
    ours = {walk.created}
    if walk.run is not None:
        ours.add(walk.run.record.new_inode)  # the way back from a publish made it anew
    with (
        signals.undisturbed(),
        suppress(DrydockError, sqlite3.Error, OSError),  # then it is somebody's, and stays
        closing(connection.live(walk.live, timeout=walk.settings.timeout)) as opened,
    ):
        opened.execute("BEGIN EXCLUSIVE")  # who comes now waits, and finds no file
        unused = opened.execute(_UNUSED).fetchone()[0]
        if unused and walk.live.stat().st_ino in ours and not hold.named(walk.live):
            walk.live.unlink()
            walk.created = 0


def is_removed(walk: Walk) -> bool:
    """Say whether this run was to make a database, and there is none."""
    return walk.options.create and not walk.live.exists()


def make_again(walk: Walk, error: DrydockError) -> None:
    """Let the hint of `error` make the database again, where the one made for this run is gone."""
    if error.hint and is_removed(walk):
        error.hint = re.sub(r"inv migrate\b(?!.* --create)", "inv migrate --create", error.hint)


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
