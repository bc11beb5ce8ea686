"""Who listens on the backend's port.

It reads the system's tables and connects to nothing. What cannot be attributed (a process of
another user, a container's) is still a listener, one without a pid.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import subprocess
import sys
from dataclasses import dataclass

from drydock.service.backend import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening TCP socket; `pid` is None where its owner cannot be inspected."""

    pid: int | None
    address: str


def listeners(host: str, port: int) -> tuple[Listener, ...]:
    """Return who listens on `port` where a server on `host` would, or would be shadowed by it.

    A socket that several processes share (uvicorn's workers) is reported once a process at least
    for one of them.
    """
    found = _system(port) if sys.platform == "linux" else _lsof(host, port)
    return tuple(sorted(set(filter(lambda each: meets(each.address, host), found)), key=_order))


def meets(address: str, host: str) -> bool:
    """Return whether a socket on `address` stands in the way of one on `host`."""
    if address in EVERYWHERE or host in EVERYWHERE or address == host:
        return True
    loopback = _loopback(address)
    return host == "localhost" and loopback


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _order(listener: Listener) -> tuple[int, str]:
    return listener.pid or 0, listener.address


def _system(port: int) -> list[Listener]:
    import psutil

    return [
        Listener(each.pid, each.laddr.ip.removeprefix("::ffff:"))
        for each in psutil.net_connections(kind="tcp")
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port
    ]


def _lsof(host: str, port: int) -> list[Listener]:
    # macOS shows the system's table to root alone; its own lsof shows us our user's processes,
    # and a bind tells whether there is another's.
    try:
        answer = subprocess.run(
            ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpn"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    found, pid = [], 0
    for line in answer.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("n"):
            address = line[1:].rpartition(":")[0].strip("[]")
            found.append(Listener(pid, "0.0.0.0" if address == "*" else address))  # noqa: S104
    if not found and _taken(host, port):
        found.append(Listener(None, host))
    return found


def _taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False
