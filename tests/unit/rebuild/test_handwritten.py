"""A rebuild is recognised by its text, as people and tools spell it, and nothing else is."""

from __future__ import annotations

import pytest

from drydock.rebuild import handwritten
from drydock.script import split

PLAIN = (
    "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
    "INSERT INTO t_new SELECT id, a FROM t",
    "DROP TABLE t",
    "ALTER TABLE t_new RENAME TO t",
)


def found(*statements):
    return handwritten.find(statements)


def test_the_plain_form_is_read():
    """Every part of it, and where it ends."""
    rebuild = found(*PLAIN, "CREATE INDEX t_a ON t (a)", "SELECT 1", "CREATE INDEX t_b ON t (b)")
    assert rebuild.table == "t"
    assert rebuild.copy == handwritten.Copy("t_new", "t", (), ("id", "a"))
    assert rebuild.statements == (*PLAIN, "CREATE INDEX t_a ON t (a)")
    assert rebuild.indexes == ("t_a",)


def test_as_prisma_writes_it():
    """Its RedefineTables, with quotes, lists and a key check."""
    script = """
        PRAGMA foreign_keys=OFF;
        CREATE TABLE "new_User" (
            "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            "email" TEXT NOT NULL
        );
        INSERT INTO "new_User" ("email", "id") SELECT "email", "id" FROM "User";
        DROP TABLE "User";
        ALTER TABLE "new_User" RENAME TO "User";
        CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
        PRAGMA foreign_key_check;
        PRAGMA foreign_keys=ON;
        UPDATE "User" SET email = lower(email);
    """
    rebuild = found(*[each.text for each in split(script)][1:])
    assert rebuild.table == "User"
    assert rebuild.copy == handwritten.Copy("new_User", "User", ("email", "id"), ("email", "id"))
    assert rebuild.indexes == ("User_email_key", "", "")


def test_as_drizzle_writes_it():
    """With backticks, and the keys on again before the indexes."""
    rebuild = found(
        "CREATE TABLE `__new_t` (\n\t`id` integer PRIMARY KEY NOT NULL\n);\n",
        'INSERT INTO `__new_t`("id") SELECT "id" FROM `t`;',
        "DROP TABLE `t`;",
        "ALTER TABLE `__new_t` RENAME TO `t`;",
        "PRAGMA foreign_keys=ON;",
        "CREATE UNIQUE INDEX `t_a` ON `t` (`a`);",
    )
    assert rebuild.copy == handwritten.Copy("__new_t", "t", ("id",), ("id",))
    assert rebuild.indexes == ("", "t_a")


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        (0, "create table if not exists T_NEW /* why */ (id)"),
        (1, "insert into T_new (id, [a]) select T.id, `t`.a from T; -- all of it"),
        (1, "INSERT INTO t_new SELECT * FROM t;;"),
        (1, "INSERT INTO t_new SELECT t.* FROM t"),
        (2, "drop table if exists T"),
        (3, "alter table [T_NEW] rename to t"),
    ],
)
def test_other_spellings_of_the_same(place, statement):
    """Case, quotes, comments and qualifiers make no difference."""
    assert found(*PLAIN[:place], statement, *PLAIN[place + 1 :]) is not None


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        (0, "CREATE TABLE t_new AS SELECT * FROM t"),
        (0, "CREATE TEMP TABLE t_new (id)"),
        (0, "CREATE TABLE main.t_new (id)"),
        (0, "CREATE VIRTUAL TABLE t_new USING fts5(a)"),
        (0, "CREATE TABLE other (id)"),
        (1, "INSERT INTO other SELECT id, a FROM t"),
        (1, "INSERT OR IGNORE INTO t_new SELECT id, a FROM t"),
        (1, "INSERT INTO t_new SELECT id, a FROM other"),
        (1, "INSERT INTO t_new SELECT id, a FROM main.t"),
        (1, "INSERT INTO t_new SELECT id, a FROM t WHERE a > 1"),
        (1, "INSERT INTO t_new SELECT id, a FROM t ORDER BY rowid"),
        (1, "INSERT INTO t_new SELECT id, a FROM t, other"),
        (1, "INSERT INTO t_new SELECT id, a FROM t AS u"),
        (1, "INSERT INTO t_new SELECT DISTINCT id, a FROM t"),
        (1, "INSERT INTO t_new SELECT id, upper(a) FROM t"),
        (1, "INSERT INTO t_new SELECT id, a AS a FROM t"),
        (1, "INSERT INTO t_new SELECT id, 'a' FROM t"),
        (1, "INSERT INTO t_new SELECT id, 1 FROM t"),
        (1, "INSERT INTO t_new SELECT id, NULL FROM t"),
        (1, "INSERT INTO t_new SELECT id, current_timestamp FROM t"),
        (1, "INSERT INTO t_new SELECT id, other.a FROM t"),
        (1, "INSERT INTO t_new (t.id) SELECT id FROM t"),
        (1, "INSERT INTO t_new () SELECT id FROM t"),
        (1, "INSERT INTO t_new (id SELECT id FROM t"),
        (1, "INSERT INTO t_new VALUES (1, 2)"),
        (1, "INSERT INTO t_new SELECT id, a FROM t RETURNING id"),
        (2, "DROP TABLE other"),
        (2, "DROP TABLE main.t"),
        (2, "DROP VIEW t"),
        (3, "ALTER TABLE t_new RENAME TO u"),
        (3, "ALTER TABLE other RENAME TO t"),
        (3, "ALTER TABLE t_new RENAME COLUMN a TO t"),
        (3, "ALTER TABLE t_new ADD COLUMN b"),
    ],
)
def test_what_is_no_plain_rebuild(place, statement):
    """A doubt about any word of it is a no."""
    assert found(*PLAIN[:place], statement, *PLAIN[place + 1 :]) is None


@pytest.mark.parametrize("count", range(4))
def test_a_part_of_one(count):
    """All four statements, in this order, one behind the other."""
    assert found(*PLAIN[:count]) is None
    assert found(*PLAIN[:count], "SELECT 1", *PLAIN[count:]) is None


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX t_a ON other (a)",
        "CREATE INDEX main.t_a ON t (a)",
        "CREATE TRIGGER t_a AFTER INSERT ON t BEGIN SELECT 1; END",
        "PRAGMA legacy_alter_table=ON",
        "INSERT INTO t VALUES (1, 2)",
        "CREATE TABLE more (id)",
    ],
)
def test_what_does_not_belong_to_it_any_more(statement):
    """It ends before the statement."""
    rebuild = found(*PLAIN, statement, "CREATE INDEX t_a ON t (a)")
    assert rebuild.statements == PLAIN
    assert rebuild.indexes == ()
