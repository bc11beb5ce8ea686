"""Findings as other programs read them, and the page of rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drydock.review import RULES, Finding, catalogue, to_github, to_json, to_sarif, worst
from drydock.review.registry import rule

FINDING = Finding(
    "drop-table", "error", "003_x", Path("migrations/003 50%,a.sql"), 7,
    ("3 rows would be lost", "100% of them: all"), "every row is gone", 'DROP "x";', "x",
    destructive=True,
)  # fmt: skip
ALLOWED = Finding(
    "drop-column", "error", "004_y", Path("migrations/004_y.py"), 2, (), "gone", "", "t", "c",
    destructive=True, allowed="moved to memo",
)  # fmt: skip


def test_json_holds_every_field():
    """The JSON form is a contract: its keys are always there."""
    (told,) = to_json([FINDING])
    assert json.loads(json.dumps(told)) == {
        "rule": "drop-table",
        "severity": "error",
        "migration": "003_x",
        "file": "migrations/003 50%,a.sql",
        "line": 7,
        "evidence": ["3 rows would be lost", "100% of them: all"],
        "why": "every row is gone",
        "fix": 'DROP "x";',
        "table": "x",
        "column": None,
        "destructive": True,
        "allowed": None,
    }


def test_sarif_has_rules_places_and_suppressions():
    """The SARIF log names its rules by index, and an allowance is a suppression."""
    log = json.loads(json.dumps(to_sarif([FINDING, ALLOWED, FINDING], version="1.2.3")))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("drydock", "1.2.3")
    assert [each["id"] for each in driver["rules"]] == ["drop-table", "drop-column"]
    first, second, third = run["results"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "migrations/003%2050%25%2Ca.sql"
    assert place["region"] == {"startLine": 7}
    assert "suppressions" not in first
    assert second["suppressions"] == [{"kind": "inSource", "justification": "moved to memo"}]
    assert third["level"] == "error"


def test_github_annotations_are_escaped():
    """A percent, a comma or a new line in the text cannot end the annotation."""
    first, second = to_github([FINDING, ALLOWED])
    assert first == (
        "::error file=migrations/003 50%25%2Ca.sql,line=7,title=drydock drop-table::"
        "3 rows would be lost%0A100%25 of them: all%0Awhy: every row is gone%0A"
        'fix: DROP "x";'
    )
    assert second.startswith("::notice file=migrations/004_y.py,line=2,")
    assert "\n" not in first + second


def test_worst_leaves_allowed_findings_out():
    """What is declared does not stop a run."""
    assert worst([]) is None
    assert worst([ALLOWED]) is None
    assert worst([ALLOWED, FINDING]) == "error"


def test_page_of_rules_is_current():
    """docs/review.md is what the code gives; the command to write it stands in its head."""
    page = Path(__file__).parents[3] / "docs" / "review.md"
    assert page.read_text("utf-8") == catalogue.page()


def test_page_has_every_rule():
    """No rule is left out of its theme."""
    page = catalogue.page()
    assert [name for name in RULES if f"\n### {name}\n" not in page] == []


def test_two_rules_of_one_name_are_refused():
    """A second rule of a name would shadow the first one."""
    enter = rule("drop-table", severity="note", why="", evidence="", example="")
    with pytest.raises(ValueError, match="drop-table"):
        enter(lambda change, situation: [])
