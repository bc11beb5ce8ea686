"""Foreign keys and integrity: what is new is told, what was there before is not blamed on a run."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from drydock.evidence import compare, losses

FAMILY = """
CREATE TABLE "p q"(id INTEGER PRIMARY KEY, code TEXT COLLATE NOCASE UNIQUE);
CREATE TABLE child(
  id INTEGER PRIMARY KEY, "p id" INTEGER REFERENCES "p q", code REFERENCES "p q"(code)
);
INSERT INTO "p q" VALUES (1, 'a'), (2, 'B'), (3, 'c');
INSERT INTO child VALUES (1, 1, 'A'), (2, 2, 'b'), (3, NULL, NULL), (4, 99, 'c'), (5, 3, 'nobody');
"""


def broken(files):
    return [
        (key.table, key.columns, key.parent, key.rows, key.samples)
        for key in files.compare().foreign_keys
    ]


def test_f16_orphans_that_were_there_before_are_not_new(files):
    """Rows 4 and 5 broke a key before; the run is not to blame, whatever else it did."""
    files.make(
        FAMILY, "INSERT INTO child VALUES (6, 1, NULL); UPDATE child SET code = 'C' WHERE id = 4"
    )
    assert broken(files) == []


def test_f16_a_deleted_parent_leaves_orphans_and_they_are_shown(files):
    """With foreign keys off a DELETE leaves orphans behind; each key tells its own."""
    files.make(FAMILY, 'DELETE FROM "p q" WHERE id = 2')
    assert broken(files) == [
        ("child", ("code",), "p q", 1, ("id=2, code='b'",)),
        ("child", ("p id",), "p q", 1, ("id=2, p id=2",)),
    ]


def test_f16_an_orphan_made_by_an_update_is_new(files):
    """A row that breaks the key with another value than before is new."""
    files.make(FAMILY, 'UPDATE child SET "p id" = 98 WHERE id IN (1, 4)')
    (key,) = files.compare().foreign_keys
    assert (key.rows, key.samples) == (2, ("id=1, p id=98", "id=4, p id=98"))


def test_f16_an_orphan_value_that_others_had_is_still_new(files):
    """Row 4 named 99 before; row 1 did not, so its 99 is a new violation."""
    files.make(FAMILY, 'UPDATE child SET "p id" = 99 WHERE id = 1')
    assert broken(files) == [("child", ("p id",), "p q", 1, ("id=1, p id=99",))]


def test_f16_a_dropped_parent_orphans_every_row(files):
    """The parent table is gone: all rows that name one are new orphans, but those that were."""
    files.make(FAMILY, 'DROP TABLE "p q"')
    assert [(key[1], key[3]) for key in broken(files)] == [(("code",), 3), (("p id",), 3)]


def test_f16_a_new_key_is_checked_on_every_row(files):
    """A key declared over rows that break it: nothing was broken before, so all count."""
    files.make(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p);"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1), (2, 2), (3, '1')",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, p REFERENCES p); INSERT INTO n SELECT * FROM c;"
        "DROP TABLE c; ALTER TABLE n RENAME TO c",
    )
    assert broken(files) == [("c", ("p",), "p", 1, ("id=2, p=2",))]


def test_f16_a_renumbered_rebuild_does_not_make_old_orphans_new(files):
    """Hidden rowids moved: the same orphan value is the same old orphan."""
    files.make(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p, v);"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 'a'), (1, 'b'), (7, 'c'), (1, 'd');"
        "DELETE FROM c WHERE v = 'a'",
        "CREATE TABLE n(p REFERENCES p, v, w); INSERT INTO n(p, v) SELECT * FROM c;"
        "DROP TABLE c; ALTER TABLE n RENAME TO c",
    )
    assert files.table("c").matched_by == "content"
    assert broken(files) == []


def test_f16_agrees_with_foreign_key_check(files):
    """Affinity and collation of the parent decide, as in SQLite: the numbers are its own."""
    files.make(
        "CREATE TABLE p(t TEXT UNIQUE, n INTEGER UNIQUE, b BLOB UNIQUE, r REAL UNIQUE);"
        "INSERT INTO p VALUES ('1', 1, 1, 1), ('01', 2, '2', 2.5)",
        "CREATE TABLE c(id INTEGER PRIMARY KEY, t REFERENCES p(t), n REFERENCES p(n),"
        " b REFERENCES p(b), r REFERENCES p(r));"
        "INSERT INTO c VALUES (1, 1, '1', 1.0, '1'), (2, '01', 2.0, 2, '2.5'),"
        "(3, 1.0, '2 ', '1', 3)",
    )
    with closing(sqlite3.connect(files.after)) as connection:
        expected = len(connection.execute("PRAGMA foreign_key_check").fetchall())
    assert sum(key.rows for key in files.compare().foreign_keys) == expected > 0


def test_f16_a_renamed_parent_and_key_column_are_followed(files):
    """The key before is known again under the new names, so its old orphans stay old."""
    files.make(
        FAMILY,
        'ALTER TABLE "p q" RENAME TO parent; ALTER TABLE parent RENAME COLUMN code TO label;'
        'ALTER TABLE child RENAME COLUMN "p id" TO parent_id;'
        "INSERT INTO child VALUES (9, 77, NULL)",
    )
    assert broken(files) == [("child", ("parent_id",), "parent", 1, ("id=9, parent_id=77",))]


def test_f16_a_key_to_columns_that_are_not_unique_is_a_problem(files):
    """Every write to the child would fail with "foreign key mismatch"."""
    files.make(
        FAMILY,
        'CREATE TABLE n(id INTEGER PRIMARY KEY, code TEXT); INSERT INTO n SELECT * FROM "p q";'
        'DROP TABLE "p q"; ALTER TABLE n RENAME TO "p q"',
    )
    (problem,) = files.compare().integrity
    assert problem.is_new
    assert "foreign key mismatch: child (code) refers to p q (code)" in problem.text


INDEXED = """
CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT CHECK (b > 0));
CREATE INDEX "t a" ON t(a);
INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);
CREATE TABLE other(id INTEGER PRIMARY KEY, v); INSERT INTO other VALUES (1, 'o'), (2, 'p');
"""


def damage_index(path):
    """Make the index say 'txo' where the table says 'two': quick_check does not see it."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 't a'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    raw = bytearray(path.read_bytes())
    page = bytes(raw[(root - 1) * size : root * size])
    assert page.count(b"two\x02") == 1
    raw[(root - 1) * size : root * size] = page.replace(b"two\x02", b"txo\x02")
    path.write_bytes(raw)


