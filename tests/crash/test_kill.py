"""Killed at each numbered point: the old database or the new one, told, and finished next time."""

from __future__ import annotations

import psutil
import pytest

from drydock.errors import ExitCode
from drydock.faults import POINTS
from tests.crash.forked import inv
from tests.crash.laboratory import Laboratory
from tests.support.project import Project, free_port

ORDER = list(POINTS)
WITH_BACKEND = ["stop-1", "stop-2", "start-1", "smoke-1"]
ON_THE_WAY_BACK = ["return-1", "return-2"]
ALONE = [point for point in ORDER if point not in {*WITH_BACKEND, *ON_THE_WAY_BACK}]


def expected_at(point: str) -> str:
    """Return which database is live at `point` when publish is a rename."""
    return "new" if ORDER.index(point) >= ORDER.index("publish-4") else "old"


PUBLISH = [point for point in ALONE if point.startswith("publish")]
BOTH_MODES = [(shape, point) for shape in ("wal", "delete") for point in ALONE]
IN_PLACE = [("hard-link", point) for point in PUBLISH]
ERRORS = [*(("wal", point) for point in ALONE), *IN_PLACE]
SIGNALS = [
    *(("hold-3", "INT"), ("backup-3", "TERM"), ("migrate-1", "HUP"), ("publish-3", "QUIT")),
    *(("publish-6", "INT"), ("publish-6", "TERM"), ("verify-1", "HUP")),
]
GOING_BACK = ["hold-1", "hold-2", "hold-3", "return-1", *PUBLISH[:6], "return-2"]
ROLLBACKS = [
    *(("wal", point) for point in GOING_BACK),
    *(("hard-link", point) for point in GOING_BACK[3:]),
]


@pytest.fixture(scope="module")
def laboratory():
    with Laboratory(seed=1) as laboratory:
        yield laboratory


@pytest.fixture
def specimen(laboratory, shape):
    specimen = laboratory.template(shape).specimen()
    yield specimen
    specimen.remove()


@pytest.fixture(params=["wal", "delete"])
def served(request, tmp_path):
    """A project whose backend runs."""
    project = Project(tmp_path / "project", mode=request.param, port=free_port(), rows=40)
    with project.running():
        yield project


@pytest.mark.parametrize(("shape", "point"), [*BOTH_MODES, *IN_PLACE])
def test_killed_at_a_point_the_database_is_whole_and_the_next_run_converges(specimen, point):
    """SIGKILL at every numbered point of a migration: old or new by content, nothing between."""
    killed = specimen.inv("migrate", "--yes", DRYDOCK_FAULT=f"kill:{point}")
    assert killed.was_killed, killed.screen
    assert specimen.standing() == expected_at(point)
    told = specimen.inv("status")
    assert told.returncode == 0, told.screen
    assert "was interrupted; the next inv migrate cleans up" in told.screen
    assert specimen.after_recovery(ask_status=False) is None
    assert specimen.applied()[1:] == ["002_add_tag", "003_shops", "004_rebuild_item"]


@pytest.mark.parametrize(("shape", "point"), ERRORS)
def test_an_error_at_a_point_leaves_old_or_new_and_says_which(specimen, point):
    """ENOSPC raised at every numbered point: exit code, state and database agree."""
    failed = specimen.inv("migrate", "--yes", DRYDOCK_FAULT=f"error:{point}")
    assert failed.returncode in (ExitCode.FAILED, ExitCode.ROLLED_BACK), failed.screen
    assert "state:" in failed.screen
    assert "hint:" in failed.screen
    assert specimen.standing() == "old"
    assert specimen.after_fault(failed) is None
    assert specimen.left_over() == []
    assert specimen.journal_mode() == specimen.template.journal_mode
    assert specimen.after_recovery() is None


@pytest.mark.parametrize("shape", ["wal"])
@pytest.mark.parametrize(("point", "name"), SIGNALS)
def test_f27_a_signal_at_a_point_walks_the_way_back(specimen, point, name):
    """The old database, in its journal mode; exit 130 or 5, and the screen says why."""
    ended = specimen.inv("migrate", "--yes", DRYDOCK_FAULT=f"signal:{point}:{name}")
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "stopped by" in ended.screen
    assert "state:" in ended.screen
    assert specimen.standing() == "old"
    assert specimen.left_over() == []
    assert specimen.after_recovery() is None


