"""yoyo: ``.py`` files with ``step()``, ``.sql`` with ``.rollback.sql``, and four tables.

After yoyo-migrations 9 (yoyo/migrations.py, yoyo/backends/base.py, yoyo/internalmigrations). The
order is that of ``__depends__``, then of the names; the identity is the file's stem, and its
SHA-256 in the books. ``post-apply`` hooks run after every migrate in yoyo, and never here: a
folder with one is refused, and so is one with a Python file that has no step.
"""

from __future__ import annotations

import ast
import getpass
import hashlib
import re
import socket
import uuid
from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import FilesLeftOut, Format, Mark, version_of
from drydock.formats.sights import YOYO_BACK
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_DEPENDS = re.compile(r"^\s*--\s*depends\s*:\s*(.*)$")
_COMMENT = re.compile(r"\s*(--.*)?$")
_PROGRAM = """\
import sqlite3
from drydock.formats import yoyo_steps
opened = sqlite3.connect(DRYDOCK_DATABASE, detect_types=sqlite3.PARSE_DECLTYPES)
yoyo_steps.run(opened, {text!r}, __file__, {direction!r})
"""
_TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS _yoyo_log (id VARCHAR(36),"
        "migration_hash VARCHAR(64),migration_id VARCHAR(255),operation VARCHAR(10),"
        "username VARCHAR(255),hostname VARCHAR(255),comment VARCHAR(255),"
        "created_at_utc TIMESTAMP, PRIMARY KEY (id))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS _yoyo_migration (migration_hash VARCHAR(64),"
        "migration_id VARCHAR(255),applied_at_utc TIMESTAMP, PRIMARY KEY (migration_hash))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS _yoyo_version (version INT NOT NULL PRIMARY KEY, "
        "installed_at_utc TIMESTAMP)"
    ),
    (
        "CREATE TABLE IF NOT EXISTS yoyo_lock (locked INT DEFAULT 1, ctime TIMESTAMP,"
        "pid INT NOT NULL,PRIMARY KEY (locked))"
    ),
)
_TABLES_VERSION = 2
_MAKES_STEP = {"step", "group", "transaction"}


class Yoyo(Format):
    """yoyo's folder and books."""

    name = "yoyo"
    table = "_yoyo_migration"
    how_to_make = "yoyo new"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the files in the order of what they depend on, then of their names."""
        paths = [
            path
            for path in sorted(folder.iterdir())
            if path.suffix in {".sql", ".py"}
            and not path.name.endswith(YOYO_BACK)
            and not path.name.startswith("_tmp_yoyo")
            and path.name != "__init__.py"
        ]
        if left_out := [path for path in paths if path.suffix == ".py" and not _has_step(path)]:
            raise FilesLeftOut(self.name, folder, left_out)
        read: dict[str, Migration] = {}
        needs: dict[str, tuple[str, ...]] = {}
        for path in paths:
            if path.stem.startswith("post-apply"):
                raise MigrationError(
                    path,
                    "yoyo runs this hook after every migrate, and Drydock does not",
                    hint="make it a migration, or keep it out of this folder",
                )
            if path.stem in read:
                raise MigrationError(
                    path,
                    f"{read[path.stem].path.name} has the same name, which is the identity",
                    hint="rename one of them",
                )
            read[path.stem], needs[path.stem] = _read(path)
        return sections.in_order(read[name] for name in _ordered(read, needs))

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the ids in the order in which they were applied."""
        rows = connection.execute(
            f"SELECT migration_id, applied_at_utc FROM {self.table} ORDER BY applied_at_utc"
        )
        return tuple(Mark(str(name), str(at)) for name, at in rows)

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the four tables as yoyo does."""
        for statement in _TABLES:
            connection.execute(statement)
        is_new = connection.execute("SELECT 1 FROM _yoyo_version").fetchone() is None
        if is_new:
            connection.execute(
                "INSERT INTO _yoyo_version VALUES (?, strftime('%Y-%m-%d %H:%M:%f', 'now'))",
                (_TABLES_VERSION,),
            )

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, _seconds: float
    ) -> None:
        """Add a row to the migrations and one to the log."""
        when = at.replace(tzinfo=None).isoformat()
        name = version_of(migration)
        connection.execute(
            f"INSERT INTO {self.table} (migration_hash, migration_id, applied_at_utc)"
            " VALUES (?, ?, ?)",
            (_hash(name), name, when),
        )
        _log(connection, name, "apply", when)

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Take the row out, and log that."""
        name = version_of(migration)
        connection.execute(f"DELETE FROM {self.table} WHERE migration_hash = ?", (_hash(name),))
        _log(connection, name, "rollback", at.replace(tzinfo=None).isoformat())


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _log(connection: sqlite3.Connection, name: str, operation: str, when: str) -> None:
    connection.execute(
        "INSERT INTO _yoyo_log (id, migration_hash, migration_id, operation, username, hostname,"
        " created_at_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            str(uuid.uuid1()),
            _hash(name),
            name,
            operation,
            getpass.getuser(),
            socket.getfqdn(),
            when,
        ),
    )


