"""Identifiers as SQLite reads them: quoting them, and folding their case.

Refuses nothing: any string without a NUL can be a name in SQLite.
"""

from __future__ import annotations

import string

BOOKS = frozenset(
    {
        "schema_migrations",  # dbmate, golang-migrate
        "goose_db_version",
        "_sqlx_migrations",
        "flyway_schema_history",
        "__diesel_schema_migrations",
        "refinery_schema_history",
        "_prisma_migrations",
        "__drizzle_migrations",
        "_yoyo_migration",
        "_yoyo_log",
        "_yoyo_version",
        "yoyo_lock",
        "_sqlite_migrations",
        "alembic_version",
        "django_migrations",
    }
)
"""Tables in which migration tools keep their books: part of no schema, and nobody's data."""

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def quote(name: str) -> str:
    """Return `name` as a double-quoted SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def fold(name: str) -> str:
    """Return `name` with its case folded as SQLite folds it: A to Z only.

    ``ÅÄÖ`` and ``åäö`` are two columns to SQLite, so `str.lower` must not decide identity.
    """
    return name.translate(_FOLD)


def is_bookkeeping(table: str) -> bool:
    """Say whether a table is Drydock's own, or one in which another migration tool keeps books."""
    folded = fold(table)
    return folded.startswith("_drydock_") or folded in BOOKS
