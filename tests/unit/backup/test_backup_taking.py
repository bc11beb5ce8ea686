"""A backup is whole, proved, private, and leaves nothing behind when it is not."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from drydock import backup, connection, hold
from drydock.backup import BackupFailed, DatabaseDamaged, copying, proving, taking
from drydock.errors import ExitCode, Interrupted
from tests.support.databases import ODD, ask, beside, change, dump, populate, quoted
from tests.support.namespaces import run_mounted
from tests.support.stray import Stray

TABLE = quoted(ODD)
both_modes = pytest.mark.parametrize("mode", ["delete", "wal"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


def held_backup(live, folder):
    held = hold.take(live, timeout=0.2, announce=lambda _: None)
    try:
        return backup.take(live, folder, purpose="migrate", hold=held)
    finally:
        held.release()


def test_of_much_damage_the_beginning_is_told():
    """SQLite tells a hundred damaged cells in one row, which would scroll the state away."""
    error = DatabaseDamaged(Path("/a b.db"), ["\n".join(f"cell {n}" for n in range(99))])
    assert error.cause == [*(f"cell {n}" for n in range(5)), "and 94 more"]
    assert "sqlite3 '/a b.db' REINDEX" in error.hint


def names(folder):
    return sorted(each.name for each in folder.iterdir() if each.name != ".gitignore")


@both_modes
@pytest.mark.parametrize("is_held", [True, False], ids=["held", "beside the application"])
def test_a_backup_is_its_source_in_one_file_that_nobody_else_can_read(
    tmp_path, folder, mode, is_held
):
    """In DELETE mode, whatever its source's is: reading it leaves no -wal and -shm with it."""
    live = populate(tmp_path / "the l%ve å?.db", mode=mode)
    live.chmod(0o666)
    take = held_backup if is_held else lambda *a: backup.take(*a, purpose="backup")
    taken = take(live, folder)
    assert dump(taken.file) == dump(live)
    assert backup.verify(taken) == []
    assert names(taken.folder) == sorted([live.name, "manifest.json"])
    assert taken.file.read_bytes()[18:20] == b"\x01\x01"
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (folder, taken.folder, taken.file)]
    assert modes == [0o700, 0o700, 0o600]
    assert taken.manifest.rows == {ODD: 50, "child": 50, "log": 1}
    assert taken.manifest.journal_mode == mode
    assert taken.manifest.compared == ("pages" if is_held else "rows")
    assert backup.proved(folder) == (taken,)


def test_f02_a_backup_beside_a_running_application_has_what_is_in_its_wal(tmp_path, folder):
    """And not what it has not committed yet."""
    live = populate(tmp_path / "live.db", mode="wal")
    with Stray(live) as stray:
        stray.sql("INSERT INTO log VALUES ('committed')")
        stray.sql("BEGIN")
        stray.sql("INSERT INTO log VALUES ('not yet')")
        taken = backup.take(live, folder, purpose="backup")
        stray.sql("COMMIT")
    assert ask(taken.file, "SELECT what FROM log") == [("made",), ("committed",)]


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "beside the application"])
@pytest.mark.parametrize("page", [4, 5, 9])
def test_f35_damage_that_was_there_before_is_told_as_such(tmp_path, folder, page, is_held):
    """The backup API copies a broken page and says ok."""
    live = populate(tmp_path / "live.db", rows=2000)
    data = bytearray(live.read_bytes())
    data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    live.write_bytes(data)
    take = held_backup if is_held else lambda *a: backup.take(*a, purpose="backup")
    with pytest.raises(DatabaseDamaged) as caught:
        take(live, folder)
    assert caught.value.what == f"{live} is damaged already; nothing was changed"
    assert caught.value.cause
    assert "inv backups" in caught.value.hint
    assert caught.value.exit_code is ExitCode.REFUSED
    assert names(folder) == []


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "beside the application"])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_an_order_that_only_the_application_knows_is_no_damage(
    tmp_path, folder, is_held, is_damaged
):
    """SQLite's error reads as if it were some; a broken page is told all the same."""
    live = populate(tmp_path / "live.db", rows=2000)
    with closing(sqlite3.connect(live)) as db, db:
        db.create_collation("swedish", lambda a, b: (a < b) - (a > b))
        db.create_function("slug", 1, str, deterministic=True)
        db.execute("CREATE TABLE k (k TEXT COLLATE swedish PRIMARY KEY, v) WITHOUT ROWID")
        db.executemany("INSERT INTO k VALUES (?, 1)", [(f"å{n}",) for n in range(500)])
        db.execute("CREATE TABLE ruled (v COLLATE swedish UNIQUE CHECK (slug(v) <> 'no'))")
        db.execute("CREATE INDEX i ON ruled (slug(v))")
        db.executemany("INSERT INTO ruled VALUES (?)", [(n,) for n in range(500)])
    if is_damaged:
        data = bytearray(live.read_bytes())
        data[5 * 4096 : 5 * 4096 + 64] = b"\xa5" * 64
        live.write_bytes(data)
    take = held_backup if is_held else lambda *a: backup.take(*a, purpose="backup")
    if is_damaged:
        with pytest.raises(DatabaseDamaged):
            take(live, folder)
        return
    taken = take(live, folder)
    assert (taken.manifest.rows["k"], taken.manifest.rows["ruled"]) == (500, 500)


