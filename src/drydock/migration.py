"""The migrations of a folder: read once, hashed, and from then on run from memory.

A migration is a regular ``.sql`` or ``.py`` file directly inside the folder. Its identity is its
file's stem; its place is its line in ``order.txt`` where the folder has one (``inv adopt`` writes
it for files without numbers), then its numeric prefix, then its name. It refuses symbolic links
(they can lead anywhere), two files of one stem, a line of ``order.txt`` that names no file, and
directives it does not know.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drydock.errors import DrydockError, ExitCode
from drydock.source import MigrationError, checksum, decode, read_bytes, require_no_link
from drydock.words import as_word

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from drydock.header import Directive, Header
    from drydock.origin import Origin
    from drydock.script import Statement

__all__ = [
    "ENDINGS",
    "ORDER_FILE",
    "FolderMissing",
    "Kind",
    "Migration",
    "MigrationError",
    "OrderError",
    "number_of",
    "order",
    "read_file",
    "read_folder",
]

Kind = Literal["sql", "function", "script"]
"""``function``: a ``def migrate(db)`` to be given the database; ``script``: any other Python."""

ENDINGS = (".sql", ".py")
ORDER_FILE = "order.txt"
"""The file in the folder that holds the order of names which do not tell it: one a line."""


class OrderError(DrydockError):
    """The order file cannot be followed; nothing was run."""

    exit_code = ExitCode.USAGE

    def __init__(self, path: Path, problem: str, *, line: int) -> None:
        self.path = path
        self.problem = problem
        super().__init__(
            "the order of the migrations cannot be read; nothing was changed",
            cause=problem,
            at=f"{path}:{line}",
            hint=f"mend or delete line {line}: one name a line, without .sql or .py",
        )


@dataclass(frozen=True)
class Migration:
    """One migration, as its file was when the run read it.

    `checksum` is the SHA-256 of the text with its line ends as LF, so that a checkout with CRLF
    is the same migration (F21). `place` is its line in the order file, from 0; None where it has
    none. `origin` is what another tool knows of it, where the folder is such a tool's.
    """

    name: str
    path: Path
    text: str
    checksum: str
    place: int | None = None
    origin: Origin | None = None

    @property
    def number(self) -> int | None:
        """The numeric prefix, or None."""
        return number_of(self.name)

    @cached_property
    def kind(self) -> Kind:
        """How it is run.

        Raises:
            MigrationError: A Python file that does not compile, or in which nothing would run.
        """
        if self.origin is not None and self.origin.program:
            return "script"
        if self.path.suffix == ".sql":
            return "sql"
        if self.entry is None:
            self._require_work()
            return "script"
        from drydock.entry import takes_database

        # A helper of this name that the file calls itself is called as it stands there.
        is_given = takes_database(self.entry) and not self.runs_itself
        return "function" if is_given else "script"

    def _require_work(self) -> None:
        """Refuse a file that only defines functions: it would be applied without doing a thing."""
        import ast

        functions = [
            node
            for node in self.tree.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        quiet = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        rest = [node for node in self.tree.body if not isinstance(node, quiet)]
        works = any(isinstance(inner, ast.Call) for node in rest for inner in ast.walk(node))
        if functions and not works:
            raise MigrationError(
                self.path,
                f"nothing calls {functions[-1].name}(), so nothing in it would run",
                line=functions[-1].lineno,
                hint="name the function that migrates: def migrate(db)",
            )

    @cached_property
    def entry(self) -> ast.FunctionDef | None:
        """The Python function to call: ``migrate`` or a like name, None for a bare script."""
        from drydock.entry import find

        return find(self.tree)

    @cached_property
    def runs_itself(self) -> bool:
        """Whether running the file runs all of it: it has no entry, or calls that itself."""
        from drydock.entry import runs_itself

        return self.entry is None or runs_itself(self.tree, self.entry)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed Python.

        Raises:
            MigrationError: It does not compile; the line is named.
        """
        import ast

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
        from drydock.script import ScriptError, split

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
        from drydock import header

        return header.header(self.text)

    @cached_property
    def directives(self) -> tuple[Directive, ...]:
        """What the file declares as meant.

        Raises:
            MigrationError: A directive that is not ``allow RULE: reason``.
        """
        if "drydock" not in self.text.lower():
            return ()
        from drydock import header

        try:
            return header.directives(self.text, python=self.path.suffix == ".py")
        except header.NotADirective as error:
            raise MigrationError(
                self.path,
                f"not a directive: {error.words!r}",
                line=error.line,
                hint="write: -- drydock: allow RULE: the reason (rules: docs/review.md)",
            ) from error


