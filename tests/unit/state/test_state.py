"""What a failed run's screen says of how things stand."""

from __future__ import annotations

from types import SimpleNamespace

from drydock import settings, state
from drydock.errors import DrydockError
from drydock.walk import Options, Walk


def test_only_a_log_that_is_there_is_named(tmp_path):
    """A backend that was never started by us has none."""
    (tmp_path / "drydock.toml").write_text("database = 'a.db'\n[backend]\nstart = ['x']\n")
    walk = Walk(settings.load(tmp_path), Options(), reporter=None)
    walk.run = SimpleNamespace(record=SimpleNamespace(failed_copy="kept.db"))
    error = DrydockError("no")
    state.tell(walk, error, was_published=True)
    assert error.hint == "mend what is named above, then run: inv migrate"
    log = tmp_path / ".drydock" / "backend.log"
    log.parent.mkdir()
    log.touch()
    state.tell(walk, error, was_published=True)
    assert error.hint.endswith(f"\nthe backend's log: {log}")


def test_a_database_that_is_gone_is_not_as_it_was(tmp_path):
    """Somebody moved its folder meanwhile; the backup is the way on."""
    (tmp_path / "drydock.toml").write_text("database = 'a.db'\n")
    walk = Walk(settings.load(tmp_path), Options(), reporter=None)
    walk.backup = SimpleNamespace(file="backups/7/a.db", id="7")
    error = DrydockError("no", hint="mend the file")
    state.tell(walk, error, was_published=False)
    assert error.state == f"a.db is gone: there is no {tmp_path / 'a.db'}"
    assert error.hint == "bring this run's backup back (backups/7/a.db): inv restore 7"
    walk.backup = None
    state.tell(walk, error, was_published=False)
    assert error.hint == "bring a backup back: inv restore BACKUP (inv backups lists them)"
