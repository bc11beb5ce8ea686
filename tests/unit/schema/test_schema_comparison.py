from __future__ import annotations

import pytest

from drydock.schema.comparison import against_models
from drydock.schema.difference import difference
from drydock.schema.objects import Schema

KEY = "FOREIGN KEY (c) REFERENCES t (id)"
SAME = """
CREATE TABLE trips(id INTEGER NOT NULL, name VARCHAR(20) NOT NULL, PRIMARY KEY (id));
INSERT INTO trips VALUES (1, 'x');
"""


@pytest.fixture
def told(schema_of):
    """A function that gives the differences as (severity, subject, detail)."""

    def compare(live, models, **options):
        found = against_models(schema_of(live), schema_of(models), **options)
        return [(one.severity, one.subject, one.detail) for one in found]

    return compare


def columns(told, live, models):
    """Compare two columns `c` beside a key."""
    return told(
        f"CREATE TABLE t(id INTEGER PRIMARY KEY, c {live}); INSERT INTO t(id) SELECT 1 WHERE 0",
        f"CREATE TABLE t(id INTEGER NOT NULL, c {models}, PRIMARY KEY (id))",
    )


def test_a_schema_matches_itself(everything):
    assert [one for one in against_models(everything, everything) if one.severity == "error"] == []
    assert not against_models(everything, everything)


def test_a_key_that_is_the_rowid_needs_no_not_null(told):
    """SQLAlchemy writes NOT NULL on every key; an INTEGER PRIMARY KEY cannot be NULL anyway."""
    assert (
        told(
            "CREATE TABLE t(id INTEGER PRIMARY KEY)",
            "CREATE TABLE t(id INTEGER NOT NULL, PRIMARY KEY (id))",
        )
        == []
    )


@pytest.mark.parametrize(
    ("live", "models", "severity"),
    [
        ("VARCHAR(20)", "TEXT", "note"),
        ("VARCHAR(20)", "VARCHAR(50)", "note"),
        ("INTEGER", "BIGINT", "note"),
        ("INTEGER", "BOOLEAN", "note"),
        ("DECIMAL(10,2)", "NUMERIC(12, 4)", "note"),
        ("REAL", "FLOAT", "note"),
        ("DATETIME", "TIMESTAMP", "note"),
        ("DECIMAL(10,2)", "REAL", "error"),
        ("REAL", "DECIMAL(10,2)", "error"),
        ("TEXT", "INTEGER", "error"),
        ("DATE", "TEXT", "error"),
        ("", "TEXT", "error"),
        ("BLOB", "TEXT", "error"),
    ],
)
def test_types_of_one_affinity_are_a_note_and_others_an_error(told, live, models, severity):
    detail = f"{live or 'no type'} in the database, {models} in the models"
    assert columns(told, live, models) == [(severity, "t.c", detail)]


@pytest.mark.parametrize(
    "same", [("decimal(10,2)", "DECIMAL(10, 2)"), ("Varchar (9)", "VARCHAR(9)")]
)
def test_the_writing_of_a_type_is_no_difference(told, same):
    assert columns(told, *same) == []


def test_in_a_strict_table_the_types_name_counts(told):
    """ANY and INTEGER have one affinity by name, and refuse different values when STRICT."""
    live = "CREATE TABLE t(c ANY, i INT) STRICT; INSERT INTO t VALUES ('x', 1)"
    assert told(live, "CREATE TABLE t(c INTEGER, i INTEGER)") == [
        ("error", "t.c", "ANY in the database, INTEGER in the models"),
        ("note", "t.i", "INT in the database, INTEGER in the models"),
    ]


