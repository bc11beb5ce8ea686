"""What a change does: the asked, the cheapest safe way, and nothing besides."""

from __future__ import annotations

import pytest
import sqlite_utils

from drydock import Database
from drydock.rebuild.refusals import OffendingRowsError


def change(table, **asked):
    return table.transform(**asked).last_change


def rows(connection, sql='SELECT *, typeof(amount), typeof(raw) FROM "my t"'):
    return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("asked", "way"),
    [
        ({"not_null": {"code": False}}, "schema-edit"),
        ({"not_null": {"when"}}, "schema-edit"),
        ({"types": {"notes": "VARCHAR(99)", "when": "TIMESTAMP"}}, "schema-edit"),
        ({"add_check": ["amount < 1e18", ("short", "length(notes) < 9")]}, "schema-edit"),
        ({"drop_check": "pos"}, "schema-edit"),
        ({"drop_check": "( AMOUNT>=0 )"}, "schema-edit"),
        ({"collate": {"number": "NOCASE", "code": None}}, "schema-edit"),
        ({"autoincrement": False}, "schema-edit"),
        ({"drop_foreign_keys": ["pid"]}, "schema-edit"),
        ({"generated": {"twice": "amount * 2"}}, "schema-edit"),
        ({"defaults": {"amount": 5}}, "schema-edit"),
        ({"drop": ["notes"]}, "native"),
        ({"rename": {"amount": "sum total", "code": "notes", "notes": "code"}}, "native"),
        ({"drop": ["notes", "raw"]}, "swap"),
        ({"types": {"number": int}}, "swap"),
        ({"types": {"amount": "TEXT"}}, "swap"),
        ({"column_order": ["notes", "id"]}, "swap"),
        ({"generated": {"twice": ("amount * 2", "stored")}}, "swap"),
        ({"generated": {"up": None}}, "swap"),
        ({"conversions": {"notes": lambda value: (value or "")[::-1]}}, "swap"),
        ({"without_rowid": True, "autoincrement": False}, "rebuild"),
        ({"keep_table": "the old one"}, "rebuild"),
        ({}, "nothing"),
    ],
)
def test_the_cheapest_safe_way_is_chosen_and_the_rest_stays(asked, way, connection, table, sound):
    """Triggers, children, indexes and the old broken view are there afterwards, word for word."""
    others = "SELECT name, sql FROM sqlite_schema WHERE name IN ('child', 'broken', 'parent')"
    before, triggers = rows(connection, others), table.triggers_dict
    done = change(table, **asked)
    assert done.plan.way == way, done.plan.why
    assert sound()
    assert rows(connection, others) == before
    if "rename" not in asked:
        assert table.triggers_dict == triggers
    assert {"by_amount", "part"} <= {index.name for index in table.indexes}
    assert connection.execute('SELECT count(*) FROM "my t"').fetchone() == (2,)


def test_f17_values_keep_their_storage_class_and_every_digit(connection, table, sound):
    """DECIMAL, untyped and big values come through a copy as they were; rowids, too."""
    before = rows(connection, "SELECT rowid, id, code, amount, quote(raw), pid, notes, "
                              'typeof(amount), typeof(raw) FROM "my t"')  # fmt: skip
    done = change(table, column_order=["notes", "raw", "id"])
    assert done.rows == 2
    assert before == rows(connection, "SELECT rowid, id, code, amount, quote(raw), pid, notes, "
                                      'typeof(amount), typeof(raw) FROM "my t"')  # fmt: skip
    assert sound()


def test_a_type_change_converts_by_affinity_and_counts_what_changed_form(connection, table, sound):
    done = change(table, types={"number": int, "amount": "TEXT"})
    assert dict(done.plan.changed) == {"number": 2, "amount": 2}
    assert rows(connection, 'SELECT number, amount FROM "my t"') == [
        (10, "1.1"), (20, "9007199254740993"),
    ]  # fmt: skip
    assert sound()


