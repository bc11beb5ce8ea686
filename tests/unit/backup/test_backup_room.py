"""Before a run begins: is there room for it, and can the file system's locks be relied on?"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from drydock import files
from drydock.errors import ExitCode
from drydock.steps import take_backup
from drydock.steps.take_backup import DiskTooFull, NetworkFile
from tests.support.databases import populate


@pytest.fixture
def walk(tmp_path):
    """What the step asks of a walk: a live database and the settings."""
    live = populate(tmp_path / "app.db")
    settings = SimpleNamespace(backups=tmp_path / "backups", network_files=False)
    return SimpleNamespace(live=live, settings=settings)


def test_f30_room_is_asked_for_a_backup_and_a_candidate_of_twice_the_size(walk, monkeypatch):
    """A table rebuild needs its table twice: one byte less than three databases is refused."""
    needed = 3 * walk.live.stat().st_size
    monkeypatch.setattr(files, "free_bytes", lambda _: needed)
    take_backup.require_room(walk)
    monkeypatch.setattr(files, "free_bytes", lambda _: needed - 1)
    with pytest.raises(DiskTooFull) as caught:
        take_backup.require_room(walk)
    assert (caught.value.needed, caught.value.free) == (needed, needed - 1)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert "nothing was touched" in caught.value.what


def test_f39_a_database_on_a_network_file_system_is_refused_unless_accepted(walk, monkeypatch):
    """Its locks cannot be relied on; the setting accepts the risk."""
    table = walk.live.parent / "mounts"
    table.write_text(f"tmpfs / tmpfs rw 0 0\nserver:/x {walk.live.parent} nfs4 rw 0 0\n")
    known = files.network_system
    monkeypatch.setattr(files, "network_system", lambda path: known(path, table))
    with pytest.raises(NetworkFile) as caught:
        take_backup.require_local(walk)
    assert "nfs4" in caught.value.what
    assert "network_files" in caught.value.hint
    walk.settings.network_files = True
    take_backup.require_local(walk)
