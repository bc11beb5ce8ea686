"""A populated database with odd names, and migrations made from text."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from drydock.migration import Migration
from drydock.review import review_statically

POPULATED = """
CREATE TABLE "trip log"(
  id INTEGER PRIMARY KEY, title TEXT NOT NULL, notes TEXT, stars INT, code TEXT,
  "größe" REAL, fare DECIMAL(10,2), CHECK (stars < 10));
INSERT INTO "trip log" VALUES
  (1, 'Oslo', 'n1', 5, '007', 1.5, 10), (2, 'Rome', NULL, 4, '12', NULL, '20.10'),
  (3, 'Rome', 'n3', NULL, '1.10', 2, 9007199254740993);
CREATE TABLE bookings(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trip INTEGER REFERENCES "trip log"(id) ON DELETE CASCADE, name TEXT, UNIQUE (name, trip));
INSERT INTO bookings(id, trip, name)
  VALUES (1, 1, 'Ada'), (2, 1, 'Bo'), (3, 2, 'Cy'), (4, NULL, 'D');
CREATE TABLE towns(id INTEGER PRIMARY KEY, name TEXT, region TEXT);
INSERT INTO towns VALUES (1, 'Bergen', 'west'), (2, 'Hamar', 'east');
CREATE TABLE numbered(id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT);
INSERT INTO numbered VALUES (1, 'one'), (90, 'ninety');
DELETE FROM numbered WHERE id = 90;
CREATE TABLE empty(id INTEGER PRIMARY KEY, a TEXT, b TEXT UNIQUE, c TEXT);
CREATE TABLE settings(name TEXT PRIMARY KEY, value);
INSERT INTO settings VALUES ('theme', 'dark');
CREATE TABLE audit(at TEXT, what TEXT);
CREATE INDEX by_title ON "trip log"(title);
CREATE VIEW titles AS SELECT title, notes FROM "trip log";
CREATE TRIGGER noted AFTER INSERT ON bookings BEGIN
  INSERT INTO audit VALUES ('now', NEW.name); END;
"""


def make_migration(text, name="001_change", suffix=".sql", folder=Path("migrations")):
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return Migration(name, folder / f"{name}{suffix}", text, checksum)


@pytest.fixture
def migration():
    """Make a migration from its text."""
    return make_migration


@pytest.fixture
def populated():
    """A database in memory with rows in most tables."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(POPULATED)
    yield connection
    connection.close()


@pytest.fixture
def file(tmp_path):
    """The same database as a file."""
    path = tmp_path / "odd name.db"
    connection = sqlite3.connect(path)
    connection.executescript(POPULATED)
    connection.close()
    return path


@pytest.fixture
def review(populated):
    """Review texts statically against the populated database; each is a migration."""

    def run(*texts, suffix=".sql", suffixes=(), connection=populated, **options):
        endings = suffixes or (suffix,) * len(texts)
        pending = [
            make_migration(text, f"{number:03}_change", ending)
            for number, (text, ending) in enumerate(zip(texts, endings, strict=True), start=1)
        ]
        return review_statically(pending, connection, **options)

    return run
