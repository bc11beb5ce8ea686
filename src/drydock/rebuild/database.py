"""`drydock.Database`: sqlite-utils' `Database` whose tables transform without loss.

Adds nothing else to sqlite-utils and opens files exactly as it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import sqlite_utils.db as stock

from drydock.names import quote
from drydock.rebuild.refusals import NotATableError
from drydock.rebuild.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


class ViewIsNoTableError(NotATableError, stock.NoTable):
    """A view was asked for as a table; sqlite-utils' own exception as well."""


class View(stock.View):
    """A view of `drydock.Database`: sqlite-utils' own, with a clear word where it has none."""

    def transform(self, **_: Any) -> NoReturn:
        """Decline: a view stores nothing that could be changed.

        Raises:
            NotATableError: Always.
        """
        raise NotATableError(
            f"{self.name} is a view; only tables can be transformed",
            hint=f"DROP VIEW {quote(self.name)}, then CREATE VIEW with the new query",
        )


class Database(stock.Database):
    """A SQLite database on a path or connection, as sqlite-utils has it."""

    def table(self, table_name: str, **kwargs: Any) -> Table:
        """Return the table, existing or to be created.

        Raises:
            ViewIsNoTableError: The name is a view's.
        """
        if table_name in self.view_names():
            raise ViewIsNoTableError(f"{table_name} is a view, not a table")
        kwargs.setdefault("strict", self.strict)
        return Table(self, table_name, **kwargs)

    def view(self, view_name: str) -> View:
        """Return the view.

        Raises:
            sqlite_utils.db.NoView: There is none of that name.
        """
        return View(self, super().view(view_name).name)

    def add_foreign_keys(self, foreign_keys: Iterable[Any]) -> None:
        """Add foreign keys to any tables, in one transaction.

        sqlite-utils runs VACUUM afterwards, which renumbers hidden rowids (F22); this does not.
        """
        with self.atomic():
            super().add_foreign_keys(foreign_keys)
