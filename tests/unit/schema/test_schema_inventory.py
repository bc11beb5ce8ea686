from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from drydock.schema.inventory import inventory
from drydock.schema.objects import Column, ForeignKey, IndexColumn


def column(schema, table, name):
    return schema.table(table).column(name)


ODD = 'odd "table" å'


def test_columns_carry_what_pragmas_and_text_say(everything):
    """Type, NULL, default, generated expression and collation are all there, odd names too."""
    assert everything.table(ODD).columns == (
        Column("id", "INTEGER", primary_key_position=1),
        Column("group by", "TEXT", not_null=True, default="'it''s'", collation="NOCASE"),
        Column("Å", "INT", default="1 + 2"),
        Column("å", "DECIMAL(10, 2)", default="-1.50"),
        Column("twice", "INT", generated='AS ("å" * 2) VIRTUAL'),
        Column("once", "INT", generated="AS (Å) STORED"),
    )


def test_names_fold_as_sqlite_folds_them(everything):
    """A to Z fold; Å and å are two columns (a schema with both must not lose one)."""
    assert everything.table('ODD "TABLE" å').column("ID").name == "id"
    assert everything.table(ODD).column("å").declared_type == "DECIMAL(10, 2)"
    assert everything.table('odd "table" Å') is None


def test_constraints_come_from_the_text(everything):
    table = everything.table(ODD)
    assert table.autoincrement
    assert table.uniques == (("group by", "Å"),)
    assert table.checks == ("Å > 0 AND \"group by\" <> 'a  b'",)
    assert table.conflicts == (
        "NOT NULL (group by) ON CONFLICT IGNORE",
        "UNIQUE (group by, Å) ON CONFLICT REPLACE",
    )


def test_foreign_keys_keep_order_actions_and_deferral(everything):
    """In the text's order, an implied parent key filled in, DEFERRABLE on the one that has it."""
    assert everything.table("child").foreign_keys == (
        ForeignKey(("parent",), ODD, ("id",), on_delete="CASCADE", deferrable=True),
        ForeignKey(("maybe",), "child", ("a",), on_delete="SET NULL"),
        ForeignKey(("a", "b c"), ODD, ("group by", "Å"), "SET NULL", "CASCADE"),
    )


def test_a_reference_to_a_missing_parent_has_no_parent_columns(schema_of):
    schema = schema_of("CREATE TABLE t(a REFERENCES nowhere); INSERT INTO t VALUES (1)")
    assert schema.table("t").foreign_keys == (ForeignKey(("a",), "nowhere", ()),)


def test_kinds_of_table_are_told(everything):
    strict = everything.table("strict_one")
    assert strict.strict
    assert strict.without_rowid
    assert strict.primary_key == ("b", "a")
    assert everything.table("search").virtual == "fts5"
    assert everything.table("search").column("rank").hidden
    assert everything.table("search_data").shadow
    assert not everything.table("search").shadow
    assert {table.name for table in everything.own_tables} == {
        ODD, "child", "strict_one", "not_alias", "search", "box",
    }  # fmt: skip


def test_only_a_real_rowid_alias_is_one(everything):
    """INTEGER PRIMARY KEY DESC looks like the rowid and is not: it may hold NULL."""
    assert everything.table(ODD).rowid_alias == "id"
    assert everything.table("not_alias").primary_key == ("id",)
    assert everything.table("not_alias").rowid_alias is None
    assert everything.table("strict_one").rowid_alias is None


def test_indexes_carry_expressions_order_collation_and_condition(everything):
    expression, plain = everything.indexes
    assert expression.columns == (
        IndexColumn("a", descending=True, collation="NOCASE"),
        IndexColumn("lower([b c])", expression=True, descending=True, collation="RTRIM"),
    )
    assert expression.where == "(a IS NOT NULL)"
    assert (plain.name, plain.table, plain.unique) == ("idx_plain", "child", True)
    assert plain.columns == (IndexColumn("b c"),)


def test_drydocks_and_sqlites_own_tables_are_left_out(everything):
    names = [thing.name for thing in (*everything.tables, *everything.indexes)]
    assert not [name for name in names if name.startswith(("_drydock", "sqlite_"))]


def test_views_and_triggers_keep_their_text(everything):
    (view,) = everything.views
    assert view.name == "v (1)"
    assert view.sql.endswith("-- ends in a comment")
    assert [(one.name, one.table) for one in everything.triggers] == [
        ("on_table", "child"),
        ("on_view", "v (1)"),
    ]