def test_rows_that_break_a_check_are_no_damage(tmp_path, folder):
    """A migration may be there to mend them."""
    live = populate(tmp_path / "live.db")
    change(
        live,
        "CREATE TABLE strict (x INTEGER CHECK (x > 0)); PRAGMA ignore_check_constraints=ON;"
        "INSERT INTO strict VALUES (-1);",
    )
    assert held_backup(live, folder).manifest.rows["strict"] == 1


def test_rows_that_are_null_where_they_must_not_be_are_no_damage(tmp_path, folder):
    """An older SQLite, or an edit of the schema, let them in."""
    live = populate(tmp_path / "live.db")
    change(
        live,
        "CREATE TABLE loose (x); INSERT INTO loose VALUES (NULL); PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE loose (x NOT NULL)' WHERE name = 'loose'",
    )
    assert held_backup(live, folder).manifest.rows["loose"] == 1


def test_a_copy_that_differs_from_its_source_is_no_backup(tmp_path, folder, monkeypatch):
    """One bit, turned while it was written."""
    live = populate(tmp_path / "live.db")

    def turn_a_bit(point):
        if point == "backup-2":
            (partial,) = folder.glob("*/*.partial")
            data = bytearray(partial.read_bytes())
            data[-1] ^= 1
            partial.write_bytes(data)

    monkeypatch.setattr(taking, "reach", turn_a_bit)  # the crash point
    with pytest.raises(BackupFailed, match=r"the backup of live\.db failed; nothing was changed"):
        held_backup(live, folder)
    assert names(folder) == []


FULL = """
import sys
from pathlib import Path
from drydock import backup, connection, hold
live, folder = map(Path, sys.argv[1:])
held = hold.take(live, timeout=0.2, announce=lambda _: None)
try:
    backup.take(live, folder, purpose="migrate", hold=held)
except backup.BackupFailed as error:
    print(error.what, error.cause, error.hint)
print(list(folder.iterdir()), backup.proved(folder))
"""


@pytest.mark.parametrize("size", ["16k", "200k"])
def test_f29_a_full_disk_leaves_no_backup_that_only_looks_like_one(tmp_path, folder, size):
    """A 0-byte "backup" opens as a valid, empty database."""
    live = populate(tmp_path / "live.db", rows=5000)
    folder.mkdir()
    said = run_mounted(f'mount -t tmpfs -o size={size} none "$2"', FULL, live, folder)
    assert "the backup of live.db failed; nothing was changed ['" in said
    assert "full" in said or "No space left" in said
    assert said.endswith("[] ()\n")


KILLED = """
import sys
from pathlib import Path
from drydock import backup
backup.take(Path(sys.argv[1]), Path(sys.argv[2]), purpose="backup")
"""


@pytest.mark.parametrize("point", ["backup-1", "backup-2", "backup-3"])
def test_f29_killed_before_its_manifest_it_is_not_a_backup(tmp_path, folder, point):
    """And does not stand in the way of the next."""
    live = populate(tmp_path / "live.db")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, live, folder],
        env={**os.environ, "DRYDOCK_FAULT": f"kill:{point}"},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert backup.proved(folder) == ()
    assert len(backup.unproved(folder)) == 1
    taken = backup.take(live, folder, purpose="backup")
    assert backup.proved(folder) == (taken,)
    assert taken.manifest.sequence == 1


