"""A proof says yes only where everything was compared, and is over when it is stopped."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from drydock import files
from drydock.backup import BackupFailed
from drydock.backup.proving import Proving
from tests.support.databases import ODD, populate

EQUAL = f"print({json.dumps({'difference': None, 'sha256': 'abc'})!r})"


def proving(copy, program, rows=None):
    """Start a proof of `copy` whose bytes are compared by `program`."""
    comparer = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return Proving(copy, copy, comparer, rows), comparer


def test_a_proof_says_what_it_saw(tmp_path):
    """The digest is the comparer's, the rows are SQLite's."""
    begun, _ = proving(populate(tmp_path / "app.db", rows=7), EQUAL)
    proof = begun.result()
    assert (proof.sha256, proof.rows[ODD]) == ("abc", 7)


def test_other_rows_than_the_source_had_are_no_proof(tmp_path):
    """Beside a running application nothing but the rows can be compared."""
    begun, _ = proving(populate(tmp_path / "app.db"), EQUAL, rows={ODD: 1})
    with pytest.raises(BackupFailed) as caught:
        begun.result()
    assert caught.value.cause == ["the copy differs from its source"]


def test_a_comparison_that_did_not_end_well_is_no_proof(tmp_path):
    """Its process was killed, or could not read a file, whatever it had said so far."""
    begun, _ = proving(populate(tmp_path / "app.db"), f"{EQUAL}; raise SystemExit('no room')")
    with pytest.raises(BackupFailed) as caught:
        begun.result()
    assert caught.value.cause == ["the comparison ended with: no room\n"]


def test_a_copy_that_is_not_on_the_disk_is_no_backup(tmp_path, monkeypatch):
    """Equal bytes in memory do not outlive a power cut (F38)."""

    def refuse(path):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(files, "sync", refuse)  # the fault
    begun, _ = proving(populate(tmp_path / "app.db"), EQUAL)
    with pytest.raises(OSError, match="Input/output error"):
        begun.result()


def test_a_proof_that_is_stopped_is_over_at_once(tmp_path):
    """Neither its process nor its thread goes on."""
    begun, comparer = proving(populate(tmp_path / "app.db"), "import time; time.sleep(60)")
    begun.stop()
    assert begun.is_over
    assert comparer.poll() == -9
