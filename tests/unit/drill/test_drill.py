"""The fire drill on real projects: what it finds, what it touches, and what it leaves."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from contextlib import closing

import pytest

from drydock import backup, drill, executor, settings
from drydock.commands import rollback
from drydock.commands.drill import told
from drydock.connection import DatabaseMissing
from drydock.drill import DrillFailed, NoRoomForDrill, course
from drydock.errors import ExitCode, Interrupted
from tests.support import databases
from tests.support.project import Project

EXERCISES = ["copy", "migrate", "rollback", "failure", "kill", "backups"]


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.steps = []
        self.failed = []

    def step_began(self, step):
        self.now = step

    def step_ended(self, step, detail, seconds, *, skipped):
        assert not skipped
        assert seconds >= 0
        self.steps.append((step, detail))

    def step_failed(self, step, seconds):
        self.failed.append(step)

    def progress(self, what, done, total, unit=""):
        """Take how far it is."""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The temporary folder of the drill alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def project(tmp_path):
    """A populated project with pending migrations and no backend."""
    return Project(tmp_path / "Åse's project", mode="delete", rows=40)


def tree(folder):
    """Return every file below a folder with the digest of its bytes, and every folder."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in folder.rglob("*")
    }


def run(project, go_back=rollback.run, reporter=None):
    """Drill on the project."""
    return drill.run(settings.load(project.root), reporter or Told(), go_back)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_goes_all_the_way_and_leaves_nothing_behind(tmp_path, temporary, monkeypatch, mode):
    """No byte of the project changes and no file stays, here or in the temporary folder.

    A setting in the environment that names the live database does not lead a run back to it.
    """
    project = Project(tmp_path / "Åse's project", mode=mode, rows=40)
    backup.take(project.database, project.root / "backups", purpose="backup")
    monkeypatch.setenv("INVOKE_DRYDOCK_DATABASE", str(project.database))
    before = tree(project.root), project.database.stat().st_mtime_ns
    reporter = Told()

    report = run(project, reporter=reporter)

    assert [step for step, _ in reporter.steps] == EXERCISES
    assert (tree(project.root), project.database.stat().st_mtime_ns) == before
    assert list(temporary.iterdir()) == []
    assert report.recovery > 0
    assert report.restored == tuple(each.id for each in backup.proved(project.root / "backups"))
    assert len(report.restored) == 1


def test_the_user_s_own_migrations_are_not_run(project, temporary):
    """They are for `inv migrate --dry-run`; a drill is the same whatever is pending."""
    (project.migrations / "005_bad.sql").write_text("THIS IS NO SQL;")
    assert run(project).bytes == project.database.stat().st_size


def test_a_way_back_that_leads_nowhere_is_found(project, temporary):
    """Told as failed, on a copy, with the exit code of a check that found a difference."""
    reporter = Told()
    with pytest.raises(DrillFailed, match="rollback") as found:
        run(project, lambda _walk, _name: None, reporter)
    assert found.value.exit_code == ExitCode.DIFFERENT
    assert found.value.cause == ["the copy's content is not what it was before"]
    assert "only read" in found.value.state
    assert reporter.failed == ["rollback"]
    assert list(temporary.iterdir()) == []


def test_ctrl_c_says_nothing_of_the_copy(project, temporary, monkeypatch):
    """The user's database was only read; the copy is gone, and no state is told of it."""

    def interrupted(*_, **__):
        raise Interrupted("Ctrl-C")

    monkeypatch.setattr(executor, "apply", interrupted)  # the instant of the signal
    with pytest.raises(Interrupted) as caught:
        run(project)
    assert caught.value.state == "app.db was only read, and nothing is left behind"
    assert caught.value.exit_code == ExitCode.INTERRUPTED
    assert list(temporary.iterdir()) == []


def test_a_way_back_that_loses_one_value_is_found(project, temporary):
    """Every row is there and one value is another one: the digest tells."""

    def almost(walk, name):
        rollback.run(walk, name)
        with closing(sqlite3.connect(walk.live)) as db, db:
            db.execute("UPDATE item SET price = price + 0.01 WHERE id = 1")

    with pytest.raises(DrillFailed, match="rollback"):
        run(project, almost)


def test_a_run_that_was_not_killed_is_no_exercise(project, temporary, monkeypatch):
    """A point that a run never reaches would make the exercise a pass that proves nothing."""
    monkeypatch.setattr(course, "KILLED_AT", "return-1")
    with pytest.raises(DrillFailed, match="kill") as found:
        run(project)
    assert found.value.cause == ["the run was not killed"]


