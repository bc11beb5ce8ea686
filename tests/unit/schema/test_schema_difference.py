from __future__ import annotations

import pytest

from drydock.schema.difference import difference
from drydock.schema.file import read
from drydock.schema.inventory import inventory
from drydock.schema.objects import Schema

BASE = """
CREATE TABLE budgets(id INTEGER PRIMARY KEY, amount DECIMAL(10,2) NOT NULL, note TEXT DEFAULT 'x');
INSERT INTO budgets(id, amount, note) VALUES (1, 2.5, 'n');
CREATE INDEX idx_amount ON budgets(amount) WHERE amount > 0;
CREATE VIEW big AS SELECT id FROM budgets WHERE amount > 100;
CREATE TRIGGER touch AFTER UPDATE ON budgets BEGIN SELECT 'A'; END;
"""


def lines(schema_of, before, after):
    return [tuple(line) for line in difference(schema_of(before), schema_of(after)).lines()]


def changed(schema_of, *replacements):
    after = BASE
    for old, new in replacements:
        assert old in after
        after = after.replace(old, new)
    return lines(schema_of, BASE, after)


def test_equal_schemas_have_no_difference(everything):
    assert not difference(everything, everything)
    assert difference(everything, everything).lines() == ()


def test_writing_is_no_difference(schema_of):
    """Layout, comments, quotes, case, and where a constraint stands do not change a schema."""
    before = """
        CREATE TABLE t(a TEXT UNIQUE CHECK (a <> ''), b INT DEFAULT 1 REFERENCES t(a));
        INSERT INTO t VALUES ('x', NULL);
        CREATE INDEX i ON t(b, lower(a)) WHERE b IS NOT NULL;
        CREATE VIEW v AS SELECT a FROM t WHERE b = 'B'"""
    after = """
        create table "T" ( -- a comment
          [A] text, `b` int default (1), unique (a), check ((A <> '')),
          foreign key (B) references T (a) );
        INSERT INTO t VALUES ('x', NULL);
        create index I on T ("b", LOWER(A)) where (b is not null);
        create view V as select A from /* here */ "t" where B='B'"""
    assert lines(schema_of, before, after) == []


def test_the_case_of_a_string_is_a_difference(schema_of):
    """Folding must stop at string literals."""
    assert changed(schema_of, ("SELECT 'A'", "SELECT 'a'")) == [
        ("~", "trigger:touch", "text changed")
    ]


def test_a_new_table_with_its_index_is_told(schema_of):
    found = changed(
        schema_of,
        (
            "CREATE VIEW",
            "CREATE TABLE trips(a, b); CREATE UNIQUE INDEX ix ON trips(a DESC); CREATE VIEW",
        ),
    )
    assert found == [
        ("+", "trips", "table, 2 columns"),
        ("+", "index:ix", "UNIQUE ON trips (a DESC)"),
    ]


def test_every_object_that_went_is_told(schema_of):
    assert lines(schema_of, BASE, "CREATE TABLE other(a)") == [
        ("-", "budgets", "table, 3 columns"),
        ("+", "other", "table, 1 column"),
        ("-", "index:idx_amount", "ON budgets (amount) WHERE amount > 0"),
        ("-", "view:big", "view"),
        ("-", "trigger:touch", "ON budgets"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("DECIMAL(10,2)", "REAL", "~ budgets.amount | type DECIMAL(10,2) → REAL"),
        ("DECIMAL(10,2) NOT NULL", "DECIMAL(10,2)", "~ budgets.amount | NULL refused → allowed"),
        ("DEFAULT 'x'", "DEFAULT 'y'", "~ budgets.note | default 'x' → 'y'"),
        ("TEXT DEFAULT 'x'", "TEXT", "~ budgets.note | default 'x' → none"),
        ("note TEXT", "note TEXT COLLATE NOCASE", "~ budgets.note | collation BINARY → NOCASE"),
        ("'x')", "'x', trip_tag TEXT)", "+ budgets.trip_tag | TEXT"),
        ("'x')", "'x', d AS (amount * 2))", "+ budgets.d | no type AS (amount * 2) VIRTUAL"),
        ("PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT", "~ budgets | AUTOINCREMENT no → yes"),
        ("PRIMARY KEY", "PRIMARY KEY DESC", "~ budgets | rowid is id → hidden"),
        ("'x')", "'x', CHECK (amount > 0))", "+ budgets | CHECK (amount > 0)"),
        ("'x')", "'x', UNIQUE (note, id))", "+ budgets | UNIQUE (note, id)"),
        ("NOT NULL", "NOT NULL ON CONFLICT IGNORE",
         "+ budgets | NOT NULL (amount) ON CONFLICT IGNORE"),
        ("'x')", "'x', FOREIGN KEY (note) REFERENCES budgets ON DELETE CASCADE)",
         "+ budgets | FOREIGN KEY (note) REFERENCES budgets (id) ON DELETE CASCADE"),
        ("budgets(amount) WHERE", "budgets(amount, note) WHERE",
         ("~ index:idx_amount | ON budgets (amount) WHERE amount > 0"
          " → ON budgets (amount, note) WHERE amount > 0")),
        ("amount > 100", "amount > 200", "~ view:big | text changed"),
        ("AFTER UPDATE", "BEFORE UPDATE", "~ trigger:touch | text changed"),
    ],
)  # fmt: skip
def test_each_property_that_changed_is_told_once(schema_of, old, new, expected):
    """One change, one line, with what it was and what it is."""
    (line,) = changed(schema_of, (old, new))
    assert "{} {} | {}".format(*line) == expected


