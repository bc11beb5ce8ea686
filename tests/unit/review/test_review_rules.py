"""Each rule fires, stays silent where the rows make it harmless, and knows its look-alike."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import pytest

from drydock.review import RULES


def rebuilt(definition, copy, *, table="trip log", after=""):
    """Return a rebuild by hand in the order that SQLite documents."""
    return (
        f'DROP VIEW titles;\nCREATE TABLE "new"({definition};\nINSERT INTO "new" {copy};\n'
        f'DROP TABLE "{table}";\nALTER TABLE "new" RENAME TO "{table}";\n'
        f'CREATE VIEW titles AS SELECT title, notes FROM "trip log";\n{after}'
    )


TRIP = (
    'id INTEGER PRIMARY KEY, title TEXT NOT NULL, notes TEXT, stars INT, code TEXT, "größe" REAL, '
    "fare DECIMAL(10,2), CHECK (stars < 10))"
)
LISTED = 'id, title, notes, stars, code, "größe", fare'
COPY = f'({LISTED}) SELECT {LISTED} FROM "trip log"'
BY_TITLE = 'CREATE INDEX by_title ON "trip log"(title);'
BOOKING = (
    'id INTEGER PRIMARY KEY AUTOINCREMENT, trip INTEGER REFERENCES "trip log"(id) ON DELETE '
    "CASCADE, name TEXT, UNIQUE (name, trip))"
)


@dataclass(frozen=True)
class Case:
    rule: str
    fires: str
    silent: str
    look_alike: str
    severity: str = "error"
    evidence: str = ""


CASES = [
    Case(
        "empty",
        "-- Migration: 002_add_stars\n-- Purpose:\n\n",
        "SELECT 1;",
        "-- drydock: allow empty: the number is taken by another branch\n",
        evidence="it is as inv new made it",
    ),
    Case(
        "drop-table",
        'DROP TABLE "trip log";',
        "CREATE TABLE scratch(a); DROP TABLE scratch;",
        rebuilt(TRIP, COPY, after=BY_TITLE),
        evidence="3 rows would be lost",
    ),
    Case(
        "drop-column",
        'ALTER TABLE "trip log" DROP COLUMN "größe";',
        'ALTER TABLE "trip log" ADD COLUMN x TEXT; ALTER TABLE "trip log" DROP COLUMN x;',
        rebuilt(TRIP, 'SELECT * FROM "trip log"', after=BY_TITLE),
        evidence="2 values would be lost",
    ),
    Case(
        "drop-column-blocked",
        'DROP VIEW titles; ALTER TABLE "trip log" DROP COLUMN title;',
        'ALTER TABLE "trip log" DROP COLUMN fare;',
        'DROP INDEX by_title; DROP VIEW titles; ALTER TABLE "trip log" DROP COLUMN title;',
        evidence="used by index by_title",
    ),
    Case(
        "rename-table",
        "ALTER TABLE towns RENAME TO cities;",
        "CREATE TABLE one(a); ALTER TABLE one RENAME TO two;",
        rebuilt(TRIP, COPY, after=BY_TITLE),
        "note",
    ),
    Case(
        "rename-column",
        "ALTER TABLE towns RENAME COLUMN region TO area;",
        "CREATE TABLE one(a); ALTER TABLE one RENAME COLUMN a TO b;",
        "ALTER TABLE towns RENAME TO cities;",
        "note",
    ),
    Case(
        "drop-foreign-key",
        "CREATE TABLE n(id INTEGER PRIMARY KEY AUTOINCREMENT, trip INT, name TEXT);"
        "INSERT INTO n SELECT * FROM bookings; DROP TABLE bookings;"
        "ALTER TABLE n RENAME TO bookings;",
        f"CREATE TABLE n({BOOKING}; INSERT INTO n SELECT * FROM bookings; DROP TABLE bookings;"
        "ALTER TABLE n RENAME TO bookings;",
        "DROP TABLE bookings;",
        "warning",
        "3 rows are guarded by it",
    ),
    Case(
        "add-not-null",
        "ALTER TABLE towns ADD COLUMN size INTEGER NOT NULL;",
        "ALTER TABLE towns ADD COLUMN size INTEGER NOT NULL DEFAULT 0;",
        "CREATE TABLE fresh(a); ALTER TABLE fresh ADD COLUMN size INTEGER NOT NULL;",
        evidence="2 rows in towns",
    ),
    Case(
        "add-nonconstant-default",
        "ALTER TABLE towns ADD COLUMN at TEXT DEFAULT CURRENT_TIMESTAMP;",
        "ALTER TABLE towns ADD COLUMN at TEXT DEFAULT 'CURRENT_TIMESTAMP';",
        "CREATE TABLE fresh(at TEXT DEFAULT CURRENT_TIMESTAMP);",
    ),
    Case(
        "add-stored-generated",
        "ALTER TABLE towns ADD COLUMN u TEXT AS (upper(name)) STORED;",
        "ALTER TABLE towns ADD COLUMN u TEXT AS (upper(name)) VIRTUAL;",
        "ALTER TABLE towns ADD COLUMN stored TEXT;",
    ),
    Case(
        "add-references-default",
        "PRAGMA foreign_keys=ON;"
        "ALTER TABLE bookings ADD COLUMN t INT DEFAULT 1 REFERENCES towns(id);",
        "ALTER TABLE bookings ADD COLUMN t INT DEFAULT 1 REFERENCES towns(id);",
        "PRAGMA foreign_keys=ON; ALTER TABLE bookings ADD COLUMN t INT REFERENCES towns(id);",
    ),
    Case(
        "add-column-unique",
        "ALTER TABLE empty ADD COLUMN code TEXT UNIQUE;",
        "ALTER TABLE empty ADD COLUMN code TEXT;",
        'ALTER TABLE empty ADD COLUMN "unique" TEXT; CREATE UNIQUE INDEX u ON empty("unique");',
    ),
    Case(
        "add-check-violated",
        "ALTER TABLE towns ADD COLUMN size INT DEFAULT 0 CHECK (size > 0);",
        "ALTER TABLE towns ADD COLUMN size INT DEFAULT 1 CHECK (size > 0);",
        "ALTER TABLE towns ADD COLUMN size INT CHECK (size > 0);",
        evidence="2 rows of towns would break",
    ),
    Case(
        "set-not-null",
        rebuilt(TRIP.replace("notes TEXT", "notes TEXT NOT NULL"), COPY, after=BY_TITLE),
        rebuilt(TRIP.replace("code TEXT", "code TEXT NOT NULL"), COPY, after=BY_TITLE),
        rebuilt(
            TRIP.replace("notes TEXT", "notes TEXT NOT NULL"),
            COPY.replace("SELECT id, title, notes", "SELECT id, title, ifnull(notes, '')"),
            after=BY_TITLE,
        ),
        evidence="1 row of trip log hold NULL in notes",
    ),
    Case(
        "unique-index-duplicates",
        'CREATE UNIQUE INDEX u ON "trip log"(title);',
        'CREATE UNIQUE INDEX u ON "trip log"(title, code);',
        "CREATE UNIQUE INDEX u ON \"trip log\"(title) WHERE title <> 'Rome';",
        evidence="1 group of rows",
    ),
    Case(
        "foreign-key-orphans",
        'DELETE FROM "trip log" WHERE id = 1;',
        'DELETE FROM "trip log" WHERE id = 3;',
        'PRAGMA foreign_keys=ON; DELETE FROM "trip log" WHERE id = 1;',
        "warning",
        "2 rows of bookings",
    ),
    Case(
        "foreign-key-mismatch",
        "CREATE TABLE stops(id INTEGER PRIMARY KEY, town TEXT REFERENCES towns(name));",
        "CREATE TABLE stops(id INTEGER PRIMARY KEY, town INT REFERENCES towns);",
        "CREATE UNIQUE INDEX u ON towns(name);"
        "CREATE TABLE stops(id INTEGER PRIMARY KEY, town TEXT REFERENCES towns(name));",
    ),
    Case(
        "foreign-key-unindexed",
        "ALTER TABLE bookings ADD COLUMN town INT REFERENCES towns(id);",
        "ALTER TABLE bookings ADD COLUMN town INT REFERENCES towns(id);"
        "CREATE INDEX i ON bookings(town);",
        "CREATE TABLE one(town INTEGER PRIMARY KEY REFERENCES towns(id));",
        "note",
        "4 rows to read",
    ),
    Case(
        "change-type",
        rebuilt(TRIP.replace("code TEXT", "code INTEGER"), COPY, after=BY_TITLE),
        rebuilt(TRIP.replace("code TEXT", "code VARCHAR(20)"), COPY, after=BY_TITLE),
        rebuilt(
            TRIP.replace("code TEXT", "code INTEGER"),
            COPY.replace("stars, code", "stars, CAST(code AS INTEGER)", 2).replace(
                "(id, title, notes, stars, CAST(code AS INTEGER)", "(id, title, notes, stars, code"
            ),
            after=BY_TITLE,
        ),
        "warning",
        "'007'",
    ),
    Case(
        "money-as-float",
        rebuilt(TRIP.replace("fare DECIMAL(10,2)", "fare REAL"), COPY, after=BY_TITLE).replace(
            "fare", "fee"
        ),
        rebuilt(TRIP, COPY, after=BY_TITLE),
        rebuilt(TRIP.replace("stars INT", "stars REAL"), COPY, after=BY_TITLE),
        "warning",
    ),
    Case(
        "strict-copy",
        rebuilt(
            TRIP.replace("stars INT", "stars TEXT")
            .replace("code TEXT", "code INTEGER")
            .replace("DECIMAL(10,2)", "INTEGER")
            + " STRICT",
            COPY,
            after=BY_TITLE,
        ),
        rebuilt(TRIP.replace("DECIMAL(10,2)", "ANY") + " STRICT", COPY, after=BY_TITLE),
        rebuilt(TRIP, COPY, after=BY_TITLE),
        evidence="do not fit INTEGER",
    ),
    Case(
        "rebuild-cascade",
        "PRAGMA foreign_keys=ON;\n" + rebuilt(TRIP, COPY, after=BY_TITLE),
        rebuilt(TRIP, COPY, after=BY_TITLE),
        "PRAGMA foreign_keys=ON; CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT, region TEXT);"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
        evidence="3 rows of bookings would be deleted",
    ),
    Case(
        "rebuild-loses-objects",
        rebuilt(TRIP, COPY),
        rebuilt(TRIP, COPY, after=BY_TITLE),
        "DROP INDEX by_title;",
        evidence="index by_title is gone",
    ),
    Case(
        "rebuild-loses-rows",
        rebuilt(TRIP, f"{COPY} WHERE notes IS NOT NULL", after=BY_TITLE),
        rebuilt(TRIP, f"{COPY} WHERE id > 0", after=BY_TITLE),
        'CREATE TABLE best AS SELECT * FROM "trip log" WHERE stars = 5;',
        evidence="1 row of 3 would not be copied",
    ),
    Case(
        "rename-old-first",
        'DROP VIEW titles; ALTER TABLE "trip log" RENAME TO old;'
        f'CREATE TABLE "trip log"({TRIP}; INSERT INTO "trip log" SELECT * FROM old; DROP TABLE old;'
        f'CREATE VIEW titles AS SELECT title, notes FROM "trip log"; {BY_TITLE}',
        rebuilt(TRIP, COPY, after=BY_TITLE),
        "ALTER TABLE towns RENAME TO old_towns;",
        evidence="would point at old",
    ),
    Case(
        "select-star-copy",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, region TEXT, name TEXT);"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT, region TEXT);"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, region TEXT, name TEXT); INSERT INTO n "
        "SELECT id, region, name FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
        evidence="name would land in region",
    ),
    Case(
        "autoincrement-reset",
        "CREATE TABLE n(id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT);"
        "INSERT INTO n SELECT * FROM numbered; DROP TABLE numbered;"
        "ALTER TABLE n RENAME TO numbered;",
        f"CREATE TABLE n({BOOKING}; INSERT INTO n SELECT * FROM bookings; DROP TABLE bookings;"
        "ALTER TABLE n RENAME TO bookings;",
        "CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT, region TEXT);"
        "INSERT INTO n SELECT * FROM towns; DROP TABLE towns; ALTER TABLE n RENAME TO towns;",
        "warning",
        "ids up to 90 were given, the highest left is 1",
    ),
    Case(
        "update-without-where",
        "UPDATE towns SET region = 'north';",
        "UPDATE empty SET a = 'x';",
        "UPDATE towns SET region = (SELECT 'x' WHERE 1) WHERE id = 1;",
        "warning",
        "2 rows of towns change in region",
    ),
    Case(
        "delete-without-where",
        "DELETE FROM towns;",
        "DELETE FROM empty;",
        "DELETE FROM towns WHERE region = 'west';",
        evidence="2 rows of towns would be deleted",
    ),
    Case(
        "delete-rows",
        "DELETE FROM towns WHERE region = 'west';",
        "DELETE FROM empty WHERE a = 1;",
        "DELETE FROM towns WHERE region = 'nowhere';",
        "note",
        "1 row of 2 would be deleted",
    ),
    Case(
        "replace-into-parent",
        "INSERT OR REPLACE INTO \"trip log\"(id, title) VALUES (1, 'Oslo');",
        "REPLACE INTO towns VALUES (1, 'Bergen', 'west');",
        "INSERT INTO \"trip log\"(id, title) VALUES (1, 'Oslo') "
        "ON CONFLICT (id) DO UPDATE SET title = 'x';",
        "warning",
        "4 rows of bookings refer to it",
    ),
    Case(
        "replace-rows",
        "REPLACE INTO settings VALUES ('theme', 'light');",
        "REPLACE INTO empty(id) VALUES (1);",
        "UPDATE settings SET value = replace(value, 'dark', 'light') WHERE 1;",
        "note",
    ),
    Case(
        "zero-row-change",
        "UPDATE towns SET region = 'x' WHERE name = 'bergen';",
        "UPDATE towns SET region = 'x' WHERE name = 'Bergen';",
        "UPDATE empty SET a = 'x' WHERE a = 'y';",
        "warning",
        "name holds 'Bergen'",
    ),
    Case(
        "broken-view",
        'DROP TABLE "trip log";',
        "DROP TABLE towns;",
        'DROP VIEW titles; DROP TABLE "trip log";',
        evidence="view titles: no such table",
    ),
    Case(
        "broken-trigger",
        "DROP TABLE audit;",
        "DROP TABLE towns;",
        "DROP TRIGGER noted; DROP TABLE audit;",
        evidence="trigger noted",
    ),
    Case(
        "broken-virtual-table",
        "CREATE VIRTUAL TABLE f USING fts5(name, content='towns'); DROP TABLE towns;",
        "CREATE VIRTUAL TABLE f USING fts5(name, content='towns'); DROP TABLE audit;",
        "CREATE VIRTUAL TABLE f USING fts5(name, content='towns'); DROP TABLE f; DROP TABLE towns;",
        evidence="virtual table f: no such table: main.towns",
    ),
    Case(
        "redundant-index",
        "CREATE INDEX i ON bookings(name);",
        "CREATE INDEX i ON bookings(trip);",
        "CREATE INDEX i ON bookings(name) WHERE trip IS NULL;",
        "note",
    ),
    Case(
        "pragma-in-transaction",
        "BEGIN; PRAGMA foreign_keys=ON; COMMIT;",
        "PRAGMA foreign_keys=ON; BEGIN; COMMIT;",
        "BEGIN; PRAGMA defer_foreign_keys=ON; COMMIT;",
        "warning",
        "foreign_keys stays OFF",
    ),
    Case(
        "transaction-control",
        "BEGIN; UPDATE towns SET name = 'x' WHERE id = 1; COMMIT;",
        "UPDATE towns SET name = 'x' WHERE id = 1;",
        "CREATE TRIGGER t AFTER INSERT ON towns BEGIN SELECT 1; END;",
        "note",
    ),
    Case(
        "foreign-file",
        "ATTACH DATABASE 'archive.db' AS archive;",
        "ATTACH DATABASE ':memory:' AS scratch;",
        "CREATE TABLE attach(a); INSERT INTO attach VALUES ('ATTACH x');",
        evidence="archive.db",
    ),
    Case(
        "unsupported-syntax",
        "ALTER TABLE towns ADD COLUMN IF NOT EXISTS size INT;",
        "ALTER TABLE towns ADD COLUMN size INT;",
        "CREATE TABLE IF NOT EXISTS towns(id);",
        evidence="syntax error",
    ),
    Case(
        "already-applied",
        "CREATE TABLE towns(id INTEGER PRIMARY KEY, name TEXT, region TEXT);",
        "CREATE TABLE IF NOT EXISTS towns(id INTEGER PRIMARY KEY);",
        "DROP TABLE empty; CREATE TABLE empty(id);",
        evidence="table towns exists, with 2 rows",
    ),
    Case(
        "would-fail",
        "ALTER TABLE town ADD COLUMN size INT;",
        "ALTER TABLE towns ADD COLUMN size INT;",
        "CREATE TABLE town(a); ALTER TABLE town ADD COLUMN size INT;",
        evidence="there is a table towns",
    ),
    Case(
        "exists-otherwise",
        "CREATE TABLE IF NOT EXISTS towns(id INTEGER PRIMARY KEY, name TEXT, area REAL);",
        "CREATE TABLE IF NOT EXISTS villages(id INTEGER PRIMARY KEY, name TEXT);",
        "create table if not exists TOWNS(ID integer PRIMARY KEY, name text, region TEXT);",
        "warning",
        "towns.area is not there: REAL",
    ),
    Case(
        "double-quoted-string",
        'UPDATE towns SET region = "nmae" WHERE id = 1;',
        'UPDATE towns SET region = "name" WHERE id = 1;',
        "UPDATE towns SET region = 'say \"hi\"' WHERE id = 1;",
        "warning",
        "there is a column name",
    ),
    Case(
        "unused-allowance",
        "-- drydock: allow drop-table: it is empty\nSELECT 1;",
        '-- drydock: allow drop-table: retired\nDROP TABLE "trip log";',
        "-- allow drop-table: not a directive\nSELECT 1;",
        "note",
    ),
    Case(
        "unknown-allowance",
        "-- drydock: allow drop-tabel: it is empty\nDROP TABLE empty;",
        "-- drydock: allow drop-table: it is empty\nDROP TABLE empty;",
        "-- drydock is fine with this\nDROP TABLE empty;",
        evidence="there is no rule drop-tabel",
    ),
    Case(
        "impossible-allowance",
        "SELECT 1;\n-- drydock: allow would-fail: it is known\nDROP TABLE nowhere;",
        "-- drydock: allow drop-table: it is empty\nDROP TABLE empty;",
        "-- drydock: allow add-not-null: it is empty\nSELECT 1;",
        evidence="would-fail tells what SQLite itself refuses",
    ),
]
ELSEWHERE = {
    "edited", "missing", "out-of-order", "duplicate", "not-rerunnable", "unread-python",
    "unbound-parameter", "big-rewrite", "plan-regressed", "query-fails", "not-reviewed", "untried",
    "undeclared-loss", "unsound",
}  # fmt: skip


def told(findings, rule):
    return [each for each in findings if each.rule == rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule_fires_with_its_evidence(case, review, populated):
    """On rows that it matters to, a rule says so, with facts from these rows."""
    if case.rule == "money-as-float":
        populated.execute('ALTER TABLE "trip log" RENAME COLUMN fare TO fee')
    found = told(review(case.fires), case.rule)
    assert found, case.fires
    assert found[0].severity == case.severity
    assert case.evidence in "\n".join(found[0].evidence)
    assert found[0].why
    assert found[0].path.name == "001_change.sql"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule_is_silent_where_it_cannot_matter(case, review):
    """A rule that cannot matter on these rows says nothing."""
    assert not told(review(case.silent), case.rule)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule_knows_its_look_alike(case, review):
    """What only looks like the rule's subject does not set it off."""
    found = told(review(case.look_alike), case.rule)
    found = [each for each in found if each.severity != "note" and each.allowed is None]
    assert not found


