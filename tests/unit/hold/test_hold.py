"""While the database is held nobody else can write it, and whoever is in the way is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from drydock import backup, connection, hold
from drydock.connection import DatabaseLocked, NotADatabase
from drydock.errors import ExitCode
from tests.support.databases import ODD, ask, beside, change, dump, populate, quoted
from tests.support.namespaces import run_mounted
from tests.support.stray import Stray

TABLE = quoted(ODD)


both_modes = pytest.mark.parametrize("mode", ["delete", "wal"])


@pytest.fixture
def make(tmp_path):
    return lambda mode: populate(tmp_path / "the l%ve å?.db", mode=mode)


def take(path, *, timeout=0.2, announce=lambda _: None):
    return hold.take(path, timeout=timeout, announce=announce)


@both_modes
def test_nobody_writes_and_everybody_reads_while_it_is_held(make, mode):
    """An outside writer gets "locked" instead of losing its write."""
    live = make(mode)
    held = take(live)
    with Stray(live) as stray:
        assert stray.sql(f"SELECT count(*) FROM {TABLE}") == [[50]]
        with pytest.raises(sqlite3.OperationalError, match="SQLITE_BUSY"):
            stray.sql(f"DELETE FROM {TABLE}")
        held.release()
        held.release()
        stray.sql(f"DELETE FROM {TABLE} WHERE id = 1")
    assert ask(live, f"SELECT count(*) FROM {TABLE}") == [(49,)]


@both_modes
def test_it_is_out_of_wal_mode_and_the_mode_it_had_was_told_before(make, mode):
    """Were we killed after the change, the next command would know the mode to restore."""
    live = make(mode)
    told = []
    held = take(live, announce=lambda was: told.append((was, live.read_bytes()[18])))
    assert told == [(mode, 2 if mode == "wal" else 1)]
    assert held.journal_mode == mode
    held.release()
    assert live.read_bytes()[18:20] == b"\x01\x01"
    assert beside(live) == []


@both_modes
def test_f01_the_lock_survives_a_backup(make, mode):
    """Closing a descriptor of the live file in this process would drop SQLite's locks."""
    live = make(mode)
    held = take(live)
    backup.take(live, live.parent / "backups", purpose="migrate", hold=held)
    backup.content_digest(live)
    with Stray(live) as stray, pytest.raises(sqlite3.OperationalError, match="SQLITE_BUSY"):
        stray.sql("INSERT INTO log VALUES ('lost')")
    held.release()


def test_f45_an_idle_connection_in_wal_mode_is_found_and_named(make):
    """Renaming over it would leave it with the old file; it and the mode stay as they were."""
    live = make("wal")
    with Stray(live) as stray:
        stray.sql("SELECT count(*) FROM log")
        with pytest.raises(DatabaseLocked) as caught:
            take(live)
        assert f"pid {stray.pid}" in "\n".join(caught.value.cause)
        assert caught.value.exit_code is ExitCode.BUSY
        assert stray.sql("PRAGMA journal_mode") == [["wal"]]
        stray.sql("INSERT INTO log VALUES ('goes on')")


