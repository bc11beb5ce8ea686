"""For any text at all: the splitter loses nothing, and agrees with SQLite and its own tool."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drydock.script import ScriptError, split

PIECES = [
    "SELECT", " ", "\n", "\t", "\r\n", "\f", ";", ";", ";", "1", "a", "'", "''", '"', "`", "[",
    "]", "--", "/*", "*/", "/", "*", "-", "(", ")", "CREATE ", "TRIGGER ", "TEMP ", "trigger",
    "BEGIN ", "END", " END;", "CASE ", "'x;y'", '"q;q"', "[b;b]", "`c;c`", "-- c;\n", "/* d; */",
    "EXPLAIN ", ".5", ".tables", "å", "\u00a0", "\u2028", "x'00'", "$v", "?1", ",", "COMMIT;",
]  # fmt: skip

# A NUL never gets here: drydock.migration refuses it when the file is read (F21).
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
SOUP = st.lists(st.sampled_from(PIECES) | st.text(LETTERS, max_size=3), max_size=40).map("".join)

_IGNORED = re.compile(r"[ \t\n\f\r]+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|;", re.DOTALL)


def splits(text):
    try:
        return split(text)
    except ScriptError:
        return None


def borders(text):
    """Return where statements end by SQLite's own word: grow each until it is complete."""
    found, start = [], 0
    for end in range(1, len(text) + 1):
        if text[end - 1] == ";" and sqlite3.complete_statement(text[start:end]):
            found.append(end)
            start = end
    return found


@settings(max_examples=200, deadline=None)
@given(SOUP)
def test_nothing_but_comments_space_and_semicolons_is_lost(text):
    """Statements stand in order where they stood, and what lies between them means nothing."""
    statements = splits(text)
    if statements is None:
        return
    position = 0
    for each in statements:
        assert _IGNORED.sub("", text[position : each.offset]) == ""
        assert text.startswith(each.text, each.offset)
        assert each.line == text.count("\n", 0, each.offset) + 1
        position = each.offset + len(each.text)
    assert _IGNORED.sub("", text[position:]) == ""


@settings(max_examples=200, deadline=None)
@given(SOUP)
def test_f20_every_border_is_one_that_sqlite_calls_complete(text):
    """Each statement ends exactly where `sqlite3.complete_statement` first says so."""
    statements = splits(text)
    if statements is None:
        return
    ends = borders(text)
    for each in statements[:-1]:
        assert each.offset + len(each.text) in ends
    for each in statements:
        assert not any(each.offset < end < each.offset + len(each.text) for end in ends)


TRIGGER = """CREATE TRIGGER IF NOT EXISTS g AFTER INSERT ON t BEGIN
  INSERT INTO "odd ""; [t" VALUES (new.id);
  SELECT CASE WHEN 1 THEN 2 END; END"""
GOOD = st.sampled_from(
    [
        "INSERT INTO t (v) VALUES ('a;b')",
        "INSERT INTO t (v) VALUES ('it''s -- no comment')",
        'INSERT INTO "odd ""; [t" VALUES (1), (2)',
        "UPDATE t SET v = v || '/*' WHERE id % 2",
        "DELETE FROM t WHERE id = (SELECT max(id) FROM t)",
        "CREATE TABLE IF NOT EXISTS [new ;] (a, `b;` DEFAULT ';')",
        TRIGGER,
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT s",
        "RELEASE s",
        "INSERT OR ROLLBACK INTO t (id) VALUES (1)",
        "INSERT OR IGNORE INTO t (id) VALUES (1)",
        "CREATE TEMP TABLE IF NOT EXISTS tt AS SELECT * FROM t",
        "ALTER TABLE t ADD COLUMN extra DEFAULT 'x;y'",
        "PRAGMA user_version = 7",
        "PRAGMA foreign_keys = ON",
        "DROP TABLE child",
        "SELECT count(*) FROM t",
        "INSERT INTO nowhere VALUES (1)",
        "SELEKT 1",
        "VACUUM",
    ]
)
GAP = st.sampled_from([";", ";\n", " ; ", ";\n\n-- note; it's\n", "; /* ; ' */ ", ";;", ";\r\n"])


@pytest.fixture(scope="module")
def tool():
    found = shutil.which("sqlite3")
    if found is None:
        pytest.skip("the sqlite3 tool is not installed (apt install sqlite3): not compared with it")
    version = subprocess.check_output([found, "--version"], text=True).split()[0]
    if version != sqlite3.sqlite_version:
        pytest.skip(f"the sqlite3 tool is {version}, Python has {sqlite3.sqlite_version}")
    return found


def prepare(path):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE);"
            "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');"
            'CREATE TABLE "odd ""; [t" (n);'
            "CREATE TABLE child (t REFERENCES t(id)); INSERT INTO child VALUES (1);"
        )
    return path


def state(path):
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump()), db.execute("PRAGMA user_version").fetchone()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(GOOD, GAP), max_size=9), st.booleans())
def test_f18_statement_by_statement_is_what_sqlite3_bail_does(tool, tmp_path, parts, is_closed):
    """Ran on two equal databases, ours and ``sqlite3 -bail`` leave the same one behind."""
    script = "".join(text + gap for text, gap in parts)
    script += "INSERT INTO t (v) VALUES ('last')" + (";\n" if is_closed else "")
    ours, theirs = prepare(tmp_path / "ours.db"), prepare(tmp_path / "theirs.db")
    ran = subprocess.run(
        [tool, "-bail", theirs], input=script.encode(), capture_output=True, check=False
    )
    has_failed = False
    with closing(sqlite3.connect(ours, isolation_level=None)) as db:
        try:
            for statement in split(script):
                db.execute(statement.text).fetchall()
        except sqlite3.Error:
            has_failed = True
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
    assert has_failed == (ran.returncode != 0), ran.stderr
    assert state(ours) == state(theirs)