def test_every_rule_has_a_case():
    """A rule without its three cases is no rule."""
    assert {case.rule for case in CASES} | ELSEWHERE == set(RULES)


COMPUTED = "id INTEGER PRIMARY KEY, a, twice AS (a * 2), b, both AS (a || b) STORED"


@pytest.mark.parametrize(
    ("definition", "judged"),
    [
        (COMPUTED, ""),  # made alike: SQLite copies what is stored
        ("id INTEGER PRIMARY KEY, a, twice, b, both", ""),
        ("id INTEGER PRIMARY KEY, a, b, twice, both", "twice would land in b"),
        (COMPUTED.replace("a,", "a TEXT,"), "table n has 3 columns but 5 values were supplied"),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_a_star_yields_generated_columns_as_sqlite_says(review, definition, judged, first):
    """What the review foretells of `INSERT INTO n SELECT *` is what comes of it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute(f"CREATE TABLE t ({COMPUTED})")
        db.execute("INSERT INTO t (id, a, b) VALUES (1, 1, 5)")
        text = (
            f"ALTER TABLE t RENAME TO n; CREATE TABLE t ({definition});\n"
            "INSERT INTO t SELECT * FROM n; DROP TABLE n;"
            if first
            else f"CREATE TABLE n ({definition}); INSERT INTO n SELECT * FROM t;\nDROP TABLE t;"
            "ALTER TABLE n RENAME TO t;"
        )
        found = [each for each in review(text, connection=db) if each.severity == "error"]
        facts = "; ".join(fact for each in found for fact in each.evidence)
        assert judged.replace("table n", "table t" if first else "table n") in facts
        assert bool(found) == bool(judged)
        if "supplied" in judged:
            with pytest.raises(sqlite3.OperationalError, match="5 values were supplied"):
                db.executescript(text)
            return
        db.executescript(text)
        (row,) = db.execute("SELECT a, b, twice, both FROM t").fetchall()
        assert (row == (1, 5, 2, "15")) == (not judged)


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("SELECT 1;\n# a comment\nSELECT 2;", 2, "a comment begins with --"),
        ("SELECT 1\n  # a comment\n;", 1, "a comment begins with --"),
        (
            "INSERT INTO towns (name) VALUES ('a')\ngo\nSELECT 1\nGO",
            1,
            "end every statement with ;",
        ),
        ("SELECT 1;\nGO\n", 2, "end every statement with ;"),
        ("SELECT 1\n/\nSELECT 2\n/\n", 1, "end every statement with ;"),
        ("SELECT 1;\n/", 2, "end every statement with ;"),
        ("DELIMITER //\nSELECT 1;", 1, "leave DELIMITER out"),
        ("SELECT 1;\n\\c other\n", 2, "psql"),
    ],
)
def test_the_habit_of_another_tool_is_told_with_what_to_write(review, text, line, fix):
    """SQLite's own words, near "go", do not say what is the matter."""
    (found,) = review(text)
    assert (found.rule, found.severity, found.line) == ("unsupported-syntax", "error", line)
    assert fix in found.fix


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("INSERT INTO towns (name) VALUES (?);", "?"),
        ("INSERT INTO towns (name, region) VALUES (:a, '?');", ":a"),
        ("UPDATE towns SET name = ?1 WHERE region = @r AND id = $i AND name <> ?1;", "?1, @r, $i"),
        ("CREATE VIEW v AS SELECT ?;", "?"),
    ],
)
def test_a_parameter_has_no_value_in_a_file(review, text, names):
    """It compiles, and the sqlite3 program would put NULL; in Python the values are given."""
    (found,) = [each for each in review(text) if each.severity == "error"]
    assert (found.rule, found.evidence) == ("unbound-parameter", (f"no value for {names}",))
    program = f"def migrate(db):\n    db.execute({text!r}, [1])\n"
    assert not told(review(program, suffix=".py"), "unbound-parameter")


