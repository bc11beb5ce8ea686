"""Which migration of a run took what: its executed statements, asked about one loss at a time.

A directive and a foreseen number speak for their own file, so a loss has to be laid at the door of
the files that can have brought it: those whose statements delete from the table, drop, replace or
rebuild it, under whatever name it has by then, or do so to a table whose deletion takes its rows
along. It decides nothing, and what a statement did that nobody recorded it cannot know.
"""

from __future__ import annotations

import math
import re
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drydock import connection
from drydock.executor.trace import RECORDED
from drydock.names import fold
from drydock.review import changes, reading, syntax
from drydock.review import table as tables
from drydock.script import ScriptError, split

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from drydock.evidence import Loss
    from drydock.executor import Applied
    from drydock.migration import Migration

_WRITES = {"DELETE", "UPDATE", "INSERT", "REPLACE", "WITH", "DROP", "ALTER", "CREATE"}
_KEYS_ON = re.compile(r"foreign_keys\s*[=(]\s*(on|1|true|yes)\b", re.IGNORECASE)
_COUNTERS = "sqlite_sequence"


@dataclass(frozen=True, slots=True)
class _Deed:
    """One statement that was executed: its text, the rows it changed, what it asks for.

    The statements of one script have its `place` and its rows in common.
    """

    place: int
    text: str
    rows: int
    changes: tuple[object, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name in it, and every text, folded."""
        return syntax.identifiers(self.text)


class Account:
    """What the migrations of one run did.

    Args:
        migrations: Those that ran.
        applied: Their statements, as executed.
        before: The database as it was.
    """

    def __init__(
        self, migrations: Sequence[Migration], applied: Iterable[Applied], before: Path
    ) -> None:
        self.migrations = tuple(migrations)
        self._applied = {each.name: each for each in applied}
        self._before = before

    def takers(self, loss: Loss) -> tuple[Migration, ...]:
        """Return those whose statements can have brought `loss`; none where none is known to."""
        if len(self.migrations) == 1:
            return self.migrations
        asked = {
            "rows-removed": self._take_rows,
            "table-dropped": self._drop_it,
            "column-dropped": self._drop_column,
            "values-changed-class": self._change_values,
            "values-emptied": self._change_values,
            "sequence-lowered": self._lower,
            "object-lost": self._rebuild_it,
        }
        found = asked[loss.kind](loss)
        return tuple(e for e in self.migrations if e.name in found or self._is_cut(e))

    def touching(self, table: str) -> tuple[Migration, ...]:
        """Return those with a writing statement that names `table`, or what leads to it."""
        by_key, by_trigger = self._sources(table)
        names = self._aliases(table) | by_key | by_trigger
        return tuple(
            each
            for each in self.migrations
            if any(deed.names & names for deed in self._deeds[each.name])
        )

    def most(self, migration: Migration, table: str) -> float:
        """Return how many rows the migration's statements on `table` itself can have removed."""
        names, deeds = self._aliases(table), self._deeds[migration.name]
        if self._is_cut(migration) or any(_drops(e, names) or _replaces(e, names) for e in deeds):
            return math.inf
        # A script is counted once, whatever number of its statements deletes.
        return sum({each.place: each.rows for each in deeds if _deletes(each, names)}.values())

    def _is_cut(self, migration: Migration) -> bool:
        """Say whether a Python migration may have run more than was recorded of it."""
        applied = self._applied.get(migration.name)
        is_python = migration.path.suffix == ".py"
        return is_python and applied is not None and len(applied.statements) >= RECORDED

    @cached_property
    def _deeds(self) -> dict[str, tuple[_Deed, ...]]:
        return {
            each.name: tuple(_deeds(self._applied[each.name])) if each.name in self._applied else ()
            for each in self.migrations
        }

    def _aliases(self, table: str) -> frozenset[str]:
        """Return every name, folded, that `table` has in the run."""
        names = {fold(table)}
        for deeds in self._deeds.values():
            for change in (change for deed in deeds for change in deed.changes):
                if isinstance(change, changes.RenameTable) and fold(change.table) in names:
                    names.add(fold(change.new))
        return frozenset(names)

    def _sources(self, table: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the tables, folded, whose rows take rows of `table` along: by key, by trigger."""
        by_key: set[str] = set()
        by_trigger: set[str] = set()
        asked = [table]
        with closing(connection.read_only(self._before)) as opened:
            while asked:
                keys, triggers = _leading_to(opened, asked.pop())
                asked += (keys | triggers) - by_key - by_trigger - {fold(table)}
                by_key |= keys - {fold(table)}
                by_trigger |= triggers
        return frozenset(by_key), frozenset(by_trigger)

    def _take_rows(self, loss: Loss) -> set[str]:
        names = self._aliases(loss.table)
        by_key, by_trigger = self._sources(loss.table)
        found = set()
        for name, deeds in self._deeds.items():
            copied = any(_copies_all(deed, names) for deed in deeds)
            keys = by_key if any(_KEYS_ON.search(deed.text) for deed in deeds) else frozenset()
            if any(
                _deletes(deed, names | keys)
                or _replaces(deed, names | keys)
                or _drops(deed, keys)
                or (_drops(deed, names) and not copied)
                or _writes(deed, by_trigger)
                for deed in deeds
            ):
                found.add(name)
        return found

    def _drop_it(self, loss: Loss) -> set[str]:
        """Return the first that drops it for good: what a later one drops was made anew."""
        names = self._aliases(loss.table)
        for name, deeds in self._deeds.items():
            put_back = {
                fold(change.new)
                for deed in deeds
                for change in deed.changes
                if isinstance(change, changes.RenameTable)
            }
            copied = any(_copies_all(deed, names) for deed in deeds)
            if any(_drops(deed, names) for deed in deeds) and not (copied and put_back & names):
                return {name}
        return set()

    def _drop_column(self, loss: Loss) -> set[str]:
        names, columns = self._aliases(loss.table), self._column_aliases(loss)
        exact = {
            name
            for name, deeds in self._deeds.items()
            for change in (change for deed in deeds for change in deed.changes)
            if isinstance(change, changes.DropColumn)
            and fold(change.table) in names
            and fold(change.column) in columns
        }
        return exact or {
            each
            for each in self._rebuild_it(loss)
            if not any(
                deed.names & columns and syntax.words(deed.text)[0].is_word("CREATE")
                for deed in self._deeds[each]
            )
        }

    def _change_values(self, loss: Loss) -> set[str]:
        names, columns = self._aliases(loss.table), self._column_aliases(loss)
        return self._rebuild_it(loss) or {
            name
            for name, deeds in self._deeds.items()
            if any(deed.names & names and deed.names & columns for deed in deeds)
        }

    def _lower(self, loss: Loss) -> set[str]:
        by_hand = {
            name
            for name, deeds in self._deeds.items()
            if any(_COUNTERS in deed.names and deed.rows for deed in deeds)
        }
        return by_hand | self._rebuild_it(loss)

    def _rebuild_it(self, loss: Loss) -> set[str]:
        names = self._aliases(loss.table)
        return {
            name
            for name, deeds in self._deeds.items()
            if any(_drops(deed, names) for deed in deeds)
        }

    def _column_aliases(self, loss: Loss) -> frozenset[str]:
        tables, names = self._aliases(loss.table), {fold(loss.column or "")}
        for deeds in self._deeds.values():
            for change in (change for deed in deeds for change in deed.changes):
                if not isinstance(change, changes.RenameColumn) or fold(change.table) not in tables:
                    continue
                if fold(change.column) in names:
                    names.add(fold(change.new))
        return frozenset(names)


def _deeds(applied: Applied) -> Iterable[_Deed]:
    """Yield the statements that write."""
    for place, traced in enumerate(applied.statements):
        try:
            texts = [each.text for each in split(traced.sql)]
        except ScriptError:
            texts = [traced.sql]
        for text in texts:
            if "\0" in text:
                continue
            words = syntax.words(text)
            if words and (words[0].text.upper() in _WRITES or _KEYS_ON.search(text)):
                yield _Deed(place, text, traced.rows, reading.read(text))


def _leading_to(opened: sqlite3.Connection, table: str) -> tuple[set[str], set[str]]:
    """Return the tables that take rows of `table` along at once: by a key, by a trigger."""
    keys = tables.foreign_keys(opened, table)
    triggers = opened.execute("SELECT tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'")
    return (
        {fold(key.parent) for key in keys if key.on_delete == "CASCADE"},
        {fold(on) for on, sql in triggers.fetchall() if _removes_from(sql, fold(table))},
    )


def _removes_from(trigger: str, table: str) -> bool:
    words = [each.folded for each in syntax.words(trigger)]
    heads = (["delete", "from", table], ["replace", "into", table])
    return any(words[at : at + 3] in heads for at in range(len(words)))


def _writes(deed: _Deed, names: frozenset[str]) -> bool:
    return deed.rows > 0 and any(
        isinstance(each, changes.Write) and fold(each.table) in names for each in deed.changes
    )


def _deletes(deed: _Deed, names: frozenset[str]) -> bool:
    return deed.rows > 0 and any(
        isinstance(each, changes.Write) and each.verb == "delete" and fold(each.table) in names
        for each in deed.changes
    )


def _replaces(deed: _Deed, names: frozenset[str]) -> bool:
    return any(
        isinstance(each, changes.Write)
        and (each.verb == "replace" or (each.verb == "update" and each.ignores))
        and fold(each.table) in names
        for each in deed.changes
    )


def _drops(deed: _Deed, names: frozenset[str]) -> bool:
    return any(
        isinstance(each, changes.DropTable) and fold(each.table) in names for each in deed.changes
    )


def _copies_all(deed: _Deed, names: frozenset[str]) -> bool:
    """Say whether every row of the table goes into another one: the copy of a rebuild."""
    return any(
        isinstance(each, changes.Write)
        and fold(each.source_table or "") in names
        and not (each.filtered or each.ignores)
        for each in deed.changes
    )
