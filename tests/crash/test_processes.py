"""One case of each situation of process identity; ``make crash`` plays more of them."""

from __future__ import annotations

import pytest

from tests.crash import processes
from tests.crash.laboratory import Laboratory

FAILURES = {
    "reused pid": "f42",
    "foreign listener": "f46",
    "SIGTERM ignored": "f44",
    "orphaned workers": "f43",
    "heir on the port": "f46",
    "health from another": "f46",
    "stranger let in": "f46",
    "stranger beside it": "f46",
    "flapping health": "f47",
}


@pytest.fixture(scope="module")
def laboratory():
    with Laboratory(seed=1) as laboratory:
        yield laboratory


@pytest.mark.parametrize(
    "number",
    range(len(processes.SITUATIONS)),
    ids=[f"{FAILURES[name]} {name}" for name in processes.SITUATIONS],
)
def test_f41_nobody_elses_process_is_signalled(laboratory, number):
    """Real strangers in the way: not harmed; old or new as it must be; told, with the next step."""
    situation, finding = processes.case(laboratory, number)
    assert finding is None, f"{situation}: {finding.kind}: {finding.story}"
