"""A directive speaks for its own file, and a foreseen number for its own rows."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from drydock import connection, executor, inspection
from drydock.inspection import UndeclaredLoss
from drydock.migration import read_folder
from drydock.review import review_statically
from tests.support.databases import change

SCHEMA = """
CREATE TABLE "old å" (id INTEGER PRIMARY KEY, v);
CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, w);
CREATE TABLE owner (id INTEGER PRIMARY KEY);
CREATE TABLE owned (id INTEGER PRIMARY KEY, owner REFERENCES owner(id) ON DELETE CASCADE);
CREATE TABLE noted (what);
CREATE TABLE watched (id INTEGER PRIMARY KEY);
CREATE TRIGGER forget AFTER INSERT ON watched BEGIN DELETE FROM noted; END;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
  INSERT INTO t SELECT i, '00' || i, i FROM n;
INSERT INTO "old å" SELECT id, v FROM t;
INSERT INTO owner SELECT id FROM t;
INSERT INTO owned SELECT id, id FROM t;
INSERT INTO noted SELECT id FROM t;
"""


def hidden(*statements):
    """Return Python whose statements nobody can read before it runs."""
    lines = [f"    db.execute({text[:3]!r} + {text[3:]!r})\n" for text in statements]
    return "def migrate(db):\n" + "".join(lines)


class Files:
    """A populated database, and files that are run on a copy of it, one after the other."""

    def __init__(self, folder):
        self.folder = folder
        self.before, self.after = folder / "backup.db", folder / "candidate.db"
        self.migrations = folder / "migrations"
        self.migrations.mkdir()
        change(self.before, SCHEMA)

    def judge(self, **texts):
        for name, text in texts.items():
            ending = "py" if "def migrate" in text else "sql"
            (self.migrations / f"{name}.{ending}").write_text(text)
        migrations = read_folder(self.migrations)
        shutil.copyfile(self.before, self.after)
        applied = executor.apply(
            migrations,
            self.after,
            live=self.folder / "app.db",
            root=self.folder,
            run="r",
            logs=self.folder,
        )
        with closing(connection.read_only(self.before)) as opened:
            findings = review_statically(migrations, opened)
        executed = [statement.sql for each in applied for statement in each.statements]
        evidence = inspection.inspect(self.before, self.after, lambda *_: None, executed)
        inspection.require_declared(
            evidence, findings, migrations, applied, self.before, allow=False, ask=lambda _: None
        )

    def refused(self, **texts):
        with pytest.raises(UndeclaredLoss) as caught:
            self.judge(**texts)
        return caught.value


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


ONE = "-- drydock: allow delete-rows: the first\nDELETE FROM t WHERE id = 1;\n"


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (
            '-- drydock: allow drop-table: a cache\nDROP TABLE "old å";',
            ["DROP TABLE t"],
            "drop-table",
        ),
        (
            '-- drydock: allow delete-without-where: a cache\nDELETE FROM "old å";',
            ["DELETE FROM t"],
            "delete-without-where",
        ),
        (ONE, ["DELETE FROM t WHERE id IN (2, 3, 4)"], "delete-rows"),
        (f"{ONE}UPDATE t SET w = 0;", ["DELETE FROM t WHERE id IN (2, 3, 4)"], "delete-rows"),
        (ONE, ["ALTER TABLE t RENAME TO x", "DELETE FROM x WHERE id = 4"], "delete-rows"),
        (
            f"{ONE}ALTER TABLE t RENAME TO y;",
            ["WITH n AS (SELECT 4 AS i) DELETE FROM y WHERE id IN (SELECT i FROM n)"],
            "delete-rows",
        ),
        (
            "-- drydock: allow delete-rows: the first\nDELETE FROM noted WHERE what = 1;",
            ["INSERT INTO watched VALUES (1)"],
            "delete-without-where",
        ),
        (
            "-- drydock: allow drop-column: unused\nALTER TABLE t DROP COLUMN w;",
            ["ALTER TABLE t DROP COLUMN v"],
            "drop-column",
        ),
    ],
)
def test_a_directive_does_not_cover_what_another_file_takes(files, first, second, rule):
    """The file that took it is named, with the directive as a comment of its own language."""
    error = files.refused(m001=first, m002=hidden(*second))
    assert f"declare it in m002.py: # drydock: allow {rule}: REASON\n" in error.hint


def test_the_rows_that_were_foreseen_or_declared_are_told(files):
    error = files.refused(m001=ONE, m002=hidden("DELETE FROM t WHERE id IN (2, 3, 4)"))
    assert error.cause[0] == "t: 4 rows of 10 gone; foreseen or declared: 1 row"


def test_a_foreseen_number_covers_no_more_rows(files):
    """In another file, and in its own."""
    one = "DELETE FROM t WHERE id = 1;"
    files.judge(m001=one)
    error = files.refused(m002=hidden("DELETE FROM t WHERE id = 2"))
    assert "foreseen or declared: 1 row" in error.cause[0]
    (files.migrations / "m001.sql").unlink()
    both = f'def migrate(db):\n    db.execute("{one}")\n    db.execute("DEL" + "{one[3:-2]}2")\n'
    error = files.refused(m002=both)
    assert "t: 2 rows of 10 gone; foreseen or declared: 1 row" in error.cause[0]
    files.judge(m002=f"# drydock: allow delete-rows: both\n{both}")


@pytest.mark.parametrize(
    "texts",
    [
        {"m001": ONE, "m002": hidden("UPDATE t SET w = 1")},
        {
            "m001": ONE,
            "m002": "CREATE TABLE n (id INTEGER PRIMARY KEY, v TEXT, w);"
            "INSERT INTO n SELECT id, v, w FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
        },
        {
            "m001": "PRAGMA foreign_keys=ON;\n"
            "-- drydock: allow delete-rows: the first\nDELETE FROM owner WHERE id = 1;",
            "m002": hidden("UPDATE owned SET owner = 2 WHERE id = 2"),
        },
        {
            "m001": "-- drydock: allow delete-without-where: a log\n"
            "INSERT INTO watched VALUES (1);",
            "m002": hidden("INSERT INTO noted VALUES ('x')"),
        },
        {
            "m001": "-- drydock: allow change-type: numbers\n"
            "CREATE TABLE n (id INTEGER PRIMARY KEY, v INTEGER, w);"
            "INSERT INTO n SELECT id, v, w FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;",
            "m002": 'def migrate(db):\n    db["t"].transform(not_null={"v"})\n',
        },
        {
            "m001": '-- drydock: allow drop-table: a cache\nDROP TABLE "old å";',
            "m002": 'def migrate(db):\n    db["old å"].insert({"id": 1})\n    db["old å"].drop()\n',
        },
        {
            "m001": "# drydock: allow delete-rows: old\n" + hidden("DELETE FROM t WHERE id < 4"),
            "m002": "# drydock: allow delete-rows: new\n" + hidden("DELETE FROM t WHERE id > 7"),
        },
    ],
)
def test_a_directive_covers_what_its_own_file_takes(files, texts):
    """By key and trigger too, whatever harmless things other files do to the same table."""
    files.judge(**texts)


def test_delete_rows_declares_some_rows_and_not_all(files):
    """A table that was emptied is another rule's, as it is in the review."""
    some = "# drydock: allow delete-rows: old\n"
    files.judge(m001=some + hidden("DELETE FROM t WHERE id < 4"))
    error = files.refused(m001=some + hidden("DELETE FROM t"))
    assert "# drydock: allow delete-without-where: REASON" in error.hint


def test_rows_that_were_foreseen_say_nothing_of_an_index(files):
    """Nobody was asked about it."""
    change(files.before, "CREATE INDEX by_v ON t (v)")
    error = files.refused(
        m001="DELETE FROM t WHERE id = 1;",
        m002=hidden(
            "CREATE TABLE n (id INTEGER PRIMARY KEY, v TEXT, w)",
            "INSERT INTO n SELECT * FROM t",
            "DROP TABLE t",
            "ALTER TABLE n RENAME TO t",
        ),
    )
    assert error.cause[0] == "index by_v of t is gone, and nothing dropped it"
    assert "m002.py: # drydock: allow rebuild-loses-objects: REASON" in error.hint
