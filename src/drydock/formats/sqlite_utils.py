"""sqlite-utils: functions in ``Migrations`` sets, rows of ``_sqlite_migrations``.

After sqlite_utils/migrations.py of sqlite-utils 4, and the package sqlite-migrate before it. The
sets are read from the text, never imported; a function's text is what the ledger keeps of it. It
refuses a set or a name that is computed, a function that is registered in any other way than by a
decorator at the top of its file, and a file of the folder that has none.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import FilesLeftOut, Format, Mark, require_unique
from drydock.migration import ENDINGS
from drydock.origin import Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_PROGRAM = """\
import sqlite3
from drydock.formats import sqlite_utils_sets
opened = sqlite3.connect(DRYDOCK_DATABASE)
sqlite_utils_sets.run(opened, {text!r}, __file__, {set_name!r}, {name!r}, known={known!r})
"""
_MAKER = "Migrations"
_AT_THE_TOP = "register it by a decorator of a function that stands at the top of the file"


@dataclass(frozen=True, slots=True)
class _Function:
    """One registered function: its set, its name there, and its lines, from 1."""

    set_name: str
    name: str
    first: int
    last: int


class SqliteUtils(Format):
    """sqlite-utils' sets and books."""

    name = "sqlite-utils"
    table = "_sqlite_migrations"
    how_to_make = "another function under @migrations() in the file"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the functions of every file, by file name and then as they stand."""
        if folder.is_file():
            migrations = sections.in_order(_read(folder))
        else:
            paths = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
            found = {path: tuple(_read(path)) if path.suffix == ".py" else () for path in paths}
            if left_out := [e for e in paths if not found[e] and not e.name.startswith("_")]:
                raise FilesLeftOut(self.name, folder, left_out)
            migrations = sections.in_order(each for path in paths for each in found[path])
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the functions in the order in which they were applied."""
        rows = connection.execute(
            f"SELECT migration_set, name, applied_at FROM {self.table} ORDER BY rowid"
        )
        return tuple(Mark(f"{set_name}:{name}", str(at)) for set_name, name, at in rows)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create table and index as sqlite-utils does."""
        if self.keeps(connection):
            return
        connection.execute(
            f'CREATE TABLE "{self.table}" (\n   "id" INTEGER PRIMARY KEY,\n'
            '   "migration_set" TEXT,\n   "name" TEXT,\n   "applied_at" TEXT\n)'
        )
        connection.execute(
            f'CREATE UNIQUE INDEX "idx_{self.table}_migration_set_name"\n'
            f'    ON "{self.table}" ("migration_set", "name")'
        )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, _seconds: float
    ) -> None:
        """Add a row."""
        connection.execute(
            f"INSERT INTO {self.table} (migration_set, name, applied_at) VALUES (?, ?, ?)",
            (*_key(migration), f"{at:%Y-%m-%d %H:%M:%S.%f}+00:00"),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take the row out."""
        connection.execute(
            f"DELETE FROM {self.table} WHERE migration_set = ? AND name = ?", _key(migration)
        )


def _key(migration: Migration) -> tuple[str, str]:
    assert migration.origin is not None
    return migration.origin.description, migration.origin.version.removeprefix(
        f"{migration.origin.description}:"
    )


def _read(path: Path) -> Iterator[Migration]:
    _, text = sections.read(path)
    functions = tuple(_functions(path, text))
    known = tuple((each.set_name, each.name) for each in functions)
    for each in functions:
        wanted = range(each.first, each.last + 1)
        program = _PROGRAM.format(text=text, set_name=each.set_name, name=each.name, known=known)
        yield sections.made(
            re.sub(r"[^\w.-]", "_", f"{each.set_name}.{each.name}"),
            path,
            sections.keep(text, wanted.__contains__),
            Origin(
                "sqlite-utils",
                f"{each.set_name}:{each.name}",
                description=each.set_name,
                program=program,
            ),
        )


def _functions(path: Path, text: str) -> Iterator[_Function]:
    """Yield the functions that are registered in sets of the module, as they stand."""
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise MigrationError(
            path, error.msg, line=error.lineno, hint="mend the file, then run: inv migrate"
        ) from error
    maker = _maker(tree)
    sets: dict[str, str] = {}
    seen: set[ast.AST] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_call_of(node.value, maker):
            assert node.value is not None
            name = _written(path, node.value, "name")
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            sets |= {each.id: name for each in targets if isinstance(each, ast.Name)}
            seen.add(node.value)
        elif isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if (variable := _called(decorator)) in sets:
                    name = _written(path, decorator, "name", otherwise=node.name)
                    first = min(each.lineno for each in node.decorator_list)
                    seen.add(decorator)
                    yield _Function(sets[variable], name, first, node.end_lineno or first)
    for inner in ast.walk(tree):
        if inner not in seen and (_is_call_of(inner, maker) or _called(inner) in sets):
            assert isinstance(inner, ast.Call)
            raise MigrationError(
                path,
                f"a set or a function of one is made where it cannot be read: {ast.unparse(inner)}",
                line=inner.lineno,
                hint=_AT_THE_TOP,
            )


def _maker(tree: ast.Module) -> str:
    """Return what the module calls ``Migrations``."""
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    names = (each for node in imports for each in node.names if each.name == _MAKER)
    return next((each.asname or each.name for each in names), _MAKER)


def _called(node: ast.AST) -> str:
    """Return the bare name that a node calls; nothing for any other."""
    is_bare = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return ast.unparse(node.func) if is_bare and isinstance(node, ast.Call) else ""


def _is_call_of(node: ast.AST | None, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func).rpartition(".")[2] == name


def _written(path: Path, call: ast.expr, keyword: str, otherwise: str | None = None) -> str:
    """Return a text that stands in a call, by its place or its keyword."""
    assert isinstance(call, ast.Call)
    named = [each.value for each in call.keywords if each.arg == keyword]
    given = [*call.args, *named]
    if not given and otherwise is not None:
        return otherwise
    if given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        return given[0].value
    raise MigrationError(
        path,
        "a name of the set or of a migration is computed; it must be written out",
        line=call.lineno,
        hint='write it out: Migrations("name")',
    )