@pytest.mark.parametrize(
    ("live", "models", "severity", "there", "wanted"),
    [
        ("TEXT", "TEXT NOT NULL", "error", "NULL allowed", "NULL refused"),
        ("TEXT NOT NULL", "TEXT", "error", "NULL refused", "NULL allowed"),
        ("INT DEFAULT 0", "INT", "note", "DEFAULT 0", "no default"),
        ("INT", "INT DEFAULT '0'", "error", "no default", "DEFAULT '0'"),
        ("INT DEFAULT 1", "INT DEFAULT '0'", "error", "DEFAULT 1", "DEFAULT '0'"),
        ("TEXT", "TEXT COLLATE NOCASE", "error", "COLLATE BINARY", "COLLATE NOCASE"),
        ("TEXT COLLATE NOCASE", "TEXT", "note", "COLLATE NOCASE", "COLLATE BINARY"),
        ("INT AS (id + 1)", "INT", "error", "AS (id + 1) VIRTUAL", "not generated"),
        ("INT", "INT AS (id) STORED", "error", "not generated", "AS (id) STORED"),
        ("INT CHECK (c > 0)", "INT", "note", "CHECK (c > 0)", ""),
        ("INT", "INT CHECK (c > 0)", "error", "", "CHECK (c > 0)"),
        ("INT UNIQUE", "INT", "error", "UNIQUE (c)", ""),
        ("INT", "INT UNIQUE", "error", "", "UNIQUE (c)"),
        ("INT", "INT REFERENCES t(id)", "error", "", KEY),
        ("INT REFERENCES t(id)", "INT", "error", KEY, ""),
        ("INT REFERENCES t ON DELETE CASCADE", "INT REFERENCES t(id)", "error",
         f"{KEY} ON DELETE CASCADE", KEY),
    ],
)  # fmt: skip
def test_each_property_has_its_severity(told, *, live, models, severity, there, wanted):
    """What the models rely on is an error, what the database has on top mostly a note."""
    ((found, _, said),) = columns(told, live, models)
    assert found == severity
    if there and wanted:
        assert said == f"{there} in the database, {wanted} in the models"
    else:
        missing = f"missing from the database: {wanted}"
        assert said == (missing if wanted else f"unknown to the models: {there}")


@pytest.mark.parametrize(
    ("live", "models"),
    [
        ("INT DEFAULT 1", "INT DEFAULT (1)"),
        ("INT DEFAULT 1", "INT DEFAULT '1'"),
        ("BOOLEAN DEFAULT 0", "BOOLEAN DEFAULT (false)"),
        ('TEXT DEFAULT "x"', "TEXT DEFAULT 'x'"),
        ("TIMESTAMP DEFAULT CURRENT_TIMESTAMP", "TIMESTAMP DEFAULT (CURRENT_TIMESTAMP)"),
        ("TEXT DEFAULT NULL", "TEXT"),
        ("INT CHECK (c>0)", "INT, CONSTRAINT positive CHECK ((C > 0))"),
        ("INT REFERENCES T", "INT, FOREIGN KEY(c) REFERENCES t (id)"),
        ("INT UNIQUE", "INT, CONSTRAINT u UNIQUE (c)"),
        ("INT AS (ID+1) VIRTUAL", "INT GENERATED ALWAYS AS (id + 1)"),
    ],
)
def test_two_ways_to_write_one_thing_are_none(told, live, models):
    assert columns(told, live, models) == []


def test_missing_and_unknown_tables_and_columns(told):
    live = """
        CREATE TABLE trips(id INTEGER PRIMARY KEY, old TEXT, due DATE NOT NULL);
        INSERT INTO trips VALUES (1, 'x', '2026-01-01');
        CREATE TABLE legacy(a);
        CREATE VIRTUAL TABLE search USING fts5(a);
        CREATE VIEW report AS SELECT 1 AS n"""
    models = """
        CREATE TABLE trips(id INTEGER NOT NULL PRIMARY KEY, tag VARCHAR);
        CREATE TABLE goals(id INTEGER, name TEXT);
        CREATE TABLE report(n INTEGER)"""
    due = "DATE NOT NULL, which every insert must give a value"
    assert told(live, models) == [
        ("error", "goals", "missing from the database"),
        ("error", "trips.due",
         f"unknown to the models: {due}"),
        ("error", "trips.tag", "missing from the database: VARCHAR"),
        ("note", "legacy", "a table that the models do not know"),
        ("note", "report", "is a view in the database; its columns are not compared"),
        ("note", "search", "a fts5 table that the models do not know"),
        ("note", "trips.old", "unknown to the models: TEXT"),
    ]  # fmt: skip


