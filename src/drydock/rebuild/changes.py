"""What a caller asked of a table, and the CREATE TABLE text that it comes to.

`Changes` speaks of the table as it is now: columns by their present names, renames last. `target`
makes the asked edits, and only those, in the stored text. Nothing is judged here: whether rows and
dependents allow the result is asked afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.rebuild import edit
from drydock.tokens import code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drydock.rebuild.ddl import CreateTable, Item
    from drydock.rebuild.definition import Constraint


@dataclass(frozen=True, slots=True)
class Generated:
    """A column's expression; without one the column becomes an ordinary one."""

    expression: str | None
    storage: str = "VIRTUAL"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key to add; `clauses` are its actions and deferral as SQL."""

    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    clauses: str = ""


@dataclass(frozen=True, slots=True)
class DroppedKey:
    """A foreign key to drop: the one of exactly these columns, or with `some`, any that has them.

    With a `parent` only the key to that table is meant.
    """

    columns: tuple[str, ...]
    some: bool
    parent: str | None = None

    def means(self, columns: tuple[str, ...], parent: str) -> bool:
        """Whether it means the key of these columns (folded) to that table."""
        mine = tuple(fold(name) for name in self.columns)
        if self.parent is not None and fold(self.parent) != fold(parent):
            return False
        return set(mine) <= set(columns) if self.some else mine == columns


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything one `transform` asks for; an empty field asks nothing."""

    types: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    pk: tuple[str, ...] | None = None
    not_null: Mapping[str, bool] = field(default_factory=dict)
    defaults: Mapping[str, str | None] = field(default_factory=dict)
    column_order: tuple[str, ...] = ()
    add_foreign_keys: tuple[Reference, ...] = ()
    drop_foreign_keys: tuple[DroppedKey, ...] = ()
    keep_table: str | None = None
    strict: bool | None = None
    add_check: tuple[str, ...] = ()
    drop_check: tuple[str, ...] = ()
    collate: Mapping[str, str | None] = field(default_factory=dict)
    autoincrement: bool | None = None
    without_rowid: bool | None = None
    generated: Mapping[str, Generated] = field(default_factory=dict)
    conversions: Mapping[str, str] = field(default_factory=dict)
    allow_lossy: frozenset[str] | bool = False
    cascade: tuple[str, ...] = ()
    tmp_suffix: str | None = None

    def may_lose(self, column: str) -> bool:
        """Whether the caller said that this column's values may lose information."""
        if isinstance(self.allow_lossy, bool):
            return self.allow_lossy
        return fold(column) in self.allow_lossy

    def cascades(self, *labels: str) -> bool:
        """Whether one of the labels of a dependent is named in `cascade`."""
        named = {normal(one) for one in self.cascade}
        return any(normal(label) in named for label in labels)


def normal(sql: str) -> tuple[str, ...]:
    """Return what two spellings of one name or expression have in common."""
    words = [one.folded if one.is_name and one.kind != "string" else one.text for one in code(sql)]
    while len(words) > 2 and words[0] == "(" and _closes(words):
        words = words[1:-1]
    return tuple(words)


def _closes(words: list[str]) -> bool:
    """Whether the parenthesis that opens the words is closed by their last."""
    depth = 0
    for position, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if not depth:
            return position == len(words) - 1
    return False


def target(create: CreateTable, changes: Changes, old_key: tuple[str, ...]) -> CreateTable:
    """Return the statement with every asked edit but the renames made in it."""
    create = edit.drop_columns(_without(create, changes), changes.drop)
    create = _edit_columns(create, changes)
    if changes.pk is not None and _folded(changes.pk) != _folded(old_key):
        create = edit.set_primary_key(create, changes.pk)
    if changes.autoincrement is not None:
        create = edit.set_autoincrement(create, changes.autoincrement)
    for reference in changes.add_foreign_keys:
        create = _with_reference(create, reference)
    for check in changes.add_check:
        create = edit.add_constraint(create, check)
    if changes.column_order:
        create = edit.reorder(create, changes.column_order)
    if changes.without_rowid is False and create.option("WITHOUT", "ROWID"):
        # There a key is never NULL; elsewhere only if its columns say so.
        for name in changes.pk or old_key:
            create = edit.set_not_null(create, name, changes.not_null.get(name, True))
    for words, wanted in (
        (("WITHOUT", "ROWID"), changes.without_rowid),
        (("STRICT",), changes.strict),
    ):
        create = create if wanted is None else edit.set_option(create, words, wanted)
    return create