def _read(path: Path) -> tuple[Migration, tuple[str, ...]]:
    """Return a file's migration, and the names of those it depends on."""
    _, text = sections.read(path)
    if path.suffix == ".sql":
        back = path.with_name(path.stem + YOYO_BACK)
        down = Down(back, sections.read(back)[1]) if back.exists() else None
        origin = Origin("yoyo", path.stem, down=down, is_placed_by_needs=True)
        return sections.made(path.stem, path, text, origin), _depends_of_sql(text)
    origin = Origin(
        "yoyo",
        path.stem,
        down=Down(path, text, _PROGRAM.format(text=text, direction="rollback")),
        program=_PROGRAM.format(text=text, direction="apply"),
        is_placed_by_needs=True,
    )
    return sections.made(path.stem, path, text, origin), _depends_of_python(path, text)


def _has_step(path: Path) -> bool:
    """Say whether a Python file makes a step, or is there for what it depends on."""
    _, text = sections.read(path)
    tree = _tree(path, text)
    called = {
        ast.unparse(node.func).rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    is_merge = not any(isinstance(node, ast.FunctionDef) for node in tree.body)
    return bool(called & _MAKES_STEP) or (is_merge and "__depends__" in text)


def _tree(path: Path, text: str) -> ast.Module:
    try:
        return ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise MigrationError(
            path, error.msg, line=error.lineno, hint="mend the file, then run: inv migrate"
        ) from error


def _depends_of_sql(text: str) -> tuple[str, ...]:
    names: list[str] = []
    for line in text.split("\n"):
        if found := _DEPENDS.match(line):
            names += found[1].split()
        elif not _COMMENT.match(line):
            break
    return tuple(names)


def _depends_of_python(path: Path, text: str) -> tuple[str, ...]:
    for node in _tree(path, text).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(each, ast.Name) and each.id == "__depends__" for each in targets):
            assert isinstance(node, ast.Assign)
            return _names_in(path, node)
    return ()


def _names_in(path: Path, node: ast.Assign) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(node.value)
    except ValueError:
        empty = isinstance(node.value, ast.Call) and not node.value.args  # set()
        if empty:
            return ()
        raise MigrationError(
            path,
            "__depends__ is computed; it can be read only where it is written out",
            line=node.lineno,
            hint='write: __depends__ = {"the name of a migration"}',
        ) from None
    return (value,) if isinstance(value, str) else tuple(sorted(value))


def _ordered(
    read: Mapping[str, Migration], needs: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the names so that each comes after what it depends on, by name where that is free."""
    done: list[str] = []
    waiting = sorted(read)
    while waiting:
        ready = next((name for name in waiting if set(needs[name]) <= set(done)), None)
        if ready is None:
            name = waiting[0]
            lost = [each for each in needs[name] if each not in read]
            problem = f"it depends on {lost[0]}, which is not here" if lost else "a circle"
            raise MigrationError(
                read[name].path,
                problem if lost else f"it depends on itself by way of {', '.join(needs[name])}",
                hint="mend what it says it depends on",
            )
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)
