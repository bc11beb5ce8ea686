from __future__ import annotations

import pytest

from drydock.schema.expectation import Answer, expect

SQL = """
CREATE TABLE transactions(id INTEGER PRIMARY KEY, trip_tag TEXT NOT NULL DEFAULT '', amount DECIMAL(10, 2));
INSERT INTO transactions VALUES (1, 'x', 2.5);
CREATE TABLE trips(tag, "a.b" INT, "c:d" DATE);
INSERT INTO trips VALUES (1, 2, 3);
CREATE TABLE "odd.name:x"(y);
INSERT INTO "odd.name:x" VALUES (1);
CREATE VIEW monthly AS SELECT 1;
CREATE INDEX idx_trip ON transactions(trip_tag);
CREATE TRIGGER touch AFTER INSERT ON trips BEGIN SELECT 1; END;
"""  # noqa: E501


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ("transactions", "table transactions: 3 columns"),
        ("TABLE:Transactions", "table transactions: 3 columns"),
        ("transactions.trip_tag", "column transactions.trip_tag: TEXT NOT NULL DEFAULT ''"),
        ("transactions.trip_tag:text", "column transactions.trip_tag: TEXT NOT NULL DEFAULT ''"),
        ("transactions.amount:decimal(10,2)", "column transactions.amount: DECIMAL(10, 2)"),
        ("trips.a.b", "column trips.a.b: INT"),
        ("trips.c:d", "column trips.c:d: DATE"),
        ("trips.c:d:DATE", "column trips.c:d: DATE"),
        ("odd.name:x", "table odd.name:x: 1 column"),
        ("odd.name:x.y", "column odd.name:x.y: no type"),
        ("index:IDX_TRIP", "index idx_trip: ON transactions (trip_tag)"),
        ("view:monthly", "view monthly"),
        ("trigger:touch", "trigger touch: ON trips"),
    ],
)
def test_what_is_there_is_found_and_described(schema_of, question, detail):
    assert expect(schema_of(SQL), question) == Answer(True, detail)


@pytest.mark.parametrize(
    ("question", "detail", "near"),
    [
        ("transaction", "no table transaction", ("transactions",)),
        ("transaction.id", "no table transaction", ("transactions",)),
        ("transactions.trip_tags", "no column trip_tags in transactions",
         ("transactions.trip_tag",)),
        ("trips.trip_tag:TEXT", "no column trip_tag in trips", ("transactions.trip_tag",)),
        ("transactions.trip_tag:REAL", "transactions.trip_tag is TEXT, not REAL", ()),
        ("index:idx_trips", "no index idx_trips", ("index:idx_trip",)),
        ("trigger:tuch", "no trigger tuch", ("trigger:touch",)),
        ("view:month", "no view month", ("view:monthly",)),
        ("table:trip", "no table trip", ("trips",)),
        ("monthly", "no table monthly", ("view:monthly",)),
        ("idx_trip", "no table idx_trip", ("index:idx_trip",)),
        ("Monthly.total", "monthly is a view, and columns are asked for of tables only",
         ("view:monthly",)),
        ("zzz", "no table zzz", ()),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_with_near_names(schema_of, question, detail, near):
    assert expect(schema_of(SQL), question) == Answer(False, detail, near)
