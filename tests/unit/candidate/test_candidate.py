"""The candidate is a private copy of the backup, whole or not there."""

from __future__ import annotations

import os
import stat

import pytest

from drydock import candidate
from tests.support.databases import dump, populate


@pytest.mark.parametrize("size", [0, 1, 4096, (1 << 20) + 1, 5_000_001])
def test_every_byte_is_copied(tmp_path, size):
    """Whichever of the ways of copying the file system has."""
    source, target = tmp_path / "from å", tmp_path / "to å"
    source.write_bytes(os.urandom(size))
    candidate.copy(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_copy_is_a_file_of_its_own(tmp_path):
    """Shared blocks part when one of them is written."""
    source = populate(tmp_path / "backup.db")
    before = dump(source)
    candidate.copy(source, tmp_path / "candidate.db")
    assert dump(tmp_path / "candidate.db") == before
    (tmp_path / "candidate.db").write_bytes(b"x" * 100_000)
    assert dump(source) == before


def test_f32_a_file_that_is_there_is_not_written(tmp_path):
    """Two runs never share a candidate."""
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        candidate.copy(populate(tmp_path / "b.db"), tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    """Half a candidate opens as a database."""
    with pytest.raises(OSError, match="directory"):
        candidate.copy(tmp_path, tmp_path / "candidate.db")
    assert not (tmp_path / "candidate.db").exists()
