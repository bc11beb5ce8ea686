"""Every guard that can be switched off by a small edit: its row, its edit, the test that bites.

The rows are those of the table of failure modes (F01 to F50) and the lines of the security list
(S1 to S7). A row has as many guards as it needs; a row without one says why in `UNGUARDED`.
"""

from __future__ import annotations

from tests.crash.guards import environment, files, migrations, security, service
from tests.crash.guards.guard import Guard

__all__ = ["GUARDS", "ROWS", "UNGUARDED", "Guard"]

GUARDS: tuple[Guard, ...] = (
    *files.GUARDS,
    *migrations.GUARDS,
    *environment.GUARDS,
    *service.GUARDS,
    *security.GUARDS,
)
ROWS = (*(f"F{row:02}" for row in range(1, 51)), *(f"S{line}" for line in range(1, 8)))
UNGUARDED: dict[str, str] = {}
"""Row → why there is nothing to take out."""
