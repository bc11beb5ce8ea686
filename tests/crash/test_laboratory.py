"""A bounded slice of the fault laboratory; ``make crash`` runs as much as its budget allows."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from drydock.errors import ExitCode
from tests.crash import (
    concurrency,
    guards,
    images,
    inputs,
    kinds,
    mutation,
    signals,
    sweeps,
    tracing,
    workers,
)
from tests.crash.faults import Fault
from tests.crash.forked import Child, inv
from tests.crash.laboratory import SMALL, Laboratory
from tests.support.project import Project, free_port

needs_strace = pytest.mark.skipif(
    not tracing.works(), reason="strace is missing or may not trace: apt-get install strace"
)


@pytest.fixture(scope="module")
def laboratory():
    with Laboratory(seed=1) as laboratory:
        yield laboratory


def explained(case, laboratory, number):
    shape, finding = case(laboratory, number)
    assert finding is None, f"{shape}: {finding.kind}: {finding.story}"


@pytest.mark.parametrize("number", range(len(SMALL)))
def test_kills_at_write_like_calls_lose_nothing(laboratory, number):
    """One SIGKILL in each database shape, at calls far apart, by our own hook."""
    explained(sweeps.kill, laboratory, number)


@pytest.mark.parametrize("text", [0, 1])
def test_a_kill_while_a_record_is_half_written_leaves_nothing_for_ever(laboratory, text):
    """A run's first record, and the name that points to it: killed before each gets its name."""
    template = laboratory.template("delete")
    named = [place for place, call in enumerate(template.calls) if call.startswith("os.rename .")]
    at = named[text] + 1
    specimen = template.specimen()
    assert specimen.inv("migrate", "--yes", fault=Fault("kill", at)).was_killed
    assert specimen.after_recovery() is None
    specimen.remove()


@pytest.mark.parametrize("number", range(8))
def test_f40_errors_at_write_like_calls_are_told_and_harmless(laboratory, number):
    """ENOSPC, EIO, EDQUOT, EACCES, EROFS, once or from then on."""
    explained(sweeps.error, laboratory, number)


@pytest.mark.parametrize("number", range(6))
def test_faults_in_a_rollback_leave_old_or_new(laboratory, number):
    """SIGKILL or an errno while going back."""
    case = (sweeps.rollback_kill, sweeps.rollback_error)[number % 2]
    explained(case, laboratory, number * 31)


@pytest.mark.parametrize("number", [0, 20, 40, 60])
def test_a_kill_in_the_command_that_cleans_up_after_a_kill_loses_nothing(laboratory, number):
    """SIGKILL twice, and the third command ends it."""
    explained(sweeps.twice, laboratory, number)


@needs_strace
@pytest.mark.parametrize("number", range(5))
def test_faults_inside_sqlites_own_writes_lose_nothing(laboratory, number):
    """strace meets one system call of the run with SIGKILL or an errno."""
    case = (sweeps.strace_kill, sweeps.strace_error)[number % 2]
    explained(case, laboratory, number)


@needs_strace
@pytest.mark.parametrize("number", [0, 1, 8])
def test_f06_a_kill_before_any_system_call_leaves_old_or_new(laboratory, number):
    """Every prefix of a recorded run's writes: WAL, going back in WAL, published in place."""
    explained(images.kills, laboratory, number)


@needs_strace
@pytest.mark.parametrize("number", range(4))
def test_f38_a_power_cut_leaves_the_old_or_the_new_database(laboratory, number):
    """200 images a run with lost, torn and reordered writes; one of them recovers whole."""
    explained(images.case, laboratory, number)


@pytest.mark.parametrize("number", range(4))
def test_f27_signals_at_any_moment_are_answered(laboratory, number):
    """INT, TERM, HUP, QUIT: within a second, truthfully, the old or the new database."""
    explained(signals.signals, laboratory, number)


def test_f28_of_eight_runners_one_does_the_work(laboratory):
    """The others are refused by name, or find nothing pending."""
    explained(concurrency.runners, laboratory, 0)


@pytest.mark.parametrize("number", range(3))
def test_rows_of_writers_are_kept_or_refused(laboratory, number):
    """Three writers hammer before, during and after: no acknowledged row is lost."""
    explained(concurrency.writers, laboratory, number)


@pytest.mark.parametrize("number", range(6))
def test_f08_who_opens_the_database_during_a_run_corrupts_nothing(laboratory, number):
    """Stopped while it holds the database, and gone on with writers and browsers waiting."""
    explained(concurrency.latecomers, laboratory, number)


@pytest.mark.parametrize("number", range(9))
def test_f45_browsers_that_were_left_open_are_named_or_harmless(laboratory, number):
    """Idle, reading, writing; in WAL, DELETE and TRUNCATE mode."""
    explained(concurrency.browsers, laboratory, number)


