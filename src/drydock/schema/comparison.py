"""A database's schema against the one that the application's models would create.

An error is what would make the application misbehave on this database: something the models rely
on is missing or different, or the database refuses rows that the models allow. A note is what it
has on top, or writes in another way with the same effect. Views and triggers are not in models
and are left out, as are shadow tables. Pure; docs/verify-schema.md holds the table of what is
which.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drydock.names import fold
from drydock.schema import columns, constraints
from drydock.schema.disagreement import Difference
from drydock.schema.objects import by_name, by_table
from drydock.schema.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drydock.schema.objects import Schema


def against_models(
    live: Schema, models: Schema, *, ignore: tuple[str, ...] = ()
) -> tuple[Difference, ...]:
    """Return where `live` differs from `models`, errors first, then by subject.

    Args:
        live: The database's schema.
        models: What `drydock.schema.models.from_models` returned.
        ignore: Subjects to leave out, in any case, with ``*`` for any part: ``legacy_*``,
            ``trips.note``, ``index:tmp_*``. A table's name covers its columns and keys, and not
            its indexes.
    """
    patterns = [fold(pattern) for pattern in ignore]
    found = [
        one
        for one in _all(live, models)
        if not any(_covers(pattern, fold(one.subject)) for pattern in patterns)
    ]
    return tuple(sorted(found, key=lambda one: (one.severity, one.subject, one.detail)))


def _covers(pattern: str, subject: str) -> bool:
    whole = re.escape(pattern).replace(r"\*", ".*")
    # No name of a table covers an index, whose subject has another form.
    inside = "" if subject.startswith("index:") else r"(?:\..*)?"
    return re.fullmatch(whole + inside, subject, re.DOTALL) is not None


def _all(live: Schema, models: Schema) -> Iterator[Difference]:
    there, views = by_name(live.tables), by_name(live.views)
    wanted = by_name(models.own_tables)
    own, asked = by_table(live.indexes), by_table(models.indexes)
    for name, table in wanted.items():
        if name in there:
            yield from columns.compared(there[name], table)
            if not there[name].virtual:
                yield from constraints.compared(there[name], own[name], table, asked[name])
        elif name in views:
            detail = "is a view in the database; its columns are not compared"
            yield Difference("note", table.name, detail, "view", "table")
        else:
            size = count(len(table.columns), "column")
            yield Difference("error", table.name, "missing from the database", "", size)
    for name, table in there.items():
        if name not in wanted and not table.shadow:
            kind = f"{table.virtual} table" if table.virtual else "table"
            detail = f"a {kind} that the models do not know"
            yield Difference("note", table.name, detail, count(len(table.columns), "column"))
