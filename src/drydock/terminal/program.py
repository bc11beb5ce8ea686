"""What the user types to run a task: ``inv``, or what stands in its place here.

Hints are written with ``inv``. Where that is not on the PATH, as after ``make migrate`` in a fresh
clone, or the command was ``drydock``, the hint says what does work when it is typed. Paths are
short for the same reason: to be read, and to be copied.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_COMMAND = re.compile(r"(?<![\w/.-])inv (?=[a-z][a-z-]+\b)")
_NAMES = frozenset({"inv", "invoke", "drydock"})


def as_typed(text: str) -> str:
    """Return `text` with each ``inv TASK`` in it as it can be typed here."""
    if "inv " not in text:
        return text
    name = program(sys.argv[0])
    return text if name == "inv" else _COMMAND.sub(f"{name} ", text)


def from_here(text: str) -> str:
    """Return `text` with paths under the working folder as seen from there."""
    try:
        folder = f"{Path.cwd()}/"
    except OSError:  # it was removed
        return text
    if folder not in text or folder == "//":
        return text
    return re.sub(rf"(?<![\w/.-]){re.escape(folder)}", "", text)


def program(called: str) -> str:
    """Return what runs a task, given what this process was called as."""
    path = Path(called)
    if path.name == "__main__.py" and path.parent.name == "drydock":
        return "python -m drydock"
    if path.name not in _NAMES:
        return "inv"  # python -m invoke, a test, a program of the user's own
    import shutil

    name = "drydock" if path.name == "drydock" else "inv"
    found = shutil.which(name)
    if found is not None and Path(found).resolve() == path.resolve():
        return name
    return from_here(str(path))