def _edit_columns(create: CreateTable, changes: Changes) -> CreateTable:
    for name, generated in changes.generated.items():
        type_ = changes.types.get(name, "")
        create = edit.set_generated(create, name, generated.expression, generated.storage, type_)
    for name, type_ in changes.types.items():
        create = edit.set_type(create, name, type_)
    for name, wanted in changes.not_null.items():
        create = edit.set_not_null(create, name, wanted)
    for name, value in changes.defaults.items():
        create = edit.set_default(create, name, value)
    for name, collation in changes.collate.items():
        create = edit.set_collation(create, name, collation)
    return create


def _folded(names: tuple[str, ...]) -> list[str]:
    return [fold(name) for name in names]


def _without(create: CreateTable, changes: Changes) -> CreateTable:
    """Take out the constraints that are to go: foreign keys, CHECKs, and what cascade names."""
    while True:
        going = (one for one in constraints(create) if _goes(changes, *one))
        found = next(going, None)
        if found is None:
            return create
        create = edit.remove(create, found[0], found[1])


def _goes(changes: Changes, item: Item, constraint: Constraint, columns: frozenset[str]) -> bool:
    if constraint.kind == "CHECK" and _named(changes.drop_check, item, constraint):
        return True
    if constraint.kind in _KEYS and key_goes(changes, item, constraint):
        return True
    # An unnamed UNIQUE is called as every other one is; only that of a dropped column goes along.
    cascading = constraint.kind in ("CHECK", "UNIQUE", *_KEYS)
    is_dropped = bool(columns & {fold(each) for each in changes.drop})
    return cascading and is_dropped and changes.cascades(*label(item, constraint))


_KEYS = ("REFERENCES", "FOREIGN KEY")


def constraints(create: CreateTable) -> list[tuple[Item, Constraint, frozenset[str]]]:
    """Return every constraint with its item and the columns (folded) that its key lists.

    For a CHECK or a generated column those are every column that its expression names.
    """
    names = set(edit.column_names(create))
    found = []
    for item in create.items:
        inside = item.column.constraints if item.column else ()
        for one in inside or ((item.constraint,) if item.constraint else ()):
            listed = mentioned(item.inner(one), names) if one.kind != "REFERENCES" else set()
            if item.column and one.kind in ("REFERENCES", "UNIQUE", "PRIMARY KEY", "CHECK"):
                listed = listed | {fold(item.column.name)}
            found.append((item, one, frozenset(listed)))
    return found


def mentioned(expression: str, names: set[str]) -> set[str]:
    """Return which of the columns (folded) an expression names."""
    tokens = code(expression)
    found = set()
    for index, token in enumerate(tokens):
        called = index + 1 < len(tokens) and tokens[index + 1].text == "("
        collation = index > 0 and tokens[index - 1].is_word("COLLATE")
        if token.kind in ("identifier", "keyword") and not called and not collation:
            found |= {token.folded} & names
    return found


def label(item: Item, constraint: Constraint) -> tuple[str, ...]:
    """Return how a constraint can be named: by its name, its expression, its whole text."""
    text = item.body[constraint.start : constraint.end]
    labels = [constraint.name, item.inner(constraint) if constraint.kind == "CHECK" else None, text]
    return tuple(one for one in labels if one)


def _named(wanted: tuple[str, ...], item: Item, constraint: Constraint) -> bool:
    return any(normal(one) == normal(name) for one in wanted for name in label(item, constraint))


def key_columns(item: Item, constraint: Constraint) -> tuple[str, ...]:
    """Return the child columns of a foreign key, folded and in order."""
    if constraint.kind == "REFERENCES" and item.column:
        return (fold(item.column.name),)
    return tuple(one.folded for one in code(item.inner(constraint)) if one.is_name)


def key_goes(changes: Changes, item: Item, constraint: Constraint) -> bool:
    """Whether the caller asked for this foreign key to go."""
    references = next(i for i, one in enumerate(constraint.tokens) if one.is_word("REFERENCES"))
    parent = constraint.tokens[references + 1].name
    columns = key_columns(item, constraint)
    return any(one.means(columns, parent) for one in changes.drop_foreign_keys)


def _with_reference(create: CreateTable, reference: Reference) -> CreateTable:
    parent = edit.spell(reference.parent)
    columns = ", ".join(edit.spell(name) for name in reference.parent_columns)
    clause = f"REFERENCES {parent}({columns}){reference.clauses}"
    if len(reference.columns) == 1:
        return edit.append_to_column(create, reference.columns[0], clause)
    own = ", ".join(edit.spelled(create, name) for name in reference.columns)
    return edit.add_constraint(create, f"FOREIGN KEY ({own}) {clause}")
