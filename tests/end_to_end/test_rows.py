"""Undo beyond the whole database: rows brought back, new rows kept, two databases compared."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.errors import ExitCode
from tests.support.stray import Stray


def write(project, *statements: str) -> None:
    """Do what the application would do: write with foreign keys on."""
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute("PRAGMA foreign_keys=ON")
        for statement in statements:
            db.execute(statement)


def test_restore_rows_brings_back_what_was_deleted_and_what_was_changed(project):
    """By key: inserted or updated, shown first, with a backup of its own; nothing else changes."""
    assert project.inv("backup").returncode == 0
    before = project.rows("SELECT * FROM owner ORDER BY id")
    items = project.rows("SELECT count(*) FROM item WHERE owner_id <> 3")
    write(project, "DELETE FROM owner WHERE id = 3", "UPDATE owner SET name = 'x' WHERE id = 4")
    asked = project.inv("restore-rows", "owner", "--where", "id IN (3, 4)")
    assert asked.returncode == ExitCode.REFUSED
    assert "1 to insert, 1 to update" in asked.stderr
    done = project.inv("restore-rows", "owner", "--where", "id IN (3, 4)", "--yes")
    assert done.returncode == 0, done.stderr
    assert project.rows("SELECT * FROM owner ORDER BY id") == before
    assert project.rows("SELECT count(*) FROM item") == items
    assert len(project.backups()) == 2


def test_restore_rows_refuses_children_whose_parent_is_gone(project):
    """A foreign key that would break stops it, with nothing changed."""
    assert project.inv("backup").returncode == 0
    write(project, "DELETE FROM owner WHERE id = 3")
    before = project.dump()
    refused = project.inv("restore-rows", "item", "--where", "owner_id = 3", "--yes")
    assert refused.returncode == ExitCode.REFUSED
    assert "foreign key" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert project.dump() == before
    unknown = project.inv("restore-rows", "itm", "--yes")
    assert unknown.returncode == ExitCode.REFUSED
    assert "there is no table itm" in unknown.stderr


def test_restore_rows_says_where_rows_come_from_and_never_from_its_own_backup(project):
    """A second call reads what the first one read; that backup is not deleted for its own."""
    project.settings("keep = 1")
    assert project.inv("backup").returncode == 0
    (source,) = project.backups()
    write(project, "UPDATE owner SET name = 'wrong ' || id")
    first = project.inv("restore-rows", "owner", "--where", "id = 3", "--yes")
    assert f"rows from {source} (of " in first.stderr
    second = project.inv("restore-rows", "owner", "--where", "id = 4", "--yes")
    assert f"rows from {source} (of " in second.stderr
    assert project.rows("SELECT name FROM owner WHERE id IN (3, 4)") == [
        ("Owner 3",),
        ("Owner 4",),
    ]


def test_restore_rows_reads_no_damaged_backup(project):
    """Rows of a backup that is not what was proved are nobody's; nothing is changed."""
    assert project.inv("backup").returncode == 0
    (source,) = project.backups()
    (file,) = (project.root / "backups" / source).glob("*.db")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    write(project, "UPDATE owner SET name = 'since ' || id")
    before = project.dump()
    for command in (["restore-rows", "owner", "--yes"], ["diff", source, "live"]):
        refused = project.inv(*command)
        assert refused.returncode == ExitCode.DIFFERENT
        assert "a backup is damaged" in refused.stderr
    assert project.dump() == before


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_restore_rows_names_who_has_the_database(project, how):
    """Whether it can be read meanwhile or not; no row is refused by the table."""
    assert project.inv("backup").returncode == 0
    write(project, "DELETE FROM owner WHERE id = 3")
    with Stray(project.database) as stray:
        stray.sql(f"BEGIN {how}")
        refused = project.inv("restore-rows", "owner", "--yes")
    assert refused.returncode == ExitCode.BUSY, refused.stderr
    assert "database is locked" in refused.stderr
    assert f"pid {stray.pid}" in refused.stderr
    assert project.rows("SELECT count(*) FROM owner WHERE id = 3") == [(0,)]


def test_restore_rows_names_the_triggers_that_fire(project):
    """And keeps them silent where that is asked."""
    write(
        project,
        "CREATE TRIGGER told AFTER UPDATE ON owner BEGIN INSERT INTO log(item_id) VALUES (1); END",
    )
    assert project.inv("backup").returncode == 0
    write(project, "UPDATE owner SET name = 'x' WHERE id = 4")
    logged = project.rows("SELECT count(*) FROM log")
    asked = project.inv("restore-rows", "owner")
    assert "trigger told, which writes to log, fires" in asked.stderr
    done = project.inv("restore-rows", "owner", "--no-triggers", "--yes")
    assert "trigger told, which writes to log, is kept silent" in done.stderr
    assert done.returncode == 0
    assert project.rows("SELECT name FROM owner WHERE id = 4") == [("Owner 4",)]
    assert project.rows("SELECT count(*) FROM log") == logged


