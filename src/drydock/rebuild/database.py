"""`drydock.Database`: sqlite-utils' `Database` whose tables transform without loss.

Adds nothing else to sqlite-utils and opens files exactly as it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlite_utils.db as stock

from drydock.rebuild.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


class Database(stock.Database):
    """A SQLite database on a path or connection, as sqlite-utils has it."""

    def table(self, table_name: str, **kwargs: Any) -> Table:
        """Return the table, existing or to be created.

        Raises:
            sqlite_utils.db.NoTable: The name is a view's.
        """
        if table_name in self.view_names():
            raise stock.NoTable(f"Table {table_name} is actually a view")
        kwargs.setdefault("strict", self.strict)
        return Table(self, table_name, **kwargs)

    def add_foreign_keys(self, foreign_keys: Iterable[Any]) -> None:
        """Add foreign keys to any tables, in one transaction.

        sqlite-utils runs VACUUM afterwards, which renumbers hidden rowids (F22); this does not.
        """
        with self.atomic():
            super().add_foreign_keys(foreign_keys)
