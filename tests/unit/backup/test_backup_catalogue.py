"""Only proved backups count, and none is deleted that somebody may still need."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from drydock import backup
from drydock.backup import Backup, Manifest, NoSuchBackup, to_prune
from tests.support.databases import populate

MANIFEST = Manifest(
    id="", sequence=0, purpose="backup", created_at="", database="", file="a b.db", bytes=1,
    sha256="", rows={}, migrations=0, last_migration="", journal_mode="wal", compared="pages",
    sqlite="",
)  # fmt: skip


def listed(*purposes, ids=None):
    """Return backups with these purposes, oldest first."""
    ids = ids or [f"b{n}" for n in range(1, len(purposes) + 1)]
    return tuple(
        Backup(Path(name), replace(MANIFEST, id=name, sequence=n, purpose=purpose))
        for n, (name, purpose) in enumerate(zip(ids, purposes, strict=True), start=1)
    )


def pruned(every, keep, in_use=frozenset()):
    return [each.id for each in to_prune(every, keep, frozenset(in_use))]


def test_the_oldest_beyond_those_to_keep_are_deleted():
    """Keep counts backups, proved ones."""
    assert pruned(listed(*["migrate"] * 5), 3) == ["b1", "b2"]
    assert pruned(listed(*["migrate"] * 3), 3) == []


def test_f31_the_last_one_from_before_a_migration_is_never_deleted():
    """Any number of backups by hand after it does not push it out."""
    every = listed("migrate", "migrate", *["backup"] * 6)
    assert pruned(every, 2) == ["b1", "b3", "b4", "b5", "b6"]


def test_f31_the_newest_and_those_in_use_are_never_deleted():
    """Whatever keep says."""
    assert pruned(listed("backup", "backup", "backup"), 0) == ["b1", "b2"]
    assert pruned(listed("backup", "backup", "backup"), 1, {"b1"}) == ["b2"]


def test_f31_a_clock_set_back_does_not_make_the_newest_the_oldest():
    """The sequence orders them, not the time in their names."""
    every = listed("backup", "backup", "backup", ids=["2026-05", "2026-06", "1999-01"])
    assert pruned(every, 1) == ["2026-05", "2026-06"]


@pytest.fixture
def three(tmp_path):
    live = populate(tmp_path / "the l%ve å?.db")
    folder = tmp_path / "backups"
    return folder, [backup.take(live, folder, purpose="backup") for _ in range(3)]


def test_f31_the_newest_is_the_last_one_taken_whatever_its_name_says(three):
    """A clock that was set back gave it a time of the last century."""
    folder, taken = three
    home = taken[-1].folder.rename(folder / "19990101T000000Z")
    manifest = json.loads((home / "manifest.json").read_text())
    (home / "manifest.json").write_text(json.dumps({**manifest, "id": home.name}))
    assert backup.find(folder, None).id == home.name
    assert [each.id for each in backup.proved(folder)] == [taken[0].id, taken[1].id, home.name]
    assert backup.prune(folder, keep=1) == (taken[0].id, taken[1].id)


def test_f31_failed_backups_do_not_count_and_are_left_alone(three):
    """Five failed runs must not push out the one good backup."""
    folder, taken = three
    for n in range(5):
        (folder / f"9999-failed-{n}").mkdir()
        (folder / f"9999-failed-{n}" / "x.db.partial").touch()
    assert backup.prune(folder, 2) == (taken[0].id,)
    assert not taken[0].folder.exists()
    assert [each.id for each in backup.proved(folder)] == [each.id for each in taken[1:]]
    assert len(backup.unproved(folder)) == 5


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{}", "not json", "\x00", '{"file": "x"}', "[" * 100_000],
    ids=["empty", "list", "none", "text", "nul", "half", "deep"],
)
def test_a_folder_whose_manifest_is_damaged_is_no_backup(three, text):
    """It is told as one that cannot be relied on, and the others still count."""
    folder, taken = three
    (taken[1].folder / "manifest.json").write_text(text)
    assert backup.proved(folder) == (taken[0], taken[2])
    assert backup.unproved(folder) == (taken[1].folder,)


@pytest.mark.parametrize("file", ["../../the l%ve å?.db", "/etc/passwd", 7, ""])
def test_a_manifest_cannot_lead_out_of_its_folder(three, file):
    """Somebody who can write a manifest must not choose what is restored."""
    folder, taken = three
    path = taken[1].folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "file": file}))
    assert taken[1].folder in backup.unproved(folder)


def test_a_cut_or_linked_file_is_no_backup(three, tmp_path):
    """The size is looked at every time; the digest when asked for."""
    folder, taken = three
    taken[0].file.write_bytes(taken[0].file.read_bytes()[:-1])
    taken[1].file.rename(tmp_path / "elsewhere")
    taken[1].file.symlink_to(tmp_path / "elsewhere")
    assert backup.proved(folder) == (taken[2],)


def test_verify_reads_all_of_it_again(three):
    """One bit that turned on the disk."""
    _, taken = three
    data = bytearray(taken[0].file.read_bytes())
    data[-1] ^= 1
    taken[0].file.write_bytes(data)
    (problem,) = backup.verify(taken[0])
    assert problem.startswith("its SHA-256 is ")
    assert backup.verify(taken[1]) == []


def test_a_backup_is_found_by_its_id_or_its_path(three):
    """Without a name the newest is meant."""
    folder, taken = three
    assert backup.find(folder, None) == taken[2]
    for name in (taken[0].id, str(taken[0].folder), str(taken[0].file)):
        assert backup.find(folder, name) == taken[0]


def test_a_name_that_is_no_backup_is_told_with_those_that_are(three, tmp_path):
    """The next thing to type is on the screen."""
    folder, taken = three
    with pytest.raises(NoSuchBackup, match="there is no proved backup 'nonsense'") as caught:
        backup.find(folder, "nonsense")
    assert taken[2].id in caught.value.hint
    with pytest.raises(NoSuchBackup) as caught:
        backup.find(tmp_path / "nowhere", None)
    assert caught.value.hint == "take one: inv backup"
