"""The function of a Python file that migrates: which it is, who calls it, what it is given. Pure.

It reads the file's text alone, as review and run must agree before anything is run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("migrate", "upgrade", "up", "run")
"""Functions that are a Python migration's entry, the first that is there."""
_GUARDS = ("__name__ == '__main__'", "'__main__' == __name__")
_RUNS = ("execute", "executemany", "executescript")
_PATHS = ("path", "db_path", "database_path", "filename")


def find(tree: ast.Module) -> ast.FunctionDef | None:
    """Return the function to call; None in a bare script."""
    functions = _functions(tree)
    return next((functions[name] for name in NAMES if name in functions), None)


def takes_database(entry: ast.FunctionDef) -> bool:
    """Say whether it must be given a database: it has a first parameter without a default."""
    return _must_be_given(entry) and not takes_path(entry)


def takes_path(entry: ast.FunctionDef) -> bool:
    """Say whether it must be given the database's path, and opens it itself."""
    return _must_be_given(entry) and _parameters(entry)[0].arg in _PATHS


def runs_itself(tree: ast.Module, entry: ast.FunctionDef) -> bool:
    """Say whether running the file as a program runs its entry, by itself or through another.

    A name counts where it stands in a call, as what is called or what is handed over. A guard that
    gives the entry a database, and does nothing else with one, is for running it by hand.
    """
    functions = _functions(tree)
    rest = [node for node in tree.body if node not in functions.values()]
    if takes_database(entry):
        rest = [node for node in rest if not _only_starts(node, entry, functions)]
    reached = _called_in(rest)
    while more := _called_in(functions[name] for name in reached & functions.keys()) - reached:
        reached |= more
    return entry.name in reached


def _only_starts(
    node: ast.stmt, entry: ast.FunctionDef, functions: dict[str, ast.FunctionDef]
) -> bool:
    """Whether a statement is ``if __name__ == "__main__":`` and calls the entry once, no more."""
    if not isinstance(node, ast.If) or ast.unparse(node.test) not in _GUARDS or node.orelse:
        return False
    calls = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
    own = [each.id for each in calls if isinstance(each, ast.Name) and each.id in functions]
    works = any(isinstance(each, ast.Attribute) and each.attr in _RUNS for each in calls)
    needed = len(_parameters(entry)) - len(entry.args.defaults)
    return own == [entry.name] and needed == 1 and not works


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _parameters(entry: ast.FunctionDef) -> list[ast.arg]:
    return [*entry.args.posonlyargs, *entry.args.args]


def _must_be_given(entry: ast.FunctionDef) -> bool:
    # `def migrate(path="app.db")` opens its own connection when nothing is given to it.
    return len(_parameters(entry)) > len(entry.args.defaults)


def _called_in(nodes: Iterable[ast.AST]) -> set[str]:
    calls = (each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Call))
    parts = (part for call in calls for part in (call.func, *call.args, *call.keywords))
    return {name.id for part in parts for name in ast.walk(part) if isinstance(name, ast.Name)}
