"""The text of a migration that changes one table, for ``inv new NAME --drop t.c`` and the like.

Pure: options in, Python source out. It looks at no database, so it cannot know whether the column
exists; the review of the migration does. Refuses what cannot be read as ``table.column``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from drydock.errors import DrydockError, ExitCode
from drydock.tokens import code

Action = Literal[
    "drop", "retype", "rename", "not-null", "nullable", "default", "pk", "check", "collate"
]

_VALUED: dict[str, str] = {
    "retype": "TYPE",
    "rename": "NEW",
    "default": "VALUE",
    "collate": "COLLATION",
}


class UnreadableChangeError(DrydockError):
    """A change given on the command line is not of the form that its option takes."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Change:
    """One option: what is done to which column; `value` is what stands behind ``=``.

    For a ``check`` the column is empty and the value is the expression.
    """

    action: Action
    table: str
    column: str
    value: str | None = None


def parse_change(action: Action, argument: str) -> Change:
    """Return the change that an option's argument says.

    ``table.column`` and ``table.column=value``; names with dots, spaces or ``=`` are quoted as in
    SQL. A ``check`` takes ``table:expression``.

    Raises:
        UnreadableChangeError: The argument says something else.
    """
    if action == "check":
        table, colon, expression = argument.partition(":")
        if not (table and colon and expression.strip()):
            raise _unreadable(action, argument, "TABLE:EXPRESSION")
        return Change(action, table.strip(), "", expression.strip())
    wanted = "TABLE.COLUMN" + (f"={_VALUED[action]}" if action in _VALUED else "")
    tokens = code(argument)
    if len(tokens) < 3 or tokens[1].text != "." or not (tokens[0].is_name and tokens[2].is_name):
        raise _unreadable(action, argument, wanted)
    rest = argument[tokens[2].end :].strip()
    value = rest[1:].strip() if rest.startswith("=") else None
    if (action in _VALUED) != bool(value) or (rest and value is None):
        raise _unreadable(action, argument, wanted)
    return Change(action, tokens[0].name, tokens[2].name, value)


def _unreadable(action: str, argument: str, wanted: str) -> UnreadableChangeError:
    return UnreadableChangeError(
        f"--{action} {argument} cannot be read",
        cause=f"it takes {wanted}",
        state="nothing was written",
        hint=f"--{action} '{wanted.lower()}', with odd names in double quotes",
    )


def migration_text(name: str, changes: list[Change]) -> str:
    """Return a migration, one ``transform`` a table in the order in which tables were named."""
    tables: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        tables[change.table].append(change)
    calls = [_call(table, asked) for table, asked in tables.items()]
    return "\n".join(
        [
            f'"""{_sentence(name, changes)}"""',
            "",
            "",
            "def migrate(db):",
            *(f"    {line}" for call in calls for line in call),
            "",
        ]
    )


def _sentence(name: str, changes: list[Change]) -> str:
    title = name.replace("-", " ").replace("_", " ").strip().capitalize() or "Change a table"
    places = dict.fromkeys(
        f"{change.table}.{change.column}" if change.column else change.table for change in changes
    )
    sentence = f"{title}: {', '.join(places)}."
    return sentence.replace("\\", "\\\\").replace('"', "'")


def _call(table: str, changes: list[Change]) -> list[str]:
    arguments = [
        f"{keyword}={text},"
        for keyword, text in (
            ("drop", _list(changes, "drop")),
            ("types", _mapping(changes, "retype")),
            ("rename", _mapping(changes, "rename")),
            ("not_null", _not_null(changes)),
            ("defaults", _mapping(changes, "default")),
            ("pk", _key(changes)),
            ("collate", _mapping(changes, "collate")),
            ("add_check", _checks(changes)),
        )
        if text
    ]
    target = f"db[{_python(table)}].transform("
    if len(arguments) == 1:
        return [f"{target}{arguments[0].rstrip(',')})"]
    return [target, *(f"    {line}" for line in arguments), ")"]


def _python(text: str) -> str:
    """Return a Python string in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _list(changes: list[Change], action: Action) -> str:
    columns = [_python(one.column) for one in changes if one.action == action]
    return f"[{', '.join(columns)}]" if columns else ""


def _mapping(changes: list[Change], action: Action) -> str:
    pairs = [
        f"{_python(one.column)}: {_python(one.value or '')}"
        for one in changes
        if one.action == action
    ]
    return f"{{{', '.join(pairs)}}}" if pairs else ""


def _not_null(changes: list[Change]) -> str:
    pairs = [
        f"{_python(one.column)}: {one.action == 'not-null'}"
        for one in changes
        if one.action in ("not-null", "nullable")
    ]
    return f"{{{', '.join(pairs)}}}" if pairs else ""


def _key(changes: list[Change]) -> str:
    columns = [_python(one.column) for one in changes if one.action == "pk"]
    return columns[0] if len(columns) == 1 else f"({', '.join(columns)})" if columns else ""


def _checks(changes: list[Change]) -> str:
    checks = [_python(one.value or "") for one in changes if one.action == "check"]
    return f"[{', '.join(checks)}]" if checks else ""
