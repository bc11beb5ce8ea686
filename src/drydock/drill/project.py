"""The project that a drill works on: a copy of the live database in a folder of its own.

It has one or two generated migrations, no backend, and settings that nothing from outside changes:
neither Invoke's configuration nor the environment is asked, because a name in them could lead back
to the live database.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from drydock import backup, chain, connection, files, ledger, settings
from drydock.names import quote
from drydock.walk import Options, Walk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from drydock.settings import Settings
    from drydock.walk import Reporter

DATABASE = "copy.db"
_SETTINGS = f'database = "{DATABASE}"\nkeep = 1\nnetwork_files = true\n'
_NAME = "drydock_drill"


def create(folder: Path, real: Settings) -> dict[str, int]:
    """Make the project in `folder`; return the rows of each table of its database.

    The live database is read once. The copy is without a ledger: the drill's own migrations are
    the only ones of this project.
    """
    (folder / "migrations").mkdir()
    (folder / "drydock.toml").write_text(_SETTINGS, encoding="utf-8")
    copy = folder / DATABASE
    files.create_private(copy)
    with (
        closing(connection.read(real.database, timeout=real.timeout)) as live,
        closing(connection.copy_target(copy)) as target,
    ):
        live.backup(target)
    with closing(connection.live(copy, timeout=real.timeout)) as opened:
        opened.execute(f"DROP TABLE IF EXISTS {ledger.TABLE}")
        return backup.count_rows(opened)


def walk(folder: Path, reporter: Reporter | None) -> Walk:
    """Return a walk of the chain on the project that answers every question with yes."""
    return Walk(settings.load(folder), Options(yes=True), _Quiet(reporter))


def migrate(folder: Path, reporter: Reporter | None = None) -> None:
    """Walk the whole chain on the project.

    Raises:
        DrydockError: A step failed; everything was undone.
    """
    chain.walk_all(walk(folder, reporter))


def write(folder: Path, name: str, text: str) -> Path:
    """Write the migration `name` into the project and return its file."""
    file = folder / "migrations" / f"{name}.sql"
    file.write_text(text, encoding="utf-8")
    return file


def widened(database: Path, rows: Mapping[str, int]) -> str:
    """Return the largest table that no view or trigger names: a column more can break none."""
    from drydock.review.table import mentions

    with closing(connection.read_only(database)) as opened:
        free = [name for name in rows if not mentions(opened, name)]
    return max(free, key=lambda name: rows[name], default="")


def good(table: str) -> str:
    """Return a migration that makes a table, and a column and an index on an existing one."""
    lines = [
        "-- Purpose: made by inv drill, on a copy",
        f"CREATE TABLE {_NAME} (id INTEGER PRIMARY KEY, made TEXT);",
        f"INSERT INTO {_NAME} VALUES (1, 'by inv drill');",
    ]
    if table:
        lines += [
            f"ALTER TABLE {quote(table)} ADD COLUMN {_NAME} TEXT DEFAULT 'drilled';",
            f"CREATE INDEX {_NAME}_index ON {quote(table)} ({_NAME});",
        ]
    return "\n".join(lines) + "\n"


def failing(largest: str) -> str:
    """Return a migration whose last statement fails when it runs, which no review can foresee."""
    return (
        "-- Purpose: broken on purpose by inv drill, on a copy\n"
        f"CREATE TABLE {_NAME}_fails (id INTEGER PRIMARY KEY);\n"
        f"INSERT INTO {_NAME}_fails VALUES (1);\n"
        + (f"DELETE FROM {quote(largest)};\n" if largest else "")
        + f"INSERT INTO {_NAME}_fails VALUES (1);\n"
    )


class _Quiet:
    """Takes what the walks of a drill tell; only progress is passed on."""

    def __init__(self, reporter: Reporter | None) -> None:
        self._reporter = reporter

    def progress(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Pass on how far it is."""
        if self._reporter is not None:
            self._reporter.progress(what, done, total, unit)

    def step_began(self, step: str) -> None:
        """Keep quiet."""

    def step_ended(self, step: str, detail: str, seconds: float, *, skipped: bool) -> None:
        """Keep quiet."""

    def step_failed(self, step: str, seconds: float) -> None:
        """Keep quiet."""

    def note(self, text: str) -> None:
        """Keep quiet."""

    def reviewed(self, migrations: Any, findings: Any) -> None:
        """Keep quiet."""

    def inspected(self, evidence: Any) -> None:
        """Keep quiet."""

    def since(self, evidence: Any, *, carried: bool = False, doubt: str = "") -> None:
        """Keep quiet."""

    def ask(self, question: str) -> bool | None:
        """Have nobody to ask."""
        del question
        return None
