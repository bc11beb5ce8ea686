"""Whether one answer is what its check expects, in words.

Pure: a check and an answer in, a result out. Secrets are blotted out of what it quotes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from drydock.service.excerpt import clean, redact, shorten
from drydock.service.request import SIZE_CAP
from drydock.smoke.check import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.service.request import Answer
    from drydock.smoke.check import Check

_EXCERPT = 200
_MISSING = object()


def judge(check: Check, answer: Answer, secrets: tuple[str, ...] = ()) -> CheckResult:
    """Return what came of `check`; every expectation that failed is a problem of its own.

    A check without an expected status came from the OpenAPI document: a server error fails it,
    while a refusal (401, 404, 422) is a note, because the document does not say whether it is
    right for this data.
    """
    problems: list[str] = []
    note = None
    if answer.status is None:
        problems = [answer.problem or "no answer"]
    elif check.status is None:
        if answer.status >= 500:
            problems = [f"answered {answer.status}{_quoted(answer, secrets)}"]
        elif not 200 <= answer.status < 300:
            note = f"answered {answer.status}: no server error, and no proof either"
    elif answer.status != check.status:
        problems = [f"expected {check.status}, got {answer.status}{_quoted(answer, secrets)}"]
    if answer.status is not None and answer.problem:
        problems.append(answer.problem)
    if answer.seconds > check.seconds and answer.status is not None and not answer.problem:
        problems.append(f"took {answer.seconds:.1f} s, limit {check.seconds:.1f} s")
    if check.json and not problems:
        problems = _compared(check, answer, secrets)
    return CheckResult(check.name, answer.status, answer.seconds, tuple(problems), note)


def _compared(check: Check, answer: Answer, secrets: tuple[str, ...]) -> list[str]:
    if not answer.whole:
        return [f"its body is longer than {SIZE_CAP // 1_000_000} MB and was not compared"]
    try:
        content = json.loads(answer.body)
    except ValueError:
        return [f"expected JSON, got{_quoted(answer, secrets) or ' nothing'}"]
    problems = []
    for path, expected in check.json.items():
        found = at(content, path)
        if found is _MISSING:
            problems.append(f"expected {path} to be {_shown(expected)}, but there is no {path}")
        elif not equal(found, expected):
            got = redact(
                clean(json.dumps({path.split(".")[-1]: found}, ensure_ascii=False)), secrets
            )
            problems.append(
                f"expected {path} to be {_shown(expected)}, got {shorten(got, _EXCERPT)}"
            )
    return problems


def at(content: object, path: str) -> object:
    """Return what stands at the dotted `path`; numbers count from 0 into lists."""
    for word in path.split("."):
        if isinstance(content, dict) and word in content:
            content = content[word]
        elif isinstance(content, list) and word.isdecimal() and int(word) < len(content):
            content = content[int(word)]
        else:
            return _MISSING
    return content


def equal(found: Any, expected: Any) -> bool:
    """Return whether two JSON values are the same; true is not 1, and 1 is 1.0."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and _pairs(
            [found[key] for key in found], [expected[key] for key in found]
        )
    if isinstance(found, list) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and _pairs(found, expected)
    return bool(found == expected)


def _pairs(found: Sequence[Any], expected: Sequence[Any]) -> bool:
    return all(equal(one, other) for one, other in zip(found, expected, strict=True))


def _shown(value: object) -> str:
    return shorten(json.dumps(value, ensure_ascii=False, default=str), 80)


def _quoted(answer: Answer, secrets: tuple[str, ...]) -> str:
    text = redact(clean(answer.body[:4000].decode("utf-8", "replace")), secrets)
    return f": {shorten(text, _EXCERPT)}" if text.strip() else ""
