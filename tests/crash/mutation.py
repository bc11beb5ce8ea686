"""Each guard switched off in a copy of the sources: the laboratory must then find what it prevents.

A test that cannot fail proves nothing. Each row names a guard, the edit that takes it out, and the
test or case that must fail without it; the copy is used through PYTHONPATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.specimen import Finding

if TYPE_CHECKING:
    from tests.crash.laboratory import Laboratory

ROOT = Path(__file__).resolve().parents[2]
KILL = "tests/crash/test_kill.py"
SLICE = "tests/crash/test_laboratory.py"


@dataclass(frozen=True)
class Mutant:
    """A guard without which `tests` (words for pytest) must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "F38 the candidate is synced before its rename",
        "files.py",
        "        os.fsync(descriptor)\n",
        "        pass\n",
        (SLICE, "-k", "power_cut"),
    ),
    Mutant(
        "F05 no power cut brings a journal back beside the new database",
        "publish.py",
        "    files.sync(live.parent)\n    if way",
        "    if way",
        (SLICE, "-k", "power_cut"),
    ),
    Mutant(
        "F40 an error behind the rename is not 'nothing changed'",
        "steps/migrate.py",
        "        walk.published = outcome.took_place(walk.live, walk.record.record)\n",
        "",
        (KILL, "-k", "error_at_a_point and wal and publish-5"),
    ),
    Mutant(
        "F06 the record says what is about to be published",
        "recovery.py",
        'found.phase in ("publishing", "published") and outcome.took_place(walk.live, found)',
        "False",
        (KILL, "-k", "killed_in_a_rollback and wal and publish-5"),
    ),
    Mutant(
        "F27 signals walk the way back",
        "commands/session.py",
        "            _listen_for_signals()\n",
        "",
        (KILL, "-k", "f27_a_signal_at_a_point and publish-6 and TERM"),
    ),
    Mutant(
        "F28 one run at a time",
        "lock.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n        except",
        "pass\n        except",
        (SLICE, "-k", "eight_runners"),
    ),
    Mutant(
        "the hold keeps writers out",
        "hold.py",
        '        live.execute("PRAGMA locking_mode=EXCLUSIVE")\n',
        "",
        (SLICE, "-k", "writers"),
    ),
    Mutant(
        "a hold given up half-way restores the journal mode",
        "hold.py",
        "        restore_journal_mode(path, mode, timeout=0)\n",
        "        pass\n",
        (KILL, "-k", "error_at_a_point and wal and hold-3"),
    ),
    Mutant(
        "F04 no sidecar survives a publish",
        "hold.py",
        "        _leave_wal(live, path, timeout)\n",
        "",
        (SLICE, "-k", "power_cut or kills"),
    ),
    Mutant(
        "a killed run's journal mode is restored",
        "recovery.py",
        "    if found.journal_mode:\n",
        "    if False:\n",
        (KILL, "-k", "killed_at_a_point and wal and hold-3"),
    ),
    Mutant(
        "texts half written are swept up",
        "recovery.py",
        "    record.sweep(walk.state)\n",
        "",
        (SLICE, "-k", "half_written"),
    ),
    Mutant(
        "F19 F20 SQLite decides where a statement ends",
        "script.py",
        "_TRIGGER.search(chunk) is None or sqlite3.complete_statement(chunk)",
        "True",
        (SLICE, "-k", "scripts"),
    ),
)


COUNT = len(MUTANTS)


def case(_laboratory: Laboratory, number: int) -> tuple[str, Finding | None]:
    """Take one guard out and run its tests; they must fail."""
    mutant = MUTANTS[number]
    if survives(mutant):
        return mutant.name, Finding("silent", f"without its guard nothing failed: {mutant.name}")
    return mutant.name, None


def survives(mutant: Mutant) -> bool:
    """Say whether the mutant's tests pass without the guard."""
    with tempfile.TemporaryDirectory(prefix="drydock-mutant-") as folder:
        copy = Path(folder)
        for name in ("src", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
        path = copy / "src" / "drydock" / mutant.file
        text = path.read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1, f"{mutant.name}: its guard stands elsewhere now"
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode in (0, 1), ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.returncode == 0
