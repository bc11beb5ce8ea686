"""A large backup is proved while the migrations run, and nothing is published before it is."""

from __future__ import annotations

import dataclasses
import errno
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from drydock import (
    backup,
    chain,
    connection,
    files,
    hold,
    publish,
    record,
    recovery,
    revival,
    settings,
    state,
)
from drydock.backup import BackupFailed, DatabaseDamaged, taking
from drydock.commands import rollback
from drydock.errors import Interrupted
from drydock.executor import MigrationFailed
from drydock.inspection import UndeclaredLoss
from drydock.steps import migrate, take_backup
from drydock.walk import Options, Walk
from tests.support.databases import ask, dump, populate
from tests.support.stray import Stray

GOOD = "ALTER TABLE log ADD COLUMN also TEXT;\nUPDATE log SET also = 'x';\n"
BAD = "CREATE TABLE twice (id INTEGER PRIMARY KEY);\n" + "INSERT INTO twice VALUES (1);\n" * 2
HIDDEN_LOSS = (
    "CREATE TABLE once (x);\n"
    "CREATE TRIGGER all_gone AFTER INSERT ON once BEGIN DELETE FROM log; END;\n"
    "INSERT INTO once VALUES (1);\n"
)


class Screen:
    """Keeps what a walk tells."""

    def __init__(self):
        self.told = {}
        self.notes = []

    def step_ended(self, step, detail, seconds, *, skipped):
        self.told[step] = detail

    def note(self, text):
        self.notes.append(text)

    def ask(self, question):
        return None

    def __getattr__(self, name):
        return lambda *a, **k: None


@pytest.fixture(autouse=True)
def as_if_large(monkeypatch):
    monkeypatch.setattr(take_backup, "AT_ONCE_BYTES", 0)


@pytest.fixture
def live(tmp_path):
    (tmp_path / "migrations").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "app.db"\n')
    return populate(tmp_path / "app.db", mode="wal", rows=2000)


@pytest.fixture
def walk(tmp_path, live):
    made = Walk(settings.load(tmp_path), Options(yes=True), Screen())
    yield made
    made.close()


def write(live, *texts):
    for number, text in enumerate(texts, start=1):
        (live.parent / "migrations" / f"{number:03}_m.sql").write_text(text)


def unsound(live):
    data = bytearray(live.read_bytes())
    data[9 * 4096 : 9 * 4096 + 64] = b"\xa5" * 64
    live.write_bytes(data)


def backups(live):
    return backup.proved(live.parent / "backups"), backup.unproved(live.parent / "backups")


def test_the_screen_says_proved_only_when_it_is(walk, live):
    """First that the proof goes on, then that it is over."""
    before = dump(live)
    write(live, GOOD)
    chain.walk_all(walk)
    (kept,), unproved = backups(live)
    assert walk.reporter.told["backup"].endswith("; its proof goes on)")
    assert f"the backup is proved: {kept.file}" in walk.reporter.notes
    assert (walk.backup, unproved) == (kept, ())
    assert dump(kept.file) == before
    assert ask(live, "SELECT also FROM log") == [("x",)]


def test_nothing_is_published_whose_backup_is_not_proved(walk, live, monkeypatch):
    """One bit, turned while it was copied, and found while the migrations ran."""
    before = dump(live)
    write(live, GOOD)

    def turn_a_bit(point):
        if point == "backup-2":
            (partial,) = live.parent.glob("backups/*/*.partial")
            data = bytearray(partial.read_bytes())
            data[-1] ^= 1
            partial.write_bytes(data)

    monkeypatch.setattr(taking, "reach", turn_a_bit)  # the crash point
    with pytest.raises(BackupFailed) as caught:
        chain.walk_all(walk)
    assert caught.value.cause == ["the copy differs from its source"]
    assert backups(live) == ((), ())
    assert dump(live) == before


@pytest.mark.parametrize("texts", [(GOOD,), (BAD,), (GOOD, BAD)], ids=["good", "bad", "both"])
def test_f35_damage_from_before_outranks_what_the_migrations_met(walk, live, texts):
    """Who has a broken database must not look for the fault in the migration."""
    unsound(live)
    before = live.read_bytes()
    write(live, *texts)
    with pytest.raises(DatabaseDamaged, match="is damaged already; nothing was changed"):
        chain.walk_all(walk)
    assert backups(live) == ((), ())
    assert live.read_bytes()[100:] == before[100:]  # the header says again: WAL


