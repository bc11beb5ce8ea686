"""The smoke test against a real FastAPI application, started once for the module."""

import socket
import subprocess
import sys
import time

import pytest

from drydock.errors import ExitCode
from drydock.service.request import ask, client
from drydock.smoke import trial
from drydock.smoke.check import Check, SmokeFailed, SmokeRefused, SmokeSettings
from drydock.smoke.trial import run

APPLICATION = """
from fastapi import FastAPI, Request, Response
app = FastAPI()
counts = {}

@app.get("/health")
def health(): return {"status": "ok", "tables": {"odd \\"name": 2}}
@app.get("/item/{id}")
def item(id: int): raise RuntimeError("never asked without an id")
@app.get("/search")
def search(q: str): raise RuntimeError("never asked without a query")
@app.get("/none")
def none(limit: int = 5): return Response(status_code=404)
@app.post("/wipe")
def wipe(): counts["wiped"] = 1
@app.get("/wiped")
def wiped(): return {"wiped": counts.get("wiped", 0)}
@app.get("/broken")
def broken(): return Response('{"password": "pw-1", "detail": "no such table"}', status_code=500)
@app.get("/flap")
def flap():
    counts["flap"] = counts.get("flap", 0) + 1
    return Response(status_code=500 if counts["flap"] % 2 else 200)
@app.get("/cold", include_in_schema=False)
def cold():
    counts["cold"] = counts.get("cold", 0) + 1
    return Response(status_code=503 if counts["cold"] == 1 else 200)
@app.get("/echo", include_in_schema=False)
def echo(request: Request): return dict(request.headers)
@app.get("/page", include_in_schema=False)
def page(): return Response("<h1>not a document</h1>")
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("application")
    (folder / "harbour.py").write_text(APPLICATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "harbour:app", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stderr=-3, stdout=-3)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        with client() as asking:
            while ask(asking, url + "/health").status != 200:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(trial, "_BETWEEN_BAD", 0.3)


HEALTHY = ("/broken", "/flap")


def settings(base, *checks, **changes):
    values = {"exclude": HEALTHY, "deadline": 10.0, **changes}
    return SmokeSettings(base, tuple(checks), **values)


def yes():
    return True


def test_everything_that_the_application_offers_is_asked(base):
    """Its own document, its GETs without required parameters, and the settings' checks."""
    check = Check("/health", json={"status": "ok", 'tables.odd "name': 2})
    report = run(settings(base, check), yes)
    assert report.passes == 3
    assert [each.name for each in report.checks] == [
        "GET /openapi.json",
        "GET /health",
        "GET /none",
        "GET /wiped",
    ]
    assert [each.status for each in report.checks] == [200, 200, 404, 200]
    assert [each.name for each in report.checks if each.note] == ["GET /none"]


def test_nothing_that_changes_data_is_sent(base):
    """A POST that the document offers is not a check."""
    run(settings(base, Check("/wiped", json={"wiped": 0})), yes)


def test_all_failures_are_told_at_once(base):
    """Each with what was expected and what came, and nothing secret."""
    wrong = Check("/health", status=204)
    value = Check("/wiped", json={"wiped": 7})
    with pytest.raises(SmokeFailed) as caught:
        run(settings(base, wrong, value, exclude=("/flap",), passes=1), yes)
    causes = caught.value.cause
    assert [each.split(":")[0] for each in causes] == ["GET /health", "GET /wiped", "GET /broken"]
    assert "expected 204, got 200" in causes[0]
    assert "expected wiped to be 7" in causes[1]
    assert "answered 500" in causes[2]
    assert "no such table" in causes[2]
    assert "pw-1" not in causes[2]
    assert caught.value.what == "3 of 5 checks failed"
    assert caught.value.hint


def test_f47_what_flaps_does_not_pass(base):
    """Two good rounds in a row never come; the deadline decides."""
    flapping = settings(base, Check("/flap"), openapi=None, passes=2, deadline=1.2)
    with pytest.raises(SmokeFailed, match=r"in \d+ of \d+ rounds") as caught:
        run(flapping, yes)
    assert "GET /flap: expected 200, got 500" in caught.value.cause


def test_a_deadline_that_is_too_short_is_said(base):
    """Nothing was wrong but the time."""
    with pytest.raises(SmokeFailed, match="did not pass often enough"):
        run(settings(base, openapi=None, passes=50, deadline=0.2), yes)
    with pytest.raises(SmokeFailed) as caught:
        run(settings(base, Check("/health"), openapi=None, deadline=0), yes)
    assert "not sent" in caught.value.cause[0]


