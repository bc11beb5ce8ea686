"""The doctor's page says what matters, what is wrong, and no secret."""

from __future__ import annotations

import pytest

from drydock import doctor, record, settings
from drydock.settings import state_folder
from tests.support.databases import populate

SETTINGS = """
database = "app.db"
ignore = ["a", "b c"]
[backend]
start = ["python", "-m", "a b"]
port = 8000
env = { TOKEN = "geheim" }
[smoke]
checks = [{ path = "/x", headers = { Authorization = "Bearer geheim" } }]
"""


@pytest.fixture
def project(tmp_path):
    populate(tmp_path / "app.db")
    (tmp_path / "drydock.toml").write_text(SETTINGS)
    return settings.load(tmp_path)


def told(found, section):
    return {each.name: each for each in doctor.examine(found) if each.section == section}


def run(found, phase, command="inv migrate", **facts):
    state = state_folder(found.database)
    made = record.start(state, command=command, database=found.database)
    made.note(**facts)
    made.end(phase, "smoke-test: it was unwell")
    return made


def test_settings_are_read_as_they_were_written_and_tell_no_secret(project):
    """Headers and variables hold tokens, and the page is what people paste into an issue."""
    facts = told(project, "settings")
    assert facts["ignore"].value.startswith("a, b c  (from ")
    assert facts["backend.start"].value.startswith("python -m 'a b'  (from ")
    assert facts["smoke.checks"].value.startswith("GET /x  (from ")
    assert "geheim" not in " ".join(each.value for each in doctor.examine(project))


def test_a_run_that_was_stuck_is_wrong_until_somebody_put_it_right(project):
    """An old trouble that is over must not hide a new one."""
    stuck = run(project, "stuck")
    run(project, "finished", "inv backup")
    assert told(project, "runs")[stuck.record.id].verdict == "wrong"
    run(project, "finished", "inv restore", target="0" * 64)
    assert stuck.record.id not in told(project, "runs")


def test_what_rollbacks_keep_is_counted(project):
    """Each is a whole database that nobody else deletes."""
    assert "kept" not in told(project, "runs")
    for number in range(2):
        kept = run(project, "finished").folder / "failed-app.db"
        kept.write_bytes(b"x" * (1_000_000 * (number + 1)))
    value = told(project, "runs")["kept"].value
    assert value.startswith("2 files of databases that were gone back from, 3.0 MB")


def test_a_database_that_cannot_be_opened_is_told_and_the_rest_too(project):
    """The page is read when something is wrong."""
    project.database.unlink()
    assert told(project, "database")["file"].verdict == "wrong"
    assert told(project, "settings")
