"""Whether a Python migration may need a rollback journal: can it undo, or go on after an error?

A journal on a candidate costs as much writing again as the change itself, and serves only code
that takes something back and goes on: whatever else fails ends the candidate. Pure; it reads the
migration's text and takes every doubt for a yes.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drydock.migration import Migration

UNDOES = re.compile(r"rollback|savepoint", re.IGNORECASE)

# Both catch: `with` through an object's __exit__ (a connection's rolls back), a class through
# special methods that Python calls and whose errors it passes over (__del__).
_CATCHES = (ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Await, ast.ClassDef)
_RUNS_TEXT = ("exec", "eval", "__import__")
# sqlite-utils' methods go on after an error of SQLite's when they are given one of these.
_GOES_ON = ("alter", "ignore", "find_unique_name")
# What is imported may catch errors out of sight; these do not.
_KNOWN = {
    "__future__", "base64", "collections", "csv", "datetime", "decimal", "drydock", "enum",
    "fractions", "functools", "hashlib", "itertools", "json", "math", "operator", "os", "pathlib",
    "random", "re", "secrets", "sqlite3", "sqlite_utils", "statistics", "string", "struct", "sys",
    "textwrap", "time", "typing", "unicodedata", "uuid", "zlib", "zoneinfo",
}  # fmt: skip


def is_needed(migration: Migration) -> bool:
    """Return False only where every error ends the migration, and nothing in it rolls back.

    Raises:
        MigrationError: The file does not compile.
    """
    if migration.kind != "function" or UNDOES.search(migration.text):
        return True
    return any(_may_go_on(node) for node in ast.walk(migration.tree))


def _may_go_on(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(name.name.partition(".")[0] not in _KNOWN for name in names)
        case ast.ImportFrom(module=module, level=level):
            return level > 0 or (module or "").partition(".")[0] not in _KNOWN
        case ast.Name(id=name):
            return name in _RUNS_TEXT
        case ast.keyword(arg=name):
            return name is None or name in _GOES_ON
    return isinstance(node, _CATCHES)
