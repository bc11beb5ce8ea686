"""The review: what pending migrations would do to the rows that are there, before they do it.

It reads statements through SQLite's own grammar, judges them by the catalogue of rules, and asks
the database for the evidence. It runs nothing on the database it is given, and prints nothing.
"""

from __future__ import annotations

from drydock.review import catalogue
from drydock.review.finding import Finding, LossKey, Severity, Verdict, foreseen, worst
from drydock.review.registry import RULES
from drydock.review.rules.history import History
from drydock.review.static import review_statically

__all__ = [
    "RULES", "Finding", "History", "LossKey", "Severity", "Verdict", "catalogue", "foreseen",
    "review_statically", "worst",
]  # fmt: skip
