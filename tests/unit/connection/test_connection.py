"""Opening a database never makes one, never changes one, and tells what is wrong with its path."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing

import pytest

from drydock import connection
from drydock.connection import DatabaseLocked, DatabaseMissing, NotADatabase
from drydock.errors import ExitCode
from tests.support.databases import ask, beside, change, populate
from tests.support.namespaces import run_mounted
from tests.support.stray import Stray

ODD_PATHS = ["the l%ve å?.db", "a#b.db", "100%25.db", "c'd\"e.db", " .db", "åäö/f;g.db"]


def live(path):
    return connection.live(path, timeout=0)


@pytest.mark.parametrize("name", ODD_PATHS)
def test_any_path_is_opened_as_it_is(tmp_path, name):
    """A path is not a URI: ``%25``, ``?`` and ``#`` in it are letters."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    populate(path)
    for open_it in (connection.read, connection.read_only, live):
        with closing(open_it(path)) as opened:
            assert opened.execute("SELECT count(*) FROM log").fetchone() == (1,)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_path_that_is_not_utf8_is_opened_too(tmp_path):
    """File systems hold bytes."""
    path = tmp_path / os.fsdecode(b"caf\xe9.db")
    populate(tmp_path / "plain.db").rename(path)
    with closing(connection.read(path)) as opened:
        assert opened.execute("SELECT count(*) FROM log").fetchone() == (1,)


@pytest.mark.parametrize("open_it", [connection.read, live])
class TestWhatIsNoDatabase:
    """Refused before anything is touched, and left as it is."""

    def test_f34_a_wrong_path_makes_no_new_database(self, tmp_path, open_it):
        """The files that were probably meant are named."""
        near = populate(tmp_path / "app.db")
        (tmp_path / "folder.db").mkdir()
        (tmp_path / "link.db").symlink_to(near)
        (tmp_path / "empty.db").touch()
        with pytest.raises(DatabaseMissing) as caught:
            open_it(tmp_path / "ap.db")
        assert caught.value.what == f"{tmp_path / 'ap.db'} does not exist; nothing was touched"
        assert caught.value.cause == [f"a database file near it: {near}"]
        assert "inv migrate --create" in caught.value.hint
        assert caught.value.exit_code is ExitCode.USAGE
        assert not (tmp_path / "ap.db").exists()

    def test_f34_a_folder_that_is_not_there_is_told(self, tmp_path, open_it):
        """As is a file where a folder should be."""
        for path in (tmp_path / "no" / "app.db", populate(tmp_path / "a.db") / "b.db"):
            with pytest.raises(DatabaseMissing, match=r"does not exist|cannot be reached"):
                open_it(path)

    def test_f34_an_empty_file_is_no_database(self, tmp_path, open_it):
        """SQLite takes it for one without tables, and every check passes."""
        path = tmp_path / "app.db"
        path.touch()
        with pytest.raises(DatabaseMissing, match=r"is empty \(0 bytes\)"):
            open_it(path)
        assert path.stat().st_size == 0

    @pytest.mark.parametrize("size", [1, 99, 5000])
    def test_f34_another_programs_file_is_told_as_such(self, tmp_path, open_it, size):
        """It is never written."""
        path = tmp_path / "app.db"
        path.write_bytes(b"x" * size)
        with pytest.raises(NotADatabase, match="cannot be read as a SQLite database") as caught:
            open_it(path)
        assert caught.value.exit_code is ExitCode.REFUSED
        assert path.read_bytes() == b"x" * size

    def test_a_folder_or_a_pipe_is_no_file(self, tmp_path, open_it):
        """Opening a pipe would wait for ever."""
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path, tmp_path / "pipe"):
            with pytest.raises(DatabaseMissing, match="is not a regular file"):
                open_it(path)

    def test_a_schema_that_cannot_be_read_is_told(self, tmp_path, open_it):
        """Damage where SQLite begins to read."""
        path = populate(tmp_path / "app.db")
        data = bytearray(path.read_bytes())
        data[100:140] = b"\xa5" * 40
        path.write_bytes(data)
        with pytest.raises(NotADatabase) as caught:
            open_it(path)
        assert "malformed" in caught.value.cause[0]

    def test_a_schema_that_cannot_even_be_told_is_told(self, tmp_path, open_it):
        """What SQLite says of it is no UTF-8, and Python's own error is none of SQLite's."""
        path = populate(tmp_path / "app.db")
        change(
            path,
            "PRAGMA writable_schema=ON;"
            "UPDATE sqlite_schema SET name = CAST(x'6cd7ff' AS TEXT), sql = 'CREATE TABLE half'"
            " WHERE name = 'log'",
        )
        with pytest.raises(NotADatabase) as caught:
            open_it(path)
        assert "malformed database schema (l\ufffd" in caught.value.cause[0]


