"""The arguments of `Table.transform`, read into `Changes`.

Accepts what sqlite-utils accepts, in all its spellings, and says so when an argument makes no
sense. Asks the table only for what an argument leaves open, such as the key a foreign key means.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypedDict

import sqlite_utils.db as stock

from drydock.names import fold, quote
from drydock.rebuild.changes import Changes, DroppedKey, Generated, Reference
from drydock.rebuild.edit import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Asked(TypedDict, total=False):
    """Every argument of `Table.transform`; columns are called by their present names."""

    types: Mapping[str, Any] | None
    rename: Mapping[str, str] | None
    drop: str | Iterable[str] | None
    pk: Any
    not_null: Mapping[str, bool] | Iterable[str] | None
    defaults: Mapping[str, Any] | None
    column_order: Iterable[str] | None
    add_foreign_keys: Iterable[Any] | None
    drop_foreign_keys: Iterable[str | tuple[str, ...]] | None
    foreign_keys: Iterable[Any] | None
    keep_table: str | None
    strict: bool | None
    add_check: str | Iterable[str | tuple[str, str]] | None
    drop_check: str | Iterable[str] | None
    collate: Mapping[str, str | None] | None
    autoincrement: bool | None
    without_rowid: bool | None
    generated: Mapping[str, str | tuple[str, str] | None] | None
    conversions: Mapping[str, str | Callable[[Any], Any]] | None
    allow_lossy: bool | str | Iterable[str]
    cascade: str | Iterable[str] | None
    tmp_suffix: str | None


def read(table: stock.Table, asked: Asked, functions: Mapping[str, str]) -> Changes:
    """Return the changes that the arguments ask for.

    Args:
        table: The table they are about.
        asked: The arguments.
        functions: The SQL name of each Python conversion, by column.

    Raises:
        TypeError: An argument that `transform` does not have.
        ValueError: Arguments that exclude each other.
    """
    for name in asked:
        if name not in Asked.__annotations__:
            near = get_close_matches(name, Asked.__annotations__, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TypeError(f"transform() got an unexpected argument {name!r}{hint}")
    rename = dict(asked.get("rename") or {})
    present = {fold(new): old for old, new in rename.items()}
    taken = {fold(column.name) for column in table.columns}

    def now(name: str) -> str:
        """Return the present name, where the caller used the coming one."""
        return name if fold(name) in taken else present.get(fold(name), name)

    added, dropped = _foreign_keys(table, asked, now)
    lossy = asked.get("allow_lossy", False)
    return Changes(
        types={name: _type(given) for name, given in (asked.get("types") or {}).items()},
        rename={old: new for old, new in rename.items() if old != new},
        drop=names(asked.get("drop")),
        pk=_key(asked.get("pk", stock.DEFAULT), now),
        not_null=_not_null(asked.get("not_null")),
        defaults={
            name: None if value is None else str(table.db.quote_default_value(value))
            for name, value in (asked.get("defaults") or {}).items()
        },
        column_order=tuple(now(name) for name in asked.get("column_order") or ()),
        add_foreign_keys=added,
        drop_foreign_keys=dropped,
        keep_table=asked.get("keep_table"),
        strict=asked.get("strict"),
        add_check=_checks(asked.get("add_check")),
        drop_check=names(asked.get("drop_check")),
        collate=dict(asked.get("collate") or {}),
        autoincrement=asked.get("autoincrement"),
        without_rowid=asked.get("without_rowid"),
        generated=_generated(asked.get("generated")),
        conversions={
            name: f"{functions[name]}({quote(name)})" if name in functions else str(given)
            for name, given in (asked.get("conversions") or {}).items()
        },
        allow_lossy=lossy if isinstance(lossy, bool) else frozenset(map(fold, names(lossy))),
        cascade=names(asked.get("cascade")),
        tmp_suffix=asked.get("tmp_suffix"),
    )


def names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return one name, or several, as a tuple in a settled order."""
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    return tuple(sorted(given) if isinstance(given, (set, frozenset)) else given)


