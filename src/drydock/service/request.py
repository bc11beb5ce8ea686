"""One HTTP request, held within bounds: the only module that speaks HTTP.

http and https only, straight to the host named (no proxy of the environment, no .netrc), capped
in size and time while it streams. A redirect is followed on the same host and port alone, so that
headers reach nobody else. It never raises for what a server does; the answer says it.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

SIZE_CAP = 5_000_000
"""Bytes of a body that are read; the rest is not waited for."""

_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        status: The HTTP status; None when there was no answer.
        body: As much of the body as was read; `whole` says whether that was all.
        seconds: From sending to the end of reading, redirects included.
        problem: Why there is no (whole) answer, or why a redirect was not followed.
    """

    status: int | None
    body: bytes
    whole: bool
    seconds: float
    problem: str | None = None


def is_loopback(url: str) -> bool:
    """Return whether `url` names this machine by a name or address that can mean nothing else."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def client() -> httpx.Client:
    """Return the client that `ask` needs, to be used in a ``with``; opening it is the slow part."""
    import httpx

    return httpx.Client(trust_env=False, follow_redirects=False)


def ask(
    client: httpx.Client,
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    seconds: float = 5.0,
    follow: bool = True,
) -> Answer:
    """Return the answer to one request.

    Args:
        client: From `client`.
        url: An http or https URL.
        method: The HTTP method; only GET and HEAD follow redirects.
        headers: Sent with it, on the same host and port alone.
        seconds: The time for all of it; a server that trickles is cut off within twice that.
        follow: Whether redirects on the same host and port are followed.
    """
    began = time.monotonic()
    answer, location = _once(client, url, method, headers, seconds)
    for _ in range(_HOPS if follow and method in ("GET", "HEAD") else 0):
        if location is None:
            break
        target = urljoin(url, location)
        if _origin(target) != _origin(url):
            host = urlsplit(target).netloc.rpartition("@")[2]
            problem = f"it redirects to another host ({host}), which is not followed"
            return replace(answer, problem=problem)
        left = seconds - (time.monotonic() - began)
        url = target
        answer, location = _once(client, url, method, headers, max(left, 0.01))
    return replace(answer, seconds=time.monotonic() - began)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # a port that is no number
        return parts.scheme, None, None


def _once(
    client: httpx.Client,
    url: str,
    method: str,
    headers: Mapping[str, str] | None,
    seconds: float,
) -> tuple[Answer, str | None]:
    import httpx

    began = time.monotonic()
    try:
        # Uncompressed, so that the size that is capped is the size that is held.
        sent = {"accept-encoding": "identity", **(headers or {})}
        with client.stream(method, url, headers=sent, timeout=seconds) as response:
            location = (
                response.headers.get("location") if response.status_code in _REDIRECTS else None
            )
            body, whole, problem = _read(response, began + seconds)
            took = time.monotonic() - began
            return Answer(response.status_code, body, whole, took, problem), location
    except httpx.TimeoutException:
        problem = f"no answer within {seconds:.1f} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        problem = f"no answer: {str(error) or type(error).__name__}"
    return Answer(None, b"", whole=False, seconds=time.monotonic() - began, problem=problem), None


def _read(response: httpx.Response, deadline: float) -> tuple[bytes, bool, str | None]:
    import httpx

    if response.headers.get("content-type", "").startswith("text/event-stream"):
        return b"", False, None  # it has no end; that it began is the answer
    body = bytearray()
    try:
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > SIZE_CAP:
                return bytes(body[:SIZE_CAP]), False, None
            if time.monotonic() > deadline:
                return bytes(body), False, "its body did not end in time"
    except httpx.TimeoutException:
        return bytes(body), False, "its body did not end in time"
    return bytes(body), True, None
