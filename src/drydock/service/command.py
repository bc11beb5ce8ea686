"""Command lines: what a process runs, whether it is the configured backend, how it is shown.

Pure decisions on argument lists. It looks at no process, and a text that merely contains the
backend's name somewhere (an editor, a pager, a shell) never counts as the backend (F41).
"""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING

from drydock.service.excerpt import clean, cut, redact

if TYPE_CHECKING:
    from collections.abc import Sequence

_PYTHON = re.compile(r"(python|pypy)[\d.]*t?$", re.IGNORECASE)
_TAKES_A_VALUE = ("-W", "-X", "--check-hash-based-pycs")
_RUNNERS = ("uv", "poetry", "pipenv", "pdm", "hatch", "rye")
_APPLICATION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(.*\))?$")


def program(command: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the name of the program that `command` runs, and the arguments that it gets.

    ``python -m uvicorn app:app``, ``/venv/bin/python /venv/bin/uvicorn app:app`` and ``uv run
    uvicorn app:app`` are all ``uvicorn`` with ``app:app``. The name is empty for inline code.
    """
    if not command:
        return "", ()
    name, rest = PurePath(command[0]).name, tuple(command[1:])
    if _PYTHON.match(name):
        return _python_program(name, rest)
    if name in _RUNNERS and rest[:1] == ("run",):
        inner = rest[1:]
        while inner and inner[0].startswith("-"):
            inner = inner[1:]
        return program(inner) if inner else (name, rest)
    return name, rest


def _python_program(name: str, rest: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    while rest:
        word, rest = rest[0], rest[1:]
        if word == "-m" and rest:
            return rest[0], rest[1:]
        if word == "-c":
            return "", ()
        if not word.startswith("-"):
            return PurePath(word).name, rest
        if word in _TAKES_A_VALUE:
            rest = rest[1:]
    return name, ()


def same(command: Sequence[str], start: Sequence[str], match: str | None = None) -> bool:
    """Return whether `command` is a run of `start`, whatever its options are.

    The programs are equal, and so is the application (``package.module:attribute``) or, where
    `start` names none, every plain argument. `match` replaces all this by a text to be found.
    """
    if match:
        return match in shlex.join(command) or match in " ".join(command)
    wanted, arguments = program(start)
    found, given = program(command)
    if not wanted or wanted != found:
        return False
    applications = [word for word in arguments if _APPLICATION.match(word)]
    plain = applications[:1] or [word for word in arguments if not word.startswith("-")]
    return all(word in given for word in plain)


def title(command: Sequence[str]) -> str:
    """Return the shortest honest name of what runs: ``uvicorn``, ``sqlite3``, ``python``."""
    name = program(command)[0] or (PurePath(command[0]).name if command else "")
    return clean(name) or "a process"


def shown(command: Sequence[str], limit: int = 120) -> str:
    """Return `command` as one line for a screen: quoted, redacted, without escapes, cut."""
    return cut(redact(clean(shlex.join(command)).replace("\n", " ")), limit)


def described(pid: int | None, command: Sequence[str]) -> str:
    """Return ``uvicorn (pid 4121): python -m uvicorn app:app``, as far as it is known."""
    if pid is None:
        return "a process of another user, or in a container (it cannot be inspected)"
    if not command:
        return f"pid {pid} (its command cannot be read)"
    return f"{title(command)} (pid {pid}): {shown(command)}"
