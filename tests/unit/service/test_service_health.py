import pytest

from drydock.service import health, process, request
from drydock.service.health import Streak


def test_f47_only_a_row_of_good_looks_counts():
    """One bad look starts the row anew."""
    streak = Streak(wanted=3)
    looks = [True, True, False, True, False, True, True]
    assert [streak.add(well=each) for each in looks] == [False] * 7
    assert streak.breaks == 2
    assert streak.add(well=True)


def complaint(settings, root, seconds=2.0):
    with request.client() as client:
        return health.complaint(client, settings, root, seconds)


def test_f46_health_counts_only_from_a_process_of_ours(yard):
    """The same 200 is well for its own tree and a complaint for everybody else's."""
    child = yard.serve(*yard.stubborn().start)
    other = yard.launch("sleep", "60")
    assert complaint(yard.settings(), process.identify(child.pid)) is None
    words = complaint(yard.settings(), process.identify(other.pid))
    assert f"another process: stubborn.py (pid {child.pid})" in words
    assert complaint(yard.settings(), None) is None  # a supervisor's: the port was free before


def test_nobody_on_the_port_is_a_complaint(yard):
    """Health somewhere else does not make up for a port that nobody serves."""
    child = yard.serve(*yard.stubborn().start)
    url = f"http://127.0.0.1:{yard.port}/health"
    elsewhere = yard.settings(port=1, health=url)
    assert complaint(elsewhere, process.identify(child.pid)) == "nothing listens on port 1"


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"port": 81}, "http://127.0.0.1:81/health"),
        ({"port": 81, "health": "up?x=1"}, "http://127.0.0.1:81/up?x=1"),
        ({"port": 81, "host": "0.0.0.0"}, "http://127.0.0.1:81/health"),
        ({"port": 81, "host": "::1"}, "http://[::1]:81/health"),
        ({"port": 81, "health": "https://app.test/up"}, "https://app.test/up"),
        ({"port": 81, "health": ""}, None),
        ({"port": None}, None),
        ({"port": 0}, None),
    ],
)
def test_the_address_to_ask(yard, changes, url):
    """A path belongs to the backend's own address; a full URL stands for itself."""
    assert yard.settings(**changes).health_url == url
