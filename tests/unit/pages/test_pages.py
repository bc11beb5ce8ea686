"""A copy is equal to its source in every byte; a digest passes over what a backup may change."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
from contextlib import closing

import pytest

from drydock import backup, connection, pages
from tests.support.databases import change, populate


@pytest.fixture
def pair(tmp_path):
    """Return a database and a copy of its bytes."""
    live, copy = populate(tmp_path / "live å.db", rows=3000), tmp_path / "copy"
    shutil.copyfile(live, copy)
    return live, copy


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_what_sqlites_backup_api_copies_has_the_same_digest(tmp_path, mode):
    """It sets some bytes of the header itself: they are no content."""
    live, copy = populate(tmp_path / "live.db", mode=mode, rows=3000), tmp_path / "copy"
    with closing(connection.read(live)) as source, closing(connection.copy_target(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    assert live.read_bytes() != copy.read_bytes()
    assert pages.content_digest(str(live)) == pages.content_digest(str(copy))


def test_a_copy_is_equal_to_its_source(pair, tmp_path):
    """And the digest told is the copy's."""
    live, copy = pair
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert pages.compare(str(live), str(copy)) == {"difference": None, "sha256": digest}
    made = tmp_path / "made"
    made.touch()
    pages.copy(str(live), str(made))
    assert pages.compare(str(live), str(made)) == {"difference": None, "sha256": digest}


@pytest.mark.parametrize("more", [-1, 0, 1, pages.BLOCK + 5])
def test_a_large_copy_goes_to_the_disk_while_it_is_made(tmp_path, monkeypatch, more):
    """Range by range, each once it is written; the last, begun one is left to the fsync."""
    live, made = tmp_path / "live", tmp_path / "made"
    live.write_bytes(random.Random(1).randbytes(3 * pages.BLOCK + more))
    made.touch()
    begun = []

    def begin(_file, start, length):
        assert made.stat().st_size >= min(start + length, live.stat().st_size)
        begun.append((start, length))

    monkeypatch.setattr(pages, "TO_DISK", pages.BLOCK)
    monkeypatch.setattr(pages, "_disk", lambda: begin)
    pages.copy(str(live), str(made))
    assert made.read_bytes() == live.read_bytes()
    assert begun[:2] == [(0, pages.BLOCK), (pages.BLOCK, pages.BLOCK)]


@pytest.mark.skipif(sys.platform != "linux", reason="sync_file_range(2) is Linux's")
def test_the_system_takes_the_call(tmp_path):
    """0 is its yes; a wrong signature would be -1 or worse."""
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * pages.BLOCK))
    with path.open("r+b") as file:
        assert pages._disk()(file.fileno(), pages.BLOCK, pages.BLOCK) == 0


@pytest.mark.parametrize("place", [0, 16, 24, 60, 100, 4096, 50_000, -1])
def test_one_bit_is_found_where_it_is(pair, place):
    """The digest passes over the change counter at 24, the comparison does not."""
    live, copy = pair
    data = bytearray(copy.read_bytes())
    data[place] ^= 1
    copy.write_bytes(data)
    assert pages.compare(str(live), str(copy))["difference"] == place % len(data)
    is_same = pages.content_digest(str(live)) == pages.content_digest(str(copy))
    assert is_same == (place == 24)


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


@pytest.mark.parametrize("answer", [{"difference": None, "sha256": "0a"}, {"difference": 4096}])
def test_an_answer_is_json(answer):
    """Made by hand, because the module takes longer to load than a small file to compare."""
    assert json.loads(pages.as_json(answer)) == answer
