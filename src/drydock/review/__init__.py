"""The review: what pending migrations would do to the rows that are there, before they do it.

It reads statements through SQLite's own grammar, judges them by the catalogue of rules, and asks
the database for the evidence. It runs nothing on the database it is given, and prints nothing.
"""

from __future__ import annotations

from drydock.review.finding import Finding, LossKey, Severity, Verdict, foreseen, in_order, worst
from drydock.review.registry import RULES
from drydock.review.rehearsal import Rehearsal, review_rehearsed
from drydock.review.report import to_github, to_json, to_sarif
from drydock.review.rules.history import History
from drydock.review.static import review_statically

__all__ = [
    "RULES", "Finding", "History", "LossKey", "Rehearsal", "Severity", "Verdict",
    "foreseen", "in_order", "review_rehearsed", "review_statically", "to_github", "to_json",
    "to_sarif", "worst",
]  # fmt: skip
