"""What cannot be done without a loss is refused before anything is touched, with the way on."""

from __future__ import annotations

import pytest

from drydock.errors import ExitCode
from drydock.rebuild.refusals import (
    ContradictoryChangeError,
    DependentsError,
    LossyValuesError,
    NoSuchColumnError,
    NotATableError,
    OffendingRowsError,
    TransformRefusedError,
)


def refuse(table, error=TransformRefusedError, **asked):
    with pytest.raises(error) as caught:
        table.transform(**asked)
    assert caught.value.exit_code is ExitCode.REFUSED
    assert caught.value.state == "nothing was changed"
    return caught.value


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"drop": ["code"]}, {"UNIQUE ON CONFLICT REPLACE", "up", "part", "seen"}),
        ({"drop": ["amount"]}, {"pos", "by_amount", "part", "told"}),
        ({"drop": ["id"]}, {"PRIMARY KEY AUTOINCREMENT", "child(t_id)", "seen"}),
        ({"pk": "code"}, {"child"}),
    ],
)
def test_a_column_that_something_depends_on_stays(asked, names, table, unchanged):
    """Each dependent is named, with the statement that would resolve it."""
    error = refuse(table, DependentsError, **asked)
    assert set(error.dependents) == names
    assert len(error.cause) == len(names)
    assert unchanged()


def test_the_statement_that_resolves_a_dependent_is_given(table):
    error = refuse(table, DependentsError, drop=["code"], cascade=["seen"])
    assert 'index part holds it; to resolve: DROP INDEX "part"' in error.cause
    assert "cascade=['UNIQUE ON CONFLICT REPLACE', 'up', 'part']" in error.hint
    assert "seen" not in error.dependents


@pytest.mark.parametrize(
    ("dependent", "asked"),
    [
        # an inner name that the renamed column would capture, in silence
        ("CREATE VIEW inner_y AS SELECT (SELECT y FROM c LIMIT 1) FROM o", {"rename": {"a": "y"}}),
        ("CREATE VIEW joined AS SELECT z FROM c NATURAL JOIN o", {"rename": {"k": "k2"}}),
        ("CREATE VIEW joined AS SELECT z FROM c NATURAL JOIN o", {"rename": {"a": "z"}}),
        ("CREATE VIEW joined AS SELECT z FROM c NATURAL JOIN o", {"drop": ["k"]}),
        ("CREATE VIEW used AS SELECT z FROM c JOIN o USING (k)", {"drop": ["k"]}),
        ("CREATE VIEW used AS SELECT z FROM c JOIN o USING (k)", {"rename": {"k": "k2"}}),
        ("CREATE VIEW star AS SELECT * FROM c", {"drop": ["a"]}),
        ("CREATE VIEW piled AS SELECT * FROM c UNION SELECT y, z, z, z FROM o",
         {"column_order": ["a", "k"]}),
        ("CREATE TRIGGER puts AFTER INSERT ON o BEGIN INSERT INTO c VALUES (1, 2, 3, 4); END",
         {"column_order": ["a", "k"]}),
        ("CREATE TRIGGER puts AFTER INSERT ON o BEGIN INSERT INTO c(k, a) VALUES (1, 2); END",
         {"drop": ["a"]}),
        ("CREATE TRIGGER hears AFTER UPDATE OF a ON c BEGIN SELECT 1; END", {"drop": ["a"]}),
        ("CREATE VIRTUAL TABLE ft USING fts5(a, content='c')", {"drop": ["a"]}),
        ("CREATE VIRTUAL TABLE ft USING fts5(a, content=c)", {"rename": {"a": "a2"}}),
        ("CREATE TABLE kid(x REFERENCES c)", {"pk": "a"}),
    ],
)  # fmt: skip
def test_f17_what_alter_table_does_not_see_is_seen(dependent, asked, connection, db):
    connection.executescript(
        "CREATE TABLE c(id INTEGER PRIMARY KEY, k, a, b); INSERT INTO c VALUES (1, 1, 2, 3);"
        "CREATE TABLE o(y, z, k); INSERT INTO o VALUES (4, 5, 1);"
    )
    connection.execute(dependent)
    before = list(connection.iterdump())
    error = refuse(db["c"], DependentsError, **asked)
    assert ("drop" in asked) == ("cannot be dropped" in error.what)
    assert {name.partition("(")[0] for name in error.dependents} <= set(
        dependent.replace("(", " ").split()
    )
    assert list(connection.iterdump()) == before


