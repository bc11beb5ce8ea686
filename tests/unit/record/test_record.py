"""A run's record tells how far it got, whatever the clock did and wherever it was killed."""

from __future__ import annotations

import json
import shutil

import pytest

from drydock import record
from drydock.record import RecordUnreadable


@pytest.fixture
def state(tmp_path):
    return tmp_path / ".drydock" / "å b.db"


def start(state, stamp=None):
    return record.start(state, command="inv migrate", database=state / "å b.db", stamp=stamp)


def test_a_run_is_unfinished_until_it_ends(state):
    """And what it noted is on the disk."""
    assert record.unfinished(state) is None
    run = start(state)
    run.note(phase="held", journal_mode="wal", pending=("001_a", "002 å"))
    found = record.unfinished(state)
    assert found.record == run.record
    assert found.record.pending == ("001_a", "002 å")
    run.end("finished", "done")
    assert record.unfinished(state) is None
    assert record.read(run.folder).phase == "finished"


@pytest.mark.parametrize("phase", sorted(record.ENDED))
def test_a_run_that_ended_has_nothing_to_finish(state, phase):
    """Also where a power cut brought ``current`` back."""
    run = start(state)
    run.note(phase=phase)
    assert record.unfinished(state) is None


def test_f32_runs_of_one_second_have_names_of_their_own(state):
    """The sequence tells their order."""
    runs = [start(state, "20261123T101502Z") for _ in range(3)]
    assert [run.folder.name for run in runs] == [f"20261123T101502Z{n}" for n in ("", "-2", "-3")]
    assert [run.record.sequence for run in runs] == [1, 2, 3]


def test_f31_a_clock_set_back_does_not_change_the_order_of_runs(state):
    """History is by sequence."""
    for stamp in ("20261123T101502Z", "20270101T000000Z", "19990101T000000Z"):
        start(state, stamp).end("failed", "")
    assert [each.id[:4] for each in record.history(state)] == ["2026", "2027", "1999"]


def test_the_candidate_goes_and_what_may_be_needed_stays(state):
    """The failed database and the logs are for the user."""
    run = start(state)
    for name in ("candidate.db", "candidate.db-journal", "failed-app.db", "001.log"):
        (run.folder / name).touch()
    (run.folder / "backup" / "x").mkdir(parents=True)
    run.end("failed", "")
    assert sorted(each.name for each in run.folder.iterdir()) == [
        "001.log", "failed-app.db", "run.json",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"id": "x"}', "[" * 100_000])
def test_a_damaged_record_is_told_and_not_guessed_at(state, text):
    """The command to set it aside is on the screen."""
    run = start(state)
    path = run.folder / "run.json"
    path.write_text(text)
    with pytest.raises(RecordUnreadable, match="the record of a run cannot be read") as caught:
        record.unfinished(state)
    assert f"mv '{path}' '{path}.damaged'" in caught.value.hint
    assert record.history(state) == ()


def test_a_run_whose_folder_is_gone_is_told(state):
    """Its candidate, and what it held, cannot be known."""
    shutil.rmtree(start(state).folder)
    with pytest.raises(RecordUnreadable, match="nothing was touched"):
        record.unfinished(state)


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b"])
def test_the_name_of_a_run_leads_nowhere_else(state, name):
    """It is a name, not a path; a record at its end changes nothing."""
    run = start(state)
    there = state / "runs" / name
    if name:
        (state / "runs" / "a").mkdir()
        shutil.copytree(run.folder, there)
        assert record.read(there) == run.record
    (state / "current").write_text(name)
    with pytest.raises(RecordUnreadable):
        record.unfinished(state)


def test_a_field_that_a_later_version_added_is_passed_over(state):
    """Going back to an older Drydock must not lock anybody out."""
    run = start(state)
    path = run.folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "new": 1}))
    assert record.unfinished(state).record == run.record


def test_nothing_half_written_is_left_beside_it(state):
    """And nobody else can read what a run was about."""
    run = start(state)
    run.note(phase="held")
    assert [each.name for each in run.folder.iterdir()] == ["run.json"]
    assert sorted(each.name for each in state.iterdir()) == ["current", "runs"]
    assert run.folder.stat().st_mode & 0o777 == 0o700
    assert (run.folder / "run.json").stat().st_mode & 0o777 == 0o600