def test_a_proof_that_failed_ends_the_run_behind_the_migration_at_hand(walk, live, monkeypatch):
    """And not behind the last one, which may be an hour away."""
    unsound(live)
    write(live, GOOD, "CREATE TABLE second (x);", "CREATE TABLE third (x);")
    seen = []
    monkeypatch.setattr(
        walk.reporter, "progress", lambda what, *_: seen.append(what), raising=False
    )
    apply = migrate.executor.apply

    def slowly(*arguments, **options):
        while not walk.taking.is_over:
            pass
        return apply(*arguments, **options)

    monkeypatch.setattr(migrate.executor, "apply", slowly)
    with pytest.raises(DatabaseDamaged):
        chain.walk_all(walk)
    assert [each for each in seen if each.endswith("applied")] == ["001_m applied"]


def test_a_migration_that_fails_leaves_a_proved_backup(walk, live):
    """As it does for a small database."""
    before = dump(live)
    write(live, BAD)
    with pytest.raises(MigrationFailed):
        chain.walk_all(walk)
    (kept,), unproved = backups(live)
    assert (dump(kept.file), dump(live), unproved) == (before, before, ())


def test_a_signal_waits_for_no_proof_and_leaves_no_half_of_a_backup(walk, live, monkeypatch):
    """It is answered at once."""
    before = dump(live)
    write(live, GOOD)

    def interrupted(*_, **__):
        raise Interrupted("SIGTERM")

    monkeypatch.setattr(migrate.executor, "apply", interrupted)  # the instant of the signal
    with pytest.raises(Interrupted):
        chain.walk_all(walk)
    assert backups(live) == ((), ())
    assert dump(live) == before


def test_steps_that_are_typed_one_by_one_prove_at_once(walk, live):
    """Nobody knows whether another step will follow."""
    write(live, GOOD)
    for name in ("stop-backend", "backup"):
        chain.perform(walk, chain.step_named(name))
    (kept,), _ = backups(live)
    assert walk.reporter.told["backup"].endswith(", proved)")
    assert walk.backup == kept
    chain.finish(walk, "done")


def test_nothing_is_published_that_the_disk_refused_to_keep(walk, live, monkeypatch):
    """The candidate is synced while it is inspected; an error there is told once, and only there.

    The sync in front of the rename would not hear of it again (F38).
    """
    before = dump(live)
    write(live, GOOD)
    sync = files.sync

    def refuse(path):
        if threading.current_thread().name == "drydock-sync":
            raise OSError(errno.EIO, "Input/output error", str(path))
        sync(path)

    monkeypatch.setattr(files, "sync", refuse)  # the fault
    with pytest.raises(chain.Unforeseen, match="Input/output error"):
        chain.walk_all(walk)
    assert dump(live) == before


def test_a_refused_candidate_is_digested_no_further(walk, live, monkeypatch):
    """Its file is gone; a process must not go on reading gigabytes of it."""
    write(live, HIDDEN_LOSS)
    started = []

    def for_ever(_):
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        return started[0]

    monkeypatch.setattr(migrate.backups, "start_digest", for_ever)
    with pytest.raises(UndeclaredLoss):
        chain.walk_all(walk)
    assert started[0].returncode == -signal.SIGKILL


@pytest.fixture
def in_the_last_moment(monkeypatch):
    """As if whoever has it open had opened it between the look and the rename."""
    monkeypatch.setattr(publish, "_is_in_use", lambda _: False)


def opened_while_held(monkeypatch, live):
    """Let a stray open the live database in the middle of the run; return where it will be."""
    strays = []
    apply = migrate.executor.apply

    def meanwhile(*arguments, **options):
        strays.append(Stray(live))
        return apply(*arguments, **options)

    monkeypatch.setattr(migrate.executor, "apply", meanwhile)
    return strays


def test_f08_who_opened_the_database_meanwhile_goes_on_with_the_new_one(walk, live, monkeypatch):
    """Behind a rename its writes would go into the new -wal, made from old pages."""
    write(live, GOOD)
    strays = opened_while_held(monkeypatch, live)
    chain.walk_all(walk)
    (told,) = [each for each in walk.reporter.notes if " is open in " in each]
    assert f"(pid {strays[0].pid}): every page is written into that file" in told
    assert ask(live, "PRAGMA journal_mode") == [("wal",)]
    with strays[0] as late, Stray(live) as application:
        for number in range(200):
            application.sql(f"INSERT INTO log (what) VALUES ('new {number}')")
            late.sql(f"INSERT INTO log (what, also) VALUES ('late {number}', 'y')")
    assert ask(live, "PRAGMA integrity_check") == [("ok",)]
    assert ask(live, "SELECT count(*) FROM log WHERE what > 'l' AND also = 'y'") == [(200,)]


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows nameless files")


