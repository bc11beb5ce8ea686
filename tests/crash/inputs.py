"""Whatever may lie in a file: scripts, settings, records, manifests, backups, databases.

Scripts are split as SQLite's own `sqlite3_complete` says; every other file is damaged at random,
and each command must answer with a clear error or do its work: no traceback, nothing half done.
"""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from drydock.errors import ExitCode
from drydock.script import ScriptError, split
from tests.crash.specimen import Finding, Specimen

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.crash.laboratory import Laboratory

A_CASE = 1000
TOKENS = (
    *(";", ";", ";", " ", "\n", "\t", "'it''s;'", '"a;""b"', "[x;y]", "`q;``r`", "-- c;\n"),
    *("/* c; */", "create", "temp", "temporary", "trigger", "table", "explain", "query", "plan"),
    *("begin", "end", "END", "case", "when", "select 1", "x", "(", ")", ",", "å", "'", '"', "/*"),
    *("--", "[", "é;", "1.5", "-", "/", "*", "trigger_name", "\r\n", "Create", "tRiGGer"),
)
NAMES = ("none", "random", "flip", "cut", "empty", "doubled", "text", "nul")


def scripts(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Split `A_CASE` scripts of random tokens; SQLite's notion of a complete statement decides."""
    chance = laboratory.chance("script", number)
    for _ in range(A_CASE):
        text = _soup(chance)
        expected = reference(text)
        try:
            found = [each.text for each in split(text)]
        except ScriptError:
            found = None
        if found != expected:
            return "script", Finding("mixed", f"{text!r}\nours {found}\nSQLite's {expected}")
    return "script", None


scripts.worth = A_CASE


def _soup(chance: random.Random) -> str:
    joined = ("", " ")
    parts = [chance.choice(TOKENS) + chance.choice(joined) for _ in range(chance.randint(1, 24))]
    if chance.random() < 0.3:
        body = "".join(chance.choice(TOKENS[:11]) for _ in range(4))
        parts.insert(chance.randrange(len(parts)), f"create trigger t begin select 1; {body} end;")
    return "".join(parts)


def reference(text: str) -> list[str] | None:
    """Return the statements as `sqlite3_complete` sees them; None when the text is unfinished."""
    statements, start = [], 0
    for place, letter in enumerate(text):
        if letter == ";" and sqlite3.complete_statement(text[start : place + 1]):
            statements.append(text[start : place + 1])
            start = place + 1
    tail = text[start:]
    if _beginning(tail) and not sqlite3.complete_statement(tail + "\n;"):
        return None
    bare = [_beginning(each) for each in [*statements, tail]]
    return [each.rstrip() for each in bare if each and each != ";"]


def _beginning(text: str) -> str:
    """Return `text` from its first token on."""
    while True:
        text = text.lstrip(" \t\r\n\f;")
        if text.startswith("--"):
            text = text.partition("\n")[2]
        elif text.startswith("/*") and "*/" in text[2:]:
            text = text[2:].partition("*/")[2]
        else:
            return text


def files(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Damage one file of a project at random; every command answers, and none makes it worse."""
    chance = laboratory.chance("input", number)
    specimen = laboratory.template(chance.choice(("wal", "delete"))).specimen()
    if chance.random() < 0.5:
        specimen.inv("migrate", "--yes", "--to", "002")
    if chance.random() < 0.3:
        specimen.inv("migrate", "--yes", DRYDOCK_FAULT=f"kill:{chance.choice(FAULTED)}")
    target = chance.choice(_targets(specimen))
    how = chance.choice(NAMES[1:])
    path = specimen.root / target
    _damage(path, how, chance)
    is_database = target == "app.db"
    before = path.read_bytes() if is_database else b""
    for words in COMMANDS:
        done = specimen.inv(*words)
        story = f"{target} {how}: inv {' '.join(words)} ended with {done.returncode}\n{done.screen}"
        if "Traceback" in done.screen or done.returncode == ExitCode.UNEXPECTED:
            return target, Finding("silent", story)
        if done.returncode < 0 or (done.returncode and "error:" not in done.screen):
            return target, Finding("silent", story)
        if is_database and done.returncode and path.read_bytes() != before:
            return target, Finding("mixed", f"written to: {story}")
        if is_database and done.returncode == 0:
            break  # it is still a database, and was migrated
    specimen.remove()
    return _kind(target), None


LEDGER = "_drydock_ledger"
_COLUMNS = ("sequence", "name", "checksum", "text", "kind", "applied_at", "seconds", "run")
_VALUES = (
    *("NULL", "x'ff00fe'", "''", "'\u202e\x1b[2J'", "-1", "9e999", "1.5", "9223372036854775807"),
    *(
        "CAST(x'ff41' AS TEXT)",
        "'../../x'",
        "'004_rebuild_item'",
        "zeroblob(100000)",
        "'not a time'",
        "'nonsense'",
    ),
)
_HARM = (
    f"DELETE FROM {LEDGER}",
    f"DROP TABLE {LEDGER}",
    f"ALTER TABLE {LEDGER} RENAME TO gone",
    f"ALTER TABLE {LEDGER} ADD COLUMN later TEXT",
    f"ALTER TABLE {LEDGER} DROP COLUMN declared",
    f"ALTER TABLE {LEDGER} RENAME COLUMN name TO title",
    f"CREATE TRIGGER no BEFORE INSERT ON {LEDGER} BEGIN SELECT RAISE(ABORT, 'no'); END",
    f"CREATE TRIGGER none AFTER INSERT ON {LEDGER} BEGIN DELETE FROM {LEDGER}; END",
    f"DROP TABLE {LEDGER}; CREATE VIEW {LEDGER} AS SELECT 1 AS name",
    f"DROP TABLE {LEDGER}; CREATE TABLE {LEDGER} (name)",
    f"DROP TABLE {LEDGER}; CREATE VIRTUAL TABLE {LEDGER} USING fts5(name)",
)


def ledgers(laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Harm the ledger by SQL: whatever is in it, each command answers, and no row is lost."""
    chance = laboratory.chance("ledger", number)
    specimen = laboratory.template(chance.choice(("wal", "delete"))).specimen()
    if chance.random() < 0.5:
        specimen.inv("migrate", "--yes", "--to", "002")
    sql = chance.choice(_HARM)
    if chance.random() < 0.6:
        column, value = chance.choice(_COLUMNS), chance.choice(_VALUES)
        sql = f"UPDATE OR REPLACE {LEDGER} SET {column} = {value}"
    with closing(sqlite3.connect(specimen.database)) as db:
        rows = db.execute("SELECT count(*) FROM owner").fetchone()
        with suppress(sqlite3.Error):  # a value that its column does not take
            db.executescript(f"PRAGMA ignore_check_constraints=ON;{sql}")
    for words in COMMANDS:
        done = specimen.inv(*words)
        story = f"{sql}: inv {' '.join(words)} ended with {done.returncode}\n{done.screen}"
        if "Traceback" in done.screen or done.returncode == ExitCode.UNEXPECTED:
            return "ledger", Finding("silent", story)
        if done.returncode < 0 or (done.returncode and "error:" not in done.screen):
            return "ledger", Finding("silent", story)
        with closing(sqlite3.connect(specimen.database)) as db:
            if db.execute("SELECT count(*) FROM owner").fetchone() != rows:
                return "ledger", Finding("lost", story)
    specimen.remove()
    return "ledger", None


FAULTED = ("hold-3", "backup-3", "migrate-2", "publish-3", "publish-4")
COMMANDS = (
    *(("status",), ("backups", "--verify"), ("doctor",), ("migrate", "--yes")),
    *(("rollback", "--yes"), ("history",)),
)


def _targets(specimen: Specimen) -> list[str]:
    patterns = (
        *("app.db", "pyproject.toml", "migrations/*", "backups/*/*"),
        *(".drydock/app.db/current", ".drydock/app.db/runs/*/run.json", ".drydock/app.db/lock"),
    )
    return sorted(
        path.relative_to(specimen.root).as_posix()
        for pattern in patterns
        for path in specimen.root.glob(pattern)
        if path.is_file()
    )


def _kind(target: str) -> str:
    name = target.rsplit("/", 1)[-1]
    return "backup" if target.startswith("backups") and name == "app.db" else name[:12]


def _damage(path: Path, how: str, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if how == "random":
        data = bytearray(chance.randbytes(chance.choice((1, 99, 512, 4096, len(data) or 1))))
    elif how == "flip":
        for _ in range(chance.randint(1, 20)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
    elif how == "cut":
        del data[chance.randrange(len(data) + 1) :]
    elif how == "empty":
        data.clear()
    elif how == "doubled":
        data = bytearray(bytes(data) * 2)
    elif how == "text":
        data = bytearray(chance.choice((b"{}", b"[]", b"null", b"\xef\xbb\xbf", b'{"a": 1e999}')))
    elif how == "nul" and data:
        data[chance.randrange(len(data))] = 0
    path.write_bytes(data)


def foreign(path: Path) -> dict[str, bytes]:
    """Return files that are no database of ours, by what they are."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "a zip file" * 200)
    return {
        "a zip file": path.read_bytes(),
        "zero bytes": b"",
        "a short text": b"hello\n",
        "a long text": b"id,name\n1,a\n" * 400,
        "noise, as if encrypted": bytes((n * 7919 + n // 3) % 256 for n in range(8192)),
        "a header and noise": b"SQLite format 3\0" + bytes(n * 31 % 256 for n in range(8176)),
    }
