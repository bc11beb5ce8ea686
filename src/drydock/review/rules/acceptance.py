"""Rules about statements that SQLite does not take, or takes for something else."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from drydock.errors import DrydockError
from drydock.names import fold, quote
from drydock.review import changes
from drydock.review import table as tables
from drydock.review.dialects import instead_of
from drydock.review.finding import Verdict
from drydock.review.registry import rule
from drydock.review.situation import Situation, counted
from drydock.review.versions import Newer
from drydock.schema.clauses import canonical
from drydock.tokens import code

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYNTAX = ("syntax error", "unrecognized token", "incomplete input", "parser stack overflow")
_EXISTS = re.compile(
    r"(?:table|index|view|trigger) (?P<object>.+) already exists$"
    r"|there is already (?:a table|an index|another table or index with this name)"
    r"(?: named)?:? ?(?P<other>.*)$"
    r"|duplicate column name: (?P<column>.+)$"
)
_MISSING = re.compile(r"no such (?P<kind>table|column|index|view|trigger): (?P<name>.+)$")
_LINES = 8
_FOLLOWER = re.compile(r"error in (?P<kind>view|trigger) (?P<name>.+?)(?: after .*)?: ")


@rule(
    "unsupported-syntax",
    changes.Refused,
    Newer,
    severity="error",
    refusal="always",
    why="SQLite, or the one that the application runs on, does not know the statement",
    evidence="what SQLite says of it, or the versions",
    example="ALTER TABLE trips ADD COLUMN IF NOT EXISTS stars INTEGER;",
)
def unsupported_syntax(change: changes.Refused | Newer, s: Situation) -> Iterator[Verdict]:
    """A syntax error, with the form to use where another database's is recognised."""
    if isinstance(change, Newer):
        since, runs_on = (".".join(map(str, each)) for each in (change.since, change.runs_on))
        yield Verdict(
            "error",
            (f"{change.feature} came with SQLite {since}; the application runs on {runs_on}",),
            f"run the application on SQLite {since} or later, or write it without",
        )
        return
    if not any(each in change.message for each in _SYNTAX):
        return
    yield Verdict(
        "warning" if s.conditional else "error",
        (f"SQLite says: {change.message}",),
        instead_of(change.statement)
        or "see https://sqlite.org/lang.html for the form that SQLite has",
    )


@rule(
    "already-applied",
    changes.Refused,
    severity="error",
    refusal="always",
    why="what this statement makes is in the database, but the migration is not in the ledger",
    evidence="what exists, with its rows or values",
    example="CREATE TABLE trips(id INTEGER PRIMARY KEY);  -- and the table trips is there",
)
def already_applied(change: changes.Refused, s: Situation) -> Iterator[Verdict]:
    """An object of the same name in the database as it is; silent without a database."""
    found = _EXISTS.search(change.message)
    if not found or s.data is None or s.conditional:
        return
    evidence, table = _what_exists(found, change.statement, s)
    if not evidence:
        return
    perhaps = "CREATE … IF NOT EXISTS; if it is to be made anew: drop it first, with its rows"
    if table and (column := found["column"]):
        perhaps = (
            f"in a .py migration: if {column!r} not in db[{table!r}].columns_dict: "
            f"db.execute({change.statement!r})"
        )
    yield Verdict(
        "error",
        evidence,
        "if it was applied by hand: inv adopt --mark {migration}; if it may be there or not: "
        + perhaps,
        table=table,
        column=found["column"],
    )


def _what_exists(
    found: re.Match[str], statement: str, s: Situation
) -> tuple[tuple[str, ...], str | None]:
    from drydock.review import reading

    for each in reading.read(statement):
        if isinstance(each, changes.AddColumn) and s.data is not None:
            there = tables.read(s.data, each.table)
            column = there.column(each.column) if there else None
            if there is None or column is None:
                return (), None
            values = s.rows(there.name, f"{quote(there.name)}.{quote(column.name)} IS NOT NULL")
            told = f"column {there.name}.{column.name} exists ({column.type or 'no type'}"
            return (f"{told}, {counted(values or 0, 'value')})",), there.name
    name = (found["object"] or found["other"] or "").strip('"')
    rows = s.ask(
        "SELECT type, name FROM sqlite_schema WHERE name = '"
        + name.replace("'", "''")
        + "' COLLATE NOCASE"
    )
    if not rows:
        return (), None
    kind, real = str(rows[0][0]), str(rows[0][1])
    number = s.rows(real) if kind == "table" else None
    told = f"{kind} {real} exists"
    return (told if number is None else f"{told}, with {counted(number, 'row')}",), real


