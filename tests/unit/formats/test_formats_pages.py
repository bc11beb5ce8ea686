"""Each format has a page, and each page the same few commands, which the end-to-end tests run."""

from __future__ import annotations

import re
from pathlib import Path

from drydock.formats import recognition

PAGES = Path(__file__).resolve().parents[3] / "docs" / "adopt"
EVERY = {"inv status", "inv migrate --yes", "inv rollback --yes"}
DOWN = {"inv review --downs", "inv rollback --down NAME"}


def commands(page: Path) -> list[str]:
    """Return the commands in a page's blocks, in order, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_every_format_has_a_page_that_says_its_setting():
    """And there is no page of a format that is none."""
    formats = set(recognition.names()) - {recognition.AUTO, recognition.OURS}
    assert {page.stem for page in PAGES.glob("*.md")} == formats
    for name in formats:
        text = (PAGES / f"{name}.md").read_text(encoding="utf-8")
        assert f'format = "{name}"' in text
        assert f"`{recognition.format_named(name).table}" in text


def test_a_page_has_no_command_that_no_test_runs():
    """Those with a way back have the two for it besides."""
    for page in PAGES.glob("*.md"):
        told = {re.sub(r"(--down) \S+", r"\1 NAME", each) for each in commands(page)}
        assert told in (EVERY, EVERY | DOWN), page.name