def test_f35_a_bad_index_of_a_touched_table_is_found(files):
    """An index that does not match its table passes quick_check, but not the whole check."""
    files.make(INDEXED, "UPDATE t SET b = 9 WHERE id = 1")
    damage_index(files.after)
    problems = files.compare().integrity
    assert problems
    assert all(problem.is_new and problem.table == "t" for problem in problems)
    assert "missing from index t a" in problems[0].text


def test_f35_a_bad_index_of_an_otherwise_equal_table_is_found(files):
    """The table's own pages are the same, but its index's are not."""
    files.make(INDEXED, "UPDATE other SET v = 'x' WHERE id = 1")
    damage_index(files.after)
    assert any("missing from index t a" in problem.text for problem in files.compare().integrity)


def test_f35_damage_that_was_there_before_is_not_new(files):
    """The same problem in both files is told, but not blamed on the run."""
    files.make(INDEXED)
    damage_index(files.before)
    files.after.write_bytes(files.before.read_bytes())
    files.change("UPDATE t SET a = 'four' WHERE id = 3")
    problems = files.compare().integrity
    assert problems
    assert not any(problem.is_new for problem in problems)


def test_f35_the_whole_file_is_checked_when_asked_for(files):
    """`integrity="whole"` finds what no touched table leads to; "none" asks nothing."""
    files.make(INDEXED)
    damage_index(files.before)
    files.after.write_bytes(files.before.read_bytes())
    assert files.compare(integrity="touched").integrity == ()
    assert files.compare(integrity="whole").integrity
    files.change("UPDATE t SET a = 'four' WHERE id = 3")
    assert files.compare(integrity="none").integrity == ()


