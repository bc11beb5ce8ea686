"""Draw the picture in README from a real run; it reads what a terminal showed, and runs nothing.

script -qec "stty cols 100; inv migrate --yes" /dev/null | python docs/images/draw.py migrate.svg
"""

# ruff: noqa: INP001 - a script beside its picture, no package

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ERASED = re.compile(r".*\r\x1b\[2K")
"""What a moving line showed before its last state."""
PORT = re.compile(r"(127\.0\.0\.1:)(\d+)( \(pid \d+\))")
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Rich's font comes over the network; the reader's own will do."""


def picture(shown: str) -> str:
    """Return the steps of a run, as `script` recorded them, as an SVG."""
    lines = [ERASED.sub("", line.rstrip("\r")) for line in shown.split("\n")]
    first = next(number for number, line in enumerate(lines) if "stop-backend" in line)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ inv migrate --yes", style="bold"))
    for line in lines[first:]:
        if line.strip():
            console.print(Text.from_ansi(PORT.sub(_as_by_default, line)))
    return FONT.sub("", console.export_svg(title="Budget Buddy", unique_id="drydock"))


def _as_by_default(match: re.Match[str]) -> str:
    """Write the port of the settings, and keep the columns after it where they are."""
    return f"{match[1]}8000{match[3]}" + " " * (len(match[2]) - len("8000"))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(sys.stdin.read()), encoding="utf-8")
