"""What proves a copy: its bytes against another file's, its structure, its rows.

Files are read in a process of its own (`drydock.pages`), because one of them may be the live one
(F01). It decides nothing: what a difference means is the caller's to say.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

from drydock import connection, pages, signals, strangers
from drydock.names import quote

_PROBLEMS = 20
_EVERY = 2**31 - 1
_BROKEN_RULE = re.compile(r"NULL value in |CHECK constraint failed in ")


def content_digest(live: Path) -> str:
    """Return the digest of a live database's content; another process reads it (F01)."""
    return digest_of(start_pages("digest", str(live)))


def start_digest(file: Path) -> subprocess.Popen[bytes]:
    """Start digesting a quiescent file of ours; it may be renamed meanwhile."""
    with file.open("rb") as opened:
        return start_pages("digest", "-", source=opened.fileno())


def digest_of(started: subprocess.Popen[bytes]) -> str:
    """Return what `start_digest` found, waiting for it."""
    return str(json.loads(started.communicate()[0])["content"])


def start_pages(*words: str, source: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Start `drydock.pages`, which says what its words mean, in a process of its own (F01)."""
    program = Path(pages.__file__)
    with signals.held_back():
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), *words],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def quick_check(copy: sqlite3.Connection) -> list[str]:
    """Return what ``PRAGMA quick_check`` finds wrong; nothing for a sound database.

    Rows that break a CHECK or a NOT NULL are left out: no page of them is damaged, and a
    migration may be there to mend them. So is the order of rows under a collation that only the
    application knows: nobody here can tell it.
    """
    found: list[str] = []

    def ask() -> None:
        found.clear()
        for (told,) in copy.execute(f"PRAGMA quick_check({_EVERY})"):
            if told != "ok" and not _BROKEN_RULE.match(told):
                found.append(str(told))
            if len(found) == _PROBLEMS:
                break

    try:
        _, met = strangers.walked(copy, ask)
    except sqlite3.DatabaseError as error:
        connection.require_uninterrupted(error)
        return [*found, str(error)]
    return [told for told in found if not (met and strangers.ORDER.match(told))]


def count_rows(source: sqlite3.Connection) -> dict[str, int]:
    """Return the number of rows of each table, shadow and virtual tables left out."""
    counts, _ = strangers.walked(source, lambda: _count_rows(source))
    return counts


def _count_rows(source: sqlite3.Connection) -> dict[str, int]:
    names = [
        row[0]
        for row in source.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
    ]
    return {
        name: int(source.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0])
        for name in names
    }
