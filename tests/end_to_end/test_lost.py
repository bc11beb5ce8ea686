"""The live database is gone or damaged: what a backup is for."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from drydock.errors import ExitCode
from tests.support.stray import Stray

DAMAGES = [
    *(("wal", kind) for kind in ("missing", "empty", "garbage", "truncated", "page")),
    *(("delete", kind) for kind in ("missing", "short", "page")),
]


@pytest.fixture
def mode(request):
    """One journal mode is enough where the file is not even read."""
    return getattr(request, "param", "wal")


def damage(project, kind) -> bytes | None:
    """Damage the live database; return what is there then, None for nothing."""
    for suffix in ("-wal", "-shm"):
        (project.root / f"app.db{suffix}").unlink(missing_ok=True)
    whole = project.database.read_bytes()
    if kind == "missing":
        project.database.unlink()
        return None
    table = project.root_page if kind == "page" else 0
    torn = whole[: table * 4096 + 8] + b"\xff" * 3000 + whole[table * 4096 + 3008 :]
    left = {
        "empty": b"",
        "short": b"SQLite format 3",
        "garbage": b"\xa5" * 9000,
        "truncated": whole[:4096],
        "page": torn,
    }[kind]
    project.database.write_bytes(left)
    return left


@pytest.fixture
def lost(project):
    """A migrated project that knows where a table's rows begin."""
    project.before = project.dump()
    assert project.inv("migrate", "--yes").returncode == 0
    root = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'owner'"
    project.root_page = project.rows(root)[0][0]
    return project


