"""What the oracle says that SQLite does, asked of SQLite: its rules must not be those of a tool.

Each case is a fact that `expectation` builds on, with the section of the manual that states it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

OTHER = "CREATE TABLE other(id INTEGER PRIMARY KEY); INSERT INTO other VALUES (1);"
NAMES = "CREATE TABLE names(key TEXT {} UNIQUE); INSERT INTO names VALUES ('1'), ('a');"
TAGS = "CREATE TABLE tags(f, tag); INSERT INTO tags VALUES (2, 'two');"
TABLE = "CREATE TABLE t(a, f); INSERT INTO t VALUES (1, 2);"
DROP = "ALTER TABLE t DROP COLUMN f;"
RENAME = "ALTER TABLE t RENAME COLUMN f TO g;"

FACTS = [
    # lang_altertable.html, section 5: what DROP COLUMN declines, and what goes with the column
    ("CREATE TABLE t(a, f UNIQUE);", DROP, "cannot drop UNIQUE column"),
    ("CREATE TABLE t(a, f, UNIQUE (f));", DROP, "error in table t after drop column"),
    (OTHER + "CREATE TABLE t(a, f, FOREIGN KEY (f) REFERENCES other);", DROP, "foreign key def"),
    ("CREATE TABLE t(a, f, CHECK (f > 0));", DROP, "error in table t after drop column"),
    (TABLE + "CREATE VIEW v AS SELECT f FROM t;", DROP, "error in view v after drop column"),
    ("CREATE TABLE t(a, f CHECK (f > 0));", DROP + "SELECT count(f) FROM t", "no such column"),
    (OTHER + "CREATE TABLE t(a, f REFERENCES other);", DROP + "INSERT INTO t VALUES (9)", ""),
    ("CREATE TABLE t(a, f AS (a + 1) STORED);", DROP + "INSERT INTO t VALUES (9)", ""),
    # lang_select.html, section 2.3: `*` is every column, so that DROP COLUMN changes the view
    (TABLE + "CREATE VIEW v AS SELECT * FROM t;", DROP + "SELECT * FROM v", [(1,)]),
    (TABLE + "CREATE VIEW v AS SELECT * FROM t;", RENAME + "SELECT a, g FROM v", [(1, 2)]),
    # lang_altertable.html, section 3: what RENAME COLUMN cannot carry, and what it does not see
    (TABLE + TAGS + "CREATE VIEW v AS SELECT tag FROM t JOIN tags USING (f);", RENAME, "error in"),
    (TABLE + "CREATE VIEW v AS SELECT f FROM (SELECT * FROM t);", RENAME, "error in view v after"),
    (TABLE + TAGS + "CREATE VIEW v AS SELECT a, tag FROM t NATURAL JOIN tags;"
     "INSERT INTO tags VALUES (5, 'five');",
     RENAME + "SELECT count(*) FROM v", [(2,)]),
    # foreignkeys.html, section 1: the parent's affinity and collation decide
    (OTHER + "CREATE TABLE t(f TEXT REFERENCES other);", "INSERT INTO t VALUES ('1')", ""),
    (OTHER + "CREATE TABLE t(f TEXT REFERENCES other);", "INSERT INTO t VALUES ('2')", "FOREIGN"),
    (NAMES.format("") + "CREATE TABLE t(f INTEGER REFERENCES names(key));",
     "INSERT INTO t VALUES (1)", ""),
    (NAMES.format("") + "CREATE TABLE t(f COLLATE NOCASE REFERENCES names(key));",
     "INSERT INTO t VALUES ('A')", "FOREIGN"),
    (NAMES.format("COLLATE NOCASE") + "CREATE TABLE t(f REFERENCES names(key));",
     "INSERT INTO t VALUES ('A')", ""),
    # datatype3.html, sections 3 and 4.2: text that is no number stays text; a column compares by
    # its affinity
    ("CREATE TABLE t(f INTEGER);", "INSERT INTO t VALUES ('x'), ('007'); SELECT f FROM t",
     [("x",), (7,)]),
    ("CREATE TABLE t(f TEXT CHECK (f <> 13));", "INSERT INTO t VALUES ('13')", "CHECK"),
    # gencol.html, section 2.2: a generated column has constraints like any other
    ("CREATE TABLE t(a, f NOT NULL AS (a + 1));", "INSERT INTO t VALUES (NULL)", "NOT NULL"),
    # stricttables.html, sections 2 and 3: a type for every column, and ANY is NUMERIC elsewhere
    ("", "CREATE TABLE t(a INT, f AS (a)) STRICT", "missing datatype"),
    ("CREATE TABLE t(f ANY);", "INSERT INTO t VALUES ('007'); SELECT f FROM t", [(7,)]),
    ("CREATE TABLE t(f ANY) STRICT;", "INSERT INTO t VALUES ('007'); SELECT f FROM t",
     [("007",)]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "then", "said"), FACTS)
def test_what_sqlite_itself_does(before: str, then: str, said: str | list[object]) -> None:
    """A statement that is done or declined, or what is read afterwards."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(before)
        *first, last = [part for part in then.split(";") if part.strip()]
        try:
            for statement in first:
                connection.execute(statement)
            answer: str | list[object] = connection.execute(last).fetchall() or ""
        except sqlite3.Error as error:
            answer = str(error)
    assert said in answer if isinstance(said, str) and said else answer == said
