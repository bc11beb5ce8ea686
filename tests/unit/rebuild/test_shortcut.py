"""A rebuild whose rows stay as they lie becomes an edit of the schema; any other runs as written.

That both end alike is the property in tests/property/test_shortcut_properties.py; here stands each
reason to say no, in a rebuild that differs from a shortened one by that alone.
"""

from __future__ import annotations

import sqlite3

import pytest

from drydock.rebuild import handwritten
from drydock.rebuild.shortcut import shortcut
from drydock.script import split

DATABASE = """
CREATE TABLE t (
  id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, amount DECIMAL(10, 2) DEFAULT 0,
  code VARCHAR(9) UNIQUE
);
INSERT INTO t VALUES (3, 'Ada', 1.5, '007'), (7, NULL, 2, '8'), (-2, 'ada', NULL, NULL);
CREATE TABLE child (t REFERENCES t ON DELETE CASCADE);
INSERT INTO child VALUES (3);
CREATE INDEX t_name ON t (name);
CREATE INDEX t_some ON t (amount) WHERE amount > 1;
CREATE TABLE log (what);
CREATE TRIGGER told AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.id); END;
ANALYZE;
"""
COLUMNS = {
    "id": "id INTEGER PRIMARY KEY",
    "name": "name TEXT COLLATE NOCASE",
    "amount": "amount DECIMAL(10, 2) DEFAULT 0",
    "code": "code VARCHAR(9) UNIQUE",
}
INDEXES = "CREATE INDEX t_name ON t (name); CREATE INDEX t_some ON t (amount) WHERE amount > 1;"


def rebuild(more="", *, options="", copy="SELECT id, name, amount, code FROM t", **columns):
    """Return the text of a rebuild in which these columns are defined so."""
    defined = ", ".join({**COLUMNS, **columns}.values())
    return f"""
        CREATE TABLE t_new ({defined}{more}){options};
        INSERT INTO t_new {copy};
        DROP TABLE t;
        ALTER TABLE t_new RENAME TO t;
        {INDEXES}
    """


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(DATABASE)
    yield db
    db.close()


def shorten(db, text, from_rows=1):
    found = handwritten.find([each.text for each in split(text)])
    assert found is not None
    return shortcut(db, found, from_rows=from_rows)


def roots(db):
    """Return where each tree lies: a copy lies elsewhere."""
    return dict(db.execute("SELECT name, rootpage FROM sqlite_schema WHERE tbl_name = 't'"))


def take(db, text):
    """Run the shortcut; return its statements."""
    found = shorten(db, text)
    assert found is not None
    ran = [statement for slot in found.instead for statement in slot]
    for statement in ran:
        db.execute(statement)
    assert found.is_reached(db)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return ran


def built(statements):
    """Return the statements that write the entries of an index."""
    return [one for one in statements if "INDEX" in one and not one.startswith("UPDATE")]


@pytest.mark.parametrize(
    "text",
    [
        rebuild(),
        rebuild(", CHECK (amount >= 0), CHECK (t_new.id < 99)"),
        rebuild(name="name VARCHAR(20) COLLATE NOCASE REFERENCES log(what)"),
        rebuild(code="code TEXT UNIQUE ON CONFLICT IGNORE"),
        rebuild(copy="(code, amount, id, name) SELECT code, amount, id, name FROM t"),
        rebuild(copy="SELECT * FROM t"),
        rebuild().replace("CREATE TABLE t_new (", 'CREATE TABLE "t_new" ( -- anew\n'),
        "BEGIN;" + rebuild(),
        "PRAGMA foreign_keys=OFF; PRAGMA defer_foreign_keys=ON;" + rebuild(),
    ],
)
def test_no_row_and_no_index_is_written(db, text):
    """Every tree is where it was; the text, the trigger and the statistics are as after a copy."""
    before, rows = roots(db), db.execute("SELECT * FROM t").fetchall()
    texts = [each.text for each in split(text)]
    start = next(place for place, one in enumerate(texts) if one.startswith("CREATE TABLE"))
    for statement in texts[:start]:
        db.execute(statement)
    assert built(take(db, "\n".join(texts[start:]))) == []
    after = roots(db)
    assert {name: before[name] for name in after} == after
    assert set(before) - set(after) == {"told"}
    assert db.execute("SELECT * FROM t").fetchall() == rows
    assert db.execute("SELECT tbl FROM sqlite_stat1 WHERE tbl = 't'").fetchall() == []
    assert db.execute("SELECT * FROM child").fetchall() == [(3,)]
    assert db.execute("SELECT * FROM log").fetchall() == []