def test_f20_scripts_are_split_as_sqlite_splits_them(laboratory):
    """A thousand scripts of random tokens against sqlite3_complete."""
    explained(inputs.scripts, laboratory, 0)


@pytest.mark.parametrize("number", range(5))
def test_damaged_files_are_told_without_a_traceback(laboratory, number):
    """Settings, records, manifests, backups, migrations, databases with random damage."""
    explained(inputs.files, laboratory, number)


@pytest.mark.parametrize("number", range(4))
def test_a_harmed_ledger_is_told_without_a_traceback_and_loses_nothing(laboratory, number):
    """Rows, columns, triggers and whole tables that are not what we wrote."""
    explained(inputs.ledgers, laboratory, number)


def test_f34_a_file_that_is_no_database_is_refused_and_not_written(laboratory, tmp_path):
    """A clear error, exit 2 or 3, and not one byte changed."""
    for what, data in inputs.foreign(tmp_path / "a.zip").items():
        specimen = laboratory.template("delete").specimen()
        specimen.database.write_bytes(data)
        for words in (("status",), ("migrate", "--yes"), ("backup",), ("verify-schema",)):
            done = specimen.inv(*words)
            assert done.returncode in (ExitCode.USAGE, ExitCode.REFUSED), f"{what}: {done.screen}"
            assert "error:" in done.screen
            assert "Traceback" not in done.screen
        assert specimen.database.read_bytes() == data, what
        assert not list(specimen.root.glob("app.db-*")), what
        specimen.remove()


