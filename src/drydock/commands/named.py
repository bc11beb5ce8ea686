"""A database named on the command line: ``live``, a backup's id, or a file, as a file at rest."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import backup, connection
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