def test_f35_a_row_that_breaks_a_check_is_a_problem(files):
    """A rebuild with CHECKs ignored lets a row in that the table's own CHECK refuses.

    Nothing of it is seen in a file that was opened with mode=ro.
    """
    ignored = "PRAGMA ignore_check_constraints = ON;"
    files.make(INDEXED, ignored + "UPDATE t SET b = -1 WHERE id = 2")
    assert [p.text for p in files.compare().integrity] == ["CHECK constraint failed in t"]
    files.before.write_bytes(files.after.read_bytes())
    files.change("UPDATE t SET b = 5 WHERE id = 1")
    assert [p.is_new for p in files.compare().integrity] == [False]


FTS = """
CREATE TABLE notes(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO notes VALUES (1, 'red fox'), (2, 'blue bird');
CREATE VIRTUAL TABLE search USING fts5(body, content='notes', content_rowid='id');
INSERT INTO search(search) VALUES ('rebuild');
CREATE VIRTUAL TABLE own USING fts5(title);
INSERT INTO own VALUES ('kept here only'), ('and this');
CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
INSERT INTO box VALUES (1, 0, 1), (2, 5, 6);
"""


def test_virtual_tables_that_nobody_touched_are_proved_by_their_shadows(files):
    """Shadow tables are no tables of the evidence; full-text rows of their own are."""
    files.make(FTS, "CREATE TABLE n(a)")
    evidence = files.compare()
    assert {t.name: (t.kind, t.rows_before) for t in evidence.tables} == {
        "notes": ("untouched", 2),
        "own": ("untouched", 2),
        "box": ("untouched", 2),
        "n": ("added", 0),
    }
    assert [found.table for found in evidence.not_compared] == ["search"]
    assert evidence.integrity == ()


def test_rows_of_a_virtual_table_are_compared(files):
    """Rows that live only in FTS5 or in an R-tree are data: changed and removed ones are told."""
    files.make(FTS, "UPDATE own SET title = 'other' WHERE rowid = 1; DELETE FROM box WHERE id = 2")
    evidence = files.compare()
    own, box = evidence.table("own"), evidence.table("box")
    assert (own.kept, own.changed) == (1, 1)
    assert (box.kept, box.removed) == (1, 1)
    assert [loss.table for loss in losses(evidence)] == ["box"]


def test_a_dropped_full_text_index_over_a_table_is_no_loss(files):
    """It can be made again from its content; a table that held its own rows cannot."""
    files.make(FTS, "DROP TABLE search; DROP TABLE own")
    evidence = files.compare()
    assert [(loss.kind, loss.table, loss.count) for loss in losses(evidence)] == [
        ("table-dropped", "own", 2)
    ]
    assert {item.name for item in evidence.schema.removed} >= {"search", "own"}


def test_a_full_text_index_that_lost_touch_with_its_content_is_a_problem(files):
    """The content changed without the index: FTS5's own check says so, until it is rebuilt."""
    files.make(FTS, "UPDATE notes SET body = 'green frog' WHERE id = 1")
    (problem,) = files.compare().integrity
    assert (problem.table, problem.is_new) == ("search", True)
    files.change("INSERT INTO search(search) VALUES ('rebuild')")
    assert files.compare().integrity == ()


def test_comparing_writes_nothing(files):
    """Both files and their folder are as they were, to the byte."""
    files.make(FTS + FAMILY, "DELETE FROM notes; VACUUM")
    known = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files.folder.iterdir()}
    compare(files.before, files.after)
    assert known == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files.folder.iterdir()
    }


