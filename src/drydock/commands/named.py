"""A database named on the command line: ``live``, a backup's id, or a file, as a file at rest."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, connection, strangers
from drydock.commands.backups import require_sound
from drydock.errors import DrydockError, ExitCode

if TYPE_CHECKING:
    from drydock.settings import Settings

LIVE = "live"


class NoSuchDatabase(DrydockError):
    """A name given on the command line is neither live, nor a backup, nor a file."""

    exit_code = ExitCode.USAGE

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is neither {LIVE}, nor a backup, nor a database file",
            hint="list the backups: inv backups",
        )


def require_whole(*databases: tuple[Path, Path]) -> None:
    """Refuse a damaged database by its own name, after a command has failed on one of several.

    Args:
        databases: Each as the user knows it, and the file to look at: itself, or a copy of it.

    Raises:
        DatabaseDamaged: SQLite finds it damaged.
    """
    for known, file in databases:
        with closing(connection.read(file)) as opened:
            problems = backup.quick_check(opened)
        if problems and strangers.named(problems[-1]) is None:
            raise backup.DatabaseDamaged(known, problems)


def path_of(settings: Settings, name: str) -> Path:
    """Return the file that `name` names: the live database, a backup's, or another."""
    if name == LIVE:
        return settings.database
    try:
        return backup.find(settings.backups, name).file
    except backup.NoSuchBackup:
        return Path(name)


def at_rest(settings: Settings, name: str, copy: Path) -> Path:
    """Return a file that nobody writes: a backup's, or `copy`, made of what else `name` names.

    Raises:
        BackupUnsound: It names a backup that is not what it was when it was proved.
        NoSuchDatabase: It names nothing.
        NotADatabase: It names a file that is none.
    """
    if name != LIVE:
        try:
            found = backup.find(settings.backups, name)
        except backup.NoSuchBackup:
            if not Path(name).is_file():
                raise NoSuchDatabase(name) from None
        else:
            require_sound(found)
            return found.file
    path = settings.database if name == LIVE else Path(name)
    with (
        closing(connection.read(path, timeout=settings.timeout)) as source,
        closing(connection.copy_target(copy)) as target,
    ):
        source.backup(target)
    return copy
