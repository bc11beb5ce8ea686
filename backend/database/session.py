"""Sessions on Budget Buddy's database.

It refuses to create a database: a wrong path would else be a new, empty household.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from backend.database.location import database_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def connect() -> sqlite3.Connection:
    """Open the database as the application wants it.

    Raises:
        sqlite3.OperationalError: There is no such file, or it is no database.
    """
    path = quote(str(database_path().absolute()))
    connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


engine = create_engine("sqlite+pysqlite://", creator=connect, pool_size=5)
make_session = sessionmaker(engine, expire_on_commit=False)


def open_session() -> Iterator[Session]:
    """Yield a session for one request; what it has not committed is rolled back."""
    with make_session() as session:
        yield session