@rule(
    "exists-otherwise",
    changes.CreateIfMissing,
    severity="warning",
    why="IF NOT EXISTS asks for the name alone, so what is there stays as it is",
    evidence="what the statement has that the database has not, and the other way round",
    example="CREATE TABLE IF NOT EXISTS trips(id INTEGER, stars INT);  -- it has no stars",
)
def exists_otherwise(change: changes.CreateIfMissing, s: Situation) -> Iterator[Verdict]:
    """Silent where the name is free, or what has it is what the statement would make."""
    there = s.schema.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE", (change.name,)
    ).fetchone()
    if there is None:
        return
    kind, name, sql = there
    if kind != change.kind:
        different: tuple[str, ...] = (f"{name} is a {kind} in the database",)
    elif kind == "table":
        different = _different(sql, change.statement)
    elif _meant(sql) != _meant(change.statement):
        different = (f"there it is: {' '.join(sql.split())}",)
    else:
        return
    if different:
        yield Verdict(
            "warning",
            different,
            "change what is there: ALTER TABLE …; or leave the statement out"
            if kind == "table"
            else f"before it: DROP {kind.upper()} {quote(name)}; or leave the statement out",
            table=name if kind == "table" else None,
        )


def _different(there: str, wanted: str) -> tuple[str, ...]:
    """Return how the table of a statement differs from the one that is there."""
    from drydock.schema.difference import difference
    from drydock.schema.file import built

    try:
        found = difference(built([(there, 1)]), built([(wanted, 1)]))
    except DrydockError:
        return ()  # a virtual table whose module is not loaded, or what SQLite refuses
    said = {"+": " is not there", "-": " is there, and not in the statement", "~": ""}
    lines = [f"{each.subject}{said[each.sign]}: {each.detail}" for each in found.lines()]
    return tuple(lines[:_LINES])


def _meant(create: str) -> tuple[bool, str]:
    """Return whether an index is unique, and what comes behind its name, however it is written."""
    words = code(create)
    at = next(place for place, word in enumerate(words) if word.is_word("INDEX", "VIEW", "TRIGGER"))
    name = at + 4 if words[at + 1].is_word("IF") else at + 1
    if words[name + 1].text == ".":
        name += 2
    return words[1].is_word("UNIQUE"), canonical(create[words[name].end :])


@rule(
    "would-fail",
    changes.Refused,
    severity="error",
    refusal="always",
    why="SQLite refuses this statement, so the run would stop here",
    evidence="what SQLite says of it, and near names",
    example="ALTER TABLE trip ADD COLUMN stars INTEGER;  -- the table is called trips",
)
def would_fail(change: changes.Refused, s: Situation) -> Iterator[Verdict]:
    """Any other refusal; only where everything before the statement is known exactly."""
    if any(each in change.message for each in _SYNTAX) or not change.complete or s.conditional:
        return
    if _EXISTS.search(change.message) and any(True for _ in already_applied(change, s)):
        return
    follower = _FOLLOWER.match(change.message)
    if follower:
        yield Verdict(
            "error",
            (f"SQLite says: {change.message}",),
            f"DROP {follower['kind'].upper()} {quote(follower['name'])}; before the rebuild, and "
            "create it anew after it; or: PRAGMA legacy_alter_table=ON; at the top of the file",
        )
        return
    missing = _MISSING.search(change.message)
    near = _near(missing["name"], s) if missing and missing["kind"] == "table" else []
    yield Verdict(
        "error",
        (f"SQLite says: {change.message}", *(f"there is a table {each}" for each in near)),
        f"did you mean {quote(near[0])}?" if near else "mend the statement",
        table=near[0] if near else None,
    )


