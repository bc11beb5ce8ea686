import json

import pytest

from drydock.service.request import Answer
from drydock.smoke.check import Check
from drydock.smoke.verdict import equal, judge


def answer(content=None, status=200, seconds=0.1, *, whole=True, problem=None):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(status, body, whole, seconds, problem)


CONTENT = {"ok": True, "n": 1, "tables": [{"rows": 3}], "a.b": 0, "none": None, "ä": "ö"}


@pytest.mark.parametrize(
    "expected",
    [{"ok": True}, {"tables.0.rows": 3}, {"tables": [{"rows": 3.0}]}, {"none": None, "ä": "ö"}],
)
def test_values_at_dotted_paths_are_compared(expected):
    """Into objects by name and into lists by number."""
    assert judge(Check("/x", json=expected), answer(CONTENT)).passed


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"ok": 1}, 'expected ok to be 1, got {"ok": true}'),
        ({"n": True}, 'expected n to be true, got {"n": 1}'),
        ({"tables.1.rows": 3}, "there is no tables.1.rows"),
        ({"tables.rows": 3}, "there is no tables.rows"),
        ({"missing": None}, "there is no missing"),
        ({"ä": "x"}, 'expected ä to be "x", got {"ä": "ö"}'),
    ],
)
def test_what_differs_is_told_with_both_values(expected, words):
    """true is not 1, and null is not missing."""
    result = judge(Check("/x", json=expected), answer(CONTENT))
    assert words in result.problems[0]


def test_every_value_that_differs_is_told():
    """Not the first alone."""
    result = judge(Check("/x", json={"ok": False, "n": 2}), answer(CONTENT))
    assert len(result.problems) == 2


def test_the_status_is_exact_for_a_check_of_the_settings():
    """A 404 that is expected passes, a 200 in its place does not."""
    assert judge(Check("/x", status=404), answer(status=404)).passed
    result = judge(Check("/x", status=404), answer({"detail": "here"}))
    assert result.problems == ('expected 404, got 200: {"detail": "here"}',)


@pytest.mark.parametrize(
    ("status", "passed", "noted"),
    [
        (200, True, False),
        (204, True, False),
        (401, True, True),
        (422, True, True),
        (500, False, False),
        (503, False, False),
    ],
)
def test_an_offered_path_must_not_break_the_server(status, passed, noted):
    """What the document offers may refuse, and that is a note; it may not fail."""
    result = judge(Check("/x", status=None), answer(status=status))
    assert (result.passed, result.note is not None) == (passed, noted)


def test_too_slow_is_a_problem():
    """Right, and too late."""
    result = judge(Check("/x", seconds=1), answer(seconds=1.25))
    assert result.problems == ("took 1.2 s, limit 1.0 s",)


def test_no_answer_is_the_problem():
    """There is no status to complain about."""
    result = judge(Check("/x"), answer(b"", status=None, problem="no answer: refused"))
    assert result.problems == ("no answer: refused",)


def test_json_that_is_none_is_shown():
    """An HTML error page with status 200, and a body that was cut off."""
    result = judge(Check("/x", json={"a": 1}), answer(b"<h1>Oops</h1>"))
    assert result.problems == ("expected JSON, got: <h1>Oops</h1>",)
    result = judge(Check("/x", json={"a": 1}), answer(b"[", whole=False))
    assert "longer than 5 MB" in result.problems[0]


def test_what_is_quoted_shows_no_secret_and_no_escape():
    """Bodies are data from elsewhere; a token of a bank stays in the database."""
    body = b'{"access_token": "bank-1", "echo": "Bearer abcd", "e": "\x1b]0;t\x07"}' + b"x" * 9000
    result = judge(Check("/x"), answer(body, status=500), secrets=("abcd",))
    text = result.problems[0]
    assert "bank-1" not in text
    assert "abcd" not in text
    assert "\x1b" not in text
    assert len(text) < 300
    result = judge(Check("/x", json={"api_token": "x"}), answer({"api_token": "bank-1"}))
    assert "bank-1" not in result.problems[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1, [True]], [1, [True]], True),
        ([1], [True], False),
        ({"a": 0}, {"a": False}, False),
        ({"a": 0}, {"b": 0}, False),
        ([1], [1, 2], False),
        ("1", 1, False),
        (None, False, False),
    ],
)
def test_json_values_are_equal_as_json(one, other, same):
    """Python holds True for 1; JSON does not, at any depth."""
    assert equal(one, other) is same
