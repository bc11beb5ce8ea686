"""The rules, one function each, in modules by theme.

A rule yields a verdict only where the rows at hand make it matter; it refuses to guess, and what
cannot be known is either silent or says so.
"""

from __future__ import annotations

from drydock.review.rules import (
    acceptance,
    columns,
    constraints,
    drops,
    history,
    objects,
    outcome,
    plans,
    rebuilds,
    session,
    values,
    virtual,
    writes,
)

__all__ = [
    "acceptance",
    "columns",
    "constraints",
    "drops",
    "history",
    "objects",
    "outcome",
    "plans",
    "rebuilds",
    "session",
    "values",
    "virtual",
    "writes",
]