def test_f47_what_fails_again_and_again_does_not_wait_for_the_deadline(base):
    """So many bad rounds in a row are as certain as good ones."""
    broken = settings(base, Check("/broken"), openapi=None, passes=2, deadline=60)
    with pytest.raises(SmokeFailed) as caught:
        run(broken, yes)
    assert caught.value.seconds < 10


def test_a_bad_round_is_forgiven_by_enough_good_ones(base):
    """An application may be cold at first."""
    cold = settings(base, Check("/cold"), openapi=None, passes=2)
    report = run(cold, yes)
    assert report.passes == 2
    assert report.seconds > 0.3  # its first round was bad


@pytest.mark.parametrize(("lives", "passes"), [(0, 1), (1, 1), (2, 5), (3, 5)])
def test_f47_a_backend_that_ends_meanwhile_fails_at_once(base, lives, passes):
    """Whatever answers on its port, before, between or after the rounds."""
    left = iter([True] * lives)
    with pytest.raises(SmokeFailed, match="ended during the smoke test"):
        run(settings(base, passes=passes), lambda: next(left, False))


def test_an_application_without_a_document_is_checked_by_the_settings_alone(base):
    """Not everybody has one; that it is missing is a note."""
    report = run(settings(base, Check("/health"), openapi="/nothing.json", passes=1), yes)
    assert [each.name for each in report.checks] == ["GET /nothing.json", "GET /health"]
    assert "no OpenAPI document" in report.checks[0].note


@pytest.mark.parametrize(("path", "word"), [("/page", "not JSON"), ("/broken", "expected 200")])
def test_a_document_that_is_broken_fails(base, path, word):
    """An application that cannot describe itself is not well."""
    with pytest.raises(SmokeFailed) as caught:
        run(settings(base, openapi=path, passes=1), yes)
    assert word in caught.value.cause[0]


def test_no_answer_at_all_fails(base):
    """The port is closed: every check says so."""
    with pytest.raises(SmokeFailed) as caught:
        run(SmokeSettings("http://127.0.0.1:1", (Check("/health"),), passes=1), yes)
    assert [each.split(": ")[1] for each in caught.value.cause] == ["no answer"] * 2


def test_secrets_come_from_the_environment_or_a_file_and_are_not_shown(base, tmp_path, monkeypatch):
    """They are sent, and blotted out where the application echoes them."""
    monkeypatch.setenv("SMOKE_TOKEN", "Bearer tok-1234")
    (tmp_path / "key").write_text("key-5678\n")
    headers = {"Authorization": "env:SMOKE_TOKEN", "X-Key": f"file:{tmp_path / 'key'}", "X-A": "a"}
    sent = Check("/echo", headers=headers, json={"x-key": "key-5678", "x-a": "a"})
    run(settings(base, sent, openapi=None, passes=1), yes)
    wrong = Check("/echo", headers=headers, status=201)
    with pytest.raises(SmokeFailed) as caught:
        run(settings(base, wrong, openapi=None, passes=1), yes)
    assert "tok-1234" not in str(caught.value.cause)
    assert "key-5678" not in str(caught.value.cause)


@pytest.mark.parametrize(
    ("check", "word"),
    [
        (Check("http://example.com/x"), "example.com is not this machine"),
        (Check("file:///etc/passwd"), "neither http nor https"),
        (Check("/x", headers={"A": "env:NO_SUCH_VARIABLE"}), "NO_SUCH_VARIABLE is not set"),
        (Check("/x", headers={"A": "file:/no/such"}), "no text in /no/such"),
    ],
)
def test_what_may_not_be_sent_is_refused_before_anything_is(check, word):
    """The mistake is told without a single request."""
    with pytest.raises(SmokeRefused, match="nothing was sent") as caught:
        run(SmokeSettings("http://127.0.0.1:1", (check,)), yes)
    assert word in caught.value.cause[0]
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_host_that_is_allowed_may_be_asked():
    """A name of this machine in the hosts file; here one that leads nowhere."""
    checks = (Check("http://drydock.invalid/x", seconds=1),)
    with pytest.raises(SmokeFailed):
        run(
            SmokeSettings(
                "http://127.0.0.1:1",
                checks,
                openapi=None,
                passes=1,
                allow_hosts=("drydock.invalid",),
            ),
            yes,
        )
