"""What the application wrote after a publish: the rows that going back would leave behind (F48).

The published database is made again, from the backup and the same migrations, and compared with
the database as it is now; what differs is what was written since. It refuses nothing: where the
migrations do not run a second time, everything since the backup is told instead.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from drydock import candidate, evidence, executor
from drydock.migration import Migration

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from drydock.evidence import Evidence
    from drydock.walk import Walk


def of_run(backup: Path, migrations: Sequence[Migration], now: Path, walk: Walk) -> Evidence:
    """Return how the file `now` differs from what `migrations` make of `backup`."""
    with tempfile.TemporaryDirectory(dir=walk.record.folder) as folder:
        again = Path(folder) / "again.db"
        candidate.copy(backup, again)
        try:
            executor.apply(
                migrations,
                again,
                live=walk.live,
                root=walk.settings.root,
                run=walk.record.record.id,
                logs=Path(folder),
            )
        except executor.MigrationFailed:
            return evidence.compare(backup, now)
        return evidence.compare(again, now)


def applied_by(opened: sqlite3.Connection, run: str, folder: Path) -> tuple[Migration, ...]:
    """Return the migrations that `run` applied, with the text that the ledger kept of them."""
    rows = opened.execute(
        "SELECT name, kind, text, checksum FROM _drydock_ledger WHERE run = ? ORDER BY sequence",
        (run,),
    )
    return tuple(
        Migration(name, folder / f"{name}.{kind}", text, checksum)
        for name, kind, text, checksum in rows
    )