def test_an_index_that_is_another_now_is_built_as_written(db):
    """And one that nobody makes again is gone."""
    unique = "CREATE UNIQUE INDEX t_name ON t (name, id);"
    assert built(take(db, rebuild().replace(INDEXES, unique))) == [
        'DROP INDEX "t_name"', 'DROP INDEX "t_some"', unique,
    ]  # fmt: skip
    assert sorted(roots(db)) == ["sqlite_autoindex_t_1", "t", "t_name"]


def test_an_index_stands_where_its_first_statement_puts_it(db):
    """SQLite tells violated constraints in the order of the schema."""
    text = rebuild().replace(
        INDEXES,
        "CREATE UNIQUE INDEX t_first ON t (code, id); CREATE INDEX t_name ON t (name);"
        "CREATE INDEX t_last ON t (id, code); CREATE INDEX IF NOT EXISTS t_name ON t (code);",
    )
    take(db, text)
    assert list(roots(db)) == ["t", "sqlite_autoindex_t_1", "t_first", "t_name", "t_last"]


@pytest.mark.parametrize("condition", ["amount > 2", "amount > 1 OR 0", '"amount" > 1'])
def test_an_index_of_other_rows_is_built_as_written(db, condition):
    """Two conditions are the same only in the same words."""
    text = rebuild().replace("amount > 1", condition)
    assert f"CREATE INDEX t_some ON t (amount) WHERE {condition};" in shorten(db, text).instead[-1]
    take(db, text)


def test_an_index_in_other_words_is_kept_and_takes_them(db):
    """Of plain columns, SQLite says what it holds."""
    text = rebuild().replace("INDEX t_name ON t (name)", 'INDEX t_name  ON [t]("name" ASC)')
    assert built(take(db, text)) == []
    (text,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 't_name'").fetchone()
    assert text == 'CREATE INDEX t_name  ON [t]("name" ASC)'


def test_autoincrement_starts_where_a_copy_would_start(db):
    """A copy forgets the numbers of rows that are gone."""
    db.executescript(
        "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a);"
        "INSERT INTO n VALUES (4, 1), (50, 2); DELETE FROM n WHERE id = 50;"
    )
    take(
        db,
        "CREATE TABLE n_new (id INTEGER PRIMARY KEY AUTOINCREMENT, a CHECK (a > 0));"
        "INSERT INTO n_new SELECT id, a FROM n; DROP TABLE n; ALTER TABLE n_new RENAME TO n;",
    )
    assert db.execute("SELECT * FROM sqlite_sequence").fetchall() == [("n", 4)]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("a row breaks the new CHECK", rebuild(", CHECK (amount < 2)")),
        ("a row is NULL", rebuild(name="name TEXT NOT NULL COLLATE NOCASE")),
        ("another affinity", rebuild(amount="amount TEXT DEFAULT 0")),
        ("REAL stores whole numbers otherwise", rebuild(amount="amount REAL DEFAULT 0")),
        ("another default", rebuild(amount="amount DECIMAL(10, 2) DEFAULT 1")),
        ("another collation", rebuild(name="name TEXT")),
        ("one more UNIQUE", rebuild(amount="amount DECIMAL(10, 2) DEFAULT 0 UNIQUE")),
        ("no UNIQUE any more", rebuild(code="code VARCHAR(9)")),
        ("no key of the author's own", rebuild(id="id INTEGER")),
        ("a key that is no rowid", rebuild(id="id INT PRIMARY KEY")),
        ("WITHOUT ROWID", rebuild(options=" WITHOUT ROWID")),
        ("STRICT", rebuild(amount="amount INT DEFAULT 0", code="code TEXT UNIQUE",
                           options=" STRICT")),
        ("one more column", rebuild(", note TEXT", copy="(id, name, amount, code) "
                                    "SELECT id, name, amount, code FROM t")),
        ("a computed column", rebuild(", low AS (lower(name))",
                                      copy="(id, name, amount, code) SELECT * FROM t")),
        ("other places", rebuild(id=COLUMNS["name"], name=COLUMNS["id"],
                                 copy="SELECT name, id, amount, code FROM t")),
        ("columns that cross", rebuild(copy="SELECT id, code, amount, name FROM t")),
        ("a column that is left out", rebuild(copy="(id, name, amount) SELECT id, name, amount "
                                              "FROM t")),
        ("a column that is copied twice", rebuild(copy="SELECT id, name, amount, amount FROM t")),
        ("another name", rebuild(code="tag VARCHAR(9) UNIQUE")),
        ("the name in another case", rebuild().replace("RENAME TO t", "RENAME TO T")),
    ],
)  # fmt: skip
def test_a_rebuild_that_changes_what_is_stored_runs_as_written(db, reason, text):
    assert shorten(db, text) is None, reason