FULL = """
mount -t tmpfs -o size=256k none /mnt; cp "$1/app.db" /mnt; mount --move /mnt "$1"
dd if=/dev/zero of="$1/fill" 2>/dev/null || true
"""
OUT_OF_REACH = """
import sys
from pathlib import Path
from drydock import connection
try:
    connection.read(Path(sys.argv[1]) / "app.db")
except connection.OutOfReach as error:
    print(int(error.exit_code), error.what, error.cause, error.hint, sep=chr(10))
"""


@pytest.mark.parametrize(
    ("mounts", "told"),
    [
        ('mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"', "is mounted read-only"),
        (FULL, "no room on the disk of"),
    ],
    ids=["read-only", "full"],
)
def test_a_disk_that_says_no_is_not_taken_for_a_damaged_database(tmp_path, mounts, told):
    """A WAL database is read through a file beside it; without that, SQLite says "disk I/O error".

    Whoever is told "damaged" restores a backup, and loses what was written since.
    """
    populate(tmp_path / "app.db", mode="wal")
    said = run_mounted(mounts, OUT_OF_REACH, tmp_path)
    assert said.startswith(f"4\n{tmp_path}/app.db cannot be opened; nothing was touched\n")
    assert told in said
    assert "inv doctor" in said


def test_f37_a_locked_database_is_not_taken_for_a_broken_one(tmp_path):
    """Somebody is writing; it waits, and then says so."""
    path = populate(tmp_path / "app.db")
    with Stray(path) as stray:
        stray.sql("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLocked, match="database is locked") as caught:
            connection.read(path, timeout=0.1)
    assert caught.value.exit_code is ExitCode.BUSY


def test_f08_a_symbolic_link_is_resolved(tmp_path):
    """SQLite would put a journal beside the real file; a rename would replace the link."""
    real = populate(tmp_path / "real.db")
    link = tmp_path / "link.db"
    link.symlink_to(real)
    assert connection.require_file(link) == real.resolve()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_reading_leaves_no_trace_and_cannot_write(tmp_path, mode):
    """Not in the file, and not beside it."""
    path = populate(tmp_path / "app.db", mode=mode)
    before = path.read_bytes()
    with closing(connection.read(path)) as opened:
        opened.execute("SELECT count(*) FROM log").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            opened.execute("DELETE FROM log")
    assert path.read_bytes() == before
    assert beside(path) == []


def test_reading_leaves_the_wal_of_a_crashed_writer_alone(tmp_path):
    """Checkpointing it would be a write, and reading commands never write."""
    path = populate(tmp_path / "app.db", mode="wal")
    with Stray(path) as stray:
        stray.sql("INSERT INTO log VALUES ('in the wal')")
        stray.kill()
    before = path.read_bytes(), (tmp_path / "app.db-wal").read_bytes()
    with closing(connection.read(path)) as opened:
        assert opened.execute("SELECT count(*) FROM log").fetchone() == (2,)
    assert (path.read_bytes(), (tmp_path / "app.db-wal").read_bytes()) == before


def test_a_schema_from_elsewhere_runs_no_code_of_its_choice(tmp_path):
    """A view may call only what is innocuous, and no extension is loaded."""
    path = populate(tmp_path / "app.db")
    with closing(live(path)) as opened:
        opened.create_function("danger", 0, lambda: pytest.fail("was run"))
        opened.execute("CREATE VIEW trap AS SELECT danger()")
        with pytest.raises(sqlite3.OperationalError, match="unsafe use of danger"):
            opened.execute("SELECT * FROM trap")
        with pytest.raises(sqlite3.OperationalError, match="not authorized"):
            opened.execute("SELECT load_extension('x')")


def test_f34_a_new_database_is_made_only_where_asked_and_where_there_is_none(tmp_path):
    """It has a header, so it is one; it is readable by its owner alone."""
    path = tmp_path / "new å.db"
    connection.create_empty(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert connection.require_file(path) == path.resolve()
    assert ask(path, "SELECT count(*) FROM sqlite_schema") == [(0,)]
    with pytest.raises(FileExistsError):
        connection.create_empty(path)


def test_f26_only_an_interrupt_is_taken_for_one():
    """Any other error stays what it is."""
    with closing(sqlite3.connect(":memory:")) as opened:
        with pytest.raises(sqlite3.OperationalError) as caught:
            opened.execute("SELEKT 1")
        connection.require_uninterrupted(caught.value)
        connection.require_uninterrupted(sqlite3.ProgrammingError("of the module itself"))
