"""One SQL statement read as changes: what it would do, in words that rules can judge.

It reads the statement alone and asks no database, so one statement gives one or two changes at
most; what follows from a table's definition is added by the walk. A statement that no rule is
about gives nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from drydock.names import fold, is_bookkeeping
from drydock.review import changes, syntax
from drydock.tokens import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

# Ten thousand INSERTs are looked at by these before one of them is taken apart.
_PARAMETER = re.compile(r"[?:@$]")
_TEXT = re.compile(r"'[^']*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAMES = (
    "table",
    "column",
    "name",
    "new",
    "index",
    "parent",
    "source_table",
    "columns",
    "source_columns",
)

Change = (
    changes.CreateTable
    | changes.CreateIndex
    | changes.CreateIfMissing
    | changes.DropTable
    | changes.RenameTable
    | changes.RenameColumn
    | changes.AddColumn
    | changes.DropColumn
    | changes.NewUnique
    | changes.Write
    | changes.Setting
    | changes.Transaction
    | changes.OtherFile
)


def read(statement: str) -> tuple[Change, ...]:
    """Return the changes that one statement asks for; nothing for one that does not parse."""
    node = syntax.tree(statement)
    if node is None:
        return ()
    reader = _READERS.get(syntax.kind(node))
    if reader is None or _schema(node) not in {"", "main"}:
        return ()  # tables of other files and temporary ones hold nothing of the database's own
    read_as = (*_if_missing(node, statement), *reader(node, statement))
    found = (_unquoted(each, statement) for each in read_as)
    return tuple(each for each in found if not _is_internal(each))


def unbound(statement: str) -> tuple[changes.Unbound, ...]:
    """Return the parameters of a statement, as one change; nothing where it has none."""
    if not _PARAMETER.search(statement) or not _PARAMETER.search(_TEXT.sub("", statement)):
        return ()
    if "\0" in statement:
        return ()  # SQLite itself refuses it
    names = tuple(each.text for each in syntax.words(statement) if each.kind == "parameter")
    return (changes.Unbound(tuple(dict.fromkeys(names))),) if names else ()


def _unquoted(change: Change, statement: str) -> Change:
    """Return a change with its names as SQLite has them: the tree leaves quotes in some."""
    written = {each: getattr(change, each, None) for each in _NAMES}
    named: dict[str, Any] = {
        field: tuple(each and syntax.name_in(statement, each) for each in value)
        if isinstance(value, tuple)
        else syntax.name_in(statement, value)
        for field, value in written.items()
        if value
    }
    return replace(change, **named)


def _is_internal(change: Change) -> bool:
    """Say whether a change is about a table of SQLite's or Drydock's own."""
    table = getattr(change, "table", "")
    return fold(table).startswith("sqlite_") or is_bookkeeping(table)


def _schema(node: Any) -> str:
    """Return the database that a statement's table is said to be in, empty where it is not."""
    target = getattr(node, "target", None) or getattr(node, "table", None) or node
    schema = getattr(target, "schema", None)
    return "" if schema is None else syntax.name_of(schema).lower()


def _if_missing(node: Any, statement: str) -> tuple[Change, ...]:
    """Return what ``IF NOT EXISTS`` leaves as it is, where there is something of that name."""
    kind = _MADE.get(syntax.kind(node))
    is_temporary = getattr(getattr(node, "temporary", None), "name", "NONE") != "NONE"
    if kind is None or is_temporary or not node.if_not_exists:
        return ()
    if getattr(node, "as_select", None) is not None:
        return ()  # what it would make is known when it runs
    return (changes.CreateIfMissing(kind, getattr(node, f"{kind}_name"), statement),)


def _nothing(_node: Any, _statement: str) -> tuple[Change, ...]:
    return ()


def _create_table(node: Any, _statement: str) -> tuple[Change, ...]:
    source = _single_source(node.as_select) if node.as_select is not None else None
    return (changes.CreateTable(node.table_name, source),)


