"""`Table.transform`, with sqlite-utils' signature and more, that keeps what was not asked to go.

The public face: it reads the arguments and hands them on to `program` and `execution`. Every
column is called by the name it has before the change; renames come last.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Unpack

import sqlite_utils.db as stock

from drydock.rebuild import census, execution, request
from drydock.rebuild.outcome import LastChange, Plan
from drydock.rebuild.program import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.rebuild.changes import Changes


class Table(stock.Table):
    """A table of `drydock.Database`.

    Attributes:
        last_change: What the last `transform` did; None before the first.
    """

    last_change: LastChange | None = None

    def transform(self, **asked: Unpack[request.Asked]) -> Table:
        """Change the table; lose nothing that was not asked to go.

        Takes what sqlite-utils' ``transform`` takes: ``types``, ``rename``, ``drop``, ``pk``,
        ``not_null``, ``defaults``, ``column_order``, ``add_foreign_keys``,
        ``drop_foreign_keys``, ``foreign_keys``, ``keep_table`` and ``strict``. Further:

        Args:
            **asked: ``add_check``: expressions, or (name, expression) pairs; ``drop_check``:
                names or expressions; ``collate``: column to collation or None;
                ``autoincrement`` and ``without_rowid``: True or False; ``generated``: column to
                expression, to (expression, "STORED"), or to None for an ordinary column;
                ``conversions``: column to an SQL expression or a Python function of the value;
                ``allow_lossy``: True, or the columns whose values may lose information;
                ``cascade``: the dependents that go along, by name.

        Returns:
            The table, as sqlite-utils does; `last_change` tells what was done.

        Raises:
            TransformRefusedError: Declined; nothing was touched.
            UnprovenChangeError: Rolled back; the table is as it was.
        """
        started = monotonic()
        with execution.transaction(self.db.conn), self._reading(asked) as changes:
            plan = make_plan(self.db.conn, self.name, changes)
            rows = execution.run(self.db.conn, plan)
        if changes.strict is not None:
            self._defaults["strict"] = changes.strict
        self.last_change = LastChange(plan, rows, monotonic() - started)
        return self

    def plan(self, **asked: Unpack[request.Asked]) -> Plan:
        """Return what `transform` would do with the same arguments; only reads.

        Raises:
            TransformRefusedError: It would be declined.
        """
        with self._reading(asked) as changes:
            return make_plan(self.db.conn, self.name, changes)

    def transform_sql(self, **asked: Unpack[request.Asked]) -> list[str]:
        """Return the statements that `transform` would run, in order; only reads.

        Raises:
            TransformRefusedError: It would be declined.
        """
        return [f"{statement};" for statement in self.plan(**asked).statements]

    @contextmanager
    def _reading(self, asked: request.Asked) -> Iterator[Changes]:
        """Yield the changes; while the block runs, SQL knows the caller's Python conversions."""
        functions = {
            name: f"_drydock_convert_{number}"
            for number, (name, given) in enumerate((asked.get("conversions") or {}).items())
            if callable(given)
        }
        with census.readable(self.db.conn):
            for name, function in functions.items():
                given = (asked.get("conversions") or {})[name]
                self.db.conn.create_function(function, 1, given)  # type: ignore[arg-type]
            try:
                yield request.read(self, asked, functions)
            finally:
                for function in functions.values():
                    self.db.conn.create_function(function, 1, None)
