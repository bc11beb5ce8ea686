"""What a change will do and what it did, as data for a review, a receipt or a test.

Holds no connection and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drydock.rebuild.decision import Way
    from drydock.rebuild.shape import SchemaObject


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change will do, before it is done.

    Attributes:
        table: The table, as stored.
        way: ``nothing``, ``schema-edit``, ``native``, ``update``, ``swap`` or ``rebuild``.
        why: Why this way, in a few words.
        statements: What is run, in order; all of it was rehearsed on an empty twin.
        dependents: What else changes: renamed along, built anew, or dropped as declared.
        changed: How many values of each converted column are stored in another form.
        expected: The objects of the schema afterwards.
        children: Tables that refer to this one.
        check_keys: Tables whose foreign keys are to be checked afterwards.
        rules: CHECK expressions on converted columns, as they read before and afterwards.
    """

    table: str
    way: Way
    why: str
    statements: tuple[str, ...]
    dependents: tuple[str, ...] = ()
    changed: Mapping[str, int] = field(default_factory=dict)
    expected: frozenset[SchemaObject] = frozenset()
    children: tuple[str, ...] = ()
    check_keys: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()

    @property
    def copies(self) -> bool:
        """Whether every row is written anew."""
        return self.way in ("swap", "rebuild")


@dataclass(frozen=True, slots=True)
class LastChange:
    """What a change did.

    Attributes:
        plan: What it was to do.
        rows: How many rows were written; None where none was.
        seconds: How long it took, judging and proving included.
    """

    plan: Plan
    rows: int | None
    seconds: float
