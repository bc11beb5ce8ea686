"""What every view and trigger reads, column by column, as SQLite's authorizer reports it.

Each is prepared on the twin and never run. What cannot be prepared was broken before anyone asked
for a change: it is recorded as such, so that it does not block one. Tokens cover what the
authorizer is not told: column lists of INSERT, `UPDATE OF`, USING and NATURAL, and position.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from drydock.names import fold, quote
from drydock.tokens import Token, code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.rebuild.shape import SchemaObject
    from drydock.rebuild.twin import Twin

_READS = (sqlite3.SQLITE_READ, sqlite3.SQLITE_UPDATE)
_WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_DELETE)
_POSITIONAL = ("INTO", "UNION", "INTERSECT", "EXCEPT")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one view or trigger uses; every name is folded.

    Attributes:
        subject: The view or trigger.
        columns: The (table, column) pairs it reads or writes by name.
        tables: The tables it uses in any way.
        joined: The columns on which it may join by USING or NATURAL.
        error: Why SQLite cannot prepare it; None where it can.
    """

    subject: SchemaObject
    columns: frozenset[tuple[str, str]]
    tables: frozenset[str]
    joined: frozenset[str]
    error: str | None = None

    def uses(self, table: str, column: str) -> bool:
        """Whether it depends on that column of that table."""
        pair = (fold(table), fold(column))
        return pair in self.columns or (pair[0] in self.tables and pair[1] in self.joined)

    def by_position(self, table: str) -> bool:
        """Whether the order of the table's columns decides what it does."""
        tokens = code(self.subject.sql or "")
        if any(name == fold(table) and not columns for name, columns in _inserts(tokens)):
            return True
        if fold(table) not in self.tables or not _has_star(tokens):
            return False
        listed = self.subject.type == "view" and tokens[3].text == "("
        return listed or any(token.is_word(*_POSITIONAL) for token in tokens)


def read_all(twin: Twin) -> dict[tuple[str, str], Reading]:
    """Return the reading of every view and trigger on the twin, by (type, folded name)."""
    objects = twin.schema().objects
    if not any(one.type in ("view", "trigger") for one in objects):
        return {}
    columns = {
        fold(one.name): _columns(twin, one.name) for one in objects if one.type in ("table", "view")
    }
    readings: dict[tuple[str, str], Reading] = {}
    triggers: dict[str, list[SchemaObject]] = defaultdict(list)
    for one in objects:
        if one.type == "view":
            seen, error = _watch(twin, [f"EXPLAIN SELECT * FROM {quote(one.name)}"])
            readings[one.key] = _reading(one, [pair for _, pair in seen], error, columns)
        elif one.type == "trigger":
            triggers[fold(one.table)].append(one)
    for group in triggers.values():
        for trigger, pairs, error in _read_triggers(twin, group, columns):
            readings[trigger.key] = _reading(trigger, pairs, error, columns)
    return readings


_Seen = list[tuple[str, tuple[str, str]]]


def _read_triggers(
    twin: Twin, group: list[SchemaObject], columns: dict[str, tuple[str, ...]]
) -> Iterator[tuple[SchemaObject, list[tuple[str, str]], str | None]]:
    """Prepare one table's triggers together; alone each, where one of them is broken."""
    statements = _firing(group[0].table, columns.get(fold(group[0].table), ()))
    seen, error = _watch(twin, statements)
    for trigger in group:
        mine, problem = seen, error
        if error:
            with twin.trial():
                for other in group:
                    if other is not trigger:
                        twin.execute(f"DROP TRIGGER {quote(other.name)}")
                mine, problem = _watch(twin, statements)
        yield trigger, [pair for source, pair in mine if source == fold(trigger.name)], problem


def _firing(table: str, columns: tuple[str, ...]) -> list[str]:
    """Return statements that, prepared, compile every trigger of the table."""
    target = quote(table)
    assignments = ", ".join(f"{quote(name)} = {quote(name)}" for name in columns)
    update = [f"EXPLAIN UPDATE {target} SET {assignments}"] if columns else []
    return [
        f"EXPLAIN INSERT INTO {target} DEFAULT VALUES",
        *update,
        f"EXPLAIN DELETE FROM {target}",
    ]


