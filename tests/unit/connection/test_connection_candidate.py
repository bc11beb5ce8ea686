"""A candidate's connection does what the application's own would."""

from __future__ import annotations

import sqlite3
from contextlib import closing

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
