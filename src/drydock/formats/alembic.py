"""Alembic: its own command runs each revision on the candidate; ``alembic_version`` is its own.

After Alembic 1.13 to 1.20. `alembic upgrade REVISION` is run in the child process, where the
application's URL leads to the candidate; Drydock gives backup, evidence, publish and the way back
around it. The table holds only the heads: everything below them counts as applied. Alembic must be
installed beside Drydock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drydock.formats import revisions, sections
from drydock.formats.format import BooksRefused, Format, Mark, version_of
from drydock.formats.sights import alembic_home
from drydock.migration import FolderMissing
from drydock.origin import Down, Origin

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from drydock.migration import Migration

_PROGRAM = """\
from alembic import command
from alembic.config import Config
{config}
command.{verb}(config, {target!r})
"""


class Alembic(Format):
    """Alembic's folder and books."""

    name = "alembic"
    table = "alembic_version"
    how_to_make = "alembic revision -m NAME"

    def read(self, folder: Path) -> tuple[Migration, ...]:
        """Return the revisions in the order in which Alembic could apply them."""
        home = alembic_home(folder)
        if home is None:
            raise FolderMissing(folder / "versions")
        texts: dict[str, str] = {}
        paths: dict[str, Path] = {}
        found: dict[str, revisions.Revision] = {}
        for path in sorted((home / "versions").rglob("*.py")):
            _, text = sections.read(path)
            revision = revisions.read(path, text)
            if revision is not None:
                texts[revision.id], paths[revision.id] = text, path
                found[revision.id] = revision
        return sections.in_order(
            sections.made(
                paths[each].stem, paths[each], texts[each], _origin(home, found[each], paths[each])
            )
            for each in revisions.ordered(found, paths)
        )

    def marks(self, connection: sqlite3.Connection, files: Sequence[Migration]) -> tuple[Mark, ...]:
        """Return the heads in the table, and all below them, in their order."""
        rows = connection.execute(f"SELECT version_num FROM {self.table}")
        heads = [str(head) for (head,) in rows]
        known = {version_of(each): revisions.read(each.path, each.text) for each in files}
        graph = {name: revision for name, revision in known.items() if revision is not None}
        reached = revisions.reached(heads, graph)
        unknown = [head for head in heads if head not in graph]
        return tuple(Mark(each) for each in [*(n for n in known if n in reached), *unknown])

    def open_books(self, connection: sqlite3.Connection) -> None:
        """Leave that to Alembic, which makes its table with the first revision it applies."""

    def enter(
        self, _connection: sqlite3.Connection, migration: Migration, _at: datetime, _seconds: float
    ) -> None:
        """Refuse: only Alembic writes its table.

        Raises:
            BooksRefused: The ledger knows what the table does not.
        """
        raise BooksRefused(
            self.name,
            f"the ledger has {migration.name} as applied, and the table {self.table} is gone",
            hint=f"say where the database stands: alembic stamp {version_of(migration)}",
        )

    def strike(
        self,
        connection: sqlite3.Connection,
        migration: Migration,
        files: Sequence[Migration],
        at: datetime,
    ) -> None:
        """Leave that to Alembic, which does it as it goes down."""


def _origin(home: Path, revision: revisions.Revision, path: Path) -> Origin:
    config = _config(home)
    below = revision.below[0] if revision.below else "base"
    down = _PROGRAM.format(config=config, verb="downgrade", target=below)
    return Origin(
        "alembic",
        revision.id,
        # A merge has no one revision to go down to.
        down=Down(path, "", down) if len(revision.below) < 2 else None,
        program=_PROGRAM.format(config=config, verb="upgrade", target=revision.id),
        is_placed_by_needs=True,
        keeps_books=True,
    )


def _config(home: Path) -> str:
    """Return the Python that makes Alembic's configuration, from the nearest file that has one."""
    for folder in (home, *home.parents[:3]):
        if (folder / "alembic.ini").is_file():
            return f"config = Config({str(folder / 'alembic.ini')!r})"
        shared = folder / "pyproject.toml"
        if shared.is_file() and "[tool.alembic]" in shared.read_text(encoding="utf-8"):
            return f"config = Config(toml_file={str(shared)!r})"
    return f"config = Config()\nconfig.set_main_option('script_location', {str(home)!r})"