@rule(
    "unbound-parameter",
    changes.Unbound,
    severity="error",
    refusal="always",
    why="a file has no values for parameters, so the run would stop here",
    evidence="the parameters",
    example="INSERT INTO trips(title, stars) VALUES (?, :stars);",
)
def unbound_parameter(change: changes.Unbound, s: Situation) -> Iterator[Verdict]:
    """A parameter in an ``.sql`` file; the sqlite3 tool would put NULL there without a word."""
    del s
    yield Verdict(
        "error",
        (f"no value for {', '.join(change.names)}",),
        "write the values themselves, or run it in a .py migration: db.execute(sql, values)",
    )


@rule(
    "untried",
    changes.Untried,
    severity="note",
    why="SQLite refuses it on what the files alone make, and no database tells what there is",
    evidence="what SQLite says of it on what the files alone make",
    example="ALTER TABLE trips ADD COLUMN stars INTEGER;  -- trips is older than the first file",
)
def untried(change: changes.Untried, s: Situation) -> Iterator[Verdict]:
    """Told once a file, without a database alone: a history may have begun elsewhere."""
    missing = _MISSING.search(change.message)
    near = _near(missing["name"], s) if missing and missing["kind"] == "table" else []
    yield Verdict(
        "note",
        (f"SQLite says: {change.message}", *(f"a file makes a table {each}" for each in near)),
        "where there is a database: inv review",
    )


@rule(
    "not-reviewed",
    changes.Unreached,
    severity="note",
    why="the rehearsal ended before this file, so nothing is known of it",
    evidence="the migration at which it ended",
    example="-- 003_b.sql, when a statement of 002_a.sql fails",
)
def not_reviewed(change: changes.Unreached, s: Situation) -> Iterator[Verdict]:
    """Every file behind the one that fails: to say nothing would pass for nothing found."""
    del s
    yield Verdict(
        "note",
        (f"it would run after {change.stopped}, which cannot run",),
        f"mend {change.stopped}, then run: inv review",
        migration=change.migration,
        path=change.path,
        line=1,
    )


def _near(name: str, s: Situation) -> list[str]:
    rows = s.schema.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    by_fold = {fold(row[0]): row[0] for row in rows}
    wanted = fold(name.rpartition(".")[2])
    return [by_fold[each] for each in difflib.get_close_matches(wanted, by_fold, n=3, cutoff=0.6)]


@rule(
    "double-quoted-string",
    changes.Quoted,
    severity="warning",
    why='"name" that is no column is a string to SQLite, so a typo becomes a value (F23)',
    evidence="the name, and near columns",
    example='UPDATE trips SET title = "tittle";',
)
def double_quoted_string(change: changes.Quoted, s: Situation) -> Iterator[Verdict]:
    """A double-quoted word that is no column, with the columns that are near."""
    table = s.table(change.table) if change.table else None
    names = [each.name for each in table.columns] if table else []
    near = difflib.get_close_matches(change.name, names, n=2, cutoff=0.6)
    text = "'" + change.name.replace("'", "''") + "'"
    yield Verdict(
        "warning",
        (
            f'"{change.name}" is no column here, so it means the text {text}',
            *(f"there is a column {each}" for each in near),
        ),
        f"write {quote(near[0])} if the column is meant, or {text} if the text is"
        if near
        else f"write {text}",
        table=change.table,
    )


@rule(
    "unread-python",
    changes.Unread,
    severity="note",
    why="SQL that Python puts together is known only when it runs",
    evidence="the lines",
    example='db.execute(f"UPDATE {table} SET stars = 0")',
)
def unread_python(change: changes.Unread, s: Situation) -> Iterator[Verdict]:
    """Told once a file; the rehearsal reads these statements as they run."""
    lines = ", ".join(map(str, change.lines[:8]))
    yield Verdict(
        "note",
        (f"{counted(len(change.lines), 'statement')} put together at run time (line {lines})",),
        "rehearse it to see them: inv review",
    )
    del s