def test_f29_a_limit_on_file_sizes_is_told_and_harmless(laboratory):
    """RLIMIT_FSIZE, as a quota has it: the old database, and an error that names the system's."""
    specimen = laboratory.template("delete").specimen()
    limit = specimen.database.stat().st_size // 2
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        failed = specimen.inv("migrate", "--yes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert failed.returncode == ExitCode.FAILED, failed.screen
    assert specimen.after_fault(failed) is None
    assert specimen.standing() == "old"
    assert specimen.after_recovery() is None
    specimen.remove()


FULL = """
set -e
mount -t tmpfs -o size={size} tmpfs "{folder}"
cp -a "{root}/." "{folder}/"
cd "{folder}"
set +e
{python} -m invoke migrate --yes >"{screen}" 2>&1
echo $? >"{screen}.code"
rm -f filler
{python} -m invoke status >>"{screen}" 2>&1
cp -a app.db "{root}/after.db"
"""


GROWS = """CREATE TABLE grown (b);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO grown SELECT zeroblob(1000) FROM n;
"""


@pytest.mark.parametrize("kilobytes", [260, 300, 360, 420, 480])
def test_f29_f30_a_really_full_disk_leaves_the_old_or_the_new_database(
    laboratory, tmp_path, kilobytes
):
    """A small tmpfs of its own, filled by the run at one place or another."""
    if subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare -Urm is not permitted here: allow user namespaces")
    specimen = laboratory.template("delete").specimen()
    (specimen.migrations / "005_grows.sql").write_text(GROWS)
    mount, screen = tmp_path / "small", tmp_path / "screen.txt"
    mount.mkdir()
    script = FULL.format(
        size=f"{kilobytes}k",
        folder=mount,
        root=specimen.root,
        python=sys.executable,
        screen=screen,
    )
    environment = Project.environment(None)
    done = subprocess.run(
        ["unshare", "-Urm", "bash", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    told = screen.read_text()
    assert "Traceback" not in told, told
    shutil.copyfile(specimen.root / "after.db", specimen.database)
    code = int(Path(f"{screen}.code").read_text())
    if code:
        assert specimen.standing() == "old", told + done.stderr
        assert "as it was before the run" in told
        assert "hint: make room" in told
    else:
        assert len(specimen.applied()) == 5
    assert code in (0, ExitCode.FAILED, ExitCode.REFUSED), told
    specimen.remove()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_f27_signals_with_a_backend_never_leave_it_down_in_silence(tmp_path, name):
    """A real uvicorn: afterwards it runs, or the exit code and the screen say what to type."""
    project = Project(tmp_path / "project", mode="wal", rows=40, port=free_port())
    before = project.dump()
    with project.running():
        for point in ("stop-2", "backup-4", "publish-4"):
            word = name.removeprefix("SIG")
            ended = inv(project.root, "migrate", "--yes", DRYDOCK_FAULT=f"signal:{point}:{word}")
            assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
            assert "the backend is running on it" in ended.screen
            assert project.is_running()
            assert project.dump() == before


def test_an_idle_connection_and_a_reader_are_waited_for_or_named(laboratory):
    """Left open in WAL mode they stop the run by name; in DELETE mode nobody is in the way."""
    for shape, code in (("wal", ExitCode.BUSY), ("delete", ExitCode.DONE)):
        specimen = laboratory.template(shape).specimen()
        with closing(sqlite3.connect(specimen.database)) as idle:
            idle.execute("SELECT count(*) FROM item").fetchone()
            done = specimen.inv("migrate", "--yes")
        assert done.returncode == code, done.screen
        if code:
            assert f"pid {os.getpid()}" in done.screen
        assert specimen.after_fault(done) is None
        assert specimen.after_recovery() is None
        specimen.remove()


class Counted:
    """A plan of sixteen scripts' cases; what came of them."""

    def __init__(self, jobs):
        script = next(kind for kind in kinds.KINDS if kind.name == "script")
        self.tally = workers.Tally()
        self.results = []
        plan = workers.Plan([replace(script, target=16_000)], self.tally, None)
        workers.run(
            plan, self.tally, seed=1, jobs=jobs, on_finding=self.results.append, on_progress=print
        )


def test_two_workers_share_the_numbers_of_a_kind_until_its_target():
    """Each number once; a target is reached and hardly passed; nothing is found."""
    counted = Counted(jobs=2)
    assert counted.results == []
    assert counted.tally.cases["script"] == 16
    assert counted.tally.tried == {("script", "script"): 16_000}


def test_a_case_that_fails_or_hangs_is_a_finding_and_ends_no_other(laboratory):
    """What cannot be judged is never passed over."""

    def hangs(laboratory, number):
        raise TimeoutError("inv did not end")

    def fails(laboratory, number):
        raise AssertionError

    for case, word in ((hangs, "it hung"), (fails, "could not be judged")):
        _, finding = workers.attempt(case, laboratory, 0)
        assert finding.kind == "silent"
        assert word in finding.story


IN_THE_SUITE = {
    "the record says what is about to be published",
    "an error behind the rename is not 'nothing changed'",
    "nothing is published to which there is no proved way back",
    "rows that are gone stop the run",
}


@pytest.mark.parametrize(
    "guard", [each for each in guards.GUARDS if each.name in IN_THE_SUITE], ids=str
)
def test_without_its_guard_its_test_fails(guard):
    """Some of the guards switched off; `make crash` tries them all."""
    came, story = mutation.taken_out(guard)
    assert came != mutation.MISSED, story


def test_every_guard_stands_where_its_edit_looks_for_it():
    """A guard that moved is noticed here, not in a full run."""
    for guard in guards.GUARDS:
        text = (mutation.ROOT / "src" / "drydock" / guard.file).read_text(encoding="utf-8")
        assert guard.edited(text) != text


def test_every_row_has_a_guard_to_take_out_or_says_why_not():
    """F01 to F50 and the security list; none twice, none forgotten."""
    guarded = {row for guard in guards.GUARDS for row in guard.rows.split()}
    assert guarded | guards.UNGUARDED.keys() == set(guards.ROWS)
    assert not guarded & guards.UNGUARDED.keys()


def test_f27_a_second_signal_does_not_end_the_way_back(laboratory):
    """SIGTERM at the rename, and again at every call from then on: the old database, told."""
    template = laboratory.template("wal")
    at = next(n for n, call in enumerate(template.calls) if call == "os.rename candidate.db") + 2
    specimen = template.specimen()
    ended = specimen.inv("migrate", "--yes", fault=Fault("SIGTERM", at, lasts=True))
    assert ended.returncode in (ExitCode.INTERRUPTED, ExitCode.ROLLED_BACK), ended.screen
    assert "state:" in ended.screen
    assert specimen.standing() == "old"
    assert specimen.after_recovery() is None
    specimen.remove()


def test_f25_a_migration_does_not_outlive_its_killed_run(laboratory):
    """It would go on beside the next run and make the cleaned up candidate anew."""
    specimen = laboratory.template("python").specimen()
    script = specimen.root / "migrations" / "003_shops.py"
    whole = script.read_text()
    script.write_text(
        "import pathlib, time\npathlib.Path('pid').write_text(str(__import__('os').getpid()))\n"
        "pathlib.Path('there').touch()\ntime.sleep(60)\n" + whole
    )
    child = Child(specimen.root, ("migrate", "--yes"), {}, Fault())
    deadline = time.monotonic() + 30
    while not (specimen.root / "there").exists():
        assert time.monotonic() < deadline
    child.signal(signal.SIGKILL)
    child.wait()
    orphan = int((specimen.root / "pid").read_text())
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it goes on"
    script.write_text(whole)
    assert specimen.after_recovery() is None
    specimen.remove()


def test_f27_a_signal_while_the_backend_is_being_stopped_brings_it_back(tmp_path):
    """Told to end and not yet gone, it must not be taken for a running one."""
    project = Project(tmp_path / "project", mode="wal", rows=40, port=free_port())
    with project.running():
        for delay in (0.15, 0.25, 0.35):
            child = Child(project.root, ("migrate", "--yes"), {}, Fault())
            time.sleep(delay)
            child.signal(signal.SIGHUP)
            ended = child.wait()
            assert ended.returncode != 0, ended.screen
            assert project.is_running(), ended.screen
