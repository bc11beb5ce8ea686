from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import apsw
import pytest
from sqlalchemy import create_engine

from backend.database.models import Base
from backend.sample import history

LAST = max(step.number for step in history.steps())


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """The schema after all migrations."""
    path = tmp_path_factory.mktemp("models") / "migrated.db"
    history.build(path, LAST)
    return path


@pytest.fixture(scope="module")
def modelled(tmp_path_factory):
    """The schema that the models would create."""
    path = tmp_path_factory.mktemp("models") / "modelled.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


def test_the_models_know_every_table(migrated):
    """Nothing is in the database that no model maps, but for the search index and the ledger."""
    with closing(sqlite3.connect(migrated)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    ours = {name for (name,) in names if not re.match("sqlite_|transactions_fts|_drydock_", name)}
    assert ours == set(Base.metadata.tables)
    assert len(ours) >= 14


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_a_model_is_its_table_to_the_letter(migrated, modelled, table):
    """Columns, types, collations, nullability, defaults, keys, indexes and CHECKs agree."""
    assert description(modelled, table) == description(migrated, table)


def test_the_comparison_sees_a_difference(migrated, tmp_path):
    """A type, a collation and a CHECK that differ are found, so the test above bites."""
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(migrated)) as source, closing(sqlite3.connect(other)) as target:
        source.backup(target)
        target.execute("PRAGMA writable_schema = ON")
        for before, after in (
            ("DECIMAL(10,2)", "DECIMAL(10, 2)"),
            ("COLLATE NOCASE", ""),
            ("is_income IN (0, 1)", "is_income IN (0, 2)"),
        ):
            sql = "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'transactions'"
            target.execute(sql, (before, after))
        target.commit()
    ours, theirs = description(migrated, "transactions"), description(other, "transactions")
    assert ours["columns"]["amount"] != theirs["columns"]["amount"]
    assert ours["columns"]["category"] != theirs["columns"]["category"]
    assert ours["checks"] != theirs["checks"]


def description(path, table):
    """Return all that is compared of a table, from SQLite itself where it tells."""
    with closing(sqlite3.connect(path)) as connection, closing(apsw.Connection(str(path))) as meta:
        columns = {}
        for _, name, kind, not_null, default, key in connection.execute(
            f"PRAGMA table_info({table})"
        ):
            _, collation, _, _, autoincrement = meta.column_metadata("main", table, name)
            # An INTEGER PRIMARY KEY cannot be NULL, whether or not it says so.
            required = bool(not_null or key)
            plain = default and default.strip("()")
            columns[name] = (kind, collation, required, plain, key, autoincrement)
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
        return {
            "columns": columns,
            "foreign_keys": {
                row[2:7] for row in connection.execute(f"PRAGMA foreign_key_list({table})")
            },
            "indexes": sorted(indexes(connection, table)),
            "checks": checks(sql),
        }


def indexes(connection, table):
    for _, name, unique, origin, partial in connection.execute(f"PRAGMA index_list({table})"):
        parts = tuple(
            (column or "expression", descending, collation)
            for _, _, column, descending, collation, key in connection.execute(
                f"PRAGMA index_xinfo({name})"
            )
            if key
        )
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = ?", (name,)
        ).fetchone() or (None,)
        text = re.sub(r"\s+", " ", sql or "").partition("(")[2]
        yield (name if origin == "c" else origin, unique, partial, parts, text)


def checks(sql):
    """Return the CHECKs of a CREATE TABLE in any order, white space made one."""
    found = []
    for match in re.finditer(r"CHECK \(", sql):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.append(re.sub(r"\s+", " ", sql[match.end() : end - 1]))
    return sorted(found)