def _create_index(node: Any, statement: str) -> tuple[Change, ...]:
    index = changes.CreateIndex(node.index_name, node.table_name)
    if not node.is_unique:
        return (index,)
    unique = changes.NewUnique(
        node.table_name,
        syntax.terms(statement),
        image=changes.Image(syntax.name_in(statement, node.table_name), (), ""),
        index=node.index_name,
        where=syntax.where_clause(statement),
    )
    return (index, unique)


def _drop(node: Any, _statement: str) -> tuple[Change, ...]:
    if node.object_type.name != "TABLE":
        return ()
    return (changes.DropTable(syntax.name_of(node.target.object_name)),)


def _alter(node: Any, statement: str) -> tuple[Change, ...]:
    table = syntax.name_of(node.target.object_name)
    if node.op.name == "RENAME_TABLE":
        return (changes.RenameTable(table, syntax.name_of(node.new_name)),)
    if node.op.name == "RENAME_COLUMN":
        old, new = syntax.name_of(node.old_name), syntax.name_of(node.new_name)
        return (changes.RenameColumn(table, old, new),)
    if node.op.name == "DROP_COLUMN":
        return (changes.DropColumn(table, syntax.name_of(node.old_name), "alter"),)
    return (_added(table, node.column, statement),)


def _added(table: str, column: Any, statement: str) -> changes.AddColumn:
    constraints = {each.kind.name: each for each in _constraints(column)}
    default = constraints.get("DEFAULT")
    generated = constraints.get("GENERATED")
    key = constraints.get("REFERENCES")
    check = syntax.checks(statement) if "CHECK" in constraints else ()
    text = syntax.default_text(statement) if default is not None else None
    return changes.AddColumn(
        table,
        syntax.name_of(column.column_name),
        column.type_name or "",
        not_null="NOT_NULL" in constraints,
        default=None if text is None or text.strip("() ").upper() == "NULL" else text,
        constant=default is None or _is_constant(default.default_expr),
        stored=generated is not None and generated.generated_storage.name == "STORED",
        generated=generated is not None,
        unique="UNIQUE" in constraints,
        primary_key="PRIMARY_KEY" in constraints,
        parent=key.fk_clause.ref_table if key is not None else None,
        check=" AND ".join(f"({each})" for each in check) or None,
    )


def _constraints(column: Any) -> list[Any]:
    return [each for each in syntax.children(column.constraints) if hasattr(each, "kind")]


def _is_constant(expression: Any) -> bool:
    """Say whether ADD COLUMN takes a default on a table with rows: a literal, maybe signed."""
    kind = syntax.kind(expression)
    if kind == "Literal":
        return bool(expression.literal_type.name != "CURRENT")
    if kind == "UnaryExpr":
        return _is_constant(expression.operand)
    if kind == "ParenExpr":
        return _is_constant(expression.expr)
    return kind in {"ColumnRef", "IdentName"}  # DEFAULT word: SQLite takes it as a string


def _delete(node: Any, statement: str) -> tuple[Change, ...]:
    plain = not syntax.children(node.with_ctes) and node.limit_clause is None
    where = syntax.where_clause(statement) if node.where_clause is not None else None
    return (changes.Write("delete", node.table.table_name, where, plain),)


def _update(node: Any, statement: str) -> tuple[Change, ...]:
    plain = not (
        syntax.children(node.with_ctes)
        or node.from_clause is not None
        or node.limit_clause is not None
    )
    where = syntax.where_clause(statement) if node.where_clause is not None else None
    columns = [each.column for each in syntax.children(node.setlist) if each.column]
    replaces = node.conflict_action.name == "REPLACE"
    return (
        changes.Write(
            "update",
            node.table.table_name,
            where,
            # FROM makes every row that matches nothing stay as it is: its own kind of condition.
            plain,
            filtered=node.from_clause is not None or bool(syntax.children(node.with_ctes)),
            columns=tuple(columns),
            ignores=replaces,
        ),
    )


