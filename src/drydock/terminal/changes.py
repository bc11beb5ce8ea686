"""What became of the rows, as a table where there is room for one, and else as sentences. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.terminal.text import one_line, shortened, table, width_of, wrapped
from drydock.words import counted

if TYPE_CHECKING:
    from drydock.evidence import Evidence, TableEvidence

_NARROW = 64
_NAME = 28
_CALM = 30
_HEADS = ("table", "kept", "changed", "added", "removed", "")


def as_table(evidence: Evidence, width: int) -> list[str]:
    """Return one line a table that is not as it was, under heads; nothing where all are."""
    changed, left = _shown(evidence)
    if width < _NARROW or not changed:
        return as_sentences(evidence, width)
    rows = [_HEADS, *(_row(each) for each in changed)]
    lines = table(rows, right=frozenset({1, 2, 3, 4}), width=width - 2)
    if any(width_of(line) > width - 2 for line in lines):
        return as_sentences(evidence, width)
    return [f"  {line}" for line in [*lines, *left]]


def as_sentences(evidence: Evidence, width: int) -> list[str]:
    """Return one sentence a table that is not as it was: ``transactions: 3 changed, 1 added``."""
    lines: list[str] = []
    changed, left = _shown(evidence)
    for each in changed:
        told = _sentence(each)
        if told:
            text = f"{one_line(each.name)}: {told}"
            lines += wrapped(text, width, first="  ", rest="    ")
    return [*lines, *(f"  {line}" for line in left)]


def _shown(evidence: Evidence) -> tuple[list[TableEvidence], list[str]]:
    """Return the tables that are told, and what is said of the rest.

    Every one that lost or changed rows is; of hundreds of new ones, a screen full.
    """
    changed = [each for each in evidence.tables if each.kind != "untouched"]
    calm = [each for each in changed if each.kind != "dropped"]
    left = [each for each in calm if not (each.removed or each.changed)][_CALM:]
    if not left:
        return changed, []
    shown = [each for each in changed if each not in left]
    return shown, [f"and {counted(len(left), 'table')} more, without a row changed or removed"]


def _row(each: TableEvidence) -> tuple[str, ...]:
    removed = each.rows_before if each.kind == "dropped" else each.removed
    counts = (each.kept, each.changed, each.added, removed)
    parts = [*_kind(each), *_columns(each)]
    return (
        shortened(one_line(each.name), _NAME),
        *(f"{count:,}" if count else "-" for count in counts),
        one_line(", ".join(parts)),
    )


def _sentence(each: TableEvidence) -> str:
    if each.kind == "dropped":
        return f"dropped with {counted(each.rows_before, 'row')}"
    counts = (("changed", each.changed), ("added", each.added), ("removed", each.removed))
    parts = [f"{count:,} {word}" for word, count in counts if count]
    return one_line(", ".join([*_kind(each), *parts, *_columns(each)]))


def _kind(each: TableEvidence) -> list[str]:
    if each.kind in ("added", "dropped"):
        return [f"table {each.kind}"]
    return [f"was {each.was}"] if each.was and each.was != each.name else []


def _columns(each: TableEvidence) -> list[str]:
    signs = {"added": "+", "dropped": "-"}
    parts = [f"{signs[one.fate]}{one.name}" for one in each.columns if one.fate in signs]
    parts += [f"{one.was} → {one.name}" for one in each.columns if one.fate == "renamed"]
    return parts