@pytest.mark.parametrize("how", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@both_modes
def test_f37_a_writer_that_does_not_let_go_is_named(make, mode, how):
    """Whether it only has the write lock or keeps readers out as well."""
    live = make(mode)
    with Stray(live) as stray:
        stray.sql(how)
        with pytest.raises(DatabaseLocked) as caught:
            take(live)
        assert str(live) in caught.value.what
        assert f"pid {stray.pid}" in "\n".join(caught.value.cause)
        stray.sql("INSERT INTO log VALUES ('its own')")
        stray.sql("COMMIT")
    assert ("its own",) in ask(live, "SELECT what FROM log")


def test_a_long_reader_in_delete_mode_does_not_stand_in_the_way(make):
    """It reads on, of the state it began with."""
    live = make("delete")
    with Stray(live) as stray:
        stray.sql("BEGIN")
        stray.sql("SELECT count(*) FROM log")
        take(live).release()
        assert stray.sql("SELECT count(*) FROM log") == [[1]]


def read_as_it_lies(live):
    """Return the parents of all children, past the journal: what half a transaction left."""
    with closing(sqlite3.connect(f"{live.as_uri()}?immutable=1", uri=True)) as db:
        return db.execute("SELECT parent, count(*) FROM child GROUP BY +parent").fetchall()


def test_f03_a_journal_left_by_a_killed_writer_is_rolled_back_first(make):
    """The file holds half of a transaction; the backup of it holds none."""
    live = make("delete")
    before = dump(live)
    with Stray(live) as stray:
        stray.sql("PRAGMA cache_size=1")
        stray.sql("BEGIN")
        stray.sql("UPDATE child SET parent = 1")
        stray.sql(f"UPDATE {TABLE} SET x = zeroblob(3000)")  # drives what was changed to the file
        stray.kill()
    assert beside(live) == ["-journal"]
    assert read_as_it_lies(live) == [(1, 50)]
    held = take(live)
    taken = backup.take(live, live.parent / "backups", purpose="migrate", hold=held)
    held.release()
    assert dump(taken.file) == dump(live) == before
    assert beside(live) == []


def test_f02_what_a_killed_writer_committed_to_the_wal_is_in_the_backup(make):
    """Copying the file alone would lose it."""
    live = make("wal")
    with Stray(live) as stray:
        stray.sql(f"INSERT INTO {TABLE} (x) VALUES ('only in the wal')")
        stray.kill()
    assert beside(live) == ["-wal", "-shm"]
    held = take(live)
    taken = backup.take(live, live.parent / "backups", purpose="migrate", hold=held)
    held.release()
    assert ask(taken.file, f"SELECT count(*) FROM {TABLE} WHERE x = 'only in the wal'") == [(1,)]
    assert beside(live) == []


def test_a_file_that_is_no_database_is_not_held(tmp_path):
    """Nothing is announced, because nothing was changed."""
    path = tmp_path / "letter.db"
    path.write_text("Dear reader, " * 20)
    with pytest.raises(NotADatabase, match="cannot be read as a SQLite database"):
        take(path, announce=lambda _: pytest.fail("announced"))


def test_a_failed_announcement_lets_the_database_go(make):
    """A full disk may keep the record from being written."""

    def fail(_):
        raise OSError(28, "No space left on device")

    live = make("wal")
    with pytest.raises(OSError, match="No space"):
        take(live, announce=fail)
    change(live, "INSERT INTO log VALUES ('free')")
    assert ask(live, "PRAGMA journal_mode") == [("wal",)]


READ_ONLY = """
import sys
from pathlib import Path
from drydock import hold
try:
    hold.take(Path(sys.argv[1]), timeout=0, announce=print)
except hold.NotWritable as error:
    print(error.what, error.cause, error.hint)
"""


@both_modes
def test_f36_a_read_only_file_system_is_told_before_anything_is_touched(make, mode):
    """In DELETE mode SQLite accepts BEGIN IMMEDIATE there; only the first write would fail."""
    live = make(mode)
    mounts = 'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"'
    said = run_mounted(mounts, READ_ONLY, live, live.parent)
    assert f"{live} cannot be written; nothing was touched" in said
    assert "is mounted read-only" in said
    assert "ls -ld" in said


def test_f04_a_wal_that_cannot_be_removed_is_told(make):
    """SQLite says nothing, goes on with it, and calls that DELETE mode."""
    live = make("wal")
    with Stray(live) as stray:
        stray.sql("INSERT INTO log VALUES ('only in the -wal')")
        stray.kill()
    said = run_mounted('mount --bind "$1-wal" "$1-wal"', READ_ONLY, live)
    assert f"{live} cannot be written; nothing was touched" in said
    assert f"{live.name}-wal could not be removed" in said
    assert ("only in the -wal",) in ask(live, "SELECT what FROM log")


def test_the_journal_mode_is_put_back(make):
    """WAL outlives a connection; nothing else does."""
    live = make("wal")
    take(live).release()
    assert hold.restore_journal_mode(live, "wal", timeout=0)
    assert ask(live, "PRAGMA journal_mode") == [("wal",)]
    assert beside(live) == []


def test_a_journal_mode_that_cannot_be_put_back_is_told_not_raised(make):
    """Somebody who has it open already chose its mode."""
    live = make("delete")
    with Stray(live) as stray:
        stray.sql("BEGIN")
        stray.sql("SELECT count(*) FROM log")
        assert not hold.restore_journal_mode(live, "wal", timeout=0)
        assert hold.restore_journal_mode(live, "delete", timeout=0)


def test_the_database_is_held_through_a_symbolic_link_in_its_folder(make, tmp_path):
    """Locks are on the file, whatever name led to it (F08)."""
    live = make("delete")
    link = tmp_path / "link"
    link.symlink_to(live)
    held = take(connection.require_file(link))
    assert held.path == Path(live)
    held.release()


@pytest.mark.parametrize("times", [1, 2])
def test_a_wal_that_another_program_has_just_made_anew_is_waited_for(make, monkeypatch, times):
    """One that was about to close the database; the mode that it had is told each time."""
    live = make("wal")
    leave, left, told = hold._leave_wal, [], []

    def and_make_it_anew(*arguments):
        leave(*arguments)
        left.append(arguments)
        if len(left) <= times:
            Path(f"{live}-wal").touch()

    monkeypatch.setattr(hold, "_leave_wal", and_make_it_anew)
    held = take(live, timeout=5, announce=told.append)
    assert told == ["wal"] * (times + 1)
    assert held.journal_mode == "wal"
    assert not Path(f"{live}-wal").exists()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        change(live, "INSERT INTO log VALUES ('x')")
    held.release()
