"""The migrations of a folder: read once, hashed, and from then on run from memory.

A migration is a regular ``.sql`` or ``.py`` file directly inside the folder. Its identity is its
file's stem; its place is its numeric prefix, then its name. It refuses symbolic links (they can
lead anywhere), two files of one stem, and directives it does not know.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from drydock.errors import DrydockError, ExitCode
from drydock.script import ScriptError, Statement, decode, split

Kind = Literal["sql", "function", "script"]
"""``function``: a ``def migrate(db)`` to be given our Database; ``script``: any other Python."""

ENDINGS = (".sql", ".py")
ENTRY_NAMES = ("migrate", "upgrade", "up", "run")
"""Functions that are a Python migration's entry, the first that is there."""

_NUMBER = re.compile(r"\d+")
_HEADER = re.compile(r"^\W*(migration|date|author|purpose)\s*:\s*(\S.*?)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^\s*(?:--|#)\s*drydock\s*:\s*(.*?)\s*$", re.IGNORECASE)
_ALLOW = re.compile(r"allow\s+([a-z-]+)\s*:\s*(\S.*)")
HEADER_LINES = 40


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


@dataclass(frozen=True, slots=True)
class Header:
    """What a migration's opening comments say of it; an empty string where they are silent."""

    migration: str = ""
    date: str = ""
    author: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Directive:
    """``-- drydock: allow RULE: reason``: one finding that its author means."""

    rule: str
    reason: str
    line: int


@dataclass(frozen=True)
class Migration:
    """One migration, as its file was when the run read it.

    `checksum` is the SHA-256 of the text with its line ends as LF, so that a checkout with CRLF
    is the same migration (F21).
    """

    name: str
    path: Path
    text: str
    checksum: str

    @property
    def number(self) -> int | None:
        """The numeric prefix, or None."""
        found = _NUMBER.match(self.name)
        return int(found[0]) if found else None

    @cached_property
    def kind(self) -> Kind:
        """How it is run.

        Raises:
            MigrationError: A Python file that does not compile.
        """
        if self.path.suffix == ".sql":
            return "sql"
        entry = self.entry
        return "function" if entry is not None and entry.args.args else "script"

    @cached_property
    def entry(self) -> ast.FunctionDef | None:
        """The Python function to call: ``migrate`` or a like name, None for a bare script."""
        functions = {
            node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)
        }
        return next((functions[name] for name in ENTRY_NAMES if name in functions), None)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed Python.

        Raises:
            MigrationError: It does not compile; the line is named.
        """
        try:
            return ast.parse(self.text, filename=str(self.path))
        except SyntaxError as error:
            raise MigrationError(
                self.path,
                f"{error.msg}",
                line=error.lineno,
                hint="mend the file, then run: inv migrate",
            ) from error

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of an ``.sql`` migration.

        Raises:
            MigrationError: It cannot be split as SQLite would; the line is named.
        """
        try:
            return split(self.text)
        except ScriptError as error:
            raise MigrationError(
                self.path,
                error.problem,
                line=error.line,
                hint="mend the file, then run: inv migrate",
            ) from error

    @cached_property
    def header(self) -> Header:
        """What the first lines of comments say of it."""
        found: dict[str, str] = {}
        for line in self.text.splitlines()[:HEADER_LINES]:
            if match := _HEADER.match(line):
                found.setdefault(match[1].lower(), match[2])
        return Header(**found)

    @cached_property
    def directives(self) -> tuple[Directive, ...]:
        """What the file declares as meant.

        Raises:
            MigrationError: A directive that is not ``allow RULE: reason``.
        """
        if "drydock" not in self.text.lower():
            return ()
        lines = enumerate(self.text.splitlines(), start=1)
        matches = ((number, _DIRECTIVE.match(line)) for number, line in lines)
        return tuple(self._directive(number, match[1]) for number, match in matches if match)

    def _directive(self, line: int, words: str) -> Directive:
        allowed = _ALLOW.fullmatch(words)
        if not allowed:
            raise MigrationError(
                self.path,
                f"not a directive: {words!r}",
                line=line,
                hint="write: -- drydock: allow RULE: the reason (rules: docs/review.md)",
            )
        return Directive(allowed[1], allowed[2], line)


def read_folder(folder: Path) -> tuple[Migration, ...]:
    """Return the migrations of `folder` in their order.

    Raises:
        MigrationError: A file that cannot be used, or two of one stem.
        FolderMissing: There is no such folder.
    """
    migrations: dict[str, Migration] = {}
    for entry in sorted(_entries(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_symlink():
            raise MigrationError(
                path,
                "it is a symbolic link, which could lead out of the folder",
                hint=f"put the file itself there: cp --remove-destination "
                f"{os.path.realpath(path)} {path}",
            )
        if not entry.is_file():
            continue
        migration = read_file(path)
        if twin := migrations.get(migration.name):
            raise MigrationError(
                path,
                f"{twin.path.name} has the same name, and the name is a migration's identity",
                hint=f"rename one of them, for example: mv {path} "
                f"{path.with_stem(path.stem + '_2')}",
            )
        migrations[migration.name] = migration
    return tuple(sorted(migrations.values(), key=order))


def read_file(path: Path) -> Migration:
    """Return the migration in `path`, read once.

    Raises:
        MigrationError: It is not UTF-8 text, or cannot be read.
    """
    try:
        text = decode(path.read_bytes())
    except ScriptError as error:
        raise MigrationError(
            path, error.problem, line=error.line, hint="save the file as UTF-8"
        ) from error
    except OSError as error:
        raise MigrationError(
            path, error.strerror or str(error), hint=f"check its permissions: ls -l {path}"
        ) from error
    text = text.replace("\r\n", "\n")
    return Migration(path.stem, path, text, hashlib.sha256(text.encode()).hexdigest())


def order(migration: Migration) -> tuple[int, int, str]:
    """Return the key that puts migrations in order: numbered ones first, then by name."""
    number = migration.number
    return (1, 0, migration.name) if number is None else (0, number, migration.name)


class FolderMissing(DrydockError):
    """The folder of migrations is not there."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"the folder of migrations {folder} does not exist; nothing was touched",
            hint="set migrations in [tool.drydock], or make the first one: inv new NAME",
        )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [
                entry
                for entry in entries
                if entry.name.endswith(ENDINGS) and not entry.name.startswith(("_", "."))
            ]
    except (FileNotFoundError, NotADirectoryError):
        raise FolderMissing(folder) from None
