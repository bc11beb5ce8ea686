import contextlib
import http.server
import threading
import time

import pytest

from drydock.service import request

SEEN: list[tuple[str, dict[str, str]]] = []


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            SEEN.append((self.path, dict(self.headers)))
            name = self.path.split("?")[0].strip("/").replace("-", "_")
            getattr(self, name)()

    def here(self):
        self.redirect("/there?x=1")

    def there(self):
        self.answer(b"there")

    def elsewhere(self):
        self.redirect(f"http://127.0.0.1:{self.server.other}/stolen")

    def by_name(self):
        self.redirect(f"http://localhost:{self.server.server_port}/there")

    def file(self):
        self.redirect("file:///etc/passwd")

    def round(self):
        self.redirect("/round")

    def big(self):
        self.answer(b"x" * 6_000_000)

    def drip(self):
        self.answer()
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b".")
                time.sleep(0.05)

    def silent(self):
        self.server.released.wait(5)

    def events(self):
        self.answer(b"data: 1\n\n", kind="text/event-stream")
        self.server.released.wait(5)

    def redirect(self, target):
        self.send_response(307)
        self.send_header("Location", target)
        self.end_headers()

    def answer(self, body=b"", kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    for each, other in zip(servers, reversed(servers), strict=True):
        each.other = other.server_port
        each.released = threading.Event()
        threading.Thread(target=each.serve_forever, args=(0.02,), daemon=True).start()
    SEEN.clear()
    yield f"http://127.0.0.1:{servers[0].server_port}"
    for each in servers:
        each.released.set()
        each.shutdown()
        each.server_close()


def ask(url, **options):
    with request.client() as client:
        return request.ask(client, url, **options)


def test_an_answer_comes_back_whole(server):
    """Status, body and time."""
    answer = ask(server + "/there")
    assert (answer.status, answer.body, answer.whole, answer.problem) == (200, b"there", True, None)
    assert 0 < answer.seconds < 5


def test_a_redirect_on_the_same_host_is_followed(server):
    """A trailing slash is no failure."""
    assert ask(server + "/here").body == b"there"
    assert [path for path, _ in SEEN] == ["/here", "/there?x=1"]
    assert ask(server + "/here", follow=False).status == 307
    assert ask(server + "/here", method="POST").status == 307


@pytest.mark.parametrize("path", ["/elsewhere", "/by-name", "/file"])
def test_headers_never_reach_another_host(server, path):
    """Another host, another port, another scheme: not followed, and said."""
    answer = ask(server + path, headers={"Authorization": "Bearer s3cret"})
    assert answer.status == 307
    assert "another host" in answer.problem
    assert [path for path, _ in SEEN] == [path]


def test_a_redirect_in_circles_ends(server):
    """It is given up after a few hops, with the last answer."""
    assert ask(server + "/round").status == 307
    assert len(SEEN) < 10


def test_a_big_body_is_cut_off(server):
    """Five megabytes are read, no more, and it is said that there was more."""
    answer = ask(server + "/big")
    assert (len(answer.body), answer.whole, answer.problem) == (request.SIZE_CAP, False, None)


@pytest.mark.parametrize("path", ["/silent", "/drip"])
def test_time_is_capped_for_all_of_the_answer(server, path):
    """A server that never answers, and one that trickles byte by byte."""
    began = time.monotonic()
    answer = ask(server + path, seconds=0.3)
    assert time.monotonic() - began < 2
    assert "in time" in answer.problem or "within 0.3 s" in answer.problem


def test_an_event_stream_has_begun_and_is_not_waited_for(server):
    """It has no end; its status is the answer."""
    answer = ask(server + "/events")
    assert (answer.status, answer.problem) == (200, None)
    assert answer.seconds < 2


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "http://[/", "http://127.0.0.1:x/", "nothing"],
)
def test_no_answer_is_an_answer_with_its_reason(url):
    """A server that is not there, and an address that is none, raise nothing."""
    answer = ask(url, seconds=1)
    assert answer.status is None
    assert answer.problem.startswith("no answer")


def test_the_environments_proxy_is_not_used(server, monkeypatch):
    """A request to this machine stays on this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert ask(server + "/there").status == 200


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://127.9.9.9/", True),
        ("https://[::1]:1/", True),
        ("http://localhost:8000", True),
        ("http://localhost.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://10.0.0.1/", False),
        ("http://example.com/?127.0.0.1", False),
    ],
)
def test_loopback_is_told_from_what_only_looks_like_it(url, local):
    """User names, subdomains and queries fool nobody."""
    assert request.is_loopback(url) is local
