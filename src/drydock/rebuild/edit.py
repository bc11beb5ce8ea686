"""Edits of a CREATE TABLE text: each changes what it is asked and no other byte.

Pure functions from `ddl.CreateTable` to `ddl.CreateTable`. They refuse nothing and ask no
database: whether the result is a table that SQLite accepts is tried on the twin (`rebuild.twin`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.rebuild.ddl import CreateTable, Item, join
from drydock.rebuild.definition import Constraint, parse_column, parse_constraint
from drydock.tokens import code, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence


def spell(name: str) -> str:
    """Return `name` bare where it can stand bare in any place, quoted elsewhere."""
    tokens = tokenize(name) if name and "\0" not in name else []
    bare = len(tokens) == 1 and tokens[0].kind == "identifier" and tokens[0].name == tokens[0].text
    return name if bare else quote(name)


def spelled(create: CreateTable, name: str) -> str:
    """Return the column's name as its definition writes it, so that the author's style stays."""
    item, column = create.column(name)
    return item.body[: column.name_end]


def set_type(create: CreateTable, name: str, type_: str) -> CreateTable:
    """Declare the column with `type_`, to the letter; the empty string declares none."""
    item, column = create.column(name)
    left, right = item.body[: column.type_start], item.body[column.type_end :]
    if not type_:
        return _rewrite(create, item, join([left.rstrip(), right]))
    return _rewrite(create, item, join([left, type_ if column.type else f" {type_}", right]))


def set_not_null(create: CreateTable, name: str, wanted: bool) -> CreateTable:
    """Forbid or allow NULL in the column."""
    item, column = create.column(name)
    if wanted and column.find("NOT NULL"):
        return create
    body = _cut(item.body, [one for one in column.constraints if one.kind in ("NOT NULL", "NULL")])
    return _rewrite(create, item, f"{body} NOT NULL" if wanted else body)


def set_default(create: CreateTable, name: str, value: str | None) -> CreateTable:
    """Give the column the default that the SQL text `value` says, or none."""
    item, column = create.column(name)
    old = column.find("DEFAULT")
    if value is None:
        return _rewrite(create, item, _cut(item.body, [old] if old else []))
    if old is None or old.inner is None:
        return _rewrite(create, item, f"{item.body} DEFAULT {value}")
    start, end = old.inner
    return _rewrite(create, item, item.body[:start] + value + item.body[end:])


def set_collation(create: CreateTable, name: str, collation: str | None) -> CreateTable:
    """Compare the column by `collation`, or by the default one."""
    item, column = create.column(name)
    body = _cut(item.body, [one for one in column.constraints if one.kind == "COLLATE"])
    return _rewrite(create, item, f"{body} COLLATE {spell(collation)}" if collation else body)


def set_generated(
    create: CreateTable, name: str, expression: str | None, storage: str, type_: str
) -> CreateTable:
    """Make the column generated from `expression`, adding it where it is new.

    Without an expression the column becomes an ordinary one.
    """
    clause = f" GENERATED ALWAYS AS ({expression}) {storage}" if expression else ""
    try:
        item, column = create.column(name)
    except KeyError:
        return _insert_column(create, join([spell(name), f" {type_}" if type_ else "", clause]))
    body = _cut(item.body, [one for one in column.constraints if one.kind == "GENERATED"])
    return _rewrite(create, item, body + clause)


def drop_columns(create: CreateTable, names: Sequence[str]) -> CreateTable:
    """Take the columns out, with the comments on their lines."""
    for name in names:
        create = remove(create, create.column(name)[0])
    return create


def reorder(create: CreateTable, names: Sequence[str]) -> CreateTable:
    """Put the named columns first, in that order; the others follow as they stand."""
    items = [item for item, _ in create.columns]
    wanted = [create.column(name)[0] for name in names]
    order = [*wanted, *[item for item in items if item not in wanted]]
    split = [_split_space(item.before) for item in items]
    leads = {id(item): lead for item, (_, lead) in zip(items, split, strict=True)}
    moved = [
        replace(item, before=space + leads[id(item)])
        for item, (space, _) in zip(order, split, strict=True)
    ]
    rest = [item for item in create.items if not item.column]
    return replace(create, items=tuple(_relink([*moved, *rest], create)))


def add_constraint(create: CreateTable, text: str) -> CreateTable:
    """Append a table constraint."""
    item = Item(_indent(create.items[-1]), text, constraint=parse_constraint(text))
    return replace(create, items=tuple(_relink([*create.items, item], create)))


def append_to_column(create: CreateTable, name: str, clause: str) -> CreateTable:
    """Append a constraint to the column's own definition."""
    item, _ = create.column(name)
    return _rewrite(create, item, f"{item.body} {clause}")


