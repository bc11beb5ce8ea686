"""``inv backups`` and ``inv restore``: list backups, read them again, give one back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from drydock import backup, candidate
from drydock.errors import DrydockError, ExitCode
from drydock.steps.take_backup import size
from drydock.terminal.text import one_line, shortened
from drydock.words import counted

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.backup import Backup
    from drydock.settings import Settings
    from drydock.terminal import Terminal


_NAME = 14  # columns of a migration's name, at least


class BackupUnsound(DrydockError):
    """A backup is not what it was when it was proved."""

    exit_code = ExitCode.DIFFERENT

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "a backup is damaged; no other file was touched",
            cause=problems,
            hint="set it aside, and take a fresh one: inv backup",
        )


def show(settings: Settings, terminal: Terminal, *, verify: bool) -> None:
    """List the backups, newest last; with `verify`, read each of them whole.

    Raises:
        BackupUnsound: One is not what its manifest says.
    """
    if terminal.as_json:
        _tell(settings, terminal, verify=verify)
        return
    every = backup.proved(settings.backups)
    problems: list[str] = []
    for each in every:
        found = backup.verify(each) if verify else []
        problems += [f"{each.id}: {problem}" for problem in found]
        verdict = "DAMAGED" if found else "sound" if verify else ""
        terminal.data(_line(each, verdict, terminal.data_width))
    for folder in backup.unproved(settings.backups) if settings.backups.is_dir() else ():
        terminal.data(f"{folder.name:<20}  not proved: it has no whole manifest and database")
        problems.append(f"{folder.name}: not proved")
    told = f"{counted(len(every), 'proved backup')} in {settings.backups.name}"
    terminal.line(f"{told}{'; all read and sound' if verify and not problems else ''}")
    if verify and problems:
        raise BackupUnsound(problems)


def _tell(settings: Settings, terminal: Terminal, *, verify: bool) -> None:
    every = backup.proved(settings.backups)
    found = {each.id: backup.verify(each) if verify else [] for each in every}
    left = backup.unproved(settings.backups) if settings.backups.is_dir() else ()
    problems = [f"{name}: {problem}" for name, each in found.items() for problem in each]
    problems += [f"{folder.name}: not proved" for folder in left]
    terminal.document(
        {
            "folder": str(settings.backups),
            "backups": [
                {
                    **asdict(each.manifest),
                    "path": str(each.file),
                    "sound": not found[each.id] if verify else None,
                    "problems": found[each.id],
                }
                for each in every
            ],
            "not_proved": [folder.name for folder in left],
        }
    )
    if verify and problems:
        raise BackupUnsound(problems)


def copy_out(found: Backup, target: Path, terminal: Terminal) -> None:
    """Write a copy of a backup's database to `target`, which must not exist.

    Raises:
        BackupUnsound: It is not what its manifest says.
        TargetExists: `target` is there already.
    """
    require_sound(found)
    try:
        candidate.copy(found.file, target)
    except FileExistsError:
        raise TargetExists(target) from None
    terminal.line(f"{found.id} was copied to {target}")


def told(found: Backup) -> str:
    """Return a backup's id with what tells it apart: its time, its rows, its last migration."""
    manifest = found.manifest
    last = f", up to {manifest.last_migration}" if manifest.last_migration else ""
    when = manifest.created_at[:16].replace("T", " ")
    rows = counted(sum(manifest.rows.values()), "row")
    return f"{found.id} (of {when} UTC, {rows}{last})"


def require_sound(found: Backup) -> None:
    """Raise BackupUnsound unless a backup still is what its manifest says."""
    problems = backup.verify(found)
    if problems:
        raise BackupUnsound([f"{found.id}: {problem}" for problem in problems])


class TargetExists(DrydockError):
    """The file to be written exists."""

    exit_code = ExitCode.USAGE

    def __init__(self, target: Path) -> None:
        self.target = target
        super().__init__(
            f"{target} exists already; nothing was touched", hint="name a file that does not"
        )


def _line(each: Backup, verdict: str, width: int) -> str:
    manifest = each.manifest
    rows = sum(manifest.rows.values())
    opening = (
        f"{each.id:<18} {size(manifest.bytes):>9} {rows:>10,} rows  "
        f"{manifest.purpose:<8}  {verdict:<7}{'  ' * bool(verdict)}"
    )
    last = manifest.last_migration or "no ledger"
    return opening + shortened(one_line(last), max(_NAME, width - len(opening)))
