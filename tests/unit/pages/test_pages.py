"""A copy is equal to its source in every byte that a backup may not change."""

from __future__ import annotations

import hashlib
from contextlib import closing

import pytest

from drydock import backup, connection, pages
from tests.support.databases import change, populate


@pytest.fixture(params=["delete", "wal"])
def pair(request, tmp_path):
    """Return a database and what SQLite's backup API makes of it."""
    live, copy = populate(tmp_path / "live å.db", mode=request.param, rows=3000), tmp_path / "copy"
    with closing(connection.read(live)) as source, closing(connection.copy_target(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return live, copy


def test_a_backup_is_equal_to_its_source(pair):
    """And the digest told is the copy's."""
    live, copy = pair
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert pages.compare(str(live), str(copy)) == {"difference": None, "sha256": digest}
    assert pages.content_digest(str(live)) == pages.content_digest(str(copy))


@pytest.mark.parametrize("place", [0, 16, 60, 100, 4096, 50_000, -1])
def test_one_bit_is_found_where_it_is(pair, place):
    """A byte of the header that a backup may not change counts as its first."""
    live, copy = pair
    data = bytearray(copy.read_bytes())
    data[place] ^= 1
    copy.write_bytes(data)
    found = pages.compare(str(live), str(copy))["difference"]
    assert found == (0 if 0 <= place < 100 else place % len(data))
    assert pages.content_digest(str(live)) != pages.content_digest(str(copy))


def test_a_cut_or_grown_copy_differs_where_it_ends(pair):
    """Its first bytes being equal is not enough."""
    live, copy = pair
    data = copy.read_bytes()
    for changed in (data[:-4096], data + bytes(4096)):
        copy.write_bytes(changed)
        assert pages.compare(str(live), str(copy))["difference"] == min(len(data), len(changed))


def test_the_digest_of_a_live_database_changes_with_its_content(pair):
    """Read by another process (F01), which also digests what it is handed."""
    live, copy = pair
    before = backup.content_digest(live)
    assert backup.digest_of(backup.start_digest(copy)) == before
    change(live, "INSERT INTO log VALUES ('more')")
    assert backup.content_digest(live) != before