def read_folder(folder: Path, contents: Mapping[str, bytes] | None = None) -> tuple[Migration, ...]:
    """Return the migrations of `folder` in their order.

    Args:
        folder: The folder.
        contents: The bytes of files that have been read already, by their names.

    Raises:
        MigrationError: A file that cannot be used, or two of one stem.
        OrderError: The order file names what is not there, or a name twice.
        FolderMissing: There is no such folder.
    """
    migrations: dict[str, Migration] = {}
    for entry in sorted(_entries(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_symlink():
            require_no_link(path)
        if not entry.is_file():
            continue
        migration = read_file(path, (contents or {}).get(entry.name))
        if twin := migrations.get(migration.name):
            raise MigrationError(
                path,
                f"{twin.path.name} has the same name, and the name is a migration's identity",
                hint=f"rename one of them, for example: mv {as_word(path)} "
                f"{as_word(path.with_stem(path.stem + '_2'))}",
            )
        migrations[migration.name] = migration
    places = _places(folder / ORDER_FILE, migrations)
    placed = (replace(each, place=places.get(each.name)) for each in migrations.values())
    return tuple(sorted(placed if places else migrations.values(), key=order))


def read_file(path: Path, data: bytes | None = None) -> Migration:
    """Return the migration in `path`, read once; `data` are its bytes where they have been.

    Raises:
        MigrationError: It is not UTF-8 text, or cannot be read.
    """
    text = decode(read_bytes(path) if data is None else data, path).replace("\r\n", "\n")
    return Migration(path.stem, path, text, checksum(text))


def number_of(name: str) -> int | None:
    """Return the number that a migration's name begins with, or None."""
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return int(digits) if digits else None


def order(migration: Migration) -> tuple[int, int, str]:
    """Return the key that puts migrations in order: the order file's, numbered ones, then names."""
    if migration.place is not None:
        return (0, migration.place, migration.name)
    number = migration.number
    return (2, 0, migration.name) if number is None else (1, number, migration.name)


def _places(path: Path, migrations: Mapping[str, Migration]) -> dict[str, int]:
    """Return the place of each name in the order file; nothing where there is no such file."""
    if not path.exists():
        return {}
    places: dict[str, int] = {}
    lines = enumerate(decode(path.read_bytes(), path).splitlines(), start=1)
    for number, line in lines:
        name = line.partition("#")[0].strip()
        if not name:
            continue
        if name not in migrations or name in places:
            problem = "stands here twice" if name in places else "is no file of this folder"
            raise OrderError(path, f"{name} {problem}", line=number)
        places[name] = len(places)
    return places


class FolderMissing(DrydockError):
    """The folder of migrations is not there, or is no folder."""

    exit_code = ExitCode.USAGE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if folder.exists():
            why, way = "is a file", "set migrations in the settings to a folder"
        else:
            why = "does not exist"
            way = "set migrations in the settings, or make the first one: inv new NAME"
        super().__init__(f"the folder of migrations {folder} {why}; nothing was touched", hint=way)


def _has_our_ending(entry: os.DirEntry[str]) -> bool:
    """Return True; a file that ends in ``.SQL`` would be passed over in silence elsewhere."""
    if not entry.name.endswith(ENDINGS):
        path = Path(entry.path)
        ending = path.suffix.lower()
        raise MigrationError(
            path,
            f"its name ends in {path.suffix}, and only {ending} is read",
            hint=f"rename it: mv {as_word(path)} {as_word(path.with_suffix(ending))}",
        )
    return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [
                entry
                for entry in entries
                if entry.name.lower().endswith(ENDINGS)
                and not entry.name.startswith(("_", "."))
                and _has_our_ending(entry)
            ]
    except (FileNotFoundError, NotADirectoryError):
        raise FolderMissing(folder) from None
