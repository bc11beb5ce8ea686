"""The rounds of the smoke test: every check, several times in a row, until it is certain.

Rounds decide: so many good ones in a row pass, as many bad ones in a row fail, and where it flaps
the deadline does (F47). It sends nothing before every address and secret of the settings has been
looked at, and goes to this machine alone unless the settings allow another host.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from drydock.service import request
from drydock.smoke import openapi
from drydock.smoke.check import Check, CheckResult, SmokeFailed, SmokeRefused, SmokeReport
from drydock.smoke.verdict import judge
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from drydock.smoke.check import SmokeSettings

_BETWEEN_GOOD = 0.05
_BETWEEN_BAD = 1.0
_SECRET_LENGTH = 4  # blotting out shorter ones would blot out the message


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A check with its full URL, and its headers with their secrets in place."""

    check: Check
    url: str
    headers: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def run(settings: SmokeSettings, alive: Callable[[], bool]) -> SmokeReport:
    """Check the application, and return when it has passed so many times in a row.

    Args:
        settings: What to check.
        alive: Whether the backend still runs; asked before and after each round.

    Raises:
        SmokeRefused: A host that is not allowed, or a secret that is not set; nothing was sent.
        SmokeFailed: It did not pass; all failures of the last bad round are listed.
    """
    began = time.monotonic()
    prepared = _prepare(settings)
    good = bad = rounds = failures = 0
    worst: tuple[CheckResult, ...] = ()
    with request.client() as client:
        while True:
            results = _round(client, settings, prepared, began, alive)
            rounds += 1
            if all(each.passed for each in results):
                good, bad = good + 1, 0
            else:
                good, bad, failures, worst = 0, bad + 1, failures + 1, results
            seconds = time.monotonic() - began
            if good >= settings.passes:
                return SmokeReport(results, good, seconds)
            pause = _BETWEEN_BAD if bad else _BETWEEN_GOOD
            if bad >= settings.passes or seconds + pause > settings.deadline:
                raise SmokeFailed(_summary(worst, rounds, failures, seconds), worst, seconds)
            time.sleep(pause)


def _round(
    client: httpx.Client,
    settings: SmokeSettings,
    prepared: list[_Prepared],
    began: float,
    alive: Callable[[], bool],
) -> tuple[CheckResult, ...]:
    results: list[CheckResult] = []
    _demand_life(alive, results, began)
    todo = list(prepared)
    if settings.openapi:
        result, found = _offered(client, settings, prepared)
        results.append(result)
        todo += found
    for each in todo:
        if time.monotonic() - began > settings.deadline:
            late = f"not sent: the {settings.deadline:.0f} s for the smoke test were over"
            results.append(CheckResult(each.check.name, None, 0.0, (late,)))
            break
        results.append(_sent(client, each))
    _demand_life(alive, results, began)
    return tuple(results)


def _sent(client: httpx.Client, each: _Prepared) -> CheckResult:
    check = each.check
    answer = request.ask(
        client,
        each.url,
        method=check.method,
        headers=each.headers,
        seconds=check.seconds,
        follow=check.status is None or not 300 <= check.status < 400,
    )
    if check.status is None and answer.status and 300 <= answer.status < 400:
        answer = replace(answer, problem=None)  # the application may send its visitors elsewhere
    return judge(check, answer, each.secrets)


def _offered(
    client: httpx.Client, settings: SmokeSettings, prepared: list[_Prepared]
) -> tuple[CheckResult, list[_Prepared]]:
    """Ask for the OpenAPI document; return what came of that, and the checks it gives."""
    check = Check(settings.openapi or "")
    url = _url(settings, check)
    answer = request.ask(client, url)
    if answer.status == 404:
        note = "there is no OpenAPI document; only the configured checks are run"
        return CheckResult(check.name, 404, answer.seconds, note=note), []
    result = judge(check, answer)
    if not result.passed:
        return result, []
    try:
        document = json.loads(answer.body)
    except ValueError:
        return replace(result, problems=("it is not JSON",)), []
    taken = {each.url for each in prepared if each.check.method == "GET"}
    found = openapi.checks(document, exclude=settings.exclude)
    fresh = [_Prepared(each, _url(settings, each), {}) for each in found]
    return result, [each for each in fresh if each.url not in taken]


def _demand_life(alive: Callable[[], bool], results: list[CheckResult], began: float) -> None:
    if not alive():
        raise SmokeFailed(
            "the backend ended during the smoke test", results, time.monotonic() - began
        )


def _summary(worst: tuple[CheckResult, ...], rounds: int, failures: int, seconds: float) -> str:
    failed = sum(1 for each in worst if not each.passed)
    if not failures:
        return f"the smoke test did not pass often enough in {seconds:.1f} s ({rounds} rounds)"
    what = f"{failed} of {counted(len(worst), 'check')} failed"
    return what if failures == rounds else f"{what}, in {failures} of {rounds} rounds"


def _prepare(settings: SmokeSettings) -> list[_Prepared]:
    """Return every configured check ready to be sent.

    Raises:
        SmokeRefused: Any of them may not or cannot be sent.
    """
    problems = []
    prepared = []
    own = [Check(settings.openapi)] if settings.openapi else []
    for check in (*own, *settings.checks):
        url = _url(settings, check)
        problem = _forbidden(url, settings.allow_hosts)
        if problem:
            problems.append(f"{check.name}: {problem}")
        headers, secrets, unset = _resolved(check.headers)
        problems += [f"{check.name}: {each}" for each in unset]
        prepared.append(_Prepared(check, url, headers, secrets))
    if problems:
        hint = "set the variables, or allow a host that is yours: smoke.allow_hosts"
        raise SmokeRefused(problems, hint)
    return prepared[len(own) :]


def _url(settings: SmokeSettings, check: Check) -> str:
    if "://" in check.path and not check.path.startswith("/"):
        return check.path
    return f"{settings.base_url.rstrip('/')}/{check.path.lstrip('/')}"


def _forbidden(url: str, allowed: tuple[str, ...]) -> str | None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme or 'no scheme'} is neither http nor https"
    if request.is_loopback(url) or parts.hostname in allowed:
        return None
    return f"{parts.hostname or url} is not this machine, and not in smoke.allow_hosts"


def _resolved(headers: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...], list[str]]:
    """Return the headers to send, the secrets among them, and what is wrong."""
    values: dict[str, str] = {}
    secrets: list[str] = []
    problems: list[str] = []
    for name, value in headers.items():
        kind, _, source = value.partition(":")
        if kind not in ("env", "file"):
            values[name] = value
            continue
        secret = (os.environ.get(source) if kind == "env" else _content(source)) or ""
        secret = secret.strip()
        if not secret:
            what = f"the variable {source} is not set" if kind == "env" else f"no text in {source}"
            problems.append(f"header {name}: {what}")
            continue
        values[name] = secret
        # "Bearer abc" is a secret, and so is "abc" when the application echoes it.
        secrets += [each for each in (secret, secret.split()[-1]) if len(each) >= _SECRET_LENGTH]
    return values, tuple(secrets), problems


def _content(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
