"""How the verdicts of ``inv adopt`` are shown: the table, the question, and what to type next.

It decides nothing. The table is data on standard output, with the reasons folded under each other;
advice is narrative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.migration import ORDER_FILE
from drydock.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drydock.adopt.survey import Survey
    from drydock.migration import Migration
    from drydock.terminal import Terminal
    from drydock.walk import Walk

_INDENT = 11
_VERDICTS = ("applied", "pending", "partial", "conflict")


def show(terminal: Terminal, found: Survey, names: Mapping[str, Migration]) -> None:
    """Print the table, in the settled order."""
    if terminal.as_json:
        terminal.document(_as_data(found, names))
        return
    from drydock.terminal.text import safe, wrapped

    widest = max((len(each.migration.name) for each in found.judged), default=0)
    indent = " " * (_INDENT + widest + 2)
    for each in found.judged:
        opening = f"{each.verdict:<{_INDENT}}{safe(each.migration.name):<{widest}}  "
        for reason in each.reasons:
            for line in wrapped(reason, terminal.width, first=opening, rest=indent):
                terminal.data(line)
            opening = indent
    for old, now in found.renamed:
        terminal.data(f"renamed    {old} is called {now.name} now: the same text")
    for old, now in names.items():
        terminal.data(f"rename     {old}{now.path.suffix} to {now.path.name}")


def _as_data(found: Survey, names: Mapping[str, Migration]) -> dict[str, object]:
    return {
        "scripts": [
            {
                "name": each.migration.name,
                "verdict": each.verdict,
                "reasons": list(each.reasons),
                "unsure": each.is_unsure,
            }
            for each in found.judged
        ],
        "order": [each.name for each in found.order],
        "renamed": [{"from": old, "to": each.name} for old, each in found.renamed],
        "renumbered": [{"from": old, "to": each.name} for old, each in names.items()],
    }


def warn(terminal: Terminal, found: Survey) -> None:
    """Tell, before the question, what only the user can decide."""
    unsure = [each.migration.name for each in found.judged if each.is_unsure]
    if unsure:
        terminal.note(
            f"no database can tell whether {', '.join(unsure)} has run; if so: "
            f"inv adopt --mark {unsure[0]}"
        )
    open_ones = [each for each in found.judged if each.verdict != "applied"]
    stuck = [each.migration.name for each in open_ones if not each.runs]
    if stuck:
        terminal.note(
            f"{', '.join(stuck)} cannot run as it is: mend the file, or, if its work is done: "
            f"inv adopt --mark {stuck[0]}"
        )


def question(
    walk: Walk, found: Survey, names: Mapping[str, Migration], *, keeps_order: bool
) -> str:
    """Return what is asked: everything that a yes writes."""
    count = len(found.of("applied"))
    parts = [f"record {count} as applied to {walk.live.name} without running them"] * bool(count)
    parts += [f"let {counted(len(found.renamed), 'row')} follow what was renamed"] * bool(
        found.renamed
    )
    parts += [f"rename {counted(len(names), 'file')}"] * bool(names)
    parts += [f"keep the order in {_order_file(walk)}"] * keeps_order
    asked = " and ".join(parts)
    return f"{asked[:1].upper()}{asked[1:]}?"


def counts(found: Survey, outcome: str) -> str:
    """Return the last line: ``8 applied, 15 pending; 8 recorded as applied``."""
    numbers = {verdict: len(found.of(verdict)) for verdict in _VERDICTS}
    told = ", ".join(f"{number} {verdict}" for verdict, number in numbers.items() if number)
    return f"{told or 'every script is in the ledger'}; {outcome}"


def advise(terminal: Terminal, walk: Walk, found: Survey, *, keeps_order: bool) -> None:
    """Tell what to type next."""
    if keeps_order:
        terminal.note(f"the order is kept in {_order_file(walk)}; commit it with the scripts")
    if found.of("pending") or found.of("partial"):
        terminal.line("what is pending runs with: inv migrate")


def _order_file(walk: Walk) -> str:
    path, root = walk.settings.migrations / ORDER_FILE, walk.settings.root
    return str(path.relative_to(root) if path.is_relative_to(root) else path)