def remove(create: CreateTable, item: Item, constraint: Constraint | None = None) -> CreateTable:
    """Take out a whole item, or one constraint of a column."""
    if item.column and constraint:
        return _rewrite(create, item, _cut(item.body, [constraint]))
    items = [one for one in create.items if one is not item]
    if item is create.items[0] and items:
        space, lead = _split_space(item.before)[0], _split_space(items[0].before)[1]
        items[0] = replace(items[0], before=space + lead)
    return replace(create, items=tuple(_relink(items, create)))


def set_primary_key(create: CreateTable, names: Sequence[str]) -> CreateTable:
    """Make the named columns the primary key, in place of the present one; none for no key."""
    for item, constraint in primary_keys(create):
        create = remove(create, item, constraint)
    if len(names) == 1:
        return append_to_column(create, names[0], "PRIMARY KEY")
    if names:
        columns = ", ".join(spelled(create, name) for name in names)
        return add_constraint(create, f"PRIMARY KEY ({columns})")
    return create


def primary_keys(create: CreateTable) -> list[tuple[Item, Constraint]]:
    """Return the PRIMARY KEY constraint (at most one) with the item it stands in."""
    of_columns = [
        (item, constraint)
        for item, column in create.columns
        for constraint in column.constraints
        if constraint.kind == "PRIMARY KEY"
    ]
    return of_columns + [one for one in create.constraints if one[1].kind == "PRIMARY KEY"]


def set_autoincrement(create: CreateTable, wanted: bool) -> CreateTable:
    """Add AUTOINCREMENT to the primary key, or take it away."""
    for item, constraint in primary_keys(create):
        present = next((one for one in constraint.tokens if one.is_word("AUTOINCREMENT")), None)
        if wanted == bool(present):
            continue
        if present:
            body = item.body[: present.start].rstrip() + item.body[present.end :]
        else:
            at = constraint.inner[1] if constraint.inner else constraint.end
            body = f"{item.body[:at]} AUTOINCREMENT{item.body[at:]}"
        create = _rewrite(create, item, body)
    return create


def set_option(create: CreateTable, words: tuple[str, ...], wanted: bool) -> CreateTable:
    """Add or take away a table option: ``("STRICT",)`` or ``("WITHOUT", "ROWID")``."""
    if wanted == create.option(*words):
        return create
    if wanted:
        comma = "," if len(code(create.options)) > 1 else ""
        return replace(
            create, options=join([create.options.rstrip(), comma, " " + " ".join(words)])
        )
    kept: list[str] = []
    option: list[str] = []
    for token in [*code(create.options)[1:], None]:
        if token is not None and token.text != ",":
            option.append(token.text)
            continue
        if [one.upper() for one in option] != list(words):
            kept.append(" ".join(option))
        option = []
    return replace(create, options=")" + (" " + ", ".join(kept) if kept else ""))


def _rewrite(create: CreateTable, item: Item, body: str) -> CreateTable:
    if body == item.body:
        return create
    column = parse_column(body) if item.column else None
    constraint = parse_constraint(body) if item.constraint else None
    new = replace(item, body=body, column=column, constraint=constraint)
    return replace(create, items=tuple(new if one is item else one for one in create.items))


