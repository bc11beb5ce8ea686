"""The ledger lives in the database and keeps each migration as it was applied."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import ledger
from drydock.migration import read_file


@pytest.fixture
def database(tmp_path):
    with closing(sqlite3.connect(tmp_path / "å.db", isolation_level=None)) as opened:
        yield opened


def migration(tmp_path, name="001 odd 'å';", text="-- drydock: allow drop-table: old\nSELECT 1;"):
    path = tmp_path / f"{name}.sql"
    path.write_text(text)
    return read_file(path)


def test_a_database_without_one_has_no_history(database):
    """Reading does not create it."""
    assert not ledger.exists(database)
    assert ledger.entries(database) == ()
    assert not ledger.exists(database)


def test_what_is_recorded_is_told_in_the_order_of_applying(database, tmp_path):
    """With the text as applied, and what its file declared."""
    ledger.create(database)
    ledger.create(database)
    for name in ("2", "1", "001 odd 'å';"):
        given = migration(tmp_path, name)
        ledger.record(database, given, applied_at="2026-11-23", seconds=0.5, run="r1")
    assert [each.name for each in ledger.entries(database)] == ["2", "1", "001 odd 'å';"]
    entry = ledger.entries(database)[-1]
    assert (entry.checksum, entry.seconds, entry.run) == (given.checksum, 0.5, "r1")
    assert ledger.text_of(database, "001 odd 'å';") == given.text
    assert ledger.text_of(database, "nobody") == ""
    declared = database.execute("SELECT kind, declared FROM _drydock_ledger").fetchone()
    assert declared == ("sql", "drop-table: old")


def test_a_name_is_recorded_once(database, tmp_path):
    """A second run of one migration is an error, not a second row."""
    ledger.create(database)
    given = migration(tmp_path)
    ledger.record(database, given, applied_at="", seconds=0, run="")
    with pytest.raises(sqlite3.IntegrityError):
        ledger.record(database, given, applied_at="", seconds=0, run="")


def test_rows_that_somebody_else_wrote_are_told_as_text(database, tmp_path):
    """A BLOB for a name must not end every command in a traceback."""
    ledger.create(database)
    ledger.record(database, migration(tmp_path), applied_at="", seconds=0.5, run="")
    database.execute(
        "UPDATE _drydock_ledger SET name = x'6fff', checksum = x'00', applied_at = x'c3a5', "
        "seconds = 'long', run = x''"
    )
    (entry,) = ledger.entries(database)
    told = (entry.name, entry.checksum, entry.applied_at, entry.seconds, entry.run)
    assert told == ("o�", "\0", "å", 0.0, "")
    assert f"{entry.name:<10}".startswith("o�")