def _type(given: Any) -> str:
    """Return a declared type: a string to the letter, a Python type as sqlite-utils maps it."""
    if isinstance(given, str):
        aliases = ("str", "int", "integer", "float", "bytes", "text", "real", "blob", "any")
        return str(stock.COLUMN_TYPE_MAPPING[given]) if given in aliases else given
    return str(stock.COLUMN_TYPE_MAPPING[given])


def _key(given: Any, now: Callable[[str], str]) -> tuple[str, ...] | None:
    if given is stock.DEFAULT:
        return None
    return tuple(now(name) for name in names(given))


def _not_null(given: Mapping[str, bool] | Iterable[str] | None) -> dict[str, bool]:
    if given is None:
        return {}
    if hasattr(given, "items"):
        return {name: bool(wanted) for name, wanted in given.items()}
    return dict.fromkeys(names(given), True)


def _checks(given: str | Iterable[str | tuple[str, str]] | None) -> tuple[str, ...]:
    checks = []
    for one in [given] if isinstance(given, str) else given or ():
        if isinstance(one, str):
            checks.append(f"CHECK ({one})")
        else:
            checks.append(f"CONSTRAINT {spell(one[0])} CHECK ({one[1]})")
    return tuple(checks)


def _generated(
    given: Mapping[str, str | tuple[str, str] | None] | None,
) -> dict[str, Generated]:
    found = {}
    for name, one in (given or {}).items():
        if one is None or isinstance(one, str):
            found[name] = Generated(one)
        else:
            found[name] = Generated(one[0], one[1].upper())
    return found


def _foreign_keys(
    table: stock.Table, asked: Asked, now: Callable[[str], str]
) -> tuple[tuple[Reference, ...], tuple[DroppedKey, ...]]:
    """Return the keys to add and to drop; a key that stays as it is appears in neither."""
    whole, more = asked.get("foreign_keys"), asked.get("add_foreign_keys")
    fewer = asked.get("drop_foreign_keys")
    if whole is not None and (more is not None or fewer is not None):
        raise ValueError(
            "foreign_keys= replaces all keys: add_ and drop_foreign_keys= go with none"
        )
    given = list(whole if whole is not None else more or ())
    present = table.foreign_keys if given or whole is not None else []
    dropped = [DroppedKey(names(spec), isinstance(spec, str)) for spec in fewer or ()]
    added, stays = [], []
    for spec, key in zip(given, table.db.resolve_foreign_keys(table.name, given), strict=True):
        same = [one for one in present if _identity(one, now) == _identity(key, now)]
        explicit = isinstance(spec, stock.ForeignKey)
        if same and (not explicit or _actions(same[0]) == _actions(key)):
            stays.append(_identity(key, now))
            continue
        dropped += [_dropped(one) for one in same]
        columns = tuple(now(name) for name in key.columns)
        added.append(Reference(columns, key.other_table, tuple(key.other_columns), _actions(key)))
    if whole is not None:
        dropped += [_dropped(one) for one in present if _identity(one, now) not in stays]
    return tuple(added), tuple(dropped)


def _dropped(key: stock.ForeignKey) -> DroppedKey:
    return DroppedKey(tuple(key.columns), some=False, parent=key.other_table)


def _identity(key: stock.ForeignKey, now: Callable[[str], str]) -> tuple[object, ...]:
    columns = tuple(fold(now(name)) for name in key.columns)
    parents = tuple(fold(name or "") for name in key.other_columns)
    return columns, fold(key.other_table), parents


def _actions(key: stock.ForeignKey) -> str:
    clauses = ""
    for event, action in (("UPDATE", key.on_update), ("DELETE", key.on_delete)):
        if action and action.upper() != "NO ACTION":
            clauses += f" ON {event} {action}"
    return clauses
