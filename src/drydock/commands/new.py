"""``inv new``: the next migration's file, its header filled in."""

from __future__ import annotations

import getpass
import re
import subprocess
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drydock import connection, formats, migration
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from drydock.migration import Migration
    from drydock.rebuild.commands import Action
    from drydock.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


class BadName(DrydockError):
    """A name that cannot be a migration's file name."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name!r} cannot be a migration's name; nothing was written",
            cause="a name has letters, digits, - and _, and no path",
            hint="inv new add-trip-tags",
        )


class AnotherToolsFolder(DrydockError):
    """The folder of migrations is another tool's, which writes its own files."""

    exit_code = ExitCode.USAGE

    def __init__(self, format_: formats.Format) -> None:
        self.tool = format_.name
        super().__init__(
            f"the folder of migrations is {format_.name}'s; nothing was written",
            hint=f"make the next one its way: {format_.how_to_make}",
        )


def write(
    settings: Settings, name: str, *, python: bool, changes: Sequence[tuple[Action, str]] = ()
) -> Path:
    """Write the next migration's file and return its path.

    Args:
        settings: The project's.
        name: What it is called; ``-`` and spaces become ``_``.
        python: A ``.py`` with ``migrate(db)`` instead of an ``.sql``.
        changes: ``(kind, what)`` of ``--drop``, ``--retype``, ``--rename``…: written as a
            table change for `Database`.

    Raises:
        BadName: It could not be a file's name.
        AnotherToolsFolder: Its files are not of our form.
        UnreadableChangeError: A change cannot be read.
    """
    clean = re.sub(r"[\s-]+", "_", name.strip()).lower()
    if not _NAME.fullmatch(clean):
        raise BadName(name)
    try:
        settings.migrations.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        _require_own(settings)  # another tool's migrations may be one file
        raise migration.FolderMissing(settings.migrations) from error
    _require_own(settings)
    number = _next_number(migration.read_folder(settings.migrations))
    stem = f"{number}_{clean}"
    python = python or bool(changes)
    path = settings.migrations / f"{stem}{'.py' if python else '.sql'}"
    text = _text(stem, python=python) if not changes else _changed(stem, changes)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return path


def _require_own(settings: Settings) -> None:
    with ExitStack() as stack:
        opened = None
        if settings.database.exists():
            reading = connection.read(settings.database, timeout=settings.timeout)
            opened = stack.enter_context(closing(reading))
        read = formats.read(settings.migrations, opened, settings.format)
    if format_ := formats.format_of(read):
        raise AnotherToolsFolder(format_)


def _next_number(every: Sequence[Migration]) -> str:
    numbered = [each for each in every if each.number is not None]
    if not numbered:
        return "001"
    last = max(numbered, key=lambda each: each.number or 0)  # an order file may say otherwise
    width = len(last.name) - len(last.name.lstrip("0123456789"))
    return f"{(last.number or 0) + 1:0{width}}"


def _header(stem: str, comment: str) -> str:
    lines = (
        f"Migration: {stem}",
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Author: {_author()}",
        "Purpose: ",
    )
    return "".join(f"{comment} {line}".rstrip() + "\n" for line in lines)


def _text(stem: str, *, python: bool) -> str:
    if not python:
        return _header(stem, "--") + "\n"
    return (
        _header(stem, "#")
        + '\n\ndef migrate(db):\n    """`db` is a sqlite_utils.Database in a transaction; its '
        'tables\' transform() loses nothing."""\n'
    )


def _changed(stem: str, changes: Sequence[tuple[Action, str]]) -> str:
    from drydock.rebuild.commands import migration_text, parse_change

    asked = [parse_change(kind, what) for kind, what in changes]
    title = stem.partition("_")[2]
    return _header(stem, "#") + "\n" + migration_text(title, asked)


def _author() -> str:
    try:
        found = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False, timeout=5
        )
    except OSError:
        return getpass.getuser()
    return found.stdout.strip() or getpass.getuser()
