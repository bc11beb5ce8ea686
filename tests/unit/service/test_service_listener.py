import socket
import sys

import pytest

from drydock.service import listener


@pytest.mark.parametrize(
    ("address", "host", "in_the_way"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("::1", "localhost", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("192.168.1.5", "localhost", False),
    ],
)
def test_only_a_listener_in_the_way_counts(address, host, in_the_way):
    """A program on the same port of another address takes nothing from us."""
    assert listener.meets(address, host) is in_the_way


def test_the_listener_of_a_port_is_found_and_goes_with_it(yard):
    """It is named while it listens, and not afterwards."""
    child = yard.serve(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(yard.port))
    found = listener.listeners("127.0.0.1", yard.port)
    assert found == (listener.Listener(child.pid, "127.0.0.1"),)
    assert tuple(listener._lsof("127.0.0.1", yard.port)) == found
    child.kill()
    child.wait(5)
    assert listener.listeners("127.0.0.1", yard.port) == ()
    assert listener._lsof("127.0.0.1", yard.port) == []


def test_a_listener_that_lsof_cannot_see_still_takes_the_port(yard, monkeypatch):
    """Another user's program on macOS: nobody to name, and yet the port is taken."""
    monkeypatch.setenv("PATH", str(yard.folder))
    with socket.create_server(("127.0.0.1", yard.port)):
        found = listener._lsof("127.0.0.1", yard.port)
    assert found == [listener.Listener(None, "127.0.0.1")]
    assert listener._lsof("127.0.0.1", yard.port) == []
