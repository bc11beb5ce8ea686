"""A candidate's connection does what the application's own would."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock import connection


def test_a_trigger_may_write_to_its_full_text_index(tmp_path):
    """Any DELETE in a migration meets the application's triggers; SQLite 3.40 refuses them FTS5
    on a connection that does not trust the schema."""
    path = tmp_path / "candidate å.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            """CREATE TABLE "the note" (id INTEGER PRIMARY KEY, text TEXT);
            CREATE VIRTUAL TABLE found USING fts5(text);
            CREATE TRIGGER gone AFTER DELETE ON "the note" BEGIN
              DELETE FROM found WHERE rowid = old.id; END;
            INSERT INTO "the note" VALUES (1, 'one'), (2, 'two');
            INSERT INTO found (rowid, text) SELECT id, text FROM "the note";"""
        )
    with closing(connection.candidate(path, journal=True)) as db:
        db.execute('DELETE FROM "the note" WHERE id = 1')
        assert db.execute("SELECT rowid FROM found").fetchall() == [(2,)]


def test_one_that_cannot_be_read_is_not_left_open(tmp_path):
    """A migration may leave anything; who has it open keeps it from being thrown away."""
    path = tmp_path / "candidate.db"
    path.write_bytes(b"\xa5" * 9000)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connection.candidate(path, journal=True)
    assert not Path(f"/proc/{os.getpid()}/fd").exists() or path not in _opened()
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_NOTADB  # and it is kept until here


def _opened():
    return [Path(os.path.realpath(each)) for each in Path("/proc/self/fd").iterdir()]