def test_a_thousand_tables_take_no_time(files):
    """Bar: 0.2 s; four times that here, for a busy machine."""
    tables = "".join(
        f'CREATE TABLE "t {at}"(id INTEGER PRIMARY KEY, v TEXT);' for at in range(1000)
    )
    files.make(f"BEGIN; {tables} COMMIT", 'ALTER TABLE "t 7" ADD COLUMN w')
    started = time.perf_counter()
    evidence = files.compare()
    assert time.perf_counter() - started < 0.8
    assert len(evidence.tables) == 1000
    assert [table.name for table in evidence.tables if table.kind != "untouched"] == ["t 7"]


@pytest.mark.parametrize(
    ("virtual", "table"),
    [
        ("docs USING fts5(body, content='docs_content', content_rowid='id')", "docs_content"),
        ("docs USING fts4(body, content=docs_content)", "docs_content"),
        ("mail USING fts3(body)", "mail_docsize"),
    ],
)
def test_a_table_that_is_only_called_like_a_shadow_table_is_data(files, virtual, table):
    """SQLite goes by the name alone, and marks such a table for a shadow."""
    files.make(
        f"CREATE TABLE {table}(id INTEGER PRIMARY KEY, body TEXT);"
        f"INSERT INTO {table} VALUES (1, 'hello'), (2, 'world'); CREATE VIRTUAL TABLE {virtual};",
        f"DELETE FROM {table}",
    )
    assert files.table(table).removed == 2


def test_a_virtual_table_that_came_hides_no_table_of_the_file_before(files):
    """Two attached files share what SQLite knows of shadow names."""
    files.make(
        "CREATE TABLE docs_data(id INTEGER PRIMARY KEY, a); INSERT INTO docs_data VALUES (1, 2);",
        "DROP TABLE docs_data; CREATE VIRTUAL TABLE docs USING fts5(body)",
    )
    (loss,) = losses(files.compare())
    assert (loss.kind, loss.table, loss.count) == ("table-dropped", "docs_data", 1)


@pytest.mark.parametrize(
    "using", ['"fts5"(a)', "[fts5](a)", "'fts5' (a)", "/* it */ fts5 (a)", "[rtree](a, b, c)"]
)
def test_the_module_s_name_may_be_quoted(files, using):
    """A row that is deleted is gone, whatever the text looks like."""
    files.make(
        f"CREATE VIRTUAL TABLE ft USING {using}; INSERT INTO ft(rowid) VALUES (1), (2);",
        "DELETE FROM ft WHERE rowid = 2",
    )
    assert files.table("ft").removed == 1
    assert files.compare().not_compared == ()


@pytest.mark.parametrize("using", ["fts5(a, content='')", 'fts4(a, content="")'])
def test_documents_of_an_index_without_content_are_counted(files, using):
    """It cannot be made again from anything; what it holds is told by its table of sizes."""
    filled = "INSERT INTO ft(rowid, a) VALUES (1, 'x'), (2, 'y');"
    made = f"CREATE VIRTUAL TABLE ft USING {using}; {filled}"
    forget = "DELETE FROM ft_docsize"
    if "fts5" in using:
        forget = "INSERT INTO ft(ft) VALUES ('delete-all')"
    files.make(made, forget)
    (loss,) = losses(files.compare())
    assert (loss.kind, loss.table, loss.count) == ("rows-removed", "ft_docsize", 2)


def test_an_index_without_content_that_is_dropped_is_told_by_the_review_alone(files):
    files.make(
        "CREATE VIRTUAL TABLE ft USING fts5(a, content='');"
        "INSERT INTO ft(rowid, a) VALUES (1, 'x');",
        "DROP TABLE ft",
    )
    assert losses(files.compare()) == ()


def test_a_renamed_virtual_table_is_no_loss(files):
    files.make(FTS, "ALTER TABLE own RENAME TO texts; ALTER TABLE box RENAME TO boxes")
    evidence = files.compare()
    assert losses(evidence) == ()
    assert (evidence.table("texts").was, evidence.table("boxes").was) == ("own", "box")
