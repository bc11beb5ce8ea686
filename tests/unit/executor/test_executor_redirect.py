"""What `sqlite3.connect` and its neighbours are while a Python migration runs."""

from __future__ import annotations

import pytest

from tests.unit.executor.conftest import Trial


def ran(trial):
    return trial.ask("SELECT count(*) FROM log WHERE what = 'ran'")[0][0]


@pytest.mark.parametrize("folder", ["a#b", "a?b", "a%41b", "a b", "å"])
def test_f12_a_uri_leads_to_the_candidate_wherever_it_lies(tmp_path, folder):
    """Unquoted, its work went into a stray file beside it."""
    (tmp_path / folder).mkdir()
    trial = Trial(tmp_path / folder)
    trial.apply(
        m1_py="""\
        import sqlite3
        from pathlib import Path
        with sqlite3.connect(f"{Path('the l%ve å.db').absolute().as_uri()}?mode=rw", uri=True) as c:
            c.execute("INSERT INTO log VALUES ('ran')")
        """
    )
    assert ran(trial) == 1