def test_a_key_that_no_longer_numbers_itself_is_an_error(told):
    """INT PRIMARY KEY has the same affinity as INTEGER PRIMARY KEY and stores NULL for new ids.

    It is what sqlite-utils and CREATE TABLE AS leave behind.
    """
    found = told(
        "CREATE TABLE t(id INT PRIMARY KEY)", "CREATE TABLE t(id INTEGER NOT NULL PRIMARY KEY)"
    )
    assert (
        "error",
        "t.id",
        "missing from the database: INTEGER PRIMARY KEY, which numbers new rows by itself",
    ) in found


def test_primary_keys_and_autoincrement(told):
    models = "CREATE TABLE t(a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b))"
    live = "CREATE TABLE t(a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (b, a))"
    detail = "primary key (b, a) in the database, (a, b) in the models"
    assert told(live, models) == [("error", "t", detail)]
    plain, numbered = (f"CREATE TABLE t(a INTEGER PRIMARY KEY {x})" for x in ("", "AUTOINCREMENT"))
    assert [one[0] for one in told(plain, numbered)] == ["error"]
    assert [one[0] for one in told(numbered, plain)] == ["note"]


def test_a_text_key_without_not_null_is_a_note(told):
    live = "CREATE TABLE t(k TEXT PRIMARY KEY)"
    models = "CREATE TABLE t(k TEXT NOT NULL, PRIMARY KEY (k))"
    assert [one[0] for one in told(live, models)] == ["note"]
    assert told(live + " WITHOUT ROWID", models) == []


@pytest.mark.parametrize(
    ("live", "models", "expected"),
    [
        ("CREATE INDEX i ON t(a)", "CREATE INDEX i ON t(a, b)",
         [("error", "index:i", "ON t (a) in the database, ON t (a, b) in the models")]),
        ("CREATE INDEX old ON t(a DESC)", "CREATE INDEX new ON T(A desc)",
         [("note", "index:new", "called old in the database, new in the models")]),
        ("", "CREATE INDEX i ON t(lower(a)) WHERE b > 0",
         [("error", "index:i", "missing from the database: ON t (lower(a)) WHERE b > 0")]),
        ("CREATE INDEX i ON t(a)", "", [("note", "index:i", "unknown to the models: ON t (a)")]),
        ("CREATE UNIQUE INDEX i ON t(a)", "",
         [("error", "index:i", "unknown to the models: UNIQUE ON t (a)")]),
        ("CREATE UNIQUE INDEX i ON t(a) WHERE b", "",
         [("error", "index:i", "unknown to the models: UNIQUE ON t (a) WHERE b")]),
        ("CREATE UNIQUE INDEX i ON t(u)", "", []),
        ("", "CREATE UNIQUE INDEX i ON t(u)", []),
        ("CREATE INDEX i ON t(lower( a )) WHERE (b>0)",
         "CREATE INDEX i ON t(LOWER(a)) WHERE b > 0", []),
        ("CREATE INDEX i ON t(a)", "CREATE INDEX i ON t(a COLLATE NOCASE)",
         [("error", "index:i", "ON t (a) in the database, ON t (a COLLATE NOCASE) in the models")]),
    ],
)  # fmt: skip
def test_indexes_are_paired_by_name_then_by_what_they_hold(told, live, models, expected):
    """A unique index and a UNIQUE over the same columns refuse the same rows."""
    table = "CREATE TABLE t(a, b, u UNIQUE); INSERT INTO t VALUES (1, 2, 3);"
    assert told(table + live, table + models) == expected


