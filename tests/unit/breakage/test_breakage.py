"""What SQLite could run before the migrations, it can run after them, or the run stops."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock import backup, breakage
from drydock.inspection import CandidateUnsound
from drydock.migration import read_file
from tests.support.databases import change
from tests.support.project import Project

SCHEMA = """
CREATE TABLE "any å" (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE trips (id INTEGER PRIMARY KEY, town TEXT);
CREATE VIEW vv(a, b) AS SELECT * FROM "any å";
CREATE VIEW "on it" AS SELECT a FROM vv;
CREATE VIEW both AS SELECT * FROM "any å" UNION SELECT id, name FROM owner;
CREATE VIEW joined AS SELECT town, a.name FROM trips JOIN "any å" a ON a.id = trips.id;
CREATE VIEW already AS SELECT nix FROM trips;
CREATE TRIGGER into_it INSTEAD OF INSERT ON already BEGIN SELECT 1; END;
CREATE VIEW computed AS SELECT mine(town) AS t, total_of(id) OVER () AS n FROM trips
  ORDER BY town COLLATE ours;
CREATE TRIGGER copied AFTER INSERT ON owner BEGIN
  INSERT INTO "any å" VALUES (new.id, mine(new.name)); END;
CREATE TRIGGER lost AFTER INSERT ON trips BEGIN INSERT INTO nowhere VALUES (new.id); END;
INSERT INTO "any å" VALUES (1, 'one'), (2, 'two');
INSERT INTO owner SELECT id + 10, name FROM "any å";
"""

UNEVEN = "SELECTs to the left and right of UNION do not have the same number of result columns"


@pytest.fixture
def found(tmp_path):
    """Find what a script breaks on a populated database."""

    def run(script: str) -> breakage.Breakage:
        before, after = tmp_path / "before.db", tmp_path / "after.db"
        for path in (before, after):
            path.unlink(missing_ok=True)
            with closing(sqlite3.connect(path)) as db:
                db.create_function("mine", 1, lambda text: text)
                db.executescript(SCHEMA)
        with closing(sqlite3.connect(after)) as db:
            db.create_function("mine", 1, lambda text: text)
            db.executescript(script)
        return breakage.find(before, after)

    return run


def broken(found: breakage.Breakage) -> set[str]:
    return {each.sentence for each in found.breaks}


def test_a_column_that_a_star_takes_in_breaks_views_and_triggers(found):
    """Each is told with what SQLite says; a function of the application's hides nothing."""
    assert broken(found('ALTER TABLE "any å" ADD COLUMN town')) == {
        "view vv: expected 2 columns for 'vv' but got 3",
        "view on it: expected 2 columns for 'vv' but got 3",
        f"view both: {UNEVEN}",
        "view joined: ambiguous column name: town",
        "trigger copied: table any å has 3 columns but 2 values were supplied",
    }


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("CREATE VIEW bad AS SELECT nope FROM trips", {"view bad: no such column: nope"}),
        (
            'CREATE TRIGGER bad AFTER INSERT ON "any å" BEGIN INSERT INTO gone VALUES (1); END',
            # A write into owner fires the other one, and that this one.
            {f"trigger {each}: no such table: main.gone" for each in ("bad", "copied")},
        ),
        (
            "CREATE TRIGGER bad AFTER DELETE ON owner BEGIN SELECT new.nocol; END",
            {"trigger copied, bad: no such column: new.nocol"},
        ),
    ],
)
def test_a_new_one_that_does_not_compile_is_told(found, made, told):
    assert broken(found(made)) == told


@pytest.mark.parametrize(
    "script",
    [
        "INSERT INTO owner VALUES (99, 'more')",
        "ALTER TABLE trips ADD COLUMN more",
        "DROP VIEW already; CREATE VIEW already AS SELECT nix FROM trips",
        "CREATE TRIGGER more AFTER INSERT ON trips BEGIN SELECT 1; END",
        """ALTER TABLE "any å" ADD COLUMN z; DROP VIEW vv; DROP VIEW "on it"; DROP VIEW both;
        CREATE VIEW vv(a, b) AS SELECT id, name FROM "any å"; DROP TRIGGER copied""",
    ],
)
def test_what_was_broken_before_or_is_made_anew_is_no_break(found, script):
    assert found(script) == breakage.Breakage()


def test_a_new_view_that_needs_the_application_is_a_note(found):
    """SQLite here does not know the function, the application does: it may well be sound."""
    told = found("CREATE VIEW fresh AS SELECT theirs(town) AS x FROM trips")
    assert told.breaks == ()
    assert told.notes == (
        "view fresh: only the application knows the function theirs, so it could not be tried",
    )