def _watch(twin: Twin, statements: list[str]) -> tuple[_Seen, str | None]:
    """Prepare the statements; return who (a folded trigger name) touched what, and the error."""
    seen: _Seen = []

    def authorize(action: int, first: str, second: str, _: str, source: str) -> int:
        if action in _READS:
            seen.append((fold(source or ""), (fold(first), fold(second or ""))))
        elif action in _WRITES:
            seen.append((fold(source or ""), (fold(first), "")))
        return sqlite3.SQLITE_OK

    errors: list[str] = []
    for statement in statements:
        with twin.watched(authorize):
            try:
                twin.execute(statement)
            except sqlite3.Error as error:
                # No INSTEAD OF trigger for that event: nothing of ours is broken.
                if "cannot modify" not in str(error):
                    errors.append(str(error))
    return seen, "; ".join(errors) or None


def _reading(
    subject: SchemaObject,
    pairs: list[tuple[str, str]],
    error: str | None,
    columns: dict[str, tuple[str, ...]],
) -> Reading:
    tokens = code(subject.sql or "")
    found = {pair for pair in pairs if pair[1]}
    # A NATURAL join reports nothing of the table it only joins by: tokens name it.
    tables = {table for table, _ in pairs}
    tables |= {token.folded for token in tokens if token.is_name and token.folded in columns}
    for table, names in _inserts(tokens):
        found |= {(table, name) for name in names}
        tables.add(table)
    if subject.type == "trigger":
        found |= {(fold(subject.table), name) for name in _update_of(tokens)}
        tables.add(fold(subject.table))
    counted = Counter(fold(name) for table in tables for name in columns.get(table, ()))
    joined: set[str] = set()
    for index, token in enumerate(tokens):
        if token.is_word("USING"):
            joined |= _group(tokens, index + 1)
        elif token.is_word("NATURAL"):
            joined |= {name for name, times in counted.items() if times > 1}
    return Reading(subject, frozenset(found), frozenset(tables), frozenset(joined), error)


def _columns(twin: Twin, name: str) -> tuple[str, ...]:
    """Return the columns that a statement can set; none where the view is broken."""
    try:
        rows = twin.execute(f"PRAGMA table_xinfo({quote(name)})")
    except sqlite3.Error:
        return ()
    return tuple(str(row[1]) for row in rows if row[6] == 0)


def _inserts(tokens: list[Token]) -> Iterator[tuple[str, set[str]]]:
    """Yield each ``INSERT INTO table (columns)``, and what its ON CONFLICT names."""
    table = ""
    for index, token in enumerate(tokens):
        if token.is_word("INTO") and index + 1 < len(tokens):
            after = index + 2
            if after < len(tokens) and tokens[after].text == ".":
                after += 2
            table = tokens[after - 1].folded
            if after < len(tokens) and tokens[after].is_word("AS"):
                after += 2
            yield table, _group(tokens, after)
        elif token.is_word("CONFLICT") and table and _group(tokens, index + 1):
            yield table, _group(tokens, index + 1)


def _update_of(tokens: list[Token]) -> set[str]:
    """Return the columns of a trigger's ``UPDATE OF a, b ON``."""
    names: set[str] = set()
    for index, token in enumerate(tokens):
        if token.is_word("BEGIN"):
            break
        if token.is_word("OF") and tokens[index - 1].is_word("UPDATE"):
            for name in tokens[index + 1 :]:
                if name.is_word("ON"):
                    return names
                names.add(name.folded)
    return names


def _group(tokens: list[Token], at: int) -> set[str]:
    """Return the names in the parentheses that open at `at`; none where nothing opens."""
    names: set[str] = set()
    if at < len(tokens) and tokens[at].text == "(":
        for token in tokens[at + 1 :]:
            if token.text in (")", "("):
                break
            if token.is_name:
                names.add(token.folded)
    return names


def _has_star(tokens: list[Token]) -> bool:
    """Whether ``*`` stands for all columns somewhere."""
    return any(
        token.text == "*"
        and (before.is_word("SELECT", "DISTINCT", "ALL") or before.text in (",", "."))
        for before, token in pairwise(tokens)
    )