def test_values_that_nothing_looks_at_are_converted_where_they_lie(connection, db, sound):
    """Rows older than an ADD COLUMN and values that need no new form are not written."""
    connection.execute("CREATE TABLE w(id INTEGER PRIMARY KEY, x TEXT UNIQUE, n TEXT, c CHECK (c))")
    connection.execute(
        "INSERT INTO w VALUES (1, 'a', '12', 1), (2, 'b', NULL, 1), (3, 'c', '4', 1)"
    )
    connection.execute("ALTER TABLE w ADD COLUMN late TEXT DEFAULT '7'")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("UPDATE w SET c = 0 WHERE id = 1")
    connection.execute("PRAGMA ignore_check_constraints = OFF")
    done = change(db["w"], types={"n": "INTEGER"})
    assert (done.plan.way, done.rows, dict(done.plan.changed)) == ("update", 2, {"n": 2})
    done = change(db["w"], types={"late": "NUMERIC"})
    assert rows(connection, "SELECT n, typeof(n), late, typeof(late) FROM w") == [
        (12, "integer", 7, "integer"), (None, "null", 7, "integer"), (4, "integer", 7, "integer"),
    ]  # fmt: skip
    assert change(db["w"], types={"n": "TEXT"}).plan.way == "update"
    assert change(db["w"], types={"n": "REAL"}).plan.way == "swap"
    assert change(db["w"], types={"x": "BLOB"}).plan.way == "swap"


def test_an_index_on_a_converted_column_holds_the_new_values(connection, table, sound):
    """quick_check would not see a stale entry; the index itself is asked."""
    connection.execute('CREATE INDEX by_number ON "my t"(number)')
    change(table, types={"number": int})
    found = connection.execute('SELECT id FROM "my t" INDEXED BY by_number WHERE number = 20')
    assert found.fetchall() == [(9,)]
    assert sound()


def test_a_default_never_shows_in_rows_older_than_its_column(connection, table, sound):
    """A row written before ADD COLUMN holds nothing there: an edited DEFAULT would rewrite it."""
    connection.execute("""ALTER TABLE "my t" ADD COLUMN late TEXT DEFAULT 'then'""")
    assert change(table, defaults={"late": "now"}).plan.way == "swap"
    assert rows(connection, 'SELECT late FROM "my t"') == [("then",), ("then",)]
    assert change(table, defaults={"late": "later"}).plan.way == "swap" or sound()
    connection.execute("""UPDATE "my t" SET late = 'given'""")
    assert change(table, defaults={"late": "at last"}).plan.way == "schema-edit"
    assert rows(connection, 'SELECT late FROM "my t"') == [("given",), ("given",)]


@pytest.mark.parametrize(
    ("column", "asked", "way", "value"),
    [
        ("DECIMAL DEFAULT '0.00'", {"types": {"late": "TEXT"}}, "swap", "0"),
        ("TEXT DEFAULT 501", {"types": {"late": "BLOB"}}, "swap", "501"),
        ("TEXT DEFAULT TRUE", {"strict": True}, "swap", "1"),
        ("TEXT DEFAULT 1.50", {"defaults": {"late": "9"}}, "swap", "1.50"),
        ("TEXT DEFAULT 1.50", {"defaults": {"late": "1.50"}}, "schema-edit", "1.50"),
        ("TEXT DEFAULT 'a'", {"strict": True}, "schema-edit", "a"),
        ("TEXT DEFAULT '7'", {"types": {"late": "NUMERIC"}}, "update", 7),
        ("TEXT", {"types": {"late": "NUMERIC"}, "defaults": {"late": 1}}, "swap", None),
        ("TEXT DEFAULT (CAST(7 AS TEXT))", {"defaults": {"late": "8"}}, "swap", "7"),
        ("TEXT DEFAULT now", {"defaults": {"late": "then"}}, "swap", "now"),
    ],
)
def test_a_row_older_than_its_column_keeps_what_it_reads(column, asked, way, value, db):
    """Its value is the default in the form of the type now: under another text maybe another."""
    connection = db.conn
    connection.execute("CREATE TABLE aged(id INTEGER PRIMARY KEY, note TEXT)")
    connection.execute("INSERT INTO aged VALUES (1, 'older')")
    connection.execute(f"ALTER TABLE aged ADD COLUMN late {column}")
    done = change(db["aged"], **asked)
    assert done.plan.way == way, done.plan.why
    assert rows(connection, "SELECT late, typeof(late) FROM aged") == [
        (value, {str: "text", int: "integer"}.get(type(value), "null"))
    ]


def test_a_collation_that_takes_a_child_its_parent_is_refused(connection, db):
    """A key finds its parent by the parent's collation: an edit of the text makes an orphan."""
    connection.execute("CREATE TABLE home(name TEXT COLLATE NOCASE UNIQUE, note)")
    connection.execute("INSERT INTO home VALUES ('Main', 1)")
    connection.execute("CREATE TABLE guest(id INTEGER PRIMARY KEY, at TEXT REFERENCES home(name))")
    connection.execute("INSERT INTO guest VALUES (1, 'main')")
    with pytest.raises(OffendingRowsError, match="refer to nothing"):
        change(db["home"], collate={"name": None})
    assert rows(connection, "PRAGMA foreign_key_check") == []
    connection.execute("UPDATE guest SET at = 'Main'")
    assert change(db["home"], collate={"name": None}).plan.way == "schema-edit"