@pytest.mark.parametrize("shape", ["wal"])
@pytest.mark.parametrize("step", ["stop-backend", "backup", "review", "migrate", "smoke-test"])
def test_f27_a_signal_between_two_steps_walks_the_way_back(specimen, step):
    """No step is going on that could notice it: the old database is back, and it is told."""
    ended = specimen.inv("migrate", "--yes", LAB_SIGNAL_AFTER=f"{step}:TERM")
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "stopped by" in ended.screen
    assert "state:" in ended.screen
    assert specimen.standing() == "old"
    assert specimen.journal_mode() == "wal"
    assert specimen.left_over() == []
    assert specimen.after_recovery() is None


@pytest.mark.parametrize("shape", ["wal"])
@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("migrate:walk.done[step.name] = line", ""),
        ("verify-schema:walk.done[step.name] = line", ""),
        ("migrate:walk.reporter.step_failed(", "error:publish-6"),
        ("migrate:known = error", "error:publish-6"),
        ("migrate:with signals.undisturbed()", "error:migrate-2"),
        ("backup:with signals.undisturbed()", "error:backup-2"),
    ],
)
def test_f27_a_signal_right_behind_a_step_or_its_failure_undoes_that_step_too(
    specimen, line, fault
):
    """Between the work and the note of it, and before the way back has begun."""
    ended = specimen.inv("migrate", "--yes", LAB_SIGNAL_AT=line, DRYDOCK_FAULT=fault)
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "stopped by SIGTERM" in ended.screen
    assert specimen.after_fault(ended) is None
    assert specimen.standing() == "old"
    assert specimen.journal_mode() == "wal"
    assert specimen.left_over() == []
    assert specimen.after_recovery() is None


@pytest.mark.parametrize("served", ["wal"], indirect=True)
@pytest.mark.parametrize(
    ("point", "never"),
    [
        ("stop-2", "hold-1"),
        ("backup-3", "candidate-1"),
        ("migrate-1", "migrate-2"),
        ("migrate-3", "publish-1"),
        ("publish-4", "verify-1"),
        ("verify-1", "start-1"),
        ("smoke-1", "the end"),
    ],
)
def test_f27_a_signal_whose_exception_gets_lost_ends_the_run_all_the_same(served, point, never):
    """In a destructor, or another library's callback, Python passes over what a handler raises."""
    seen = served.root / "points.txt"
    ended = inv(served.root, "migrate", "--yes", LAB_SIGNAL_LOST=point, LAB_POINTS=str(seen))
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "stopped by SIGTERM" in ended.screen
    assert "Exception ignored" not in ended.screen
    reached = seen.read_text().split()
    assert point in reached
    assert never not in reached
    assert served.applied() == ["001_start"]
    assert served.is_running(), ended.screen
    assert served.left_over() == []


@pytest.mark.parametrize("shape", ["wal"])
@pytest.mark.parametrize(("point", "stands"), [("hold-3", "new"), ("publish-1", "old")])
def test_f27_a_signal_whose_exception_gets_lost_ends_a_rollback_too(migrated, point, stands):
    """Before the instant nothing is changed; behind it the way back has been walked."""
    ended = migrated.inv("rollback", "--yes", LAB_SIGNAL_LOST=point)
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "stopped by SIGTERM" in ended.screen
    assert migrated.standing() == stands
    assert migrated.left_over() == []
    assert migrated.after_recovery() is None


@pytest.mark.parametrize("shape", ["wal", "proving"])
@pytest.mark.parametrize("thread", [1, 2, 3, 4])
def test_f27_a_signal_while_a_thread_is_started_walks_the_way_back(specimen, thread):
    """Raised inside the standard library's start it left a thread that is half known, in noise."""
    ended = specimen.inv("migrate", "--yes", LAB_SIGNAL_IN_THREAD=str(thread))
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "Exception ignored" not in ended.screen
    assert specimen.after_fault(ended) is None
    assert specimen.standing() == "old"
    assert specimen.after_recovery() is None


def test_f27_a_signal_while_the_backend_is_started_leaves_no_process_that_nobody_knows(tmp_path):
    """Between the fork and the pid file: it is stopped again, and nobody is on the port."""
    project = Project(tmp_path / "project", port=free_port(), rows=40)
    ended = inv(project.root, "start-backend", LAB_SIGNAL_IN_FORK="1")
    assert ended.returncode == ExitCode.INTERRUPTED, ended.screen
    here = [
        each.pid
        for each in psutil.process_iter(["cwd"])
        if (each.info["cwd"] or "").startswith(str(project.root))
    ]
    assert here == []
    assert not project.is_running()


