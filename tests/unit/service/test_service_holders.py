import contextlib
import os
import sqlite3
import sys

import pytest

from drydock.service import holders as module
from drydock.service.holders import Holder, Holders, holders

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
cursor = db.execute(sys.argv[2])
cursor.fetchone()
open(sys.argv[3], "w").close()
import time; time.sleep(60)
"""


@pytest.fixture(params=["delete", "wal"])
def database(request, yard):
    with contextlib.closing(sqlite3.connect(yard.database)) as db:
        assert db.execute(f"PRAGMA journal_mode={request.param}").fetchone() == (request.param,)
    return yard.database


def hold(yard, database, statement="SELECT 1"):
    """Return a process that has `database` open and has run `statement`."""
    ready = yard.folder / "ready"
    child = yard.launch(sys.executable, "-c", HOLDER, str(database), statement, str(ready))
    yard.poll(ready.exists)
    return child


def test_nobody_has_it_open(database):
    """Our own connection is not somebody else's."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert holders(database) == Holders((), 0)
    assert str(Holders((), 0)) == "no other process has it open"


def test_f45_an_idle_connection_is_found(yard, database):
    """No lock shows it; the scan of open files does, in both journal modes."""
    child = hold(yard, database)
    found = holders(database).found
    assert [(each.pid, each.how) for each in found] == [(child.pid, "open file")]
    assert found[0].fds >= 1
    assert found[0].command[0] == sys.executable


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists locks")
@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("BEGIN IMMEDIATE", "write lock"),
        ('SELECT * FROM "odd ""name"', "read lock"),
    ],
)
def test_f37_who_holds_a_lock_is_told(yard, database, statement, how):
    """The writer that blocks us, and the reader that does, by pid and command."""
    child = hold(yard, database, statement)
    assert [(each.pid, each.how) for each in holders(database).found] == [(child.pid, how)]


def test_f45_a_holder_is_found_through_links(yard, database):
    """The file counts, not the name that it was opened by."""
    link = yard.folder / "link to it.db"
    link.symlink_to(database)
    other = yard.folder / "hard.db"
    other.hardlink_to(database)
    child = hold(yard, database)
    assert [each.pid for each in holders(link).found] == [child.pid]
    assert holders(link) == holders(database)  # the sidecars stand beside the real file
    assert [each.pid for each in holders(other).found] == [child.pid]


def test_lsof_finds_the_same(yard, database):
    """The way of macOS, where there is no /proc."""
    child = hold(yard, database)
    found, _ = module._by_lsof(database)
    assert found == {child.pid: holders(database).found[0].fds}
    found, _ = module._by_open_files([str(database)])
    assert found == {child.pid: 1}


def test_f01_looking_drops_no_lock_of_ours(yard, database):
    """Opening and closing the file would let another process write under our lock."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("BEGIN IMMEDIATE")
        holders(database)
        code = (
            "import sqlite3, sys; d = sqlite3.connect(sys.argv[1], 0); d.execute('BEGIN IMMEDIATE')"
        )
        done = yard.launch(sys.executable, "-c", code, str(database))
        assert done.wait(10) != 0
        db.execute("ROLLBACK")


def test_a_file_that_does_not_exist_has_no_holders(tmp_path):
    """Asking is not an error, and creates nothing."""
    assert holders(tmp_path / "none.db") == Holders((), 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0,
    reason="only root can become somebody who may not look",
)
def test_f45_processes_that_may_not_be_inspected_are_counted(yard, database):
    """What could not be seen is said, never taken for nothing."""
    hold(yard, database)
    code = """
import os, sys
from pathlib import Path
from drydock.service import holders
files = holders._files(Path(sys.argv[1]))
os.setgid(65534)
os.setuid(65534)
found, hidden = holders._in_proc(files)
sys.exit(0 if hidden and not found else 3)
"""
    paths = os.pathsep.join(sys.path)
    child = yard.launch(sys.executable, "-c", code, str(database), PYTHONPATH=paths)
    assert child.wait(10) == 0


def test_the_message_names_the_writer_first_and_what_is_hidden():
    """ "database is locked" is answered by: by whom."""
    line = ("python", "-m", "uvicorn", "a:b")
    text = str(Holders((Holder(4121, line, "write lock", 2),), 3))
    assert text.splitlines() == [
        "uvicorn (pid 4121): python -m uvicorn a:b (write lock)",
        "3 processes of other users could not be inspected",
    ]