def test_what_only_looks_like_a_parameter_or_a_habit_is_none(review):
    """In a string, a comment or a name; and a division over several lines."""
    text = (
        "INSERT INTO towns (name) VALUES ('?', 'at 12:30 # $x');\n-- go? :a\n/* @b */\n"
        "CREATE TABLE \"odd ?:a\" ([b@c], x$y);\nSELECT 4\n/\n2;\nSELECT '\n# \ngo\n';\n"
    ).replace("('?', 'at", "('?' || 'at")
    assert review(text) == ()


@pytest.mark.parametrize(
    ("column", "left"),
    [
        ("title", "id INTEGER PRIMARY KEY, n UNIQUE, z, CHECK(z > n)"),
        ("n", "id INTEGER PRIMARY KEY,title UNIQUE, z"),
        ("z", "id INTEGER PRIMARY KEY,title UNIQUE, n UNIQUE"),
    ],
)
def test_the_way_around_a_blocked_column_works(review, column, left):
    """It names what goes along, and what is another column's stays."""
    from drydock.rebuild import Database

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(
            'CREATE TABLE "t x"(id INTEGER PRIMARY KEY,title UNIQUE, n UNIQUE, z, CHECK(z > n));'
            "INSERT INTO \"t x\" VALUES (1, 'a', 2, 3), (2, 'b', 3, 4);"
            'CREATE INDEX by_n ON "t x"(n, title); CREATE VIEW v AS SELECT title FROM "t x";'
        )
        found = review(f'ALTER TABLE "t x" DROP COLUMN {column};', connection=db)
        (blocked,) = told(found, "drop-column-blocked")
        call = blocked.fix.removeprefix("in a .py migration: ")
        eval(call, {"db": Database(db)})
        (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 't x'").fetchone()
        assert sql == f'CREATE TABLE "t x"({left})'
        assert db.execute('SELECT count(*) FROM "t x"').fetchone() == (2,)


def test_a_blocked_key_is_told_with_what_comes_before(review):
    """`cascade` lets no primary key go."""
    (blocked,) = told(review("ALTER TABLE towns DROP COLUMN id;"), "drop-column-blocked")
    assert "before it: primary key" in blocked.fix
    assert "transform(pk=…)" in blocked.fix


def test_a_counter_is_put_back_as_the_review_says(review, populated):
    """AUTOINCREMENT has a row for the new table already: a second one would change nothing."""
    table = "id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT"
    text = (
        f"CREATE TABLE n({table}); INSERT INTO n SELECT * FROM numbered; DROP TABLE numbered;"
        "ALTER TABLE n RENAME TO numbered;"
    )
    (found,) = told(review(text), "autoincrement-reset")
    populated.executescript(text + found.fix.removeprefix("at the end of the file: "))
    counted = "SELECT seq FROM sqlite_sequence WHERE name = 'numbered'"
    assert populated.execute(counted).fetchall() == [(90,)]
    populated.execute("INSERT INTO numbered(word) VALUES ('next')")
    assert populated.execute("SELECT max(id) FROM numbered").fetchone() == (91,)


def test_a_counter_that_the_file_sees_to_is_left_to_what_it_comes_to(review):
    """What a statement on sqlite_sequence does is known on rows alone: the rehearsal looks."""
    text = (
        "CREATE TABLE n(id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT);"
        "INSERT INTO n SELECT * FROM numbered; DROP TABLE numbered;"
        "ALTER TABLE n RENAME TO numbered; UPDATE sqlite_sequence SET seq = 90;"
    )
    assert not told(review(text), "autoincrement-reset")


@pytest.mark.parametrize(
    ("column", "blocked"), [("a", True), ("b", False), ('"c d"', False), ("e", True)]
)
def test_a_column_goes_with_its_own_check_as_sqlite_has_it(review, column, blocked):
    """One of its own goes along, whatever else it names; another's or the table's stays."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(
            "CREATE TABLE t(a CHECK (a > 0), b CONSTRAINT x CHECK (b <> a), "
            '"c d" NOT NULL CHECK ("C D" > 0), e, CHECK (e > 0));'
            "INSERT INTO t VALUES (1, 2, 3, 4);"
        )
        text = f"ALTER TABLE t DROP COLUMN {column};"
        assert bool(told(review(text, connection=db), "drop-column-blocked")) == blocked
        if blocked:
            with pytest.raises(sqlite3.OperationalError, match="after drop column"):
                db.execute(text)
        else:
            db.execute(text)


_NUMBERS = ("'12'", "'007'", "' 5 '", "'1.50'", "'1e3'", "'2026-01-01'", "'1-2'", "'+'", "'0x1F'",
            "'12 a'", "''", "12", "1.5", "x'31'", "NULL", "'9007199254740993'")  # fmt: skip


@pytest.mark.parametrize("kind", ["DATE", "INTEGER", "NUMERIC"])
def test_the_values_that_change_with_the_type_are_those_that_sqlite_changes(review, kind):
    """A date is no number, though it is made of digits and dashes."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        values = ", ".join(f"({value})" for value in _NUMBERS)
        db.executescript(f"CREATE TABLE t(v TEXT); INSERT INTO t VALUES {values};")
        text = f"CREATE TABLE n(v {kind}); INSERT INTO n SELECT * FROM t; DROP TABLE t;"
        (found,) = told(review(f"{text} ALTER TABLE n RENAME TO t;", connection=db), "change-type")
        db.executescript(f"CREATE TABLE n(v {kind}); INSERT INTO n SELECT * FROM t;")
        (number,) = db.execute(
            "SELECT count(*) FROM t JOIN n ON t.rowid = n.rowid WHERE typeof(t.v) = 'text' "
            "AND typeof(n.v) <> 'text' AND CAST(n.v + 0 AS TEXT) <> t.v "
        ).fetchone()
    assert any(line.startswith(f"{number} values could not") for line in found.evidence)


@pytest.mark.parametrize("kind", ["INT", "INTEGER", "REAL", "TEXT"])
@pytest.mark.parametrize("value", _NUMBERS)
def test_a_strict_table_is_foretold_value_by_value(review, kind, value):
    """What the review calls no fit is what SQLite refuses."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(f"CREATE TABLE t(v); INSERT INTO t VALUES ({value});")
        text = f"CREATE TABLE n(v {kind}) STRICT; INSERT INTO n SELECT * FROM t;"
        found = told(
            review(f"{text} DROP TABLE t; ALTER TABLE n RENAME TO t;", connection=db), "strict-copy"
        )
        try:
            db.executescript(text)
        except sqlite3.IntegrityError:
            assert found
        else:
            assert not found


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("CREATE INDEX IF NOT EXISTS by_title ON towns(name);", 'ON "trip log"(title)'),
        ('CREATE UNIQUE INDEX IF NOT EXISTS by_title ON "trip log"(title);', "there it is: CREATE"),
        ("CREATE VIEW IF NOT EXISTS titles AS SELECT title FROM towns;", "SELECT title, notes"),
        ("CREATE TABLE IF NOT EXISTS titles(a);", "titles is a view in the database"),
        (
            "CREATE TRIGGER IF NOT EXISTS noted AFTER DELETE ON towns BEGIN SELECT 1; END;",
            "AFTER INSERT ON bookings",
        ),
        ('CREATE INDEX IF NOT EXISTS main.By_Title ON [trip log] ("title")', ""),
        ('CREATE VIEW IF NOT EXISTS titles AS select title, "notes" from `trip log`', ""),
        ("CREATE TEMP TABLE IF NOT EXISTS towns(a);", ""),
        ("CREATE TABLE IF NOT EXISTS towns AS SELECT 1;", ""),
    ],
)
def test_a_name_that_is_taken_by_something_else_is_told(review, text, evidence):
    """SQLite passes over the statement without a word; what is alike is silent."""
    found = told(review(text), "exists-otherwise")
    assert bool(found) == bool(evidence)
    assert all(evidence in "\n".join(each.evidence) for each in found)


def test_a_name_that_an_earlier_file_takes_is_told(review):
    """It is not in the database yet."""
    found = review("CREATE TABLE a(b);", "CREATE TABLE IF NOT EXISTS a(c);")
    assert [each.evidence for each in told(found, "exists-otherwise")] == [
        ("a.b is there, and not in the statement: no type", "a.c is not there: no type")
    ]