@pytest.mark.parametrize("point", WITH_BACKEND)
def test_killed_around_the_backend_the_next_run_leaves_it_running(served, point):
    """The backend that ran before runs after the next command, on a whole database."""
    before = served.dump()
    killed = inv(served.root, "migrate", "--yes", DRYDOCK_FAULT=f"kill:{point}")
    assert killed.was_killed, killed.screen
    assert (served.dump() == before) == (expected_at(point) == "old")
    assert inv(served.root, "status").returncode == 0
    again = inv(served.root, "migrate", "--yes")
    assert again.returncode == 0, again.screen
    assert served.applied()[-1] == "004_rebuild_item"
    assert served.is_running()
    assert served.left_over() == []


@pytest.mark.parametrize("served", ["wal"], indirect=True)
@pytest.mark.parametrize("point", WITH_BACKEND)
def test_an_error_around_the_backend_leaves_it_running_on_the_old_database(served, point):
    """Whatever fails, somebody answers on the port in the end, and exit is not 0."""
    before = served.dump()
    failed = inv(served.root, "migrate", "--yes", DRYDOCK_FAULT=f"error:{point}")
    assert failed.returncode in (ExitCode.FAILED, ExitCode.ROLLED_BACK), failed.screen
    assert "the backend is running on it" in failed.screen
    assert served.dump() == before
    assert served.is_running()


@pytest.mark.parametrize("point", ON_THE_WAY_BACK)
def test_killed_on_the_way_back_the_next_run_finishes_it(served, point):
    """A run that was going back is brought back: old database, backend running."""
    before = served.dump()
    (served.root / "items-broken").write_text("")
    killed = inv(served.root, "migrate", "--yes", DRYDOCK_FAULT=f"kill:{point}")
    assert killed.was_killed, killed.screen
    assert (served.dump() == before) == (point == "return-2")
    assert inv(served.root, "status").returncode == 0
    (served.root / "items-broken").unlink()
    again = inv(served.root, "migrate", "--yes")
    assert again.returncode == 0, again.screen
    assert "is the previous database again" in again.screen
    assert served.applied()[-1] == "004_rebuild_item"
    assert served.is_running()
    assert served.left_over() == []


@pytest.fixture
def migrated(specimen):
    done = specimen.inv("migrate", "--yes")
    assert done.returncode == 0, done.screen
    assert specimen.standing() == "new"
    return specimen


@pytest.mark.parametrize(("shape", "point"), ROLLBACKS)
def test_killed_in_a_rollback_the_database_is_whole_and_a_second_one_ends_it(migrated, point):
    """SIGKILL at every point of `inv rollback`: the migrated or the previous database, told."""
    killed = migrated.inv("rollback", "--yes", DRYDOCK_FAULT=f"kill:{point}")
    assert killed.was_killed, killed.screen
    standing = migrated.standing()
    assert standing in ("old", "new")
    told = migrated.inv("status")
    assert told.returncode == 0, told.screen
    assert "was interrupted" in told.screen
    again = migrated.inv("rollback", "--yes")
    assert "had been interrupted" in again.screen
    says_back = "is the previous database again" in again.screen
    assert says_back == (standing == "old"), again.screen
    assert migrated.standing() == "old", again.screen
    assert migrated.left_over() == []
    assert migrated.after_recovery() is None


@pytest.mark.parametrize(("shape", "point"), ROLLBACKS)
def test_an_error_in_a_rollback_leaves_old_or_new_and_says_which(migrated, point):
    """ENOSPC at every point of `inv rollback`: exit is not 0 and the state on screen is true."""
    failed = migrated.inv("rollback", "--yes", DRYDOCK_FAULT=f"error:{point}")
    assert failed.returncode not in (0, ExitCode.UNEXPECTED), failed.screen
    assert "state:" in failed.screen
    standing = migrated.standing()
    assert standing in ("old", "new")
    assert ("as it was before the run" in failed.screen) == (standing == "new"), failed.screen
    assert migrated.left_over() == []
    assert migrated.after_recovery() is None


@pytest.mark.parametrize("served", ["wal"], indirect=True)
def test_every_point_is_reached_by_a_run_that_ends_well_or_one_that_fails(served):
    """A renamed or removed point cannot turn a crash test into a pass."""
    seen = served.root / "points.txt"
    done = inv(served.root, "migrate", "--yes", DRYDOCK_FAULT="", LAB_POINTS=str(seen))
    assert done.returncode == 0, done.screen
    assert inv(served.root, "rollback", "--yes", LAB_POINTS=str(seen)).returncode == 0
    (served.root / "items-broken").write_text("")
    assert (
        inv(served.root, "migrate", "--yes", LAB_POINTS=str(seen)).returncode
        == ExitCode.ROLLED_BACK
    )
    assert set(seen.read_text().split()) == set(POINTS)
