"""Numbers as they stand in a sentence, and paths as they stand in a command. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def counted(count: int, noun: str) -> str:
    """Return ``1 row``, ``20,000 rows``; `noun` is the singular, and takes an s."""
    first, of, rest = noun.partition(" of ")
    return f"{count:,} {first}{'s' * (count != 1)}{of}{rest}"


def as_word(path: Path | str) -> str:
    """Return a path as one word of a command: quoted where a shell would take it apart."""
    import shlex

    return shlex.quote(str(path))
