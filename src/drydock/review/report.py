"""Findings in the forms that other programs read: JSON, SARIF 2.1.0, GitHub annotations.

The forms are contracts: their keys are tested, and a finding that a directive allows is marked
as such, never left out. It prints nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drydock.review.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drydock.review.finding import Finding

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain data for `json.dumps`; every key is always there."""
    return [
        {
            "rule": each.rule,
            "severity": each.severity,
            "migration": each.migration,
            "file": each.path.as_posix(),
            "line": each.line,
            "evidence": list(each.evidence),
            "why": each.why,
            "fix": each.fix,
            "table": each.table,
            "column": each.column,
            "destructive": each.destructive,
            "allowed": each.allowed,
        }
        for each in findings
    ]


def to_sarif(findings: Iterable[Finding], *, version: str) -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log; `version` is Drydock's own.

    A finding that is allowed is there with its suppression and the reason as justification.
    """
    listed = list(findings)
    names = list(dict.fromkeys(each.rule for each in listed))
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "drydock",
                        "version": version,
                        "rules": [_rule(name) for name in names],
                    }
                },
                "results": [_result(each, names.index(each.rule)) for each in listed],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": f"{rule.why}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(_sentences(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.path.as_posix())},
                    "region": {"startLine": finding.line},
                }
            }
        ],
    }
    if finding.allowed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.allowed}]
    return result


def to_github(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return findings as workflow commands, one a line; those that are allowed are notices."""
    return tuple(_annotation(each) for each in findings)


def _annotation(finding: Finding) -> str:
    command = "notice" if finding.allowed is not None else _COMMANDS[finding.severity]
    place = ",".join(
        f"{key}={_property(str(value))}"
        for key, value in (
            ("file", finding.path.as_posix()),
            ("line", finding.line),
            ("title", f"drydock {finding.rule}"),
        )
    )
    return f"::{command} {place}::{_message(chr(10).join(_sentences(finding)))}"


def _sentences(finding: Finding) -> list[str]:
    allowed = [f"allowed: {finding.allowed}"] if finding.allowed is not None else []
    fix = [f"fix: {finding.fix}"] if finding.fix else []
    return [*finding.evidence, f"why: {finding.why}", *fix, *allowed]


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