@pytest.mark.parametrize("point", ["publish-3", "publish-7"])
def test_it_is_told_whether_the_kill_came_before_or_after_the_instant(
    project, temporary, monkeypatch, point
):
    """Behind publish the new database is whole; before it the old one is there, which is told."""
    monkeypatch.setattr(course, "KILLED_AT", point)
    if point == "publish-7":
        run(project)
    else:
        with pytest.raises(DrillFailed, match="kill") as found:
            run(project)
        assert found.value.cause == ["the killed run's database is not the new one"]


def test_f35_a_backup_that_has_rotted_is_found_and_named(project, temporary):
    """One flipped byte in one of the newest three, by the digest of the restored copy."""
    for _ in range(2):
        taken = backup.take(project.database, project.root / "backups", purpose="backup")
    data = bytearray(taken.file.read_bytes())
    data[-1] ^= 1
    taken.file.write_bytes(data)
    with pytest.raises(DrillFailed, match="backups") as found:
        run(project)
    assert found.value.cause[0] == taken.id
    assert "SHA-256" in found.value.cause[1]


@pytest.mark.parametrize("page", ["root of a table", "another page"])
def test_f35_damage_that_no_run_would_pass_is_found(project, temporary, page):
    """A damaged database is told as the drill's finding, by the name of the real file."""
    (root,) = project.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'item'")[0]
    number = root if page == "root of a table" else root + 1
    data = bytearray(project.database.read_bytes())
    data[(number - 1) * 4096 : (number - 1) * 4096 + 200] = b"\x37" * 200
    project.database.write_bytes(data)
    before = tree(project.root)
    with pytest.raises(DrillFailed) as found:
        run(project)
    assert found.value.cause
    assert not any(str(temporary) in line for line in found.value.cause)
    assert tree(project.root) == before


def test_odd_names_and_an_empty_database_are_drilled_too(tmp_path, temporary):
    """The largest table may be called anything, and there may be none."""
    (tmp_path / "drydock.toml").write_text('database = "it\'s.db"\n')
    path = databases.populate(tmp_path / "it's.db")
    databases.change(path, f"DROP TABLE child; DROP TABLE log; ANALYZE {quoted()};")
    reporter = Told()
    drill.run(settings.load(tmp_path), reporter, rollback.run)
    assert databases.ODD in dict(reporter.steps)["failure"]
    databases.change(path, f"DROP VIEW seen; DROP TABLE {quoted()};")
    drill.run(settings.load(tmp_path), Told(), rollback.run)


def test_a_rule_that_only_the_application_can_ask_is_no_fault(project, temporary):
    """A CHECK that calls a function of its own: the database is sound."""
    with closing(sqlite3.connect(project.database)) as db, db:
        db.create_function("good", 1, lambda _: True, deterministic=True)
        db.execute("CREATE TABLE ruled (x CHECK (good(x)))")
        db.execute("INSERT INTO ruled VALUES (1)")
    reporter = Told()
    run(project, reporter=reporter)
    assert reporter.failed == []


def test_without_room_it_does_not_begin(project, temporary, monkeypatch):
    """Filling the temporary folder would hurt others than us."""
    monkeypatch.setattr(course, "ROOM", 10**12)
    with pytest.raises(NoRoomForDrill, match="nothing was touched") as refused:
        run(project)
    assert "TMPDIR" in refused.value.hint
    assert list(temporary.iterdir()) == []


def test_f34_a_wrong_path_is_told_and_creates_nothing(project, temporary):
    """The same answer as that of every other command."""
    project.database.unlink()
    with pytest.raises(DatabaseMissing):
        run(project)
    assert not project.database.exists()


def test_f27_an_interrupted_drill_leaves_nothing_behind(project, temporary):
    """Ctrl-C is no failure of the drill, and the folder goes away all the same."""

    def interrupted(_walk, _name):
        raise Interrupted("Ctrl-C")

    before = tree(project.root)
    with pytest.raises(Interrupted):
        run(project, interrupted)
    assert tree(project.root) == before
    assert list(temporary.iterdir()) == []


def test_the_user_is_told_what_the_figure_leaves_out(tmp_path):
    """The backend's stop and start are not in it, nor is a slower disk."""
    project = Project(tmp_path / "project", port=1)
    report = drill.Report(4_100_000, 0.84, (), tmp_path, is_elsewhere=True)
    lines = told(report, settings.load(project.root))
    assert lines[0] == (
        "a real recovery of 4.1 MB takes 0.8 s, and at most 15 s to stop and start the backend"
    )
    assert lines[1].endswith(f"TMPDIR={project.root} inv drill")


def quoted():
    return databases.quoted(databases.ODD)
