"""Other ways to SQLite than sqlite3, which no redirection reaches: they are not to be imported.

The refusal is an ImportError, so that what can do without one does: sqlite-utils takes pysqlite3
where it is installed, and sqlite3 where it is not.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_OTHERS = {
    "apsw", "duckdb", "libsql", "libsql_experimental", "pysqlcipher3", "pysqlite3", "sqlcipher3",
    "sqlean",
}  # fmt: skip


def refuse() -> None:
    """From now on, let none of them be imported."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return None: whoever comes next finds it.

        Raises:
            ImportError: It is one of them.
        """
        if fullname not in _OTHERS:
            return None
        raise ImportError(
            f"{fullname} opens databases past sqlite3, so that it would work on the live database "
            "and not on the candidate; use sqlite3 in its stead",
            name=fullname,
        )
