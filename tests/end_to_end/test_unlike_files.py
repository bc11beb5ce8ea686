"""Files that cannot be read side by side, or one of them not at all: the screen says which."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock.errors import ExitCode


@pytest.fixture
def mode():
    """Neither depends on the journal."""
    return "delete"


@pytest.fixture
def taken(project):
    """A project with a backup; its id is `old`."""
    assert project.inv("backup").returncode == 0
    (project.old,) = project.backups()
    return project


@pytest.fixture
def recoded(taken):
    """The same database, anew, in another text encoding."""
    with closing(sqlite3.connect(taken.database)) as db:
        tables = [
            f"{sql};" for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE type = 'table'")
        ]
        owners = db.execute("SELECT * FROM owner").fetchall()
        ledger = db.execute("SELECT * FROM _drydock_ledger").fetchall()
    taken.database.unlink()
    with closing(sqlite3.connect(taken.database)) as db, db:
        db.execute("PRAGMA encoding = 'UTF-16le'")
        for sql in tables:
            if sql.startswith(("CREATE TABLE owner", "CREATE TABLE _drydock_ledger")):
                db.execute(sql)
        db.executemany("INSERT INTO owner VALUES (?, ?)", owners)
        db.executemany(f"INSERT INTO _drydock_ledger VALUES ({','.join('?' * 9)})", ledger)
    return taken


@pytest.fixture
def torn(taken):
    """The live database with a damaged page under the table `owner`."""
    sql = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'owner'"
    start = taken.rows(sql)[0][0] * 4096
    content = bytearray(taken.database.read_bytes())
    content[start : start + 3000] = b"\xff" * 3000
    taken.database.write_bytes(content)
    return taken


def told(finished) -> str:
    """Return what the screen said, on one line."""
    return " ".join(finished.stderr.split())


def test_another_text_encoding_is_no_damage(recoded):
    """Nothing is compared, and the backup comes back all the same."""
    refused = recoded.inv("rollback", "--to", recoded.old, "--keep-new-rows", "--yes")
    assert refused.returncode == ExitCode.REFUSED
    assert f"app.db cannot be compared with {recoded.old} row by row, so its new" in told(refused)
    back = recoded.inv("restore", recoded.old, "--yes")
    assert back.returncode == 0, back.stderr
    assert "their text encodings differ" in told(back)
    assert "damaged" not in back.stderr
    assert recoded.rows("PRAGMA encoding") == [("UTF-8",)]


def test_diff_and_restore_rows_say_that_the_encodings_differ(recoded):
    """With the names that were given, and no file that is gone already."""
    compared = recoded.inv("diff", recoded.old, "live")
    assert compared.returncode == ExitCode.FAILED
    assert f"{recoded.database} cannot be compared with" in told(compared)
    carried = recoded.inv("restore-rows", "owner", "--from", recoded.old, "--yes")
    assert carried.returncode == ExitCode.REFUSED
    for each in (compared, carried):
        assert "their text encodings differ" in told(each)
        assert "neither is damaged" in told(each)
        assert "/drydock-" not in each.stderr
        assert "the system refused" not in each.stderr


def test_the_file_that_is_damaged_is_the_one_that_is_named(torn):
    """The backup has just been proved; the fault is the live database's."""
    for words in (
        ["diff", torn.old, "live"],
        ["diff", "live", torn.old],
        ["restore-rows", "owner", "--from", torn.old, "--yes"],
    ):
        refused = torn.inv(*words)
        assert refused.returncode == ExitCode.REFUSED, refused.stderr
        assert f"error: {torn.database} is damaged already; nothing was changed" in refused.stderr
        assert "integrity_check" not in refused.stderr
        assert "cannot be read from" not in refused.stderr


def test_what_only_the_application_can_read_is_no_damage(taken):
    """A table with a column that a function of its own computes."""
    with closing(sqlite3.connect(taken.database)) as db, db:
        db.create_function("own", 1, str, deterministic=True)
        db.execute("CREATE TABLE made (x, y AS (own(x)))")
        db.executemany("INSERT INTO made VALUES (?)", [("a",), ("b",)])
    compared = taken.inv("diff", "live", taken.old)
    back = taken.inv("restore", taken.old, "--yes")
    assert back.returncode == 0, back.stderr
    assert "made: table " in told(back)
    for each in (compared, back):
        assert "damaged" not in each.stderr
