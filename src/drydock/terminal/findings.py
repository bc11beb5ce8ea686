"""The review as lines: what is pending, each with its findings under it. Pure.

What must be decided is shown in full. A note, and what the file declares as meant, is one line
each unless everything was asked for. Evidence is shortened to the width: it is there to recognise
the rows by, and the receipt holds all of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from drydock.terminal.text import (
    one_line,
    padded,
    safe,
    shortened,
    width_of,
    wrapped,
    wrapped_whole,
)
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drydock.migration import Migration
    from drydock.review import Finding

_EVIDENCE_LINES = 5
_STATEMENT = re.compile(
    r"\b(ALTER|BEGIN|CREATE|DELETE|DROP|INSERT|PRAGMA|SELECT|UPDATE|WITH)\b.*;|^\s*--"
)


class Line(NamedTuple):
    """One line, fitted to the width; `style` is how it is painted, empty for plainly.

    Only its first `painted` characters take the style, all of them where that is 0. From `sql` on
    it is SQL, which may be longer than the width; None where it is not.
    """

    text: str
    style: str = ""
    painted: int = 0
    sql: int | None = None


def lines(
    migrations: Sequence[Migration], findings: Sequence[Finding], width: int, *, verbose: bool
) -> Iterator[Line]:
    """Yield the review's lines, each migration after a blank one."""
    names = {migration.name for migration in migrations}
    for migration in migrations:
        own = [each for each in findings if each.migration == migration.name]
        yield Line("")
        yield from _migration(migration, width, verbose=verbose)
        for each in own:
            yield from _finding(each, width, verbose=verbose)
    others = [each for each in findings if each.migration not in names]
    if others:
        yield Line("")
        yield Line("besides", "bold")
    for each in others:
        yield from _finding(each, width, verbose=verbose, of=each.migration)


def _migration(migration: Migration, width: int, *, verbose: bool) -> Iterator[Line]:
    kind = _kind(migration)
    name = shortened(one_line(migration.name), width)
    gap = width - width_of(name) - width_of(kind)
    if gap >= 2:
        yield Line(name + " " * gap + kind, "bold", len(name))
    else:
        yield Line(name, "bold")
        yield Line(f"  {kind}")
    header = migration.header
    if header.purpose:
        yield from _say(header.purpose, width, "  ")
    about = ", ".join(one_line(part) for part in (header.date, header.author) if part)
    if about and verbose:
        yield Line(shortened(f"  {about}", width), "dim")


def _kind(migration: Migration) -> str:
    count = len(migration.statements) if migration.kind == "sql" else 0
    return {
        "sql": counted(count, "statement"),
        "function": "Python, migrate(db)",
        "script": "Python, run unchanged",
    }[migration.kind]


def _finding(
    finding: Finding, width: int, *, verbose: bool, of: str | None = None
) -> Iterator[Line]:
    is_open = finding.allowed is None
    word = finding.severity if is_open else "allowed"
    style = finding.severity if is_open else "good"
    place = f"{finding.rule}{_object(finding)}, line {finding.line}"
    if of is not None:
        place = f"{finding.rule}: {of}"
    opening = f"  {padded(word, 7)}  "
    if not verbose and (not is_open or finding.severity == "note"):
        said = finding.allowed if finding.allowed is not None else finding.why
        text = f"{place}: {said}"
        yield from _labelled(text, width, opening, style)
        return
    yield from _labelled(place, width, opening, style)
    indent = " " * 4
    yield from _say(finding.why, width, indent)
    most = len(finding.evidence) if verbose else _EVIDENCE_LINES
    for fact in finding.evidence[:most]:
        yield Line(shortened(f"{indent}- {one_line(fact)}", width))
    if finding.evidence[most:]:
        left = counted(len(finding.evidence) - most, "line")
        yield Line(shortened(f"{indent}- {left} more: --verbose", width))
    if finding.allowed is not None:
        yield from _say(f"allowed: {finding.allowed}", width, indent)
    elif finding.fix:
        for number, text in enumerate(safe(finding.fix).splitlines()):
            opening = f"{indent}{'fix: ' if number == 0 else '     '}"
            statement = _STATEMENT.search(f"{opening}{text}")
            if statement:
                yield Line(f"{opening}{text}", sql=statement.start())
            else:
                rest = " " * len(opening)
                yield from map(Line, wrapped_whole(text, width, first=opening, rest=rest))


def _object(finding: Finding) -> str:
    """Return what it is about, ``of trips.tag``; nothing where that is not known."""
    names = [name for name in (finding.table, finding.column) if name]
    return f" of {'.'.join(names)}" if names else ""


def _labelled(text: str, width: int, opening: str, style: str) -> Iterator[Line]:
    first, *rest = wrapped(one_line(text), width, first=opening, rest=" " * len(opening))
    yield Line(first, style, len(opening))
    yield from map(Line, rest)


def _say(text: str, width: int, indent: str) -> Iterator[Line]:
    yield from map(Line, wrapped(one_line(text), width, first=indent, rest=indent))
