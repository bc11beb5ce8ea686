import sys

import pytest

from drydock.service import identity, process
from drydock.service.discovery import Absent, Foreign, Running, find
from drydock.service.identity import MARK, Identity, Record


def test_nothing_runs(yard):
    """No pid file and nobody on the port: absent, and nothing was written."""
    assert find(yard.settings()) == Absent()
    assert not yard.settings().pid_file.exists()


def test_f41_a_foreign_program_on_the_port_is_not_the_backend(yard):
    """It is named with its pid and command, and is not ours to stop."""
    child = yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    found = find(yard.settings())
    assert isinstance(found, Foreign)
    assert found.pid == child.pid
    assert found.command[1:3] == ("-m", "http.server")


def test_f41_a_program_that_mentions_the_backend_is_not_the_backend(yard):
    """An editor that was given the backend's whole command as arguments, and serves a preview."""
    start = yard.uvicorn()
    yard.serve(sys.executable, "stubborn.py", str(yard.port), *start)
    assert isinstance(find(yard.settings()), Foreign)


def test_f41_the_same_project_in_another_folder_is_not_the_backend(yard, tmp_path):
    """A second checkout runs the same command on another database."""
    other = yard.folder / "other checkout"
    other.mkdir()
    (yard.folder / "ship.py").rename(other / "ship.py")
    yard.serve(*yard.uvicorn(), cwd=other)
    home = tmp_path / "home"
    home.mkdir()
    found = find(yard.settings(cwd=home))
    assert isinstance(found, Foreign)
    assert "other checkout" in found.why
    assert isinstance(find(yard.settings(cwd=home, match="ship:app")), Running)


def test_a_backend_started_by_hand_is_found_by_its_port_and_command(yard):
    """Whoever started it, and with whatever options."""
    child = yard.serve(*yard.uvicorn("--no-access-log"))
    found = find(yard.settings())
    assert isinstance(found, Running)
    assert (found.root.pid, found.how) == (child.pid, "listener")
    assert [each.pid for each in found.members] == [child.pid]


@pytest.mark.parametrize(("options", "size"), [(("--workers", "2"), 4), (("--reload",), 3)])
def test_f43_the_parent_of_workers_and_of_a_reloader_is_found(yard, options, size):
    """The listener is a child with another command; the backend is the whole tree."""
    child = yard.serve(*yard.uvicorn(*options))
    yard.poll(lambda: len(process.tree([process.identify(child.pid)])) >= size)
    found = find(yard.settings())
    assert isinstance(found, Running)
    assert found.root.pid == child.pid
    assert len(found.members) >= size
    assert {each.pid for each in found.members} == {each.pid for each in process.tree([found.root])}


def test_a_runner_that_waits_for_the_command_belongs_to_it(yard):
    """``uv run uvicorn`` stays as the parent: it is the one to name, and ends with the rest."""
    (yard.folder / "run").write_text("import subprocess, sys; subprocess.run(sys.argv[1:])")
    runner = yard.folder / "uv"
    runner.symlink_to(sys._base_executable)
    child = yard.serve(str(runner), "run", *yard.uvicorn())
    found = find(yard.settings())
    assert isinstance(found, Running)
    assert found.root.pid == child.pid
    assert len(found.members) == 2


def test_f42_a_stale_pid_file_that_points_at_a_stranger_means_absent(yard):
    """The pid was given to somebody else; the record's process is gone."""
    stranger = yard.launch(sys.executable, "-c", "import time; time.sleep(60)")
    it = process.identify(stranger.pid)
    old = Identity(it.pid, it.started - 5, yard.uvicorn())
    identity.write(yard.settings().pid_file, Record(old, "m4rk"))
    assert find(yard.settings()) == Absent(stale=old)


def test_a_recorded_process_is_found_without_a_port(yard):
    """A worker that listens nowhere is a backend too."""
    child = yard.launch(sys.executable, "-c", "import time; time.sleep(60)")
    settings = yard.settings(port=None)
    it = process.identify(child.pid)
    identity.write(settings.pid_file, Record(it, "m4rk"))
    assert find(settings) == Running(it, (it,), "pid file")


def test_f43_orphans_of_a_recorded_backend_are_found_by_their_mark(yard):
    """Its parent was killed; the workers still serve."""
    child = yard.serve(*yard.uvicorn("--workers", "2"), **{MARK: "m4rk"})
    root = process.identify(child.pid)
    tree = yard.poll(lambda: (t := process.tree([root])) and len(t) >= 4 and t)
    identity.write(yard.settings().pid_file, Record(root, "m4rk"))
    child.kill()
    child.wait(5)
    found = find(yard.settings())
    assert isinstance(found, Running)
    serving = {each.pid for each in tree if "--multiprocessing-fork" in each.command}
    assert serving <= {each.pid for each in found.members}


def test_f41_orphans_that_nothing_identifies_are_foreign(yard):
    """Started by hand and their parent killed: they are named, never signalled."""
    child = yard.serve(*yard.uvicorn("--workers", "2"))
    child.kill()
    child.wait(5)
    assert isinstance(find(yard.settings()), Foreign)


def test_a_foreign_program_is_told_beside_a_backend_that_runs(yard):
    """The recorded backend runs on another port; stopped, it could not come back on this one."""
    child = yard.launch(sys.executable, "-c", "import time; time.sleep(60)")
    identity.write(yard.settings().pid_file, Record(process.identify(child.pid), "m4rk"))
    stranger = yard.serve(sys.executable, "-m", "http.server", str(yard.port))
    found = find(yard.settings())
    assert isinstance(found, Foreign)
    assert found.pid == stranger.pid


def test_a_wrapper_of_the_command_is_not_climbed_over(yard):
    """A program that was given the command and runs it is not the backend: its child is."""
    wrapper = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    child = yard.serve(sys.executable, "-c", wrapper, *yard.uvicorn())
    found = find(yard.settings())
    assert isinstance(found, Running)
    assert found.root.pid != child.pid
