"""Whether a Python migration that left by ``sys.exit`` had come to its end (F14). Pure.

An exit at the end of a file has, by its own last line or at the end of a function that this line
calls; anywhere else it left early. So it did inside ``with``, whose ``__exit__`` takes back what
was done, and wherever more would have run: loops, ``else``, ``finally``.
"""

from __future__ import annotations

import ast
from traceback import extract_tb, walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from traceback import FrameSummary
    from types import CodeType

_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_end(leaving: SystemExit, text: str, file: str, entry: str) -> bool:
    """Say whether every frame of `file`, which holds `text`, stood on its function's last line.

    The outermost of them is `entry`, or ``<module>``.
    """
    if leaving.code not in (None, 0):
        return False
    tree = ast.parse(text)
    through = zip(walk_tb(leaving.__traceback__), extract_tb(leaving.__traceback__), strict=True)
    frames = [(each.f_code, told) for (each, _), told in through if told.filename == file]
    return [code.co_name for code, _ in frames[:1]] == [entry] and all(
        any(_holds(leaf, told) for leaf in _leaves(_body(tree, code))) for code, told in frames
    )


def _body(tree: ast.Module, code: CodeType) -> Sequence[ast.stmt]:
    """Return the statements that `code` was made of; none of a lambda or a comprehension."""
    if code.co_name == "<module>":
        return tree.body
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first == code.co_firstlineno:
                return node.body
    return ()


def _leaves(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield each statement that may be the last to run, with nothing behind it."""
    match body[-1:]:
        case [ast.If() as last]:
            yield from _leaves(last.body)
            yield from _leaves(last.orelse)
        case [ast.Try(orelse=[], finalbody=[]) as last]:
            yield from _leaves(last.body)
        case [ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Return() | ast.Raise() as last]:
            yield last


def _holds(leaf: ast.stmt, told: FrameSummary) -> bool:
    """Say whether a frame stands in `leaf`, and in no loop of it."""
    if told.colno is None:  # Python may be told to keep no columns
        return leaf.lineno <= (told.lineno or 0) <= (leaf.end_lineno or 0)
    at = (told.lineno or 0, told.colno)
    loops = (node for node in ast.walk(leaf) if isinstance(node, _LOOPS))
    return _spans(leaf, at) and not any(_spans(each, at) for each in loops)


def _spans(node: ast.stmt | ast.expr, at: tuple[int, int]) -> bool:
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) <= at < end
