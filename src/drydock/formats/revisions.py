"""Alembic's revision files as a graph: read from their text, never imported.

It refuses a file whose `revision` or `down_revision` is computed, and a revision that names one
which is not there.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock.source import MigrationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_NAMES = ("revision", "down_revision", "depends_on")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: its id, those right below it, and those it depends on besides."""

    id: str
    below: tuple[str, ...]
    depends: tuple[str, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """All that must be applied before it."""
        return (*self.below, *self.depends)


@functools.cache
def read(path: Path, text: str) -> Revision | None:
    """Return the revision in a file; None where it has none.

    Raises:
        MigrationError: It is no Python, or its ids are computed.
    """
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise MigrationError(
            path, error.msg, line=error.lineno, hint="mend the file, then run: inv migrate"
        ) from error
    values: dict[str, tuple[str, ...]] = {}
    for node in tree.body:
        for name, value in _assigned(node):
            if name in _NAMES:
                values[name] = _ids(path, name, value)
    if not values.get("revision"):
        return None
    return Revision(
        values["revision"][0], values.get("down_revision", ()), values.get("depends_on", ())
    )


def ordered(revisions: Mapping[str, Revision], paths: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the ids so that each comes after what it needs; by file name where that is free.

    Raises:
        MigrationError: One needs a revision that is not there, or itself.
    """
    waiting = sorted(revisions, key=lambda name: paths[name].name)
    done: list[str] = []
    while waiting:
        ready = next((each for each in waiting if set(revisions[each].needs) <= set(done)), None)
        if ready is None:
            stuck = waiting[0]
            lost = next((each for each in revisions[stuck].needs if each not in revisions), None)
            raise MigrationError(
                paths[stuck],
                f"it needs the revision {lost}, which is not here"
                if lost
                else "the revisions need each other in a circle",
                hint="look at the history: alembic history",
            )
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)


def reached(heads: Sequence[str], revisions: Mapping[str, Revision]) -> frozenset[str]:
    """Return the revisions at `heads` and all below them."""
    found: set[str] = set()
    waiting = list(heads)
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += revisions[each].needs if each in revisions else ()
    return frozenset(found)


def _assigned(node: ast.stmt) -> list[tuple[str, ast.expr]]:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(node.target.id, node.value)] if isinstance(node.target, ast.Name) else []
    if isinstance(node, ast.Assign):
        return [(each.id, node.value) for each in node.targets if isinstance(each, ast.Name)]
    return []


def _ids(path: Path, name: str, value: ast.expr) -> tuple[str, ...]:
    try:
        given = ast.literal_eval(value)
    except ValueError:
        raise MigrationError(
            path,
            f"{name} is computed; it can be read only where it is written out",
            line=value.lineno,
            hint=f'write it out, for example: {name} = "1a2b3c4d5e6f"',
        ) from None
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)