def test_a_temp_table_does_not_answer_for_the_real_one(build):
    """PRAGMA table_xinfo(t) describes the TEMP table of that name first."""
    connection = build("CREATE TABLE t(real_column); INSERT INTO t VALUES (1)")
    connection.executescript("CREATE TEMP TABLE t(other, columns); CREATE INDEX temp.i ON t(other)")
    schema = inventory(connection)
    assert [c.name for c in schema.table("t").columns] == ["real_column"]
    assert schema.indexes == ()


def test_an_attached_database_is_not_read(build):
    connection = build("CREATE TABLE t(a)")
    connection.executescript("ATTACH ':memory:' AS more; CREATE TABLE more.u(b)")
    assert [table.name for table in inventory(connection).tables] == ["t"]


def test_a_schema_of_foreign_modules_and_collations_is_still_read(build):
    """What only the application has (module, collation, function) must not end the reading."""
    connection = build("CREATE TABLE fine(a); INSERT INTO fine VALUES (1); PRAGMA user_version=1")
    connection.create_collation("theirs", lambda a, b: 0)
    connection.create_function("their_function", 1, lambda x: x, deterministic=True)
    connection.executescript("""
        CREATE TABLE t(a COLLATE theirs, CHECK (their_function(a)));
        CREATE INDEX i ON t(a);
        CREATE VIEW broken AS SELECT * FROM nowhere;
        PRAGMA writable_schema=ON;
        INSERT INTO sqlite_schema
        VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING "Their Module"(x)');
    """)
    with closing(sqlite3.connect(":memory:")) as stranger:
        stranger.deserialize(connection.serialize())
        schema = inventory(stranger)
    assert schema.table("t").column("a").collation == "theirs"
    assert schema.table("v").virtual == "their module"
    assert schema.table("v").columns == ()
    assert schema.table("fine").columns == (Column("a", ""),)
    assert [view.name for view in schema.views] == ["broken"]


def test_the_callers_row_factory_makes_no_difference(build):
    connection = build("CREATE TABLE t(a, b)")
    connection.row_factory = lambda cursor, row: {"surprise": row}
    assert [table.name for table in inventory(connection).tables] == ["t"]
    assert connection.row_factory is not None


def test_a_change_by_another_process_halfway_is_not_seen(tmp_path):
    """One moment: tables of before with columns of after would be a schema that never was."""
    with (
        closing(sqlite3.connect(tmp_path / "a b.db", isolation_level=None)) as reader,
        closing(sqlite3.connect(tmp_path / "a b.db", isolation_level=None)) as writer,
    ):
        writer.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t(a); CREATE TABLE u(b)")

        def interfere(statement):
            if "pragma_table_list" in statement:
                reader.set_trace_callback(None)
                writer.executescript("DROP TABLE u; ALTER TABLE t ADD COLUMN late")

        reader.set_trace_callback(interfere)
        schema = inventory(reader)
        assert [(t.name, len(t.columns)) for t in schema.tables] == [("t", 1), ("u", 1)]
        assert not reader.in_transaction
        assert [(t.name, len(t.columns)) for t in inventory(reader).tables] == [("t", 2)]


def test_a_transaction_of_the_caller_is_read_and_left_open(build):
    connection = build("CREATE TABLE t(a)")
    connection.execute("BEGIN")
    connection.execute("ALTER TABLE t ADD COLUMN b")
    assert len(inventory(connection).table("t").columns) == 2
    assert connection.in_transaction


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("a TEXT DEFAULT 'x CHECK (y) COLLATE NOCASE'", ()),
        ('a, "check" TEXT, [collate] INT', ()),
        ("a CHECK (a IN (1, (2), ')'))", ("a IN (1, (2), ')')",)),
        ("a CONSTRAINT named CHECK (a > 0) CHECK (a < 9), CHECK (a <> 5)",
         ("a > 0", "a < 9", "a <> 5")),
        ("a, CHECK ((a) > (0))", ("(a) > (0)",)),
    ],
)  # fmt: skip
def test_checks_are_read_by_token(schema_of, definition, expected):
    """A CHECK in a string, a comment or a quoted name is none."""
    table = schema_of(f"CREATE TABLE t({definition} /* CHECK (b) */)").table("t")
    assert table.checks == expected
    assert {c.collation for c in table.columns} == {"BINARY"}


def test_a_thousand_tables_are_read_fast(build):
    """Five queries whatever the number of tables; a query a table would take several times this.

    The limit is ten times what it takes, for a busy machine.
    """
    connection = build("".join(
        f"CREATE TABLE t{n}(id INTEGER PRIMARY KEY, a TEXT REFERENCES t0, b);"
        f"CREATE INDEX i{n} ON t{n}(a, b);" for n in range(1000)
    ))  # fmt: skip
    started = time.process_time()
    schema = inventory(connection)
    assert time.process_time() - started < 1.0
    assert (len(schema.tables), len(schema.indexes)) == (1000, 1000)
