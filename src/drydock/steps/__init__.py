"""The seven steps of the chain: one module each, with `perform` and, where it has one, `undo`.

`perform(walk)` does the step and returns one line that says what it did, or a `Skipped`. `undo`
takes back whatever of the step has happened, also when only half of it has; it may be called for
a step that failed and for one that was never begun. No step prints: they tell the walk's reporter.
"""

from __future__ import annotations


class Skipped(str):
    """The line of a step that had nothing to do, with the reason."""

    __slots__ = ()
