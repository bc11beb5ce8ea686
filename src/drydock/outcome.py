"""Which of two databases the live file is: the one before a publish, or the one it made live.

A publish that was killed, or met an error, has either happened or not; the live file itself is
asked. Where it was a rename, its inode tells; where a backup was copied into it, its content; where
a migrated candidate was, the run's rows in the ledger. It refuses to conclude from how far the
program got (F40: an error after the instant is not "nothing changed").
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from drydock import connection, ledger
from drydock.backup import content_digest

if TYPE_CHECKING:
    from pathlib import Path

    from drydock.record import Record


def took_place(live: Path, found: Record) -> bool:
    """Say whether the live file is what the run that `found` records was about to publish.

    Nobody of this process may hold the live file any more.

    Raises:
        DatabaseLocked, NotADatabase: It cannot be asked.
    """
    if found.way == "rename":
        return live.exists() and live.stat().st_ino == found.new_inode
    with closing(connection.live(live, timeout=5.0)) as opened:  # rolls a hot journal back
        if not found.target:
            return ledger.knows_run(opened, found.id)
    return content_digest(live) == found.target