def test_rollback_keeps_new_rows_where_the_old_schema_has_their_columns(project):
    """Rows written since the run are in the restored database; what has no place is told."""
    assert project.inv("migrate", "--yes").returncode == 0
    write(
        project,
        "INSERT INTO owner (id, name) VALUES (77, 'New owner')",
        "INSERT INTO item (id, owner_id, name, tag) VALUES (9001, 77, 'new item', 'blue')",
        "UPDATE item SET price = 99 WHERE id = 1",
    )
    back = project.inv("rollback", "--yes", "--keep-new-rows")
    assert back.returncode == 0, back.stderr
    assert project.applied() == ["001_start"]
    assert project.rows("SELECT name FROM owner WHERE id = 77") == [("New owner",)]
    assert project.rows("SELECT owner_id, name FROM item WHERE id = 9001") == [(77, "new item")]
    assert project.rows("SELECT price FROM item WHERE id = 1") == [(99,)]
    assert "1 value of tag left" in back.stderr
    assert project.rows("PRAGMA foreign_key_check") == []
    assert project.rows("PRAGMA integrity_check") == [("ok",)]
    assert project.left_over() == []


def test_a_new_row_never_takes_the_place_of_one_that_the_run_had_deleted(project):
    """A reused key is another row: it is left in the kept file, and told."""
    (project.migrations / "005_clear.sql").write_text("DELETE FROM log WHERE item_id > 0;\n")
    (project.migrations / "006_gone.sql").write_text("DELETE FROM owner WHERE id = 8;\n")
    write(project, "DELETE FROM item WHERE owner_id = 8")
    assert project.inv("migrate", "--yes").returncode == 0
    write(project, "INSERT INTO owner (id, name) VALUES (8, 'Another eighth')")
    back = project.inv("rollback", "--yes", "--keep-new-rows")
    assert back.returncode == 0, back.stderr
    assert project.rows("SELECT name FROM owner WHERE id = 8") == [("Owner 8",)]
    assert "another row of owner stands under their key" in back.stderr


def test_a_second_rollback_goes_to_the_run_before(project):
    """A run that was taken back is not taken back again."""
    assert project.inv("migrate", "--yes", "--to", "002").returncode == 0
    assert project.inv("migrate", "--yes").returncode == 0
    assert project.inv("rollback", "--yes").returncode == 0
    assert project.applied() == ["001_start", "002_add_tag"]
    assert project.inv("rollback", "--yes").returncode == 0
    assert project.applied() == ["001_start"]
    nothing = project.inv("rollback", "--yes")
    assert nothing.returncode == ExitCode.USAGE
    assert "no run has migrated this database" in nothing.stderr


def test_diff_tells_schema_and_rows_between_a_backup_and_the_live_database(project):
    """Signs for the schema, counts for the rows, and nothing is written."""
    assert project.inv("migrate", "--yes").returncode == 0
    name = project.backups()[0]
    before = project.database.read_bytes()
    told = project.inv("diff", name, "live")
    assert told.returncode == 0, told.stderr
    assert "+ item.tag" in told.stdout
    assert "+ shop" in told.stdout
    assert project.database.read_bytes() == before
    missing = project.inv("diff", "nowhere", "live")
    assert missing.returncode == ExitCode.USAGE
    assert "neither live, nor a backup, nor a database file" in missing.stderr


def test_restore_with_output_copies_a_backup_out_and_touches_nothing_else(project):
    """A backup can be looked at without going back to it."""
    assert project.inv("backup").returncode == 0
    name = project.backups()[0]
    target = project.root / "look.db"
    assert project.inv("restore", name, "--output", str(target)).returncode == 0
    with closing(sqlite3.connect(target)) as db:
        assert db.execute("SELECT count(*) FROM item").fetchone() == (180,)
    again = project.inv("restore", name, "--output", str(target))
    assert again.returncode == ExitCode.USAGE
    assert "exists already" in again.stderr


def test_restore_rows_says_what_it_does_not_show_and_repeats_what_was_typed(project):
    """Five of six rows are no six, and a hint is to be typed."""
    assert project.inv("backup").returncode == 0
    (taken,) = project.backups()
    write(project, "DELETE FROM item WHERE id <= 6", "UPDATE owner SET name = name || '!'")
    refused = project.inv("restore-rows", "item")
    assert refused.returncode == ExitCode.REFUSED
    assert "6 to insert" in refused.stderr
    assert refused.stderr.count("note: + id=") == 5
    assert "note: + and 1 more\n" in refused.stderr
    assert "hint: agree on the command line: inv restore-rows item --yes\n" in refused.stderr
    refused = project.inv("restore-rows", "owner", "--where", "id < 9", "--from", taken)
    assert "note: ~ and 3 more\n" in refused.stderr
    told = " ".join(refused.stderr.split())
    assert f"inv restore-rows owner --where 'id < 9' --from {taken} --yes" in told