@pytest.mark.parametrize(("mode", "kind"), DAMAGES, indirect=["mode"])
def test_f07_a_lost_database_comes_back_and_what_was_left_of_it_is_kept(lost, mode, kind):
    """`inv rollback`, whatever stands in the live database's place."""
    left = damage(lost, kind)
    back = lost.inv("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert lost.dump() == lost.before
    assert lost.journal_mode() == mode
    kept = list(lost.root.glob(".drydock/app.db/runs/*/failed-app.db"))
    if left is None:
        assert kept == []
    else:
        # Where it opens still, the journal mode in its header was asked to be DELETE.
        assert [each.read_bytes()[100:] for each in kept] == [left[100:]]
        assert str(kept[0].relative_to(lost.root)) in back.stderr
        assert stat.S_IMODE(lost.database.stat().st_mode) == 0o640
    assert lost.left_over() == []


def test_f07_a_backup_by_name_and_what_may_be_recovered_beside_the_rest(lost):
    """A WAL that belongs to a damaged file is kept beside it, not replayed into the new one."""
    damage(lost, "garbage")
    (lost.root / "app.db-wal").write_bytes(b"frames")
    name = lost.backups()[0]
    asked = lost.inv("restore", name)
    assert asked.returncode == ExitCode.REFUSED
    assert "app.db cannot be read (file is not a database); what is there is kept" in asked.stderr
    back = lost.inv("restore", name, "--yes")
    assert back.returncode == 0, back.stderr
    assert lost.dump() == lost.before
    (kept,) = lost.root.glob(".drydock/app.db/runs/*/failed-app.db-wal")
    assert kept.read_bytes() == b"frames"
    assert "returned" in lost.inv("history").stdout
    assert lost.inv("migrate", "--yes").returncode == 0


def test_a_damaged_file_that_a_program_has_open_is_left_alone(lost):
    """Who writes to it would write to the kept one, and know nothing."""
    with Stray(lost.database) as stray:
        stray.sql("SELECT 1")
        lost.database.write_bytes(b"\xa5" * 9000)
        for suffix in ("-wal", "-shm"):
            (lost.root / f"app.db{suffix}").unlink(missing_ok=True)
        refused = lost.inv("rollback", "--yes")
    assert refused.returncode == ExitCode.BUSY, refused.stderr
    assert f"pid {stray.pid}" in refused.stderr
    assert lost.database.read_bytes() == b"\xa5" * 9000


def test_a_killed_run_does_not_keep_a_lost_database_from_coming_back(lost):
    """The record says publishing, and the live file cannot be asked how far it got."""
    assert lost.inv("rollback", "--yes", fault="kill:publish-3").returncode < 0
    damage(lost, "garbage")
    back = lost.inv("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert lost.dump() == lost.before


def test_a_kill_before_a_damaged_file_is_replaced_leaves_it_as_it_was(lost):
    """One name, its journal beside it, and the next command brings the backup."""
    left = damage(lost, "garbage")
    assert lost.inv("rollback", "--yes", fault="kill:return-1").returncode < 0
    assert lost.database.read_bytes() == left
    assert lost.database.stat().st_nlink == 1
    assert lost.inv("rollback", "--yes").returncode == 0
    assert lost.dump() == lost.before


def test_new_rows_of_a_damaged_database_are_not_silently_left(lost):
    """`--keep-new-rows` was asked for and cannot be done: nothing is, and the screen says how."""
    left = damage(lost, "page")
    refused = lost.inv("rollback", "--yes", "--keep-new-rows")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    assert "inv rollback" in refused.stderr
    assert lost.database.read_bytes()[100:] == left[100:]


@pytest.mark.parametrize("kind", ["missing", "empty", "garbage"])
def test_new_rows_of_an_unreadable_database_are_not_silently_left(lost, kind):
    """As with a damaged one: nothing is changed, and the way without the flag is told."""
    left = damage(lost, kind)
    refused = lost.inv("rollback", "--yes", "--keep-new-rows")
    assert refused.returncode == ExitCode.REFUSED, refused.stderr
    told = " ".join(refused.stderr.split())
    assert "cannot be read, so its new rows cannot be carried along; nothing was changed" in told
    assert f"inv rollback --to {lost.backups()[0]}" in told
    assert (lost.database.read_bytes() if lost.database.exists() else None) == left
    assert "stop-backend" not in lost.inv("history").stdout


def test_every_command_on_a_lost_database_says_how_it_comes_back(project):
    """Whoever reads `--create` first would have an empty database."""
    project.database.unlink()
    for word in ("backup", "verify-schema", "migrate", "status"):
        told = project.inv(word)
        assert told.returncode == ExitCode.USAGE, told.stderr
        assert "app.db does not exist; nothing was touched" in told.stderr
        assert "inv restore BACKUP" in told.stderr
    assert not project.database.exists()


def test_no_folder_is_made_for_a_database_that_is_elsewhere(project):
    """A disk that is not mounted: "nothing was touched" is to be true."""
    project.settings(database="nowhere/app.db")
    assert project.inv("backup").returncode == ExitCode.USAGE
    assert project.inv("rollback", "--yes").returncode == ExitCode.USAGE
    assert not (project.root / "nowhere").exists()


def test_the_database_that_was_kept_can_be_live_again(lost, mode):
    """Going back was wrong: the kept file is taken into the backups, and restored."""
    with closing(sqlite3.connect(lost.database)) as db, db:
        db.execute("INSERT INTO owner (id, name) VALUES (77, 'Written since')")
    new = lost.dump()
    assert lost.inv("rollback", "--yes").returncode == 0
    (kept,) = lost.root.glob(".drydock/app.db/runs/*/failed-app.db")
    rows = lost.inv("restore-rows", "owner", "--where", "id = 77", "--from", str(kept), "--yes")
    assert rows.returncode == 0, rows.stderr
    assert lost.rows("SELECT name FROM owner WHERE id = 77") == [("Written since",)]
    again = lost.inv("restore", str(kept.relative_to(lost.root)), "--yes")
    assert again.returncode == 0, again.stderr
    assert lost.dump() == new
    assert lost.journal_mode() == mode
    assert lost.inv("backups", "--verify").returncode == 0


def test_a_rollback_killed_behind_its_publish_is_not_repeated(lost):
    """The second one does not go to the same backup again: that run is taken back already."""
    assert lost.inv("rollback", "--yes", fault="kill:publish-5").returncode < 0
    assert lost.dump() == lost.before
    second = lost.inv("rollback", "--yes")
    assert second.returncode == ExitCode.USAGE, second.stderr
    assert "no run has migrated this database" in second.stderr
    assert lost.dump() == lost.before


def test_a_kill_between_the_second_name_and_the_rename_leaves_one_name(lost):
    """With two, every later publish would have to copy page by page (F09)."""
    assert lost.inv("rollback", "--yes", fault="kill:publish-3").returncode < 0
    (run,) = lost.root.glob(".drydock/app.db/runs/*/candidate.db")
    kept = run.with_name("failed-app.db")
    kept.hardlink_to(lost.database)
    moved = kept.with_name("failed-app.db-journal")
    moved.write_bytes(b"SQLite finds that it is no journal, and removes it")
    assert lost.inv("stop-backend").returncode == 0
    assert not kept.exists()
    assert not moved.exists()
    assert lost.database.stat().st_nlink == 1