def test_a_unique_index_stands_for_a_unique_constraint_in_either_order(told):
    live = "CREATE TABLE t(a, b); CREATE UNIQUE INDEX x ON t(b, a)"
    assert told(live, "CREATE TABLE t(a, b, CONSTRAINT u UNIQUE (a, b))") == []
    partial = "CREATE TABLE t(a, b); CREATE UNIQUE INDEX x ON t(b, a) WHERE a > 0"
    assert [one[0] for one in told(partial, "CREATE TABLE t(a, b, UNIQUE (a, b))")] == [
        "error",
        "error",
    ]


def test_a_columns_collation_is_not_told_again_by_its_index(told):
    live = "CREATE TABLE t(a COLLATE NOCASE); CREATE INDEX i ON t(a)"
    models = "CREATE TABLE t(a); CREATE INDEX i ON t(a)"
    assert [(one[0], one[1]) for one in told(live, models)] == [("note", "t.a")]


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (("LEGACY",), ["index:i", "trips.a", "trips.b"]),
        (("leg*", "trips.a"), ["index:i", "trips.b"]),
        (("trips",), ["index:i", "legacy"]),
        (("index:*",), ["legacy", "trips.a", "trips.b"]),
        (("trip", "[t]rips", "tr?ps"), ["index:i", "legacy", "trips.a", "trips.b"]),
        (("*",), []),
    ],
)
def test_ignore_leaves_out_by_subject(told, ignore, left):
    live = "CREATE TABLE trips(id, a, b); CREATE TABLE legacy(x); CREATE INDEX i ON trips(id)"
    found = told(live, "CREATE TABLE trips(id)", ignore=ignore)
    assert sorted(subject for _, subject, _ in found) == left


def test_errors_come_first(told):
    found = told("CREATE TABLE a(x)", "CREATE TABLE z(x)")
    assert [severity for severity, *_ in found] == ["error", "note"]


def test_an_empty_database_lacks_every_table(schema_of):
    models = schema_of(SAME)
    assert [one.subject for one in against_models(Schema(), models)] == ["trips"]
    assert difference(Schema(), models)


@pytest.mark.parametrize(
    ("live", "models", "severity", "detail"),
    [
        ("UNIQUE ON CONFLICT REPLACE", "UNIQUE", "error", "UNIQUE (a) ON CONFLICT REPLACE"),
        ("NOT NULL ON CONFLICT IGNORE", "NOT NULL", "error", "NOT NULL (a) ON CONFLICT IGNORE"),
        ("UNIQUE ON CONFLICT FAIL", "UNIQUE", "note", "UNIQUE (a) ON CONFLICT FAIL"),
    ],
)
def test_a_conflict_clause_is_a_difference(told, live, models, severity, detail):
    """With REPLACE an insert takes the row that is in its way, which no model expects."""
    texts = [f"CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT {one})" for one in (live, models)]
    assert told(*texts) == [(severity, "t", f"unknown to the models: {detail}")]
    assert told(*reversed(texts)) == [("error", "t", f"missing from the database: {detail}")]
    assert told(texts[0], texts[0]) == []


def test_a_conflict_clause_that_says_what_holds_anyway_is_none(told):
    """ABORT is SQLite's own."""
    texts = [f"CREATE TABLE t(a UNIQUE{one})" for one in (" ON CONFLICT ABORT", "")]
    assert told(*texts) == []


def test_a_unique_index_in_another_collation_is_no_unique_of_the_column(told):
    """It refuses 'A' beside 'a', which the models write."""
    table = "CREATE TABLE t(a TEXT"
    found = told(f"{table}); CREATE UNIQUE INDEX i ON t(a COLLATE NOCASE)", f"{table}, UNIQUE (a))")
    assert ("error", "t", "missing from the database: UNIQUE (a)") in found
    assert [one[:2] for one in found] == [("error", "index:i"), ("error", "t")]
    nocase = f"{table} COLLATE NOCASE"
    assert (
        told(f"{nocase}); CREATE UNIQUE INDEX i ON t(a COLLATE NOCASE)", f"{nocase}, UNIQUE (a))")
        == []
    )
