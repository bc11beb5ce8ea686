"""File-system effects are durable, exclusive and private."""

from __future__ import annotations

import os
import stat
from types import SimpleNamespace

import pytest

from drydock import files

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//nas/share /mnt/my\\040share\\134x cifs rw 0 0
host: /mnt/ssh fuse.sshfs rw 0 0
C:\\134 /mnt/c 9p rw 0 0
a b
"""


@pytest.fixture
def mounts(tmp_path):
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/data/app.db", None),
        ("/home/me/app.db", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/app.db", None),
        ("/home/local/app.db", None),
        ("/home/localized/app.db", "nfs4"),
        ("/mnt/my share\\x/app.db", "cifs"),
        ("/mnt/ssh/deep/er/app.db", "fuse.sshfs"),
        ("/mnt/c/Users/app.db", "9p"),
    ],
)
def test_f39_a_network_file_system_is_known_by_its_nearest_mount(mounts, path, system):
    """SQLite's locks do not hold there."""
    assert files.network_system(path, mounts) == system


def test_f39_where_nothing_tells_none_is_named(tmp_path):
    """macOS has no such file."""
    assert files.network_system(tmp_path, tmp_path / "nowhere") is None


def test_a_text_is_replaced_whole_and_private(tmp_path):
    """Nothing temporary is left beside it."""
    path = tmp_path / "å.json"
    files.write_json(path, {"a": "ö", "n": 1})
    files.write_json(path, {"a": "ö"})
    assert path.read_text(encoding="utf-8") == '{\n  "a": "ö"\n}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["å.json"]


def test_a_text_that_cannot_be_written_leaves_the_old_one(tmp_path):
    """Half of a record would be no record."""
    path = tmp_path / "text"
    files.write_atomically(path, "old", mode=0o644)
    with pytest.raises(UnicodeEncodeError):
        files.write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["text"]


def test_f32_a_private_file_is_made_once(tmp_path):
    """Not even through a link that leads nowhere yet."""
    files.create_private(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "b")
    for name in ("a", "link"):
        with pytest.raises(FileExistsError):
            files.create_private(tmp_path / name)
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("where", ["backups", "backups/of/mine"])
def test_a_file_where_a_folder_is_needed_is_told_with_the_way_on(tmp_path, where):
    """Not as "File exists", and a hint to look at the disk."""
    (tmp_path / "backups").touch()
    with pytest.raises(files.NotAFolder) as caught:
        files.private_folder(tmp_path / where)
    assert caught.value.cause == [f"{tmp_path / 'backups'} is a file"]
    assert caught.value.hint == f"move it away: mv {tmp_path}/backups {tmp_path}/backups.old"
    (tmp_path / "backups").unlink()
    (tmp_path / "backups").symlink_to("nowhere")
    with pytest.raises(files.NotAFolder, match="cannot be a folder") as caught:
        files.private_folder(tmp_path / where)
    assert "is a link that leads nowhere" in caught.value.cause[0]


def test_git_passes_over_a_folder_of_copies(tmp_path):
    """Where it is made here; one that somebody made is theirs."""
    made = files.folder_of_copies(tmp_path / "backups")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / ".gitignore").read_text() == "*\n"
    (tmp_path / "theirs").mkdir()
    assert list(files.folder_of_copies(tmp_path / "theirs").iterdir()) == []


def test_a_private_folder_keeps_the_mode_of_one_that_was_there(tmp_path):
    """It may be shared on purpose."""
    assert stat.S_IMODE(files.private_folder(tmp_path / "x").stat().st_mode) == 0o700
    (tmp_path / "shared").mkdir(mode=0o755)
    assert stat.S_IMODE(files.private_folder(tmp_path / "shared").stat().st_mode) == 0o755


def test_f29_free_space_is_what_this_user_can_write(tmp_path, monkeypatch):
    """Not what root could: a file system keeps blocks back for it."""
    state = os.statvfs(tmp_path)
    assert 0 <= files.free_bytes(tmp_path) <= state.f_blocks * state.f_frsize
    kept_back = SimpleNamespace(f_bavail=3, f_bfree=9, f_frsize=4096, f_bsize=1 << 20)
    monkeypatch.setattr(files.os, "statvfs", lambda _: kept_back)
    assert files.free_bytes(tmp_path) == 3 * 4096


def test_f38_a_sync_that_goes_on_tells_what_it_met_when_it_is_waited_for(tmp_path):
    """The system tells an error once; the next sync of the file would be content."""
    (tmp_path / "there").write_bytes(b"x" * 4096)
    files.Sync(tmp_path / "there").wait()
    begun = files.Sync(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        begun.wait()