def _cut(body: str, constraints: list[Constraint]) -> str:
    for one in sorted(constraints, key=lambda one: one.start, reverse=True):
        body = join([body[: one.start].rstrip(), body[one.end :]])
    return body


def _insert_column(create: CreateTable, body: str) -> CreateTable:
    position = len(create.columns)
    item = Item(_indent(create.items[position - 1]), body, column=parse_column(body))
    items = [*create.items[:position], item, *create.items[position:]]
    return replace(create, items=tuple(_relink(items, create)))


def _indent(item: Item) -> str:
    """Return the space that a new item after this one begins with."""
    space = _split_space(item.before)[0]
    return "\n" + space.rpartition("\n")[2] if "\n" in space else " "


def _split_space(before: str) -> tuple[str, str]:
    """Return the leading space, which stays in its place, and the comments, which move."""
    stripped = before.lstrip()
    return before[: len(before) - len(stripped)], stripped


def _relink(items: list[Item], before: CreateTable) -> list[Item]:
    """Return the items with a comma after each but the last, their comments behind it.

    Between table constraints an author may have left it out, and so it stays.
    """
    last = before.items[-1]
    linked = [
        item
        if item.comma or (item.constraint and item is not last)
        else replace(item, gap="", comma=",", trail=item.gap + item.trail)
        for item in items[:-1]
    ]
    return [*linked, replace(items[-1], comma="")]


def column_names(create: CreateTable) -> list[str]:
    """Return the names of the columns in order, folded."""
    return [fold(column.name) for _, column in create.columns]


def storage(create: CreateTable, name: str, *, rowid_alias: str | None, uniques: bool) -> str:
    """Return a table `name` that stores rows to the byte as `create` would, and judges none.

    It has the types, collations, generated columns and options, and the key that decides where a
    row lies. Left out is what could refuse or swallow a row that the old table held (NOT NULL,
    CHECK, foreign keys), or cost time; `uniques` keeps UNIQUE and PRIMARY KEY, whose indexes the
    final table takes over.
    """
    clustered = create.option("WITHOUT", "ROWID")
    parts = []
    for item, column in create.columns:
        part = item.body[: column.type_end]
        for constraint in column.constraints:
            if constraint.kind in ("COLLATE", "GENERATED"):
                text = item.body[constraint.start : constraint.end]
                part += " " + without_qualifier(text, create.name.name)
            elif constraint.kind in ("PRIMARY KEY", "UNIQUE") and (
                uniques or (clustered and constraint.kind == "PRIMARY KEY")
            ):
                part += " " + _without_autoincrement(item, constraint)
        if not uniques and rowid_alias is not None and fold(column.name) == fold(rowid_alias):
            part += " PRIMARY KEY"
        parts.append(part)
    for item, constraint in create.constraints:
        if (uniques and constraint.kind == "UNIQUE") or (
            (uniques or clustered) and constraint.kind == "PRIMARY KEY"
        ):
            parts.append(_without_autoincrement(item, constraint))
    return f"CREATE TABLE {quote(name)}({join_list(parts)}{create.options}"


def join_list(parts: list[str]) -> str:
    """Return the parts with commas between, each comment closed by a line end."""
    pieces: list[str] = []
    for part in parts:
        pieces += [", " if pieces else "", part]
    return join(pieces)


def _without_autoincrement(item: Item, constraint: Constraint) -> str:
    text = item.body[constraint.start : constraint.end]
    kept = [one.text for one in tokenize(text) if not one.is_word("AUTOINCREMENT")]
    return "".join(kept)


def without_qualifier(text: str, table: str) -> str:
    """Return the expression with ``table.column`` as ``column``."""
    tokens = tokenize(text)
    seen = [index for index, one in enumerate(tokens) if one.is_code]
    gone: set[int] = set()
    for position, index in enumerate(seen[:-1]):
        dot = seen[position + 1]
        if (
            tokens[index].is_name
            and tokens[dot].text == "."
            and tokens[index].folded == fold(table)
        ):
            gone |= {index, dot}
    return "".join(one.text for index, one in enumerate(tokens) if index not in gone)