def _insert(node: Any, statement: str) -> tuple[Change, ...]:
    select = node.source if syntax.kind(node.source) == "SelectStmt" else None
    replaces = node.conflict_action.name == "REPLACE"
    columns = tuple(str(each.column) for each in syntax.children(node.columns))
    if select is None or syntax.children(node.with_ctes):
        return (
            changes.Write(
                "replace" if replaces else "insert",
                node.table.table_name,
                None,
                False,
                columns=columns,
            ),
        )
    outputs = syntax.children(select.columns)
    return (
        changes.Write(
            "replace" if replaces else "insert",
            node.table.table_name,
            plain=True,
            source=syntax.select_clause(statement),
            source_table=_single_source(select),
            source_columns=tuple(_plain_column(each) for each in outputs),
            star=any("STAR" in repr(each.flags) for each in outputs),
            filtered=_is_filtered(select),
            ignores=node.conflict_action.name == "IGNORE" or bool(syntax.children(node.upsert)),
            columns=columns,
        ),
    )


def _single_source(select: Any) -> str | None:
    """Return the one table that a SELECT reads, None where it reads none, a join or a query."""
    if syntax.kind(select) != "SelectStmt" or select.from_clause is None:
        return None
    source = select.from_clause
    return source.table_name if syntax.kind(source) == "TableRef" else _leftmost(source)


def _leftmost(source: Any) -> str | None:
    while hasattr(source, "left"):
        source = source.left
    return source.table_name if syntax.kind(source) == "TableRef" else None


def _plain_column(output: Any) -> str | None:
    return output.expr.column if syntax.kind(output.expr) == "ColumnRef" else None


def _is_filtered(select: Any) -> bool:
    return (
        select.where_clause is not None
        or select.limit_clause is not None
        or bool(syntax.children(select.groupby))
        or "DISTINCT" in repr(select.flags)
        or syntax.kind(select.from_clause) != "TableRef"
    )


def _pragma(node: Any, _statement: str) -> tuple[Change, ...]:
    if node.value is None:
        return ()
    name = unquote(node.pragma_name).lower()
    return (changes.Setting(name, unquote(str(node.value)).lower()),)


def _transaction(node: Any, _statement: str) -> tuple[Change, ...]:
    return (changes.Transaction(node.op.name.replace("_", " ")),)


def _attach(node: Any, _statement: str) -> tuple[Change, ...]:
    name = _file_name(node.filename)
    return () if name in {"", ":memory:"} else (changes.OtherFile("ATTACH", name),)


def _vacuum(node: Any, _statement: str) -> tuple[Change, ...]:
    if node.filename is None:
        return ()
    return (changes.OtherFile("VACUUM INTO", _file_name(node.filename)),)


def _select(_node: Any, statement: str) -> tuple[Change, ...]:
    if "load_extension" not in statement.lower():
        return ()
    names = [each.text for each in syntax.words(statement) if each.text.startswith("'")]
    if "load_extension" not in syntax.identifiers(statement):
        return ()
    return (changes.OtherFile("load_extension", unquote(names[0]) if names else "?"),)


def _file_name(expression: Any) -> str:
    return unquote(str(getattr(expression, "source", None) or "an expression"))


_MADE: dict[str, Literal["table", "index", "view", "trigger"]] = {
    "CreateTableStmt": "table",
    "CreateIndexStmt": "index",
    "CreateViewStmt": "view",
    "CreateTriggerStmt": "trigger",
}
_READERS: dict[str, Callable[[Any, str], tuple[Change, ...]]] = {
    "CreateTableStmt": _create_table,
    "CreateIndexStmt": _create_index,
    "CreateViewStmt": _nothing,
    "CreateTriggerStmt": _nothing,
    "DropStmt": _drop,
    "AlterTableStmt": _alter,
    "DeleteStmt": _delete,
    "UpdateStmt": _update,
    "InsertStmt": _insert,
    "PragmaStmt": _pragma,
    "TransactionStmt": _transaction,
    "SavepointStmt": _transaction,
    "AttachStmt": _attach,
    "VacuumStmt": _vacuum,
    "SelectStmt": _select,
}
