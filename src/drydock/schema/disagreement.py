"""A point on which a database and the models do not agree: the data, and the one way to word it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "note"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One point on which database and models do not agree.

    `subject` is what ``--expect`` and the setting ``ignore`` take: ``trips``, ``trips.tag``,
    ``index:idx_tag``. `database` and `models` say what each side has, empty for nothing;
    `detail` is the whole in a few words.
    """

    severity: Severity
    subject: str
    detail: str
    database: str = ""
    models: str = ""


def unequal(
    severity: Severity, subject: str, there: str, wanted: str, *, label: str = ""
) -> Difference:
    """Return that the database has `there` where the models have `wanted`."""
    detail = f"{label}{there} in the database, {wanted} in the models"
    return Difference(severity, subject, detail, there, wanted)


def missing(subject: str, text: str) -> Difference:
    """Return that the database lacks what `text` says."""
    return Difference("error", subject, f"missing from the database: {text}", "", text)


def unknown(severity: Severity, subject: str, text: str) -> Difference:
    """Return that the models do not know what `text` says."""
    return Difference(severity, subject, f"unknown to the models: {text}", text)