@needs_proc
def test_f08_the_database_stays_out_of_wal_mode_while_the_old_file_is_open(
    walk, live, monkeypatch, in_the_last_moment
):
    """Then the stray's write is refused (READONLY_DBMOVED); the screen says what to close."""
    walk.settings = dataclasses.replace(walk.settings, timeout=0.1)
    write(live, GOOD)
    strays = opened_while_held(monkeypatch, live)
    chain.walk_all(walk)
    with strays[0] as late:
        (note,) = [each for each in walk.reporter.notes if "could not be put back" in each]
        assert "the file that it replaced is open in " in note
        assert f"(pid {late.pid}); close that, then: sqlite3 " in note
        assert ask(live, "PRAGMA journal_mode") == [("delete",)]


@needs_proc
def test_f08_after_a_kill_too_it_stays_out_of_wal_mode(walk, live, monkeypatch, in_the_last_moment):
    """The record names the inode of the file that was replaced."""
    walk.settings = dataclasses.replace(walk.settings, timeout=0.1)
    write(live, GOOD)
    strays = opened_while_held(monkeypatch, live)

    def killed(point):
        if point == "publish-4":
            raise KeyboardInterrupt

    monkeypatch.setattr(publish, "reach", killed)  # the crash point
    monkeypatch.setattr(chain, "go_back", lambda *_, **__: None)
    with pytest.raises(chain.Unforeseen):
        chain.walk_all(walk)
    walk.close()
    assert record.unfinished(walk.state) is not None
    after = Walk(walk.settings, Options(yes=True), Screen())
    with strays[0]:
        after.lock_up()
        recovery.converge(after)
        after.close()
        assert any("could not be put back" in note for note in after.reporter.notes)
        assert ask(live, "PRAGMA journal_mode") == [("delete",)]
    assert ask(live, "SELECT also FROM log") == [("x",)]


@pytest.fixture
def left_open(walk, live):
    """A run whose rename has replaced a file that a stray has open still."""
    walk.settings = dataclasses.replace(walk.settings, timeout=0.1)
    chain.begin(walk)
    with Stray(live) as stray:
        old = live.stat().st_ino
        shutil.copyfile(live, live.with_name("new.db"))
        live.with_name("new.db").replace(live)
        walk.record.note(
            phase="publishing", way="rename", old_inode=old, new_inode=live.stat().st_ino
        )
        yield stray


def told_who(walk, stray):
    return [each for each in walk.reporter.notes if f"(pid {stray.pid}); close that" in each]


@needs_proc
def test_f08_the_way_back_too_stays_out_of_wal_mode(walk, live, in_the_last_moment):
    """The backup that is live again has a -wal of its own, under the same name."""
    walk.settings = dataclasses.replace(walk.settings, timeout=0.1)
    chain.begin(walk)
    wanted = backup.take(live, walk.settings.backups, purpose="backup")
    walk.hold = hold.take(live, timeout=0.1, announce=lambda _: None)
    with Stray(live) as late:
        migrate.return_to(walk, wanted)
        assert told_who(walk, late)
        assert ask(live, "PRAGMA journal_mode") == [("delete",)]


@needs_proc
def test_f08_a_rollback_that_failed_behind_its_instant_stays_out_of_wal_mode(walk, live, left_open):
    """It is told as done, and its file is the new one."""
    wanted = backup.take(live, walk.settings.backups, purpose="backup")
    wanted = dataclasses.replace(
        wanted, manifest=dataclasses.replace(wanted.manifest, journal_mode="wal")
    )
    rollback._take_back(walk, wanted)
    assert walk.published
    assert told_who(walk, left_open)


@needs_proc
def test_f08_a_way_back_that_was_killed_stays_out_of_wal_mode(walk, live, left_open):
    """The next command ends it."""
    walk.record.note(phase="returning", journal_mode="wal")
    recovery._return(walk, walk.record)
    assert told_who(walk, left_open)


@needs_proc
def test_f08_a_database_that_is_brought_back_stays_out_of_wal_mode(walk, live, monkeypatch):
    """What was damaged may be open to somebody who has not read it yet."""
    walk.settings = dataclasses.replace(walk.settings, timeout=0.1)
    chain.begin(walk)
    wanted = backup.take(live, walk.settings.backups, purpose="backup")
    with Stray(live) as late:
        monkeypatch.setattr(revival.hold, "named", lambda _: ())  # the last moment
        live.write_bytes(b"no database" * 1000)
        revival.revive(walk, wanted)
        assert told_who(walk, late)


