"""What cannot be changed at all: virtual and system tables, views, tables that are not there."""

from __future__ import annotations

from tests.matrix.feature import Feature
from tests.matrix.operations import OPERATIONS

_EVERY = [operation.name for operation in OPERATIONS]


def _target(name: str, table: str, script: str, reason: str) -> Feature:
    return Feature(f"the target is {name}", script, table=table,
                   refuse=dict.fromkeys(_EVERY, reason))  # fmt: skip


_BASE = (
    "CREATE TABLE base(id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT, f TEXT, spare TEXT,"
    " num INTEGER, own INTEGER, ref INTEGER);"
    "INSERT INTO base(code, f) VALUES ('c1', 'a'), ('c2', 'b'); ANALYZE;"
)

FEATURES: tuple[Feature, ...] = (
    _target("an FTS5 table", "search", "CREATE VIRTUAL TABLE search USING fts5(code, f, spare, num,"
            " own, ref); INSERT INTO search VALUES ('c1', 'a', 's', '1', '1', '1');", "virtual"),
    _target("a view", "v", _BASE + "CREATE VIEW v AS SELECT * FROM base;", "a view"),
    _target("sqlite_sequence", "sqlite_sequence", _BASE, "SQLite's own"),
    _target("the ledger of statistics", "sqlite_stat1", _BASE, "SQLite's own"),
    _target("a shadow table", "search_content", "CREATE VIRTUAL TABLE search USING fts5(f);"
            "INSERT INTO search VALUES ('a');", "it belongs to a virtual table"),
    _target("missing", "nowhere", _BASE, "there is no such table"),
)  # fmt: skip
