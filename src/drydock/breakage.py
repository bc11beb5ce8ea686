"""What of the schema SQLite could run before the migrations and cannot run after them.

Views and triggers are compiled, in the backup and in the candidate, and of each virtual table a
row is read. What was broken before is no migration's fault. What only the application knows, a
function or a collation, has a stand-in, and a new view that needs one is told.
"""

from __future__ import annotations

import itertools
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drydock import connection, strangers
from drydock.inspection import CandidateUnsound
from drydock.names import fold, quote

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from drydock.migration import Migration

_LONGEST = 255  # bytes: SQLite takes no function of a longer name
_RULES = {
    "view": "broken-view",
    "trigger": "broken-trigger",
    "virtual table": "broken-virtual-table",
}


@dataclass(frozen=True, slots=True)
class Break:
    """A view, a virtual table, or one table's triggers that SQLite cannot run any more.

    `stands_on` are the names, folded, of all that it reads or writes, its own among them.
    """

    kind: str
    name: str
    message: str
    stands_on: frozenset[str]

    @property
    def rule(self) -> str:
        """The review's rule for the same, which a directive names."""
        return _RULES[self.kind]

    @property
    def sentence(self) -> str:
        """One line for the screen."""
        return f"{self.kind} {self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Breakage:
    """What the migrations broke, and the new views that need the application: to be told."""

    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()


def find(before: Path, after: Path) -> Breakage:
    """Compare what can be run in the backup with what can be in the candidate.

    Raises:
        sqlite3.Error: A schema cannot be read.
    """
    with closing(_opened(before)) as old, closing(_opened(after)) as new:
        was, now = _objects(old), _objects(new)
        if was == now:
            return Breakage()
        made = sorted(name for kind, name, _ in now - was if kind == "view")
        notes = tuple(_needs(new, made))
        known = {(kind, part) for kind, name, _ in _broken(old) for part in _parts(name)}
        texts = {fold(name): sql for _, name, sql in (*was, *now)}
        breaks = tuple(
            Break(kind, name, message, _stands_on(name, texts))
            for kind, name, message in _broken(new)
            if not known & {(kind, part) for part in _parts(name)}
        )
        return Breakage(breaks, notes)


def require_none(found: Breakage, migrations: Sequence[Migration]) -> None:
    """Raise CandidateUnsound for what is broken and no directive of its own file declares."""
    open_ones = [each for each in found.breaks if not _is_declared(each, migrations)]
    if not open_ones:
        return
    from drydock.review.rules.virtual import anew

    first = open_ones[0]
    name = first.name.split(", ")[0] if first.kind == "trigger" else first.name
    fix = f"DROP {first.kind.upper()} {quote(name)}; then create it anew"
    fix = anew(name) if first.kind == "virtual table" else fix
    kinds = list(dict.fromkeys(f"{each.kind}s" for each in open_ones))
    comments = dict.fromkeys("#" if each.path.suffix == ".py" else "--" for each in migrations)
    raise CandidateUnsound(
        f"the migrations leave {' and '.join(kinds)} that SQLite cannot run",
        [each.sentence for each in open_ones],
        hint=f"in the same migration: {fix}; after that run: inv migrate\n"
        f"or declare it there: {' or '.join(comments)} drydock: allow {first.rule}: REASON",
    )


def _opened(path: Path) -> sqlite3.Connection:
    opened = connection.read_only(path)
    # What an untrusted schema may not use is no fault of its text.
    opened.execute("PRAGMA trusted_schema=ON")
    return opened


def _objects(opened: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    rows = opened.execute("SELECT type, name, ifnull(sql, '') FROM sqlite_schema").fetchall()
    return frozenset(rows)


def _broken(opened: sqlite3.Connection) -> tuple[tuple[str, str, str], ...]:
    """Return what does not compile, whatever the functions of the application's are."""
    from drydock.review.rules.objects import broken_triggers, broken_views
    from drydock.review.rules.virtual import unreadable

    stood_in = _stand_in(opened)
    found = (
        *(("view", name, message) for name, message in broken_views(opened)),
        *(("trigger", names, message) for names, message in broken_triggers(opened)),
        *(("virtual table", name, message) for name, message in unreadable(opened)),
    )
    # How such a function may be called is not known: it may be an aggregate.
    return tuple(e for e in found if not any(f"{each}()" in e[2] for each in stood_in))


def _stand_in(opened: sqlite3.Connection) -> frozenset[str]:
    """Let `opened` take what the schema calls and it has not; return such functions."""
    from drydock.tokens import code

    rows = opened.execute("SELECT type, ifnull(sql, '') FROM sqlite_schema").fetchall()
    for collation in strangers.collations(sql for _, sql in rows):
        strangers.stand_in(opened, collation)
    known = {fold(name) for (name,) in opened.execute("SELECT name FROM pragma_function_list")}
    called = {
        word.name
        for kind, sql in rows
        if kind in ("view", "trigger")
        for word, after in itertools.pairwise(code(sql))
        if after.text == "(" and word.is_name and fold(word.name) not in known
    }
    functions = frozenset(each for each in called if len(each.encode()) <= _LONGEST)
    for name in functions:
        opened.create_function(name, -1, _nothing, deterministic=True)
    return functions


def _nothing(*_: object) -> None:
    """Stand in for a function that only the application knows."""


def _parts(names: str) -> tuple[str, ...]:
    """Return the triggers of one table, which are told together, one by one."""
    return tuple(fold(each) for each in names.split(", "))


def _stands_on(names: str, texts: dict[str, str]) -> frozenset[str]:
    """Return `names`, and the names of all that their definitions lead to."""
    from drydock.review import syntax

    seen: set[str] = set()
    asked = [each for each in _parts(names) if each in texts]
    while asked:
        name = asked.pop()
        seen.add(name)
        asked += [e for e in syntax.identifiers(texts[name]) if e in texts and e not in seen]
    return frozenset(seen)


def _is_declared(found: Break, migrations: Iterable[Migration]) -> bool:
    """Say whether a file declares it that names it, or what it stands on."""
    names = "|".join(re.escape(each) for each in found.stands_on)
    named = re.compile(rf"(?<!\w)(?:{names})(?!\w)")
    return any(
        any(directive.rule == found.rule for directive in each.directives)
        and named.search(fold(each.text))
        for each in migrations
    )


def _needs(opened: sqlite3.Connection, views: Iterable[str]) -> Iterable[str]:
    from drydock.review.compiling import objection

    for name in views:
        stranger = strangers.named(objection(opened, f"SELECT * FROM {quote(name)}"))
        if stranger is not None:
            yield f"view {name}: only the application knows {stranger}, so it could not be tried"
