"""Published is the candidate, whole, looking like the file it replaced, with nothing beside it."""

from __future__ import annotations

import functools
import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from drydock import backup, candidate, hold, publish
from drydock.connection import DatabaseLocked
from drydock.publish import CandidateUnsettled
from tests.support.databases import ODD, ask, beside, change, dump, populate, quoted
from tests.support.namespaces import run_mounted
from tests.support.stray import Stray

TABLE = quoted(ODD)
both_ways = pytest.mark.parametrize("way", ["rename", "backup-api"])


class Dock:
    """A live database that is held, and a candidate that is to replace it."""

    def __init__(self, folder: Path, *, mode: str = "delete", rows: int = 50) -> None:
        self.live = populate(folder / "the l%ve å?.db", mode=mode, rows=rows)
        self.candidate = folder / "run" / "candidate.db"
        self.candidate.parent.mkdir()
        self.kept = folder / "run" / "failed.db"
        self.before = dump(self.live)
        shutil.copyfile(self.live, self.candidate)
        self.told = []
        self.held = None

    def hold(self):
        self.held = hold.take(self.live, timeout=0.2, announce=lambda _: None)
        change(self.candidate, f"ALTER TABLE {TABLE} ADD COLUMN new DEFAULT 'n'; DELETE FROM log")
        self.after = dump(self.candidate)
        return self

    def publish(self, *, keep_old=None, into_wal=False):
        publish.settle(self.candidate)
        self.done = publish.publish(
            self.candidate,
            self.held,
            announce=self._announce,
            into_wal=into_wal,
            keep_old=keep_old,
        )
        return self.done.way

    def _announce(self, way, old, new):
        self.told.append((way, old, new))

    def name_twice(self):
        """Give the live file a second name, so that a rename cannot serve."""
        other = self.live.with_name("second name")
        os.link(self.live, other)
        return other


@pytest.fixture
def make(tmp_path):
    docks = []

    def make(way="rename", **options):
        docks.append(Dock(tmp_path, **options))
        if way == "backup-api":
            docks[-1].name_twice()
        return docks[-1].hold()

    yield make
    for dock in docks:
        dock.held.release()


@both_ways
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_the_live_database_is_the_candidate_and_writable_again(make, way, mode):
    """With nothing beside it, and the candidate's own name gone."""
    dock = make(way, mode=mode)
    assert dock.publish() == way
    assert dump(dock.live) == dock.after != dock.before
    assert beside(dock.live) == []
    assert not dock.candidate.exists()
    with Stray(dock.live) as stray:
        stray.sql("INSERT INTO log VALUES ('free again')")


@both_ways
def test_what_is_about_to_happen_is_announced_while_the_live_file_is_the_old_one(make, way):
    """The inodes tell, after a kill, which of the two the live file is."""
    dock = make(way)
    inode, coming = dock.live.stat().st_ino, dock.candidate.stat().st_ino
    dock.publish()
    assert dock.told == [(way, inode, coming)]
    assert dock.live.stat().st_ino == (coming if way == "rename" else inode)


@both_ways
@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_f04_f05_a_stale_sidecar_beside_the_target_is_not_replayed(make, way, suffix, tmp_path):
    """`cp` beside one brought the old rows back with integrity "ok", or a corrupt file."""
    stale = make_stale(tmp_path / "stale", suffix)
    dock = make(way)
    Path(f"{dock.live}{suffix}").write_bytes(stale)
    dock.publish()
    assert dump(dock.live) == dock.after
    assert ask(dock.live, "PRAGMA integrity_check") == [("ok",)]
    assert beside(dock.live) == []


def make_stale(folder, suffix):
    """Return a sidecar with valid pages of a database that began like the live one."""
    folder.mkdir()
    other = populate(folder / "other.db", mode="wal" if suffix == "-wal" else "delete")
    with Stray(other) as stray:
        stray.sql("PRAGMA cache_size=1")
        stray.sql("BEGIN")
        stray.sql(f"UPDATE {TABLE} SET x = zeroblob(3000)")
        if suffix == "-wal":
            stray.sql("COMMIT")
        return Path(f"{other}{suffix}").read_bytes()


