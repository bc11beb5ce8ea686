"""Does a migration do nothing, and is it one that was made and not yet written? Pure.

Only files of our own form are looked at; what an empty file means to another tool is its affair.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.review.changes import Nothing

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from drydock.migration import Migration

_HEADER_LINE = re.compile(r"\s*(--|#)\s*(migration|date|author|purpose)\s*:.*", re.IGNORECASE)


def emptiness(migration: Migration) -> Nothing | None:
    """Return what a file is that would run no statement, SQL's or Python's; None for any other.

    One that says more than `inv new` has written, a comment or a ``pass``, is left so on purpose.
    """
    if migration.origin is not None:
        return None
    if migration.path.suffix == ".sql":
        return None if migration.statements else Nothing("--", _is_as_made(migration.text))
    entry, body = migration.entry, migration.tree.body
    rest = [each for each in body if each is not entry]
    if not all(map(_is_idle, entry.body if entry else ())) or not _is_quiet(rest, entry):
        return None
    if entry is None:
        return Nothing("#", _is_as_made(migration.text))
    return Nothing("#", not any(map(_is_pass, entry.body)))


def _is_as_made(text: str) -> bool:
    lines = (line for line in text.splitlines() if line.strip())
    return all(_HEADER_LINE.fullmatch(line) for line in lines)


def _is_quiet(body: Sequence[ast.stmt], entry: ast.FunctionDef | None) -> bool:
    """Say whether a module does nothing itself; importing may be all that a script has to do."""
    import ast

    quiet = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom) if entry else ()
    return all(isinstance(each, quiet) or _is_idle(each) for each in body)


def _is_idle(statement: ast.stmt) -> bool:
    import ast

    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or _is_pass(statement)


def _is_pass(statement: ast.stmt) -> bool:
    import ast

    return isinstance(statement, ast.Pass)
