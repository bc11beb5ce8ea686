"""`inv review` exits 8 where its own rehearsal shows that a run would be refused."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from drydock import connection, settings
from drydock.commands import rehearsal
from tests.support.databases import change
from tests.support.project import Project

SCHEMA = """
CREATE TABLE "own å" (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE owned (id INTEGER PRIMARY KEY, own REFERENCES "own å"(id) ON DELETE CASCADE);
CREATE TABLE tags (name TEXT PRIMARY KEY, n);
CREATE TABLE keyed (code TEXT PRIMARY KEY);
CREATE TABLE locked (id INTEGER PRIMARY KEY, code REFERENCES keyed(code));
CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT);
CREATE VIRTUAL TABLE doc_fts USING fts5(body, content='doc', content_rowid='id');
INSERT INTO "own å" VALUES (1, 'o1'), (2, 'o2'), (3, 'o3');
INSERT INTO owned VALUES (1, 2), (2, 2);
INSERT INTO tags VALUES ('a', 1), ('b', 2);
INSERT INTO keyed VALUES ('k');
INSERT INTO locked VALUES (1, 'k');
INSERT INTO doc VALUES (1, 'one'), (2, 'two');
INSERT INTO doc_fts(doc_fts) VALUES ('rebuild');
"""
BY_TRIGGER = (
    "CREATE TABLE once (x); CREATE TRIGGER gone AFTER INSERT ON once BEGIN DELETE FROM tags; END;"
    "INSERT INTO once VALUES (1);"
)
REBUILT = (
    "CREATE TABLE new (code TEXT); INSERT INTO new SELECT code FROM keyed; DROP TABLE keyed;"
    "ALTER TABLE new RENAME TO keyed;"
)
HIDDEN = "def migrate(db):\n    db.execute('DELETE FR' + 'OM tags WHERE n = 1')\n"


@pytest.fixture
def review(tmp_path):
    """Rehearse files on a populated database, and return the errors that nothing allows."""
    database, folder = tmp_path / "app.db", tmp_path / "migrations"
    folder.mkdir()
    change(database, SCHEMA)
    (tmp_path / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "app.db"\n')

    def run(*texts):
        for number, text in enumerate(texts, start=1):
            ending = "py" if "def migrate" in text else "sql"
            (folder / f"{number:03}_change.{ending}").write_text(text)
        found = rehearsal.take(settings.load(tmp_path), static=False)
        return [e for e in found.findings if e.severity == "error" and e.allowed is None]

    return run


@pytest.mark.parametrize(
    ("text", "rule", "said"),
    [
        ("UPDATE OR REPLACE \"own å\" SET name = 'o1' WHERE id = 3", "undeclared-loss", "own å: 1"),
        ("INSERT OR REPLACE INTO \"own å\" VALUES (9, 'o3')", "undeclared-loss", "own å: 1 row"),
        (BY_TRIGGER, "undeclared-loss", "tags: 2 rows of 2 gone"),
        (HIDDEN, "undeclared-loss", "tags: 1 row of 2 gone"),
        ("INSERT INTO doc VALUES (9, 'more')", "unsound", "full-text index doc_fts"),
        (REBUILT, "unsound", "foreign key mismatch: locked"),
        ('PRAGMA foreign_keys=ON; DELETE FROM "own å" WHERE id = 2', "undeclared-loss", "owned"),
    ],
)
def test_what_a_run_would_refuse_is_an_error(review, text, rule, said):
    """Each of these was a review without an error, and a run that stopped before publish."""
    (found,) = review(text)
    assert found.rule == rule
    assert said in found.evidence[0]


def test_an_undeclared_loss_names_its_file_and_the_directive(review):
    """The file whose statement took the rows, and not one beside it."""
    (found,) = review(
        "CREATE TABLE fine (x)", "REPLACE INTO \"own å\" VALUES (9, 'o3')", "SELECT 1"
    )
    assert found.migration == "002_change"
    assert "002_change.sql: -- drydock: allow delete-rows: REASON" in found.fix
    assert found.destructive


@pytest.mark.parametrize(
    "text",
    [
        "-- drydock: allow delete-rows: meant\nREPLACE INTO \"own å\" VALUES (9, 'o3')",
        "DELETE FROM tags WHERE n = 1",
        "UPDATE tags SET n = 5 WHERE n = 1",
        "INSERT INTO doc VALUES (9, 'x'); INSERT INTO doc_fts(doc_fts) VALUES ('rebuild')",
    ],
)
def test_what_is_declared_foreseen_or_sound_is_no_error(review, text):
    assert review(text) == []


def test_a_loss_that_an_error_tells_is_not_told_twice(review):
    """The review's own finding has the better fix."""
    assert [each.rule for each in review("DELETE FROM tags")] == ["delete-without-where"]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_every_format_shows_it_and_exits_8(tmp_path, form):
    """A real `inv review`; `inv migrate --yes` of the same is refused."""
    project = Project(tmp_path / "p å", mode="wal")
    for each in project.migrations.glob("00[234]*"):
        each.unlink()
    (project.migrations / "002_swap.sql").write_text(
        "UPDATE OR REPLACE owner SET name = 'Owner 1' WHERE id = 3;\n"
    )
    with closing(connection.read(project.database)) as db:
        before = db.execute("SELECT * FROM owner").fetchall()
    told = project.inv("review", "--format", form)
    assert told.returncode == 8, told.stderr
    assert "undeclared-loss" in told.stdout + told.stderr
    if form == "json":
        assert "undeclared-loss" in {each["rule"] for each in json.loads(told.stdout)["findings"]}
    assert project.inv("migrate", "--yes").returncode == 3
    assert project.rows("SELECT * FROM owner") == before