def test_real_is_left_with_its_values_as_reals(connection, db):
    """REAL keeps whole numbers as integers on disk; an edit of the text alone would show them."""
    connection.execute("CREATE TABLE m(id INTEGER PRIMARY KEY, x REAL)")
    connection.execute("INSERT INTO m(x) VALUES (1), (2.5)")
    db["m"].transform(types={"x": "BLOB"})
    assert rows(connection, "SELECT x, typeof(x) FROM m") == [(1.0, "real"), (2.5, "real")]


@pytest.mark.parametrize("way", ["update", "swap"])
def test_whole_reals_of_an_untyped_column_become_integers_as_sqlite_has_it(way, connection, db):
    """What SQLite itself stores in a new column of that type is the measure."""
    connection.execute("CREATE TABLE n(id INTEGER PRIMARY KEY, x)")
    connection.execute("INSERT INTO n(x) VALUES (1.0), (-0.0), (2.5), ('3'), (9e99), (x'31'), (4)")
    if way == "swap":
        connection.execute("CREATE INDEX nx ON n(x)")
    assert change(db["n"], types={"x": "NUMERIC"}).plan.way == way
    connection.execute("CREATE TABLE fresh(x NUMERIC)")
    connection.execute("INSERT INTO fresh VALUES (1.0), (-0.0), (2.5), ('3'), (9e99), (x'31'), (4)")
    cells = "SELECT typeof(x), quote(x) FROM "
    assert rows(connection, cells + "n") == rows(connection, cells + "fresh")


def test_a_conflict_clause_swallows_no_row(connection, db):
    """UNIQUE ON CONFLICT REPLACE with a type change made two rows one in silence."""
    connection.execute("CREATE TABLE c(id INTEGER PRIMARY KEY, x UNIQUE ON CONFLICT REPLACE, y)")
    connection.execute("INSERT INTO c(x) VALUES (1), ('1'), (x'31')")
    from drydock.rebuild.refusals import OffendingRowsError

    with pytest.raises(OffendingRowsError):
        db["c"].transform(types={"x": "INTEGER"})
    assert connection.execute("SELECT count(*) FROM c").fetchone() == (3,)
    assert not connection.in_transaction


def test_hidden_rowids_and_sequences_are_kept_by_a_rebuild(connection, db, table, sound):
    """AUTOINCREMENT never gives 40 again, and a full-text index still finds its rows."""
    connection.execute("CREATE TABLE h(x, y)")
    connection.execute("INSERT INTO h(rowid, x) VALUES (7, 'a'), (70, 'b')")
    connection.execute("CREATE INDEX hy ON h(y)")
    connection.execute("ANALYZE h")
    about_h = rows(connection, "SELECT * FROM sqlite_stat1 WHERE tbl = 'h'")
    assert about_h
    db["h"].transform(pk="x")
    assert rows(connection, "SELECT rowid, x FROM h") == [(7, "a"), (70, "b")]
    assert rows(connection, "SELECT * FROM sqlite_stat1 WHERE tbl = 'h'") == about_h
    statistics = rows(connection, "SELECT * FROM sqlite_stat1 ORDER BY 1, 2")
    table.transform(keep_table="kept")
    connection.execute("""INSERT INTO "my t"(code) VALUES ('new')""")
    assert connection.execute('SELECT max(id) FROM "my t"').fetchone() == (41,)
    assert rows(connection, "SELECT * FROM sqlite_stat1 ORDER BY 1, 2") == statistics
    assert connection.execute("SELECT count(*) FROM kept").fetchone() == (2,)
    assert sound()


def test_a_rename_reaches_everything_that_names_the_column(connection, table, sound):
    """Indexes, triggers, views and CHECKs say the new name, in their author's quotes."""
    plan = change(table, rename={"amount": "sum total", "code": "tag"}).plan
    texts = dict(rows(connection, "SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL"))
    assert 'CHECK ("my t"."sum total" > -5)' in texts["my t"]
    assert (
        '[tag] TEXT NOT NULL COLLATE NOCASE UNIQUE ON CONFLICT REPLACE, -- its code, "quoted"'
        in (texts["my t"])
    )
    assert 'UPDATE OF "sum total" ON' in texts["told"]
    assert texts["seen"] == 'CREATE VIEW seen AS SELECT id, tag FROM "my t"'
    assert "view seen: carries the new name" in plan.dependents
    assert sound()


