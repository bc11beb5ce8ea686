"""What a Python migration runs, read from its code where that is certain.

SQL in constant strings that are passed to ``execute`` and its kin, and the sqlite-utils calls
with constant arguments. What stands under ``if``, ``try`` or a loop may not run, and says so;
SQL that is put together at run time is only counted. It runs nothing.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from drydock.names import quote
from drydock.review import changes
from drydock.script import ScriptError, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.migration import Migration

_EXECUTES = {"execute", "executescript", "executemany", "query", "exec_driver_sql", "scalar"}
_WRITES = {
    "insert", "insert_all", "upsert", "upsert_all", "update", "convert", "delete", "extract",
}  # fmt: skip
_CHANGES = _WRITES | {"transform", "drop", "add_column", "create_index", "delete_where"}
_MAY_SKIP = (ast.If, ast.Try, ast.While, ast.ExceptHandler, ast.IfExp, ast.Match)
_TYPES = {"int": "INTEGER", "str": "TEXT", "float": "REAL", "bytes": "BLOB", "bool": "INTEGER"}


@dataclass(frozen=True, slots=True)
class Transform:
    """``db["t"].transform(…)`` with its constant arguments."""

    table: str
    drop: tuple[str, ...] = ()
    types: tuple[tuple[str, str], ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    not_null: tuple[str, ...] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """One statement (`text`) or one sqlite-utils call (`asked`), with its line from 1."""

    line: int
    conditional: bool
    text: str | None = None
    asked: object | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """What the code says: its calls in order, and the lines whose SQL is made at run time."""

    calls: tuple[Called, ...]
    unread: tuple[int, ...]


def read(migration: Migration) -> Code:
    """Return what a Python migration runs as far as its code tells."""
    reader = _Reader(migration)
    reader.visit(migration.tree)
    return Code(tuple(reader.calls), tuple(dict.fromkeys(reader.unread)))


class _Reader(ast.NodeVisitor):
    def __init__(self, migration: Migration) -> None:
        self.calls: list[Called] = []
        self.unread: list[int] = []
        self._depth = 0
        self._entry = migration.entry
        self._constants = dict(_constants(migration.tree))

    def visit(self, node: ast.AST) -> None:
        skips = isinstance(node, _MAY_SKIP) and not _is_main_guard(node)
        skips = skips or (isinstance(node, ast.FunctionDef) and not self._is_entry(node))
        self._depth += skips
        super().visit(node)
        self._depth -= skips

    def _is_entry(self, node: ast.FunctionDef) -> bool:
        return node is self._entry or node.name == "main"

    def visit_For(self, node: ast.For) -> None:
        """Let a loop over constant strings give each of them in its turn."""
        items = self._strings(node.iter)
        if isinstance(node.target, ast.Name) and items:
            shadowed = self._constants.get(node.target.id)
            for item in items:
                self._constants[node.target.id] = (item,)
                for each in node.body:
                    self.visit(each)
            self._constants[node.target.id] = shadowed or ()
            return
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def visit_Call(self, node: ast.Call) -> None:
        """Take the call, then look into its arguments."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return
        table = _table_of(node.func.value)
        if table is not None:
            self._take_table_call(table, node.func.attr, node)
        elif node.func.attr in _CHANGES and isinstance(node.func.value, ast.Subscript):
            self.unread.append(node.lineno)
        elif node.func.attr in _EXECUTES and node.args:
            self._take_sql(node.args[0])
        elif node.func.attr == "rename_table" and len(node.args) == 2:
            old, new = (_constant(each) for each in node.args)
            if old and new:
                sql = f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}"
                self._add(node.lineno, text=sql)

    def _take_sql(self, argument: ast.expr) -> None:
        if isinstance(argument, ast.Call) and _called_name(argument) == "text" and argument.args:
            argument = argument.args[0]
        texts = self._strings(argument)
        if len(texts) != 1:
            if isinstance(argument, ast.JoinedStr | ast.BinOp | ast.Name | ast.Call):
                self.unread.append(argument.lineno)
            return
        text, line = texts[0]
        try:
            for statement in split(text):
                self._add(line + statement.line - 1, text=statement.text)
        except ScriptError:
            self.unread.append(line)

    def _strings(self, node: ast.expr) -> tuple[tuple[str, int], ...]:
        """Return the constant strings that an expression is, with their lines."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return ((node.value, node.lineno),)
        if isinstance(node, ast.Name):
            return self._constants.get(node.id, ())
        if isinstance(node, ast.List | ast.Tuple) and node.elts:
            parts = [self._strings(each) for each in node.elts]
            return tuple(part[0] for part in parts) if all(len(p) == 1 for p in parts) else ()
        return ()

    def _take_table_call(self, table: str, method: str, node: ast.Call) -> None:
        keywords = {each.arg: each.value for each in node.keywords if each.arg}
        name = quote(table)
        if method == "transform":
            self._add(node.lineno, asked=_transform(table, keywords))
        elif method == "drop":
            self._add(node.lineno, text=f"DROP TABLE {name}")
        elif method == "delete_where":
            where = _constant(node.args[0]) if node.args else _constant(keywords.get("where"))
            if node.args and where is None:
                self.unread.append(node.lineno)
                return
            self._add(
                node.lineno, text=f"DELETE FROM {name}" + (f" WHERE {where}" if where else "")
            )
        elif method == "create_index" and node.args:
            columns = [_constant(each) for each in getattr(node.args[0], "elts", ())]
            unique = _is_true(keywords.get("unique"))
            if columns and all(columns) and unique:
                listed = ", ".join(quote(each or "") for each in columns)
                index = quote("_".join(("idx", table, *(each or "" for each in columns))))
                self._add(node.lineno, text=f"CREATE UNIQUE INDEX {index} ON {name}({listed})")
        elif method == "add_column" and node.args and (column := _constant(node.args[0])):
            declared = _type(node.args[1]) if len(node.args) > 1 else "TEXT"
            self._add(node.lineno, text=f"ALTER TABLE {name} ADD COLUMN {quote(column)} {declared}")
        elif method in _WRITES:
            verb: Literal["insert", "replace"] = "insert"
            if _is_true(keywords.get("replace")):
                verb = "replace"
            self._add(node.lineno, asked=changes.Write(verb, table, plain=False))

    def _add(self, line: int, *, text: str | None = None, asked: object | None = None) -> None:
        self.calls.append(Called(line, self._depth > 0, text, asked))


def _constants(tree: ast.Module) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
    """Yield the names that are given a constant string, or a list of them, exactly once."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    given.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and isinstance(node.target, ast.Name):
            # `limit: int` gives nothing.
            given.setdefault(node.target.id, []).extend([node.value] if node.value else [])
    given = {name: values for name, values in given.items() if values}
    for name, values in given.items():
        parts = values[0].elts if isinstance(values[0], ast.List | ast.Tuple) else values[:1]
        texts = [(each.value, each.lineno) for each in parts if isinstance(each, ast.Constant)]
        strings = tuple((text, line) for text, line in texts if isinstance(text, str))
        if len(values) == 1 and len(strings) == len(parts):
            yield name, strings


def _transform(table: str, keywords: dict[str, ast.expr]) -> Transform:
    return Transform(
        table,
        drop=tuple(_items(keywords.get("drop"))),
        types=tuple((k, _type(v)) for k, v in _pairs(keywords.get("types")) if _type(v)),
        rename=tuple((k, _constant(v) or "") for k, v in _pairs(keywords.get("rename"))),
        not_null=tuple(_items(keywords.get("not_null"))),
        strict=_is_true(keywords.get("strict")),
    )


def _items(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for name, value in _pairs(node):
            if _is_true(value):
                yield name
    for each in getattr(node, "elts", ()):
        if (text := _constant(each)) is not None:
            yield text


def _pairs(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if (name := _constant(key)) is not None:
                yield name, value


def _constant(node: ast.expr | None) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else None


def _type(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _TYPES.get(node.id, "")
    return _constant(node) or ""


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _table_of(node: ast.expr) -> str | None:
    """Return the table that ``db["t"]`` or ``db.table("t")`` names."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute):
        return _constant(node.slice)
    if isinstance(node, ast.Call) and _called_name(node) == "table" and node.args:
        return _constant(node.args[0])
    return None


def _called_name(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