def test_nobody_is_left_behind_where_the_file_was_written_in_place(walk, live):
    """Whoever has it open has the new pages."""
    chain.begin(walk)
    walk.record.note(phase="publishing", way="backup-api", old_inode=live.stat().st_ino)
    with Stray(live):
        assert walk.left_behind() == ()


def stopped_behind(monkeypatch, *, leaves_open=None, by=None):
    """Let a signal, or another error, end verify-schema; it may leave a connection open."""

    def perform(_):
        opened = connection.read(leaves_open) if leaves_open else None
        assert opened or not leaves_open
        raise by or Interrupted("SIGTERM")

    monkeypatch.setattr("drydock.steps.verify_schema.perform", perform)


@pytest.mark.parametrize(
    ("by", "seen"), [(None, Interrupted), (ValueError("a fault"), chain.Unforeseen)]
)
def test_f27_a_connection_that_an_error_left_open_does_not_stand_in_the_way_back(
    walk, live, monkeypatch, by, seen
):
    """A signal comes behind the opening, before the line that sees to the closing."""
    before = dump(live)
    write(live, GOOD)
    stopped_behind(monkeypatch, leaves_open=live, by=by)
    with pytest.raises(seen) as caught:
        chain.walk_all(walk)
    assert "app.db is the previous database again" in caught.value.state
    assert dump(live) == before
    assert ask(live, "PRAGMA journal_mode") == [("wal",)]


def test_f40_a_way_back_that_cannot_begin_does_not_say_that_it_has_been_walked(
    walk, live, monkeypatch
):
    """Somebody has the new database open: it is live, and the screen says so."""
    write(live, GOOD)
    stopped_behind(monkeypatch)
    restore = Walk.restore_journal_mode
    strays = []

    def and_open(self, mode, left_behind=()):
        restore(self, mode, left_behind)
        strays.append(Stray(live))
        strays[0].sql("SELECT count(*) FROM log")

    monkeypatch.setattr(Walk, "restore_journal_mode", and_open)
    walk.settings = dataclasses.replace(walk.settings, timeout=0.2)
    with pytest.raises(chain.Stuck) as caught:
        chain.walk_all(walk)
    strays[0].kill()
    assert caught.value.state.startswith("app.db is the new database, the backend is down")
    assert f"inv restore {walk.backup.id} --yes" in caught.value.hint
    assert ask(live, "SELECT also FROM log") == [("x",)]


def test_f40_a_live_file_that_cannot_be_asked_is_told_as_such(walk, live, monkeypatch):
    """Neither of the two answers is guessed."""
    write(live, GOOD)
    stopped_behind(monkeypatch)

    def unreachable(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(migrate, "return_to", unreachable)
    monkeypatch.setattr(state, "took_place", unreachable)
    with pytest.raises(chain.Stuck) as caught:
        chain.walk_all(walk)
    assert "app.db is the new database or the previous one, whole" in caught.value.state


def test_f40_a_way_back_that_failed_behind_its_publish_says_where_it_got(walk, live, monkeypatch):
    """The previous database is live again, whatever came then."""
    before = dump(live)
    write(live, GOOD)
    stopped_behind(monkeypatch)
    publish_really = publish.publish
    published = []

    def then_fail(*arguments, **options):
        done = publish_really(*arguments, **options)
        published.append(done)
        if len(published) == 2:
            raise OSError(errno.EIO, "Input/output error")
        return done

    monkeypatch.setattr(publish, "publish", then_fail)
    with pytest.raises(chain.Stuck) as caught:
        chain.walk_all(walk)
    assert dump(live) == before
    assert "app.db is the new database," not in caught.value.state


def test_a_signal_behind_the_end_of_a_run_says_that_it_had_ended(walk, live):
    """Nothing is taken back, and nothing is called untouched."""
    write(live, GOOD)
    chain.walk_all(walk)
    assert chain.abandon(walk, Interrupted("SIGTERM")).state == (
        "the run had finished before; see: inv status"
    )
    assert ask(live, "SELECT also FROM log") == [("x",)]


def test_a_wal_that_is_taken_away_meanwhile_is_no_error(walk, live, monkeypatch):
    """Whoever closes the database last removes it: between a look and the next, too."""
    Path(f"{live}-wal").unlink(missing_ok=True)
    monkeypatch.setattr(Path, "exists", lambda _: True)
    assert len(walk.stamp()) == 1
    connection.read(live).close()
