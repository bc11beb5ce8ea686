"""``inv doctor``: one page on the environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from drydock import doctor
from drydock.terminal.text import wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drydock.doctor import Fact
    from drydock.settings import Settings
    from drydock.terminal import Terminal

_NARROW = 60
_MARKS = {"fine": " ", "worry": "!", "wrong": "✗"}


def show(settings: Settings, terminal: Terminal) -> None:
    """Print the page; reads only."""
    section = ""
    facts = doctor.examine(settings)
    if terminal.as_json:
        _tell(facts, terminal)
        return
    for fact in facts:
        if fact.section != section:
            section = fact.section
            terminal.data(section)
        opening = f" {_MARKS[fact.verdict]} {fact.name:<24} "
        below = " " * (len(opening) if terminal.data_width > _NARROW else 4)
        for line in wrapped(fact.value, terminal.data_width, first=opening, rest=below):
            terminal.data(line)
    wrong = sum(fact.verdict == "wrong" for fact in facts)
    worries = sum(fact.verdict == "worry" for fact in facts)
    terminal.line(f"{wrong} wrong, {worries} to know about")


def _tell(facts: Sequence[Fact], terminal: Terminal) -> None:
    verdicts = [fact.verdict for fact in facts]
    terminal.document(
        {
            "facts": [asdict(fact) for fact in facts],
            "wrong": verdicts.count("wrong"),
            "worries": verdicts.count("worry"),
        }
    )