def test_a_column_that_went_and_order_are_told(schema_of):
    before = "CREATE TABLE t(a, b, c); INSERT INTO t VALUES (1, 2, 3)"
    assert lines(schema_of, before, "CREATE TABLE t(c, a)") == [
        ("-", "t.b", "no type"),
        ("~", "t", "column order (a, c) → (c, a)"),
    ]


def test_a_column_added_in_the_middle_is_no_change_of_order(schema_of):
    assert lines(schema_of, "CREATE TABLE t(a, b)", "CREATE TABLE t(a, n, b)") == [
        ("+", "t.n", "no type")
    ]


def test_deferral_of_one_of_two_equal_keys_is_told(schema_of):
    key = "FOREIGN KEY (a) REFERENCES t(b)"
    before = f"CREATE TABLE t(a, b UNIQUE, {key}, {key} DEFERRABLE INITIALLY DEFERRED)"
    after = f"CREATE TABLE t(a, b UNIQUE, {key}, {key})"
    assert lines(schema_of, before, after) == [
        ("-", "t", "FOREIGN KEY (a) REFERENCES t (b) DEFERRABLE INITIALLY DEFERRED"),
        ("+", "t", "FOREIGN KEY (a) REFERENCES t (b)"),
    ]


def test_strict_and_without_rowid_are_told(schema_of):
    before = "CREATE TABLE t(a TEXT NOT NULL PRIMARY KEY)"
    assert lines(schema_of, before, before + " STRICT") == [("~", "t", "STRICT no → yes")]
    assert lines(schema_of, before, before + " WITHOUT ROWID") == [
        ("~", "t", "WITHOUT ROWID no → yes")
    ]


def test_a_virtual_table_is_compared_by_its_definition_and_shadows_not_at_all(schema_of):
    before = "CREATE VIRTUAL TABLE f USING fts5(a)"
    after = "CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter')"
    assert lines(schema_of, before, after) == [("~", "f", "definition changed")]
    assert lines(schema_of, before, "CREATE TABLE f(a)") == [("~", "f", "made with fts5 → plain")]


def test_changes_carry_sql_before_and_after(schema_of):
    """The receipt shows the text; `of` picks by sign and kind."""
    found = difference(schema_of(BASE), schema_of(BASE.replace("100", "200")))
    (view,) = found.of("~", "view")
    assert (view.before[-3:], view.after[-3:]) == ("100", "200")
    assert found.of("+", "view") == ()


def test_difference_from_nothing_adds_everything(everything):
    signs = {change.sign for change in difference(Schema(), everything).changes}
    assert signs == {"+"}
    assert {c.sign for c in difference(everything, Schema()).changes} == {"-"}


def test_f17_a_trigger_lost_in_a_rebuild_is_told(build):
    """A rebuild that renames the old table first loses triggers and turns child keys away."""
    connection = build("""
        CREATE TABLE u(id INTEGER PRIMARY KEY, n); INSERT INTO u VALUES (1, 1);
        CREATE TABLE c(u REFERENCES u(id)); INSERT INTO c VALUES (1);
        CREATE TRIGGER keep AFTER DELETE ON u BEGIN SELECT 1; END;
    """)
    before = inventory(connection)
    connection.executescript("""
        PRAGMA foreign_keys=OFF;
        ALTER TABLE u RENAME TO u_old;
        CREATE TABLE u(id INTEGER PRIMARY KEY, n INT); INSERT INTO u SELECT * FROM u_old;
        DROP TABLE u_old;
    """)
    assert [tuple(line) for line in difference(before, inventory(connection)).lines()] == [
        ("-", "c", "FOREIGN KEY (u) REFERENCES u (id)"),
        ("+", "c", "FOREIGN KEY (u) REFERENCES u_old (id)"),
        ("~", "u.n", "type no type → INT"),
        ("-", "trigger:keep", "ON u"),
    ]


def test_renaming_a_column_only_in_case_is_no_difference():
    assert not difference(read("CREATE TABLE t(Name)"), read("CREATE TABLE T(name)"))