@pytest.mark.parametrize(
    ("reason", "setting"),
    [
        ("DROP TABLE deletes rows first", "PRAGMA foreign_keys=ON"),
        ("RENAME leaves views alone", "PRAGMA legacy_alter_table=ON"),
        ("no CHECK is asked", "PRAGMA ignore_check_constraints=ON"),
        ("the schema is open", "PRAGMA writable_schema=ON"),
        ("something temporary", "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END"),
        ("another database", "ATTACH ':memory:' AS other"),
        ("the new name is taken", "CREATE TABLE t_new (id)"),
        ("an index has the new name", "CREATE INDEX t_new ON log (what)"),
    ],
)
def test_a_connection_that_is_set_otherwise_runs_it_as_written(db, reason, setting):
    db.execute(setting)
    text = rebuild().replace("CREATE TABLE t_new", "CREATE TABLE IF NOT EXISTS t_new")
    assert shorten(db, text) is None, reason


@pytest.mark.parametrize(
    ("reason", "old", "new"),
    [
        ("hidden rowids are given anew", "(a TEXT, b TEXT)", "(a TEXT, b TEXT CHECK (b <> ''))"),
        ("two of a kind change places", "(a INTEGER PRIMARY KEY, b TEXT, c TEXT)",
         "(a INTEGER PRIMARY KEY, c TEXT, b TEXT)"),
        ("another key", "(a INTEGER PRIMARY KEY, b INTEGER)", "(a INTEGER, b INTEGER PRIMARY KEY)"),
        ("STRICT", "(a INTEGER PRIMARY KEY, b BLOB)", "(a INTEGER PRIMARY KEY, b BLOB) STRICT"),
        ("another type in STRICT", "(a INTEGER PRIMARY KEY, b ANY) STRICT",
         "(a INTEGER PRIMARY KEY, b BLOB) STRICT"),
        ("a computed column", "(a INTEGER PRIMARY KEY, b TEXT, c AS (lower(b)))",
         "(a INTEGER PRIMARY KEY, b TEXT, c AS (lower(b)))"),
    ],
)  # fmt: skip
def test_a_form_that_stores_rows_otherwise_runs_as_written(db, reason, old, new):
    db.execute(f"CREATE TABLE o {old}")
    db.execute("INSERT INTO o (a, b) VALUES (1, x'31'), (2, x'32')")
    listed = "a, c, b" if "c TEXT" in new else "a, b"
    text = (
        f"CREATE TABLE n {new}; INSERT INTO n ({listed}) SELECT {listed} FROM o;"
        "DROP TABLE o; ALTER TABLE n RENAME TO o;"
    )
    assert shorten(db, text) is None, reason


def test_a_computed_column_that_becomes_a_plain_one_is_copied(db):
    """A row holds no bytes of a virtual one: the next column's would be read in their stead."""
    db.executescript(
        "CREATE TABLE v (id INTEGER PRIMARY KEY, price INT, total INT AS (price * 2), note TEXT);"
        "INSERT INTO v (id, price, note) VALUES (1, 5, 'a'), (2, 7, 'b');"
    )
    text = (
        "CREATE TABLE v_new (id INTEGER PRIMARY KEY, price INT, total INT, note TEXT);"
        "INSERT INTO v_new (id, price, total, note) SELECT id, price, total, note FROM v;"
        "DROP TABLE v; ALTER TABLE v_new RENAME TO v;"
    )
    assert shorten(db, text) is None
    assert shorten(db, text.replace("note TEXT", "note TEXT NOT NULL")) is None


def test_a_null_under_a_not_null_that_an_edit_brought_is_seen(db):
    """SQLite takes `name IS NULL` for false there, and would look at no row."""
    db.execute("PRAGMA writable_schema=ON")
    db.execute(
        "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT COLLATE', 'TEXT NOT NULL COLLATE') "
        "WHERE name = 't'"
    )
    db.execute("PRAGMA writable_schema=RESET")
    assert shorten(db, rebuild(name="name VARCHAR NOT NULL COLLATE NOCASE")) is None


def test_a_small_table_is_copied_as_written(db):
    """There the copy takes no longer than the look."""
    assert shorten(db, rebuild(), from_rows=4) is None
    assert shorten(db, rebuild(), from_rows=3) is not None


def test_a_key_that_counts_no_more_leaves_no_sequence(db):
    """DROP TABLE takes it along."""
    db.executescript(
        "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO n VALUES (4, 1);"
    )
    take(
        db,
        "CREATE TABLE n_new (id INTEGER PRIMARY KEY, a); INSERT INTO n_new SELECT id, a FROM n;"
        "DROP TABLE n; ALTER TABLE n_new RENAME TO n;",
    )
    assert db.execute("SELECT * FROM sqlite_sequence").fetchall() == []