def test_f32_backups_of_one_second_have_names_and_places_of_their_own(
    tmp_path, folder, monkeypatch
):
    """The sequence tells their order."""
    monkeypatch.setattr(taking.record, "stamp_now", lambda: "20261123T101502Z")  # the clock
    live = populate(tmp_path / "live.db")
    taken = [backup.take(live, folder, purpose="backup") for _ in range(3)]
    assert [each.id for each in taken] == [f"20261123T101502Z{end}" for end in ("", "-2", "-3")]
    assert [each.manifest.sequence for each in taken] == [1, 2, 3]
    assert backup.proved(folder) == tuple(taken)


def test_f26_an_interrupt_during_the_proof_is_not_told_as_damage(tmp_path, monkeypatch, folder):
    """A signal's own exception is lost in SQLite's callback; "interrupted" is all that is left."""
    live = populate(tmp_path / "live.db")
    monkeypatch.setattr(
        proving.connection,
        "stop_when",
        lambda copy, _: copy.set_progress_handler(lambda: 1 / 0, 1),
    )
    with pytest.raises(Interrupted, match=r"stopped by Ctrl-C or another signal"):
        backup.take(live, folder, purpose="backup")
    assert names(folder) == []


def test_the_database_that_was_read_is_left_as_it_was(tmp_path, folder):
    """Not a byte of it, and nothing beside it."""
    live = populate(tmp_path / "live.db", mode="wal")
    before = live.read_bytes()
    backup.take(live, folder, purpose="backup")
    assert live.read_bytes() == before
    assert beside(live) == []


def test_the_manifest_counts_migrations_and_names_the_last(tmp_path, folder):
    """So that a list of backups says what each is from before."""
    live = populate(tmp_path / "live.db")
    assert held_backup(live, folder).manifest.migrations == 0
    change(
        live,
        "CREATE TABLE _drydock_ledger (sequence, name, checksum, applied_at, seconds, run);"
        "INSERT INTO _drydock_ledger VALUES (1, '001_a', '', '', 0, '');"
        "INSERT INTO _drydock_ledger VALUES (2, '002_b', '', '', 0, '');",
    )
    manifest = held_backup(live, folder).manifest
    assert (manifest.migrations, manifest.last_migration) == (2, "002_b")


def test_a_backup_has_no_name_before_it_is_proved(tmp_path, folder):
    """Its proof goes on while its caller does something else, and may yet fail."""
    live = populate(tmp_path / "live.db", rows=2000)
    held = hold.take(live, timeout=0.2, announce=lambda _: None)
    begun = backup.begin(live, folder, purpose="migrate", hold=held)
    held.release()
    assert backup.proved(folder) == ()
    assert begun.file.read_bytes() == live.read_bytes()
    taken = begun.finish()
    assert begun.is_over
    assert backup.proved(folder) == (taken,)
    assert (taken.id, names(taken.folder)) == (begun.id, ["live.db", "manifest.json"])


def test_a_backup_that_is_given_up_leaves_nothing(tmp_path, folder):
    """Neither the copy nor a process or a thread that goes on with its proof."""
    live = populate(tmp_path / "live.db", rows=2000)
    begun = backup.begin(live, folder, purpose="backup")
    begun.abandon()
    assert begun.is_over
    assert names(folder) == []


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "beside the application"])
def test_what_the_disk_refuses_while_it_is_copied_is_told(tmp_path, folder, monkeypatch, is_held):
    """The system tells a failed write once; the last sync would not hear of it (F38)."""
    live = populate(tmp_path / "live.db")
    asked = threading.Event()

    sync = os.fsync

    def refuse(descriptor):
        if asked.is_set():
            return sync(descriptor)
        asked.set()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(copying, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(copying.os, "fsync", refuse)  # the fault
    copied = (copying.select, "select") if is_held else (copying.connection, "copy_target")
    whole = getattr(*copied)
    monkeypatch.setattr(*copied, lambda *words: asked.wait(10) and whole(*words))
    take = held_backup if is_held else lambda *a: backup.take(*a, purpose="backup")
    with pytest.raises(BackupFailed) as caught:
        take(live, folder)
    assert "Input/output error" in caught.value.cause[0]
    assert names(folder) == []


def test_it_waits_for_a_lock_as_long_as_it_is_told(tmp_path, folder):
    """And not for a time of its own."""
    live = populate(tmp_path / "app.db", mode="delete")
    with Stray(live) as stray:
        stray.sql("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(connection.DatabaseLocked):
            backup.take(live, folder, purpose="backup", timeout=0.1)
        assert time.monotonic() - began < 3
    assert names(folder) == []
