"""The security list of the failure modes, line by line, where a whole run has to be looked at.

S1 backups are private; S2 no shell; S3 migrations and names lead nowhere else; S5 no escape on a
screen. S4 (HTTP), S6 (schemas) and S7 (settings) are held by the tests of their modules, which
`tests.crash.guards.security` names.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

import drydock
from drydock.errors import ExitCode
from tests.crash import processes, security
from tests.crash.laboratory import Laboratory


@pytest.fixture(scope="module")
def laboratory():
    with Laboratory(seed=1) as laboratory:
        yield laboratory


@pytest.fixture
def specimen(laboratory):
    specimen = laboratory.template("wal").specimen()
    yield specimen
    specimen.remove()


@pytest.mark.parametrize("number", range(len(security.ATTEMPTS)), ids=list(security.ATTEMPTS))
def test_a_migration_that_reaches_outside_is_caught_and_told(laboratory, number):
    """Exit is not 0, the file is named, no file anywhere is changed or made."""
    what, finding = security.case(laboratory, number)
    assert finding is None, f"{what}: {finding.kind}: {finding.story}"


def test_s1_whatever_a_run_writes_of_the_data_is_its_owners_alone(specimen):
    """A live file and a umask that let everybody read: backups, records and texts do not."""
    specimen.database.chmod(0o666)
    before = os.umask(0)
    try:
        for words in (("migrate", "--yes"), ("rollback", "--yes"), ("backup",)):
            done = specimen.inv(*words)
            assert done.returncode == 0, done.screen
    finally:
        os.umask(before)
    for home in ("backups", ".drydock"):
        for path in [specimen.root / home, *(specimen.root / home).rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            if path.name.startswith("failed-"):
                continue  # the live file itself, with its own mode, in a private folder
            assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
    assert stat.S_IMODE(specimen.database.stat().st_mode) == 0o666


def test_s2_commands_of_the_settings_are_run_by_no_shell(laboratory):
    """What a shell would carry out is an argument like any other."""
    chance = laboratory.chance("security", 0)
    specimen = laboratory.template("delete").specimen()
    scene = processes.Scene(specimen, chance)
    try:
        evil = "; touch hacked; $(touch hacked) `touch hacked` | touch hacked"
        scene.backend(f'"server.py", "{scene.port}", "{evil}"')
        scene.start()
        settings = specimen.root / "pyproject.toml"
        stopping = f'stop = ["python", "stop.py", "{evil}"]\n'
        settings.write_text(settings.read_text().replace("port =", f"{stopping}port =", 1))
        pids = ", ".join(str(pid) for pid in scene.roots())
        (specimen.root / "stop.py").write_text(f"import os\nos.kill({pids}, 15)\n")
        stopped = specimen.inv("stop-backend")
        assert stopped.returncode == 0, stopped.screen
        assert not (specimen.root / "hacked").exists()
    finally:
        scene.close()
        specimen.remove()


@pytest.mark.parametrize(
    "words",
    [
        ("new", "../outside"),
        ("new", "/tmp/outside"),
        ("new", "x/../../outside"),
        ("migrate", "--yes", "--to", "../001_start"),
        ("rollback", "--yes", "--down", "../001_start"),
        ("restore", "../outside", "--yes"),
        ("receipt", "--run", "../../outside"),
        ("restore-rows", "../item", "--yes"),
    ],
    ids=" ".join,
)
def test_s3_a_name_on_the_command_line_leads_nowhere_else(specimen, words):
    """Refused with an error of its own; not one file is made or changed."""
    (specimen.root.parent / "outside").mkdir(exist_ok=True)
    (specimen.migrations / "005_x").mkdir()  # else no path through it could be walked
    before = security._around(specimen)
    done = specimen.inv(*words)
    assert done.returncode not in (0, ExitCode.UNEXPECTED), done.screen
    assert "error:" in done.screen
    assert specimen.standing() == "old"
    assert security._around(specimen) == before
    assert list((specimen.root.parent / "outside").iterdir()) == []


def test_s5_what_data_says_does_not_drive_the_terminal(specimen):
    """Escapes in a row, in a migration's name of a table and in its error reach no screen."""
    bad = "\x1b]0;owned\x07\x1b[2J"
    (specimen.migrations / "005_bad.py").write_text(
        f"import sqlite3\ndb = sqlite3.connect('app.db')\nprint({bad!r})\n"
        f"db.execute('DELETE FROM item WHERE id = 1')\ndb.commit()\nraise ValueError({bad!r})\n"
    )
    done = specimen.inv("migrate", "--yes")
    assert done.returncode == ExitCode.FAILED, done.screen
    assert "\x1b" not in done.screen
    assert "\x07" not in done.screen
    assert "owned" not in done.screen or "]0;owned" not in done.screen


def test_s2_no_source_of_ours_asks_for_a_shell():
    """An explicit opt-in would be a setting of its own; there is none."""
    asks = re.compile(r"shell=|os\.system\(|os\.popen\(")
    sources = Path(drydock.__file__).parent.rglob("*.py")
    assert [path for path in sources if asks.search(path.read_text(encoding="utf-8"))] == []
