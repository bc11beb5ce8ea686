"""Where rules are entered: by name, and by the kind of change they judge.

A rule is a function from a change and the situation to verdicts, entered by a decorator that
also carries what `docs/review.md` says of it. Two rules of one name are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from drydock.review.finding import Severity, Verdict
from drydock.review.situation import Situation

Refusal = Literal["no", "rows", "always"]
"""Whether the rule foretells that SQLite refuses the statement: on these rows, or on any."""
Check = Callable[[Any, Situation], Iterable[Verdict]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `why` in a sentence, an `example` on which it fires, and its usual severity."""

    name: str
    theme: str
    severity: Severity
    why: str
    evidence: str
    example: str
    on: tuple[type, ...]
    check: Check
    refusal: Refusal


RULES: dict[str, Rule] = {}
_BY_CHANGE: dict[type, list[Rule]] = {}


def rule(
    name: str,
    *on: type,
    severity: Severity,
    why: str,
    evidence: str,
    example: str,
    refusal: Refusal = "no",
) -> Callable[[Check], Check]:
    """Enter the decorated function as the rule `name`, for the kinds of change `on`."""

    def enter(check: Check) -> Check:
        if name in RULES:
            raise ValueError(f"two rules are named {name}")
        theme = check.__module__.rpartition(".")[2]
        RULES[name] = Rule(name, theme, severity, why, evidence, example, on, check, refusal)
        for kind in on:
            _BY_CHANGE.setdefault(kind, []).append(RULES[name])
        return check

    return enter


def judge(change: object, situation: Situation) -> Iterator[tuple[Rule, Verdict]]:
    """Yield what every rule about this kind of change says of it, in this situation."""
    for each in _BY_CHANGE.get(type(change), ()):
        for verdict in each.check(change, situation):
            yield each, verdict