@pytest.mark.parametrize(
    ("asked", "count", "sample"),
    [
        ({"types": {"code": int}}, 2, "id = 1: '007'"),
        ({"types": {"code": "REAL"}}, 3, "id = 1: '007'"),
        ({"types": {"big": "REAL"}}, 1, "id = 2: 9007199254740993"),
        ({"types": {"exact": "TEXT"}}, 1, "id = 1: "),
    ],
)
def test_values_that_would_lose_information_stop_a_type_change(
    asked, count, sample, connection, db
):
    """'007' is not 7, 2^53+1 is no REAL, 0.1+0.2 has more digits than its text; '1.10' is 1.1."""
    connection.executescript(
        "CREATE TABLE v(id INTEGER PRIMARY KEY, code TEXT, big INTEGER, exact REAL);"
        "INSERT INTO v VALUES (1, '007', 5, 0.1 + 0.2), (2, '1.10', 9007199254740993, 1.5),"
        "(3, 'abc', NULL, NULL), (4, '9007199254740993', 1, 2), (5, '-12', 1, 3), (6, NULL, 1, 4);"
    )
    error = refuse(db["v"], LossyValuesError, **asked)
    assert error.count == count
    assert any(line.startswith(sample) for line in error.cause)
    [column] = asked["types"]
    assert f'conversions={{"{column}"' in error.hint
    db["v"].transform(**asked, allow_lossy=[column])
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_conversion_stands_in_for_the_values(connection, db):
    connection.execute("CREATE TABLE v(id INTEGER PRIMARY KEY, price TEXT)")
    connection.execute("INSERT INTO v(price) VALUES ('1,50 €'), ('2 €'), (NULL)")
    refuse(db["v"], LossyValuesError, types={"price": "REAL"})
    db["v"].transform(
        types={"price": "REAL"},
        conversions={"price": lambda text: text and float(text[:-2].replace(",", "."))},
    )
    assert connection.execute("SELECT price FROM v").fetchall() == [(1.5,), (2.0,), (None,)]
    db["v"].transform(conversions={"price": "coalesce(price, 0)"}, not_null={"price"})
    assert connection.execute("SELECT price FROM v").fetchall() == [(1.5,), (2.0,), (0.0,)]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"not_null": {"notes"}}, OffendingRowsError),
        ({"add_check": "amount < 5"}, OffendingRowsError),
        ({"add_foreign_keys": [("number", "parent", "id")]}, OffendingRowsError),
        ({"pk": ("pid", "up")}, ContradictoryChangeError),
        ({"strict": True}, ContradictoryChangeError),
        ({"without_rowid": True, "pk": None}, ContradictoryChangeError),
        ({"drop": ["notes"], "not_null": {"notes"}}, ContradictoryChangeError),
        ({"drop_check": "nope"}, ContradictoryChangeError),
        ({"add_check": "nope > 1"}, ContradictoryChangeError),
        ({"rename": {"code": "AMOUNT"}}, TransformRefusedError),
        ({"drop": ["nots"]}, NoSuchColumnError),
        ({"types": {"notes": "VARCHAR("}}, ContradictoryChangeError),
        ({"conversions": {"notes": "nope(notes)"}}, ContradictoryChangeError),
    ],
)
def test_rows_and_contradictions_are_told_and_nothing_is_touched(asked, error, table, unchanged):
    refused = refuse(table, error, **asked)
    assert refused.cause
    assert refused.hint
    assert unchanged()


def test_the_way_to_a_strict_table_is_shown(table):
    error = refuse(table, strict=True)
    assert "'amount': 'ANY'" in error.hint


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "CREATE VIEW x AS SELECT 1 AS a",
        "CREATE TEMP TABLE x(a)",
    ],
)
def test_what_is_no_table_of_ours_is_refused(statement, connection, db):
    connection.execute(statement)
    refuse(db["x"], NotATableError, drop=["a"])


def test_system_shadow_and_missing_tables_are_refused(connection, db):
    connection.execute("CREATE VIRTUAL TABLE x USING fts5(a)")
    for name in ("sqlite_sequence", "x_data", "chld"):
        error = refuse(db[name], NotATableError, drop=["a"])
    assert error.cause == ["did you mean child?"]


def test_an_unknown_argument_is_named_with_the_nearest_known_one(table):
    with pytest.raises(TypeError, match="did you mean rename"):
        table.transform(renam={"a": "b"})
