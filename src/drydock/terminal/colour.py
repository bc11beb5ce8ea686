"""Colour where it is wanted: styles for words, and SQL with its keywords marked.

SQL is coloured by rich, which is imported for the first line of it and on a terminal only. It
refuses to colour when NO_COLOR is set, the terminal is dumb, or there is none.
"""

from __future__ import annotations

import os

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "36",
    "good": "32",
    "dim": "2",
    "bold": "1",
}


def is_wanted(*, is_terminal: bool) -> bool:
    """Say whether to colour: on a terminal that can, unless NO_COLOR says no."""
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(style: str, text: str) -> str:
    """Return `text` in a style."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def sql(text: str) -> str:
    """Return `text` with SQL's words coloured; it has no control characters in it."""
    from io import StringIO

    from rich.console import Console
    from rich.syntax import Syntax

    shown = Syntax("", "sql", theme="ansi_dark", background_color="default").highlight(text)
    shown.rstrip()
    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=10_000)
    console.print(shown, end="", soft_wrap=True)
    return out.getvalue()
