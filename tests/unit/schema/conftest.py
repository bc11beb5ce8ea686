"""Populated databases for the schema's tests: every feature of SQLite, odd names throughout."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing

import pytest

from drydock.schema.inventory import inventory

EVERYTHING = """
CREATE TABLE "odd ""table"" å"(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  "group by" TEXT COLLATE NOCASE DEFAULT 'it''s' NOT NULL ON CONFLICT IGNORE, -- a comment, (
  Å INT DEFAULT (1 + 2),
  å DECIMAL(10, 2) DEFAULT -1.50,
  twice INT GENERATED ALWAYS AS ("å" * 2) VIRTUAL,
  once INT AS (Å) STORED,
  UNIQUE ("group by", Å) ON CONFLICT REPLACE,
  CHECK (Å > 0 /* why */ AND   "group by" <> 'a  b')
);
INSERT INTO "odd ""table"" å" ("group by", Å) VALUES ('one', 1), ('two', 2);
CREATE TABLE child(
  parent REFERENCES "odd ""table"" å" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  a, [b c],
  maybe INTEGER REFERENCES child(a) ON DELETE SET NULL NOT DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT both FOREIGN KEY(a, [b c]) REFERENCES "odd ""table"" å"("group by", Å)
    ON UPDATE CASCADE ON DELETE SET NULL
);
INSERT INTO child VALUES (1, 'one', 1, NULL);
CREATE TABLE strict_one(a TEXT, b ANY, PRIMARY KEY (b DESC, a)) WITHOUT ROWID, STRICT;
INSERT INTO strict_one VALUES ('x', 1);
CREATE TABLE not_alias(id INTEGER PRIMARY KEY DESC, "unique" UNIQUE);
INSERT INTO not_alias VALUES (7, 'u');
CREATE VIRTUAL TABLE search USING fts5(body, content='child');
CREATE VIRTUAL TABLE box USING rtree(id, low, high);
INSERT INTO box VALUES (1, 0, 1);
CREATE INDEX "idx expression" ON child(a COLLATE NOCASE DESC, lower([b c]) COLLATE RTRIM DESC)
  WHERE (a IS NOT NULL);
CREATE UNIQUE INDEX idx_plain ON child([b c]);
CREATE VIEW "v (1)"(n) AS SELECT "group by" FROM "odd ""table"" å" -- ends in a comment
;
CREATE TRIGGER on_view INSTEAD OF INSERT ON "v (1)" BEGIN SELECT 1; SELECT 2; END;
CREATE TRIGGER on_table AFTER UPDATE OF a ON child BEGIN DELETE FROM child WHERE a = ';'; END;
CREATE TABLE _drydock_ledger(name);
CREATE INDEX _drydock_idx ON _drydock_ledger(name);
"""


@pytest.fixture
def build():
    """A function that builds a database in memory from SQL; closed at the end."""
    with ExitStack() as stack:

        def built(sql):
            connection = stack.enter_context(closing(sqlite3.connect(":memory:")))
            connection.executescript(sql)
            return connection

        yield built


@pytest.fixture
def schema_of(build):
    """A function that returns the schema that SQL builds."""
    return lambda sql: inventory(build(sql))


@pytest.fixture
def everything(schema_of):
    """A schema with every feature."""
    return schema_of(EVERYTHING)
