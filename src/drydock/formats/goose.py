"""goose: ``-- +goose Up`` and ``Down`` in one file, rows of ``goose_db_version``.

After goose 3 (internal/sqlparser/parser.go, internal/dialects/sqlite3.go, pressly/goose).
StatementBegin and StatementEnd only tell goose where a statement ends, which SQLite's own grammar
says too; NO TRANSACTION means nothing on a candidate. ENVSUB substitutes ``${NAME}`` and
``${NAME:-default}``. It refuses a variable that is not set, where goose would put nothing, a
folder with Go migrations, and what goose refuses.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from drydock.formats import sections
from drydock.formats.format import Format, Mark, require_unique, version_of
from drydock.origin import Down, Origin
from drydock.source import MigrationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_FILE = re.compile(r"0*(\d+)_.*\.(sql|go)", re.DOTALL)
_NOTE = re.compile(r"--\s*\+goose\s+(?P<word>.*?)\s*\Z", re.IGNORECASE)
_WORDS = {
    "up",
    "down",
    "statementbegin",
    "statementend",
    "no transaction",
    "envsub on",
    "envsub off",
}
_VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*))")


class Goose(Format):
    """goose's folder and books."""

    name = "goose"
    table = "goose_db_version"
    how_to_make = "goose create NAME sql"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the numbered .sql files by version."""
        found: list[tuple[int, Migration]] = []
        for path in sorted(folder.iterdir()):
            named = _FILE.fullmatch(path.name)
            if named is None:
                continue
            if named[2] == "go":
                if path.name.endswith("_test.go"):
                    continue
                raise MigrationError(
                    path,
                    "a migration written in Go runs only inside goose",
                    hint="apply it with goose, or write it as .sql or as Python",
                )
            found.append((int(named[1]), _read(path, named[1])))
        migrations = sections.in_order(each for _, each in sorted(found, key=lambda pair: pair[0]))
        require_unique(migrations, self.name)
        return migrations

    def marks(self, connection: sqlite3.Connection, _: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the versions whose newest row says applied; version 0 is goose's own."""
        newest: dict[int, tuple[bool, str]] = {}
        rows = connection.execute(
            f"SELECT version_id, is_applied, tstamp FROM {self.table} ORDER BY id"
        )
        for version, is_applied, at in rows:
            newest.pop(version, None)
            newest[version] = (bool(is_applied), str(at or ""))
        return tuple(
            Mark(str(version), at)
            for version, (applied, at) in newest.items()
            if applied and version
        )

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Create the table with its row of version 0, as goose does."""
        if self.keeps(connection):
            return
        connection.execute(
            f"""CREATE TABLE {self.table} (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	)"""
        )
        connection.execute(f"INSERT INTO {self.table} (version_id, is_applied) VALUES (0, 1)")

    def enter(
        self, connection: sqlite3.Connection, migration: Migration, at: datetime, _seconds: float
    ) -> None:
        """Add a row."""
        connection.execute(
            f"INSERT INTO {self.table} (version_id, is_applied, tstamp) VALUES (?, 1, ?)",
            (int(version_of(migration)), f"{at:%Y-%m-%d %H:%M:%S}"),
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        _files: Sequence[Migration],
        _at: datetime,
    ) -> None:
        """Take its rows out."""
        connection.execute(
            f"DELETE FROM {self.table} WHERE version_id = ?", (int(version_of(migration)),)
        )


def _read(path: Path, version: str) -> Migration:
    _, text = sections.read(path)
    lines = text.split("\n")
    words = [_annotation(path, line, at) for at, line in enumerate(lines, start=1)]
    _require_order(path, lines, words)
    parts: dict[str, list[str]] = {"up": [], "down": []}
    way, substitutes = "up", False  # comments before the first annotation are the file's header
    for at, (line, word) in enumerate(zip(lines, words, strict=True), start=1):
        way = word if word in parts else way
        if word.startswith("envsub"):
            substitutes = word == "envsub on"
        shown = _substituted(path, line, at) if substitutes and not word else line
        for name, part in parts.items():
            part.append(shown if name == way else "")
    back = "\n".join(parts["down"])
    origin = Origin("goose", version, down=Down(path, back) if back.strip() else None)
    return sections.made(path.stem, path, "\n".join(parts["up"]).rstrip(), origin)


def _require_order(path: Path, lines: Sequence[str], words: Sequence[str]) -> None:
    if "up" not in words:
        raise _refused(path, "it has no line -- +goose Up, which goose requires", None)
    first = words.index("up")
    for at, line in enumerate(lines[:first], start=1):
        if line.strip() and not line.lstrip().startswith("--"):
            raise _refused(path, "SQL stands before the line -- +goose Up", at)
    before = {"up": "", "down": "up"}
    last, block = "", ""
    for at, word in enumerate(words, start=1):
        if word in before:
            if last != before[word]:
                raise _refused(path, f"{lines[at - 1]} stands where goose does not allow it", at)
            last = word
        elif word == "statementend" and block != "statementbegin":
            raise _refused(path, "StatementEnd without StatementBegin", at)
        if word.startswith("statement"):
            block = word
    if block == "statementbegin":
        raise _refused(path, "the last StatementBegin has no StatementEnd", None)


def _annotation(path: Path, line: str, at: int) -> str:
    """Return the annotation on a line, in lower case; empty where there is none."""
    if not (line.lstrip().startswith("--") and "+goose" in line):
        return ""
    found = _NOTE.match(line)
    word = " ".join(found["word"].lower().split()) if found else ""
    if word not in _WORDS:
        raise _refused(path, f"no annotation of goose's: {line.strip()}", at)
    return word


def _substituted(path: Path, line: str, at: int) -> str:
    def value(found: re.Match[str]) -> str:
        name = found["name"] or found["bare"]
        known = os.environ.get(name) or found["default"]
        if known is None:
            raise MigrationError(
                path,
                f"the environment variable {name} is not set, and ENVSUB asks for it",
                line=at,
                hint=f"set it, for example: {name}=… inv migrate",
            )
        return known

    return _VARIABLE.sub(value, line)


def _refused(path: Path, problem: str, line: int | None) -> MigrationError:
    return MigrationError(
        path, problem, line=line, hint="mend the file as goose wants it, then: inv migrate"
    )
