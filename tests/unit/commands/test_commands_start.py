"""What `inv status` and `inv migrate` with nothing pending load beyond a bare Invoke task.

Seconds differ from machine to machine; the set of modules does not. Each of them is paid for at
every start, and one that defines data classes costs half a millisecond for each of those.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from drydock import connection, ledger, migration
from tests.support import databases

STATUS = {
    "drydock", "drydock.commands", "drydock.commands.session", "drydock.commands.status",
    "drydock.connection", "drydock.errors", "drydock.files",
    "drydock.formats",
    "drydock.formats.books", "drydock.formats.recognition", "drydock.ledger",
    "drydock.migration", "drydock.plan", "drydock.reports", "drydock.setting", "drydock.settings",
    "drydock.source", "drydock.tasks", "drydock.terminal", "drydock.terminal.colour",
    "drydock.terminal.outlet", "drydock.terminal.program", "drydock.terminal.screen",
    "drydock.terminal.text", "drydock.words",
}  # fmt: skip
OTHERS = {"__future__", "sqlite3", "_sqlite3", "hashlib", "_hashlib", "_blake2", "tomllib"}
"""The standard library's that a bare task does not load: databases, checksums, settings."""

PROGRAM = """
import gc, sys
from invoke.main import program
try:
    program.run(["inv", *sys.argv[1:]])
except SystemExit as ended:
    assert not ended.code, ended.code
print("kept out of the collector:", gc.get_freeze_count())
print("loaded:", *sorted(sys.modules))
"""


@pytest.fixture
def project(tmp_path):
    """A project of ours whose three migrations have been applied."""
    folder = tmp_path / "project" / "migrations"
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        (folder / f"{number:03}_m.sql").write_text(f"CREATE TABLE t{number} (x);\n")
    root = folder.parent
    (root / "tasks.py").write_text("from drydock.tasks import namespace\n")
    (root / "pyproject.toml").write_text('[tool.drydock]\ndatabase = "app.db"\n')
    path = databases.populate(root / "app.db", mode="wal")
    with closing(connection.live(path, timeout=1)) as opened:
        ledger.create(opened)
        for each in migration.read_folder(folder):
            ledger.record(opened, each, applied_at="2026-01-01", seconds=0, run="seed")
    return root


@pytest.fixture
def bare(tmp_path):
    """A folder with the one-line task that we are held against."""
    root = tmp_path / "bare"
    root.mkdir()
    (root / "tasks.py").write_text("from invoke import task\n@task\ndef hello(c): pass\n")
    return root


def started(root, *words):
    """Return what `inv` said, the modules it had loaded at its end, and how many objects lay
    outside the collector."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    *_, count, loaded = ran.stdout.splitlines()
    return ran.stdout + ran.stderr, set(loaded.split()[1:]), int(count.split(":")[1])


def ours(modules):
    return {name for name in modules if name.partition(".")[0] == "drydock"}


@pytest.mark.parametrize(
    ("words", "more", "says"),
    [
        (("status",), set(), "3 applied; nothing pending"),
        (("migrate",), {"drydock.commands.migrate"}, "nothing pending: 3 applied"),
    ],
)
def test_a_start_loads_what_it_needs_and_nothing_else(project, bare, words, more, says):
    """A module that is not in this list makes every `inv status` slower: import it where used."""
    said, loaded, _ = started(project, *words)
    _, bare_loads, _ = started(bare, "hello")
    assert says in said
    assert ours(loaded) == STATUS | more
    beyond = {name.partition(".")[0] for name in loaded - bare_loads} - {"drydock", "tasks"}
    assert beyond - OTHERS == set()


def test_the_collector_leaves_alone_what_lasts_until_the_end(project, bare):
    """Going through Invoke's modules once more at exit takes longer than `inv status` does."""
    _, modules, kept_out = started(project, "status")
    assert kept_out > 10 * len(modules)
    # Python 3.12 keeps a few hundred of its own out from the beginning.
    assert started(bare, "hello")[2] < kept_out / 10
