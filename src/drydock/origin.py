"""What another migration tool knows of one of its own migrations.

Plain data, carried by a `drydock.migration.Migration` that was read from such a tool's folder. It
decides nothing; `drydock.formats` makes it and reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Down:
    """The script that takes a migration back: its file, and its text with the file's line numbers.

    `program` is the Python that does it, where the script is not SQL; see `Origin.program`.
    """

    path: Path
    text: str
    program: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """One migration as its own tool knows it.

    Args:
        tool: The name of the tool's format, as the setting ``format`` has it.
        version: What the tool's bookkeeping knows the migration by.
        description: What the bookkeeping says of it, for tools that keep that.
        digest: The checksum that the tool's bookkeeping keeps, as text; empty where it keeps none.
        down: The way back, where the migration has one.
        program: Python that runs the migration in the child process; empty where it is SQL.
        is_repeatable: It runs again whenever its text has changed.
        is_placed_by_needs: Its place follows from what it depends on, not from a number.
        is_down: It takes the migration of its name back.
        keeps_books: `program` itself enters the migration in the tool's bookkeeping.
    """

    tool: str
    version: str
    description: str = ""
    digest: str = ""
    down: Down | None = None
    program: str = ""
    is_repeatable: bool = False
    is_placed_by_needs: bool = False
    keeps_books: bool = False
    is_down: bool = False