def test_a_string_in_double_quotes_does_not_become_a_renamed_column(connection, db):
    connection.execute("CREATE TABLE s(a TEXT)")
    connection.execute("INSERT INTO s VALUES ('x')")
    connection.execute('CREATE VIEW sv AS SELECT "b" AS c, "z" AS d FROM s')
    db["s"].transform(rename={"a": "b"})
    assert rows(connection, "SELECT * FROM sv") == [("b", "z")]
    assert """SELECT 'b' AS c, "z" AS d""" in db["sv"].schema


def test_cascade_takes_along_what_it_names_and_says_so(connection, table, sound):
    plan = change(
        table, drop=["code"], cascade=["part", "seen", "up", "UNIQUE ON CONFLICT REPLACE"]
    ).plan
    assert "view seen: goes along, as declared" in plan.dependents
    names = {row[0] for row in rows(connection, "SELECT name FROM sqlite_schema")}
    assert not {"part", "seen"} & names
    assert "up" not in table.columns_dict
    assert sound()


def test_foreign_keys_take_every_form_of_sqlite_utils(connection, db, sound):
    """A key that is given again without actions keeps its own; another replaces it."""
    connection.execute("CREATE TABLE k(id INTEGER PRIMARY KEY, parent_id INTEGER, p2 INTEGER "
                       "REFERENCES parent(id) ON DELETE CASCADE)")  # fmt: skip
    table = db["k"]
    table.transform(add_foreign_keys=[("parent_id", "parent")])
    table.transform(foreign_keys=["parent_id", ("p2", "parent", "id")])
    assert [(one.column, one.on_delete) for one in table.foreign_keys] == [
        ("p2", "CASCADE"), ("parent_id", "NO ACTION"),
    ]  # fmt: skip
    table.add_foreign_key("id", "parent", "id", on_delete="SET NULL")
    table.transform(foreign_keys=[])
    assert table.foreign_keys == []
    assert sound()


def test_sqlite_utils_own_methods_work_on_top_of_it(connection, db):
    """`extract` transforms, and `add_foreign_keys` vacuums: hidden rowids must stay (F22)."""
    connection.execute("CREATE TABLE tree(kind TEXT, size INT)")
    connection.execute("INSERT INTO tree(rowid, kind, size) VALUES (5, 'oak', 3), (9, 'fir', 4)")
    db["tree"].extract("kind")
    assert rows(connection, "SELECT rowid, kind_id, size FROM tree") == [(5, 1, 3), (9, 2, 4)]
    connection.execute("CREATE TABLE leaf(tree_kind INTEGER)")
    connection.execute("INSERT INTO leaf(rowid, tree_kind) VALUES (7, 1)")
    db["leaf"].add_foreign_key("tree_kind", "kind", "id")
    assert rows(connection, "SELECT rowid FROM leaf") == [(7,)]
    assert isinstance(db["tree"], sqlite_utils.db.Table)


def test_a_plan_only_reads_and_shows_what_will_be_run(table, unchanged):
    plan = table.plan(types={"number": "INTEGER"})
    assert (plan.way, dict(plan.changed)) == ("swap", {"number": 2})
    statements = table.transform_sql(types={"number": "INTEGER"})
    assert [one.rstrip(";") for one in statements] == list(plan.statements)
    assert statements[1].startswith("INSERT OR ABORT INTO")
    assert unchanged()


def test_rows_that_already_broke_a_check_pass_through_a_copy(connection, table):
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute('UPDATE "my t" SET amount = -9 WHERE id = 5')
    connection.execute("PRAGMA ignore_check_constraints = OFF")
    table.transform(column_order=["notes"])
    assert connection.execute('SELECT amount FROM "my t" WHERE id = 5').fetchone() == (-9,)


def test_a_database_on_a_path_changes_in_place(tmp_path):
    db = Database(tmp_path / "odd name.db")
    db["t"].insert_all([{"id": number, "x": str(number)} for number in range(50)], pk="id")
    db["t"].transform(types={"x": int}, not_null={"x"}, rename={"x": "y"})
    assert db["t"].columns_dict == {"id": int, "y": int}
    assert [row["y"] for row in db["t"].rows] == list(range(50))
    db.close()
