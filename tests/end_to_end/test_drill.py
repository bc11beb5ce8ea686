"""`inv drill` as a user types it, beside a running application."""

from __future__ import annotations

import json

from tests.support.contract import broken


def test_it_drills_beside_the_running_backend_and_touches_nothing(served, tmp_path):
    """Each exercise is a line, the figure is told, and the application never notices."""
    before = served.dump()
    (tmp_path / "T").mkdir()
    names = sorted(path.name for path in served.root.iterdir())

    done = served.inv("drill", TMPDIR=str(tmp_path / "T"))

    assert done.returncode == 0, done.stderr
    for line in ("✓ rollback", "✓ failure", "✓ kill", "a real recovery of", "was only read"):
        assert line in done.stderr
    assert served.is_running()
    assert served.dump() == before
    assert sorted(path.name for path in served.root.iterdir()) == names
    assert list((tmp_path / "T").iterdir()) == []


def test_json_is_one_document(project):
    """The figure for a dashboard, as docs/json.md promises it."""
    done = project.inv("drill", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert broken("inv drill", told) == []
    assert told["bytes"] == project.database.stat().st_size
    assert told["recovery"] > 0