def test_f08_mode_owner_and_attributes_are_those_of_the_replaced_file(make):
    """0640 of another user became 0644 of root, and the application could not write any more."""
    dock = make()
    dock.live.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(dock.live, 65534, 65533)
    owner = dock.live.stat().st_uid, dock.live.stat().st_gid
    attributes = set_attribute(dock.live)
    assert dock.publish() == "rename"
    state = dock.live.stat()
    assert stat.S_IMODE(state.st_mode) == 0o640
    assert (state.st_uid, state.st_gid) == owner
    if attributes:
        assert os.getxattr(dock.live, "user.note") == b"kept"


def set_attribute(path):
    if sys.platform != "linux":
        return False
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        return False
    return True


def test_f08_a_symbolic_link_to_the_database_goes_on_leading_to_it(make, tmp_path):
    """The link itself is never replaced: the hold was taken on the real path."""
    dock = make()
    link = tmp_path / "link.db"
    link.symlink_to(dock.live.name)
    dock.publish()
    assert link.is_symlink()
    assert dump(link) == dock.after


def test_f09_both_names_of_a_linked_file_see_the_new_database(tmp_path):
    """A rename would leave the other name with the old one."""
    dock = Dock(tmp_path)
    other = dock.name_twice()
    dock.hold()
    assert dock.publish() == "backup-api"
    assert dump(other) == dump(dock.live) == dock.after
    assert other.stat().st_ino == dock.live.stat().st_ino


@pytest.mark.parametrize("sizes", [(512, 65536), (65536, 512), (4096, 1024)])
@both_ways
def test_f07_another_page_size_is_published_too(make, way, sizes):
    """The backup API refuses that into a database in WAL mode, so it was taken out of it."""
    dock = make(way, mode="wal", rows=400)
    for size in sizes:
        change(dock.candidate, f"PRAGMA journal_mode=DELETE; PRAGMA page_size={size}; VACUUM")
    dock.publish()
    assert dump(dock.live) == dock.after
    assert ask(dock.live, "PRAGMA page_size") == [(sizes[1],)]


@both_ways
def test_the_old_database_is_kept_where_asked(make, way):
    """Whole, under its other name, for whoever needs what the application wrote since."""
    dock = make(way)
    dock.publish(keep_old=dock.kept)
    assert dump(dock.kept) == dock.before
    assert dump(dock.live) == dock.after
    assert dock.kept.stat().st_nlink == 1


@pytest.mark.parametrize("left", ["link", "half a copy"])
def test_f06_what_a_killed_attempt_kept_does_not_stop_the_next(make, left):
    """Between the second name and the rename a kill leaves both: the next command goes on."""
    dock = make()
    if left == "link":
        os.link(dock.live, dock.kept)
    else:
        dock.kept.write_bytes(dock.live.read_bytes()[:5000])
    assert dock.publish(keep_old=dock.kept) == "rename"
    assert dump(dock.kept) == dock.before
    assert dump(dock.live) == dock.after


@pytest.fixture
def between(monkeypatch):
    """As if it were opened in the moment between the look and the rename."""
    monkeypatch.setattr(publish, "_is_in_use", lambda _: False)


def test_f45_an_idle_stray_in_delete_mode_goes_on_with_the_new_database(make):
    """No lock shows it. Behind a rename it would delete the journal of a large transaction."""
    dock = make()
    with Stray(dock.live) as stray, Stray(dock.live) as application:
        stray.sql("SELECT count(*) FROM log")
        assert dock.publish() == "backup-api"
        application.sql("PRAGMA cache_size=1")
        application.sql("BEGIN")
        application.sql("INSERT INTO log VALUES ('half')")
        application.sql("INSERT INTO log SELECT zeroblob(5000) FROM pragma_function_list LIMIT 99")
        with pytest.raises(sqlite3.OperationalError, match="SQLITE_BUSY"):
            stray.sql("SELECT count(*) FROM log")
        assert beside(dock.live) == ["-journal"]
        application.sql("COMMIT")
        stray.sql("INSERT INTO log VALUES ('free again')")
    assert ask(dock.live, "SELECT count(*) FROM log") == [(101,)]