INDEXED = """
CREATE TABLE "doc å" (id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO "doc å" VALUES (1, 'one'), (2, 'two');
CREATE VIRTUAL TABLE found5 USING fts5(body, content='doc å', content_rowid='id');
CREATE VIRTUAL TABLE found4 USING fts4(body, content="doc å");
CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
INSERT INTO found5(found5) VALUES ('rebuild');
"""


@pytest.fixture
def indexed(tmp_path):
    """Find what a script breaks where full-text tables are over another one."""

    def run(script: str) -> breakage.Breakage:
        before, after = tmp_path / "before.db", tmp_path / "after.db"
        change(before, INDEXED)
        change(after, INDEXED)
        change(after, script)
        return breakage.find(before, after)

    return run


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('ALTER TABLE "doc å" RENAME TO docs', "no such table: main.doc å"),
        ('ALTER TABLE "doc å" RENAME COLUMN body TO txt', "no such column: T.body"),
        ('DROP TABLE "doc å"', "no such table: main.doc å"),
    ],
)
def test_a_full_text_table_whose_content_goes_is_told(indexed, script, said):
    """SQLite rewrites views and triggers, and no virtual table's options."""
    assert broken(indexed(script)) == {
        f"virtual table found5: {said}",
        "virtual table found4: SQL logic error",
    }


def test_a_full_text_table_that_is_made_anew_is_no_break(indexed):
    script = (
        'DROP TABLE found4; DROP TABLE found5; ALTER TABLE "doc å" RENAME TO docs;'
        "CREATE VIRTUAL TABLE found5 USING fts5(body, content='docs', content_rowid='id');"
        "INSERT INTO found5(found5) VALUES ('rebuild')"
    )
    assert indexed(script) == breakage.Breakage()


def test_the_refusal_of_a_full_text_table_says_what_to_type(indexed):
    told = indexed('ALTER TABLE "doc å" RENAME TO docs')
    with pytest.raises(CandidateUnsound, match="leave virtual tables that SQLite") as caught:
        breakage.require_none(told, [])
    assert 'DROP TABLE "found' in str(caught.value.hint)


def test_a_directive_declares_it_in_the_file_that_touches_it(found, tmp_path):
    """Through a view on a view, too; another file's directive declares nothing."""
    told = found('ALTER TABLE "any å" ADD COLUMN z')
    rules = "# drydock: allow broken-view: v\n# drydock: allow broken-trigger: t\n"
    own, other = tmp_path / "001_own.py", tmp_path / "002_other.py"
    own.write_text(f"{rules}def migrate(db):\n    db.execute('ALTER TABLE \"any å\" ADD z')\n")
    other.write_text(f"{rules}def migrate(db):\n    db.execute('DROP TABLE unlike')\n")
    breakage.require_none(told, [read_file(own), read_file(other)])
    with pytest.raises(CandidateUnsound) as caught:
        breakage.require_none(told, [read_file(other)])
    assert "allow broken-view" in str(caught.value.hint)
    assert "nothing was changed" in caught.value.what


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_migrate_publishes_nothing_that_python_broke(tmp_path, mode):
    """A real `inv migrate`: refused, and the live database is as it was."""
    project = Project(tmp_path / "p å", mode=mode)
    for each in project.migrations.glob("00[234]*"):
        each.unlink()
    change(project.database, "CREATE VIEW starred(a, b) AS SELECT * FROM log")
    before = backup.content_digest(project.database)
    (project.migrations / "002_add.py").write_text(
        "def migrate(db):\n    db.execute('ALTER TABLE ' + 'log ADD COLUMN z')\n"
    )
    done = project.inv("migrate", "--yes")
    assert done.returncode == 3, done.stderr
    assert "view starred: expected 2 columns for 'starred' but got 3" in done.stderr
    assert backup.content_digest(project.database) == before


def test_a_rehearsal_without_a_change_of_schema_compiles_nothing(found, monkeypatch):
    """Rows alone cannot break a view, and compiling a thousand has its price."""
    monkeypatch.setattr(breakage, "_broken", lambda _: pytest.fail("compiled"))
    assert found("DELETE FROM owner") == breakage.Breakage()


def test_the_paths_are_only_read(found, tmp_path):
    """Neither file is written, and nothing is left beside them."""
    found("ALTER TABLE trips ADD COLUMN more")
    assert {each.name for each in Path(tmp_path).iterdir()} == {"before.db", "after.db"}
