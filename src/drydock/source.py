"""A migration's file as bytes and text: read once, strictly, and named in every error.

It refuses symbolic links (they can lead anywhere), bytes that are not UTF-8, and a NUL, behind
which SQLite would ignore the rest.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from typing import TYPE_CHECKING

from drydock.errors import DrydockError, ExitCode
from drydock.words import as_word

if TYPE_CHECKING:
    from pathlib import Path


class MigrationError(DrydockError):
    """A migration's file cannot be used as it is; nothing was run."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, problem: str, *, line: int | None = None, hint: str) -> None:
        self.path = path
        self.problem = problem
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(
            f"migration {path.stem} cannot be read; nothing was changed",
            cause=problem,
            at=where,
            hint=hint,
        )


def require_no_link(path: Path) -> None:
    """Raise MigrationError for a symbolic link."""
    if path.is_symlink():
        raise MigrationError(
            path,
            "it is a symbolic link, which could lead out of the folder",
            hint="put the file itself there: cp --remove-destination "
            f"{as_word(os.path.realpath(path))} {as_word(path)}"
            if path.exists()
            else f"it leads nowhere; remove it: rm {as_word(path)}",
        )


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        MigrationError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MigrationError(
            path, error.strerror or str(error), hint=f"check its permissions: ls -l {as_word(path)}"
        ) from error


def checksum(text: str) -> str:
    """Return the checksum of a migration's text, its line ends as LF."""
    return hashlib.sha256(text.encode()).hexdigest()


def decode(data: bytes, path: Path) -> str:
    """Return a file's text: strict UTF-8, one byte-order mark dropped (F21).

    Raises:
        MigrationError: The bytes are not UTF-8, or hold a NUL (SQLite would stop reading there).
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise MigrationError(
            path,
            f"byte 0x{data[error.start]:02x} is not UTF-8 (is the file in Latin-1 or UTF-16?)",
            line=data.count(b"\n", 0, error.start) + 1,
            hint="save the file as UTF-8",
        ) from error
    nul = text.find("\0")
    if nul >= 0:
        raise MigrationError(
            path,
            "a NUL character; SQLite would ignore all after it",
            line=text.count("\n", 0, nul) + 1,
            hint="take it out, then run: inv migrate",
        )
    return text