def test_f45_a_stray_that_is_not_seen_cannot_write_to_the_old_file(make, between):
    """After publish SQLite itself refuses its write, and it may open anew."""
    dock = make()
    with Stray(dock.live) as stray:
        stray.sql("SELECT count(*) FROM log")
        assert dock.publish() == "rename"
        with pytest.raises(sqlite3.OperationalError, match="SQLITE_READONLY_DBMOVED"):
            stray.sql("INSERT INTO log VALUES ('to nowhere')")


LATE = {
    "idle": ("SELECT count(*) FROM log",),
    "has only opened it": (),
    "waits its turn": ("BEGIN", "SELECT count(*) FROM log", "COMMIT"),
}


@pytest.mark.parametrize("habit", LATE)
def test_f08_nothing_is_replaced_under_who_opened_it_meanwhile(make, habit):
    """Behind a rename it would take the new -wal for its own: "disk image is malformed"."""
    dock = make(mode="wal")
    with Stray(dock.live) as late:
        for statement in LATE[habit]:
            late.sql(statement)
        assert dock.publish(into_wal=True, keep_old=dock.kept) == "backup-api"
        assert hold.restore_journal_mode(dock.live, "wal", timeout=0)
        with Stray(dock.live) as application:
            for number in range(300):
                application.sql(f"INSERT INTO log VALUES ('new {number}')")
                late.sql(f"INSERT INTO log VALUES ('late {number}')")
        assert ask(dock.live, "SELECT count(*) FROM log") == [(600,)]
        assert ask(dock.live, "PRAGMA integrity_check") == [("ok",)]
    assert dump(dock.kept) == dock.before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows files without a name")
def test_f08_who_opened_it_in_the_last_moment_is_named(make, between):
    """The new database must stay out of WAL mode: a -wal is found by its name."""
    dock = make(mode="wal")
    with Stray(dock.live) as late:
        assert dock.publish(into_wal=True) == "rename"
        (named,) = dock.done.left_behind
        assert f"pid {late.pid}" in named
        with pytest.raises(sqlite3.OperationalError, match="SQLITE_READONLY_DBMOVED"):
            late.sql("INSERT INTO log VALUES ('to nowhere')")
    assert dump(dock.live) == dock.after


def test_f08_who_opened_it_in_the_last_moment_gets_the_time_to_leave(make, between, monkeypatch):
    """Its write is refused, and it closes the file: nobody is in the way any more."""
    dock = make(mode="wal")
    dock.held.timeout = 60
    with Stray(dock.live) as late:

        def reach(point):
            if point == "publish-6":
                with pytest.raises(sqlite3.OperationalError, match="SQLITE_READONLY_DBMOVED"):
                    late.sql("INSERT INTO log VALUES ('to nowhere')")

        monkeypatch.setattr(publish, "reach", reach)  # the crash point
        monkeypatch.setattr(hold.time, "sleep", lambda _: late.kill())  # while it is waited for
        assert dock.publish(into_wal=True) == "rename"
    assert dock.done.left_behind == ()


def test_a_long_reader_that_is_not_seen_keeps_the_old_state(make, between):
    """It reads on undisturbed, and its process cannot write to the old file afterwards."""
    dock = make()
    with Stray(dock.live) as stray:
        stray.sql("BEGIN")
        assert stray.sql("SELECT count(*) FROM log") == [[1]]
        assert dock.publish() == "rename"
        assert stray.sql("SELECT count(*) FROM log") == [[1]]
        with pytest.raises(sqlite3.OperationalError, match=r"READONLY|BUSY"):
            stray.sql("INSERT INTO log VALUES ('to nowhere')")
    assert dump(dock.live) == dock.after


def test_f33_f37_a_reader_in_the_way_is_waited_for_and_then_named(make):
    """`Connection.backup` would try for ever; nothing has changed and the hold stands."""
    dock = make("backup-api")
    with Stray(dock.live) as stray:
        stray.sql("BEGIN")
        stray.sql("SELECT count(*) FROM log")
        with pytest.raises(DatabaseLocked) as caught:
            dock.publish(keep_old=dock.kept)
        assert f"pid {stray.pid}" in "\n".join(caught.value.cause)
        stray.sql("COMMIT")
        assert not dock.kept.exists()
        with pytest.raises(sqlite3.OperationalError, match="SQLITE_BUSY"):
            stray.sql("INSERT INTO log VALUES ('too early')")
    dock.held.release()
    assert dump(dock.live) == dock.before
    assert beside(dock.live) == []