@pytest.mark.parametrize(
    "entries",
    ["('n_new', 9)", "('n', 9), ('n', 12)"],
)
def test_a_sequence_that_somebody_wrote_is_left_to_sqlite(db, entries):
    db.executescript(
        "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO n VALUES (4, 1);"
        f"DELETE FROM sqlite_sequence; INSERT INTO sqlite_sequence VALUES {entries};"
    )
    text = (
        "CREATE TABLE n_new (id INTEGER PRIMARY KEY AUTOINCREMENT, a CHECK (a > 0));"
        "INSERT INTO n_new SELECT id, a FROM n; DROP TABLE n; ALTER TABLE n_new RENAME TO n;"
    )
    assert shorten(db, text) is None


def test_what_would_end_otherwise_is_not_taken(db):
    """The last word is the rehearsal's: here the table's name would keep its old case."""
    db.execute("CREATE TABLE o (id INTEGER PRIMARY KEY)")
    db.execute("INSERT INTO o VALUES (1)")
    text = (
        "CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n SELECT id FROM o; DROP TABLE o;"
        "ALTER TABLE n RENAME TO O;"
    )
    assert shorten(db, text) is None


def test_what_fails_as_written_is_not_shortened(db):
    """A view of the table: SQLite refuses the RENAME, and will say so."""
    db.execute("CREATE VIEW seen AS SELECT * FROM t")
    with pytest.raises(sqlite3.Error, match="error in view seen"):
        shorten(db, rebuild())


def test_a_schema_that_no_twin_can_hold_is_left_alone(db):
    """A table of a module that is not loaded here."""
    db.execute("CREATE VIRTUAL TABLE words USING fts5(a)")
    db.executescript(
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE words "
        "USING elsewhere(a)' WHERE name = 'words'; PRAGMA writable_schema=RESET;"
    )
    assert shorten(db, rebuild()) is None


@pytest.mark.parametrize("index", ["(lower_of(name))", "(name COLLATE theirs)"])
def test_what_only_the_application_knows_runs_as_written(db, index):
    """Its function or collation is missing here, and CREATE INDEX will say so."""
    db.create_function("lower_of", 1, str.lower, deterministic=True)
    db.create_collation("theirs", lambda one, other: (one > other) - (one < other))
    db.executescript(f"UPDATE t SET name = 'x' WHERE name IS NULL; CREATE INDEX odd ON t {index};")
    assert shorten(db, f"{rebuild()} CREATE INDEX odd ON t {index};") is None


def test_odd_names_are_quoted(db):
    """Of the table, its column and its index."""
    old, new, column, index = '"it\'s ""q"""', "[n'']", '"a\'b"', "\"of 'it'\""
    db.executescript(
        f"CREATE TABLE {old} (id INTEGER PRIMARY KEY, {column} TEXT);"
        f"INSERT INTO {old} VALUES (1, 'x'); CREATE INDEX {index} ON {old} ({column});"
    )
    ran = take(
        db,
        f"CREATE TABLE {new} (id INTEGER PRIMARY KEY, {column} TEXT CHECK ({column} <> ''));"
        f"INSERT INTO {new} SELECT id, {column} FROM {old}; DROP TABLE {old};"
        f"ALTER TABLE {new} RENAME TO {old}; CREATE INDEX {index} ON {old} ({column});",
    )
    assert built(ran) == []
    found = db.execute(f"SELECT {column} FROM {old} INDEXED BY {index} WHERE {column} = 'x'")
    assert found.fetchall() == [("x",)]


def test_a_table_of_another_kind_is_left_alone(db):
    """The rows of a full-text table's own tables are not copied by hand, and not by us."""
    db.execute("CREATE VIRTUAL TABLE words USING fts5(a)")
    db.execute("INSERT INTO words VALUES ('one')")
    text = (
        "CREATE TABLE w (id INTEGER PRIMARY KEY, sz BLOB); INSERT INTO w SELECT id, sz FROM "
        "words_docsize; DROP TABLE words_docsize; ALTER TABLE w RENAME TO words_docsize;"
    )
    assert shorten(db, text) is None


def test_a_schema_that_came_out_otherwise_is_seen(db):
    """`is_reached` compares every object with what the rebuild would have left."""
    found = shorten(db, rebuild())
    for slot in found.instead:
        for statement in slot:
            db.execute(statement)
    assert found.is_reached(db)
    db.execute("DROP INDEX t_some")
    assert not found.is_reached(db)
