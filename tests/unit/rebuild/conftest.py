"""One populated database with odd names, and what its tests ask of it."""

from __future__ import annotations

import sqlite3

import pytest

from drydock.rebuild import Database

SCRIPT = """
CREATE TABLE parent(id INTEGER PRIMARY KEY, label TEXT);
INSERT INTO parent VALUES (1, 'one'), (2, 'two');
CREATE TABLE "my t" ( -- the head
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key
  [code] TEXT NOT NULL COLLATE NOCASE UNIQUE ON CONFLICT REPLACE, -- its code, "quoted"
  amount DECIMAL(10,2) DEFAULT 0 CHECK (amount >= 0),
  "when" DATE, raw, number TEXT,
  pid INTEGER REFERENCES parent(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  up TEXT AS (upper([code])),
  notes VARCHAR(40), -- notes, at last
  CONSTRAINT pos CHECK ("my t".amount > -5)
);
INSERT INTO "my t"(id, code, amount, "when", raw, number, pid, notes) VALUES
  (5, '007', 1.10, '2024-01-01', x'00ff', '10', 1, 'n1'),
  (9, '12', 9007199254740993, '2024-02-01', '1', '20', 2, NULL),
  (40, 'x', 3, NULL, 1.0, NULL, 1, 'n3');
DELETE FROM "my t" WHERE id = 40;
CREATE TABLE child(id INTEGER PRIMARY KEY, t_id REFERENCES "my t"(id) ON DELETE CASCADE);
INSERT INTO child VALUES (1, 5), (2, 9);
CREATE INDEX by_amount ON "my t"(amount DESC, "when");
CREATE INDEX part ON "my t"(lower(code)) WHERE amount > 1;
CREATE TABLE log(what);
CREATE TRIGGER told AFTER UPDATE OF amount ON "my t" BEGIN
  INSERT INTO log VALUES (NEW.amount);
END;
CREATE VIEW seen AS SELECT id, code FROM "my t";
CREATE VIEW broken AS SELECT * FROM nowhere;
ANALYZE;
"""


@pytest.fixture
def connection():
    """A database with foreign keys on, a cascading child and a view that was always broken."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(SCRIPT)
    yield connection
    connection.close()


@pytest.fixture
def db(connection):
    return Database(connection)


@pytest.fixture
def table(db):
    return db["my t"]


def everything(connection: sqlite3.Connection) -> list[str]:
    """The whole database as SQL, with its settings."""
    settings = ("foreign_keys", "writable_schema", "legacy_alter_table", "ignore_check_constraints")
    return [
        *[f"{name} = {connection.execute(f'PRAGMA {name}').fetchone()}" for name in settings],
        *[str(row) for row in connection.execute("SELECT * FROM sqlite_sequence")],
        *[str(row) for row in connection.execute("SELECT * FROM sqlite_stat1")],
        *connection.iterdump(),
    ]


@pytest.fixture
def unchanged(connection):
    """A function that says whether the database is what it was at the start."""
    before = everything(connection)
    return lambda: everything(connection) == before and not connection.in_transaction


@pytest.fixture
def sound(connection):
    """A function that says whether the database is whole and every setting is back."""

    def check() -> bool:
        return (
            connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            and connection.execute("PRAGMA foreign_key_check").fetchall() == []
            and connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
            and connection.execute("PRAGMA writable_schema").fetchone() == (0,)
            and connection.execute("SELECT * FROM child").fetchall() == [(1, 5), (2, 9)]
            and not connection.in_transaction
        )

    return check