def test_a_reader_that_leaves_in_time_does_not_stop_it(make, monkeypatch):
    """Each try again is made only because somebody was in the way."""
    dock = make("backup-api")
    dock.held.timeout = 60
    with Stray(dock.live) as stray:
        stray.sql("BEGIN")
        stray.sql("SELECT count(*) FROM log")
        tries = []

        def reach(point):
            tries.append(point)
            if tries.count("publish-4") == 2:
                stray.sql("COMMIT")

        monkeypatch.setattr(publish, "reach", reach)  # the crash point
        dock.publish()
    assert tries.count("publish-4") >= 3
    assert dump(dock.live) == dock.after


BIND_MOUNTED = """
import sys
from pathlib import Path
from drydock import hold, publish
live, candidate, kept = map(Path, sys.argv[1:])
held = hold.take(live, timeout=0.2, announce=lambda _: None)
publish.settle(candidate)
print(publish.publish(candidate, held, announce=lambda *told: print(*told),
    into_wal=True, keep_old=kept).way)
"""


def test_a_bind_mounted_file_is_written_in_place(make):
    """As in a container: no rename replaces a mount point, and no link leads out of it."""
    dock = make()
    dock.held.release()
    inode = dock.live.stat().st_ino
    arguments = dock.live, dock.candidate, dock.kept
    said = run_mounted('mount --bind "$1" "$1"', BIND_MOUNTED, *arguments)
    assert said.splitlines()[-2:] == ["backup-api 0 0", "backup-api"]
    assert dock.live.stat().st_ino == inode
    assert dump(dock.live) == dock.after
    assert dump(dock.kept) == dock.before


@pytest.mark.parametrize("mode", ["wal", "delete", "persist", "truncate"])
def test_a_candidate_is_settled_into_one_file_whatever_journal_it_asked_for(make, mode):
    """What it asked for is told, because WAL is to be restored on the live file."""
    dock = make()
    change(dock.candidate, f"PRAGMA journal_mode={mode}; INSERT INTO log VALUES ('migrated')")
    wanted = publish.settle(dock.candidate)
    assert (wanted == "wal") == (mode == "wal")
    assert beside(dock.candidate) == []
    assert dock.candidate.read_bytes()[18:20] == b"\x01\x01"
    assert ("migrated",) in ask(dock.candidate, "SELECT what FROM log")


def test_a_candidate_that_somebody_still_has_open_in_wal_mode_is_refused(make):
    """Its last rows would stay behind in its WAL."""
    dock = make()
    change(dock.candidate, "PRAGMA journal_mode=WAL")
    with Stray(dock.candidate) as stray:
        stray.sql("INSERT INTO log VALUES ('in the wal')")
        with pytest.raises(CandidateUnsettled, match="is not one whole file; nothing was changed"):
            publish.settle(dock.candidate)
    assert dump(dock.live) == dock.before


opened: list[str] = []
watched: list[str] = []


def watch(event, arguments):
    if watched and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path in watched:
            opened.append(path)


@functools.cache
def install_watch():
    sys.addaudithook(watch)  # for the life of this process; it looks only at what is watched


@both_ways
def test_f01_this_process_never_opens_the_live_file_itself(tmp_path, way):
    """Closing that descriptor would drop the locks that SQLite holds in this process."""
    dock = Dock(tmp_path, mode="wal")
    if way == "backup-api":
        dock.name_twice()
    install_watch()
    opened.clear()
    watched.append(str(dock.live))
    try:
        dock.live.open("rb").close()
        assert opened == [str(dock.live)]  # the hook sees what it should
        opened.clear()
        held = dock.held = hold.take(dock.live, timeout=0.2, announce=lambda _: None)
        taken = backup.take(dock.live, tmp_path / "backups", purpose="migrate", hold=held)
        backup.content_digest(dock.live)
        dock.candidate.unlink()
        candidate.copy(taken.file, dock.candidate)
        assert dock.publish(keep_old=dock.kept) == way
        assert opened == []
    finally:
        watched.clear()
