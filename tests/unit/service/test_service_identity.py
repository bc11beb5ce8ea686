import json

import pytest

from drydock.service import identity
from drydock.service.identity import Identity, Record

RECORD = Record(Identity(4121, 53.21, ("python", "-m", "uvicorn", 'odd "ünd" app:x')), "m4rk")


def test_a_record_comes_back_as_it_was_written(tmp_path):
    """Two commands agree on who the backend is."""
    path = tmp_path / "new folder" / "backend.json"
    identity.write(path, RECORD)
    assert identity.read(path) == RECORD


def test_the_pid_file_is_private_and_leaves_nothing_beside_it(tmp_path):
    """Its command line is nobody else's business; a half-written one never has its name."""
    path = tmp_path / "backend.json"
    identity.write(path, RECORD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["backend.json"]


@pytest.mark.parametrize(
    "text", ["", "4121", "[]", "null", "{", '{"pid": 1}', '{"pid": "x", "boot": ""}', "\udcff"]
)
def test_what_is_not_ours_counts_as_nothing(tmp_path, text):
    """A pid file of another tool never leads to a signal."""
    path = tmp_path / "backend.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert identity.read(path) is None


def test_a_record_without_every_field_counts_as_nothing(tmp_path):
    """A start time that is missing is not a start time that agrees."""
    path = tmp_path / "backend.json"
    identity.write(path, RECORD)
    content = json.loads(path.read_text())
    for field in content:
        path.write_text(json.dumps({key: content[key] for key in content if key != field}))
        assert identity.read(path) is None, field


def test_f42_a_record_of_another_boot_counts_as_nothing(tmp_path):
    """Pids and start times begin anew with a boot, and may agree by accident."""
    path = tmp_path / "backend.json"
    identity.write(path, RECORD)
    content = json.loads(path.read_text()) | {"boot": "another"}
    path.write_text(json.dumps(content))
    assert identity.read(path) is None


def test_forgetting_twice_is_no_error(tmp_path):
    """Whoever comes second finds it done."""
    path = tmp_path / "backend.json"
    identity.write(path, RECORD)
    identity.forget(path)
    identity.forget(path)
    assert identity.read(path) is None
