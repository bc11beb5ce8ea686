"""File-system effects that must be durable or exclusive: sync, atomic text, free space, mounts.

Works on any file but the live database, which only SQLite opens (F01).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drydock.errors import DrydockError, ExitCode
from drydock.words import as_word

if TYPE_CHECKING:
    from collections.abc import Mapping

NETWORK_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afpfs", "9p", "webdav", "ceph", "afs"}
)


_MOUNTS = Path("/proc/self/mounts")
_OCTAL = re.compile(r"\\([0-7]{3})")  # how a space, a tab or a backslash stands in that table


def sync(path: Path) -> None:
    """Make what was written to `path` (a file or a folder) survive a power cut (F38)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Sync:
    """The sync of a file that nobody writes any more, going on in a thread."""

    def __init__(self, path: Path) -> None:
        import threading

        from drydock import signals

        self._path = path
        self._failed: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="drydock-sync", daemon=True)
        with signals.held_back():
            self._thread.start()

    def wait(self) -> None:
        """Return when the file is on the disk; raises the `OSError` that kept it from there.

        A later `sync` would not hear of that error again.
        """
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _work(self) -> None:
        try:
            sync(self._path)
        except OSError as error:
            self._failed = error


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace `path` with `text`: wholly the old or wholly the new, also after a power cut."""
    import tempfile

    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Replace `path` with `data` as JSON, atomically: a line for each key, data classes as tables.

    Indenting all of it would take Python's own encoder, twenty times slower.
    """
    import json

    lines = (
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, default=_fields)}"
        for key, value in data.items()
    )
    write_atomically(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def create_private(path: Path) -> None:
    """Create the empty file `path`, readable by its owner alone.

    Raises:
        FileExistsError: There is one already; two runs never share a file (F32).
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))


class NotAFolder(DrydockError):
    """Something else stands where a folder is needed; nothing was touched."""

    exit_code = ExitCode.REFUSED

    def __init__(self, path: Path) -> None:
        self.path = path
        there = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
        what = "a link that leads nowhere" if there.is_symlink() else "a file"
        super().__init__(
            f"{path} cannot be a folder; nothing was changed",
            cause=f"{there} is {what}",
            hint=f"move it away: mv {as_word(there)} {as_word(f'{there}.old')}",
        )


def private_folder(path: Path) -> Path:
    """Return the folder `path`, created 0700 with its parents where it was not there.

    Raises:
        NotAFolder: Something else stands there.
    """
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():  # `parents=True` would give the parents the mode of the umask
                folder.mkdir(mode=0o700, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotAFolder(path) from error
    return path


def folder_of_copies(path: Path) -> Path:
    """Return the private folder `path`; where it is made here, git is told to pass it over.

    It will hold copies of the database, which nobody means to commit.
    """
    is_new = not path.exists()
    private_folder(path)
    if is_new:
        ignored = path / ".gitignore"
        with suppress(FileExistsError):  # another run makes the same folder
            create_private(ignored)
        ignored.write_text("*\n", encoding="utf-8")
    return path


def size(path: Path) -> int:
    """Return the bytes of the file `path`; 0 where there is none, or none any more."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def free_bytes(folder: Path) -> int:
    """Return the bytes that this user can still write in `folder`'s file system."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def network_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the name of the network file system that holds `path`, None for a local one (F39).

    Knows what the table of mounts of Linux tells; elsewhere it says None.
    """
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[1])
        inside = real == folder or real.startswith(folder.rstrip("/") + "/")
        if inside and len(folder) >= len(best):
            best, kind = folder, fields[2]
    return kind if kind in NETWORK_SYSTEMS else None
