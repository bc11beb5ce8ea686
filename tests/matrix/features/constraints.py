"""Constraints on columns and tables: NOT NULL, UNIQUE, DEFAULT, CHECK, COLLATE, generated."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_ACROSS = "f: retype across affinity"
_DROP = "f: drop"
_NO_DEFAULT = ("f: set DEFAULT", "f: drop DEFAULT")
_CONFLICTS = ("ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE")
_CHECKED = {
    _DROP: "a table constraint reads it",
    "f: drop with cascade": "a constraint without a name cannot be named",
}


def _default(text: str, type_: str = "TEXT") -> Feature:
    return shape(f"DEFAULT {text}", f"f {type_} DEFAULT {text}", ("'a'", "NULL", "'c'", "'d'"))


FEATURES: tuple[Feature, ...] = (
    shape("NOT NULL", "f TEXT NOT NULL", ("'a'", "'b'", "'c'", "'d'")),
    *(
        shape(f"NOT NULL ON CONFLICT {how}", f"f TEXT NOT NULL ON CONFLICT {how} DEFAULT 'none'",
              ("'a'", "'b'", "'c'", "'d'"))
        for how in _CONFLICTS
    ),
    shape("UNIQUE", "f TEXT UNIQUE"),
    *(
        shape(f"UNIQUE ON CONFLICT {how}", f"f TEXT UNIQUE ON CONFLICT {how}")
        for how in _CONFLICTS
    ),
    shape("UNIQUE of numbers ON CONFLICT REPLACE", "f UNIQUE ON CONFLICT REPLACE",
          ("1", "'1'", "'b'", "NULL"),
          refuse={_ACROSS: "1 and '1' would be one value"}),
    shape("UNIQUE of several columns", "f TEXT", constraints="UNIQUE (f, spare DESC)",
          refuse={_DROP: "UNIQUE (f, spare)", "bystander: drop": "UNIQUE (f, spare)"}),
    shape("UNIQUE with a name and a conflict clause", "f TEXT",
          constraints='CONSTRAINT "u q" UNIQUE (f COLLATE NOCASE) ON CONFLICT IGNORE'),
    _default("'it''s'"),
    _default("-5", "INTEGER"),
    _default("NULL"),
    _default("(1 + 2)", "INTEGER"),
    _default("(datetime('now'))"),
    _default("CURRENT_TIMESTAMP", "TIMESTAMP"),
    _default("x'00ff'", "BLOB"),
    _default("TRUE", "BOOLEAN"),
    _default("0x10", "INTEGER"),
    _default("1e3", "REAL"),
    _default('"quoted"'),
    _default("''"),
    _default("('a' || ',' || ')')"),
    _default("9007199254740993", "NUMERIC"),
    _default("+007", "INTEGER"),
    shape("a column that came by ADD COLUMN with a DEFAULT", "f TEXT", lacks=(),
          then="ALTER TABLE t ADD COLUMN late TEXT DEFAULT 'old rows';"),
    shape("f came by ADD COLUMN NOT NULL DEFAULT", values=None, fresh={"f": "'fresh'"}, text=(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, spare TEXT, num INTEGER"
        " NOT NULL DEFAULT 7 CONSTRAINT num_ck CHECK (num <> -1), own INTEGER REFERENCES other(id),"
        " ref INTEGER)"),
        then="ALTER TABLE t ADD COLUMN f TEXT NOT NULL DEFAULT 'was there';"),
    shape("CHECK on the column", "f INTEGER CHECK (f <> 13)", ("1", "2", "NULL", "4"), new="5",
          goes=("thirteen",),
          probes=(Probe("thirteen", "UPDATE $t SET $f = 13 WHERE code = 'c2'"),)),
    shape("CHECK with a name", 'f INTEGER CONSTRAINT "f ""ck""" CHECK (f > -50)',
          ("1", "2", "NULL", "4"), new="5"),
    shape("CHECK of the table", "f TEXT", constraints="CHECK (f <> spare)", refuse={
        **_CHECKED, "bystander: drop": "the CHECK reads it"}),
    shape("CHECK that names the table", "f INTEGER", ("1", "2", "NULL", "4"), new="5",
          constraints="CHECK (t.f > -50)", refuse=_CHECKED),
    shape("CHECK that names the quoted table", "f INTEGER", ("1", "2", "NULL", "4"), new="5",
          constraints='CONSTRAINT c CHECK ("T"."F" > -50)', refuse=_CHECKED),
    shape("CHECK with SQL inside a string", "f TEXT",
          constraints="CHECK (f <> 'f, CHECK (f) -- /* \"f\" */')", refuse=_CHECKED),
    shape("CHECK with IN, LIKE and GLOB", "f TEXT CHECK (f IN ('a','b','d','fresh') OR f LIKE '%z'"
          " OR f GLOB '[0-9]*')"),
    shape("CHECK of the storage class", "f CHECK (typeof(f) IN ('integer', 'null'))",
          ("1", "2", "NULL", "4"), new="5"),
    shape("CHECK with CASE and BETWEEN", "f INTEGER",
          ("1", "2", "NULL", "4"), new="5",
          constraints="CHECK (CASE WHEN f BETWEEN 1 AND 9 THEN 1 ELSE f IS NULL END)",
          refuse=_CHECKED),
    shape("CHECK that rows already break", "f INTEGER CHECK (f < 3)", ("1", "2", "NULL", "2"),
          new="1",
          then="PRAGMA ignore_check_constraints=ON; UPDATE t SET f = 99 WHERE id = 7;"
          "PRAGMA ignore_check_constraints=OFF;"),
    shape("several CHECKs on one column", "f INTEGER CHECK (f > -50) CONSTRAINT two CHECK (f < 50)",
          ("1", "2", "NULL", "4"), new="5"),
    shape("NOT NULL that rows already break", "f TEXT NOT NULL", ("'a'", "'b'", "'c'", "'d'"),
          then="PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql,"
          " 'spare TEXT', 'spare TEXT NOT NULL') WHERE name = 't'; PRAGMA writable_schema=RESET;"),
    shape("COLLATE NOCASE", "f TEXT COLLATE NOCASE", ("'a'", "'B'", "NULL", "'A'")),
    shape("COLLATE RTRIM", "f TEXT COLLATE RTRIM", ("'a'", "'b '", "NULL", "'b'")),
    shape("COLLATE NOCASE, UNIQUE", "f TEXT COLLATE NOCASE UNIQUE"),
    shape("COLLATE BINARY, spelled", 'f TEXT COLLATE "binary"', ("'a'", "'B'", "NULL", "'A'")),
    shape("COLLATE before NOT NULL", "f TEXT COLLATE NOCASE NOT NULL DEFAULT 'x'",
          ("'a'", "'B'", "'c'", "'A'")),
    shape("generated VIRTUAL", "f INTEGER GENERATED ALWAYS AS (num * 2) VIRTUAL", None,
          lacks=_NO_DEFAULT),
    shape("generated STORED", "f TEXT AS (code || ':' || spare) STORED", None,
          lacks=_NO_DEFAULT, refuse={"bystander: drop": "f reads it"}),
    shape("generated without a type", "f AS (upper(spare))", None,
          lacks=_NO_DEFAULT, refuse={"bystander: drop": "f reads it"}),
    shape("generated NOT NULL with a CHECK", "f INTEGER NOT NULL AS (num + 1) STORED CHECK (f > 0)",
          None, lacks=(*_NO_DEFAULT, "bystander: drop NOT NULL", "table: drop CHECK",
                       "table: keep the old one"),
          goes=("num check",)),
    shape("f read by a generated column", "f INTEGER, g2 INTEGER AS (f + 1) VIRTUAL",
          ("1", "2", "NULL", "4"), new="5", refuse={_DROP: "g2 reads it"},
          cascade=("g2",), lacks=("f: drop with cascade",)),
    shape("a chain of generated columns", "f INTEGER, g2 AS (f + 1) STORED, g3 AS (g2 * f) VIRTUAL",
          ("1", "2", "NULL", "4"), new="5", refuse={_DROP: "g2 and g3 read it"}),
    shape("a generated column with an index", "f INTEGER AS (num * 2) STORED", None,
          then="CREATE INDEX on_f ON t(f);", lacks=_NO_DEFAULT, refuse={_DROP: "the index on_f"}),
    shape("a generated column that is a foreign key", "f INTEGER AS (num / 100 + 1)"
          " REFERENCES other(id)", None, lacks=_NO_DEFAULT, goes=("key",),
          probes=(Probe("key", "UPDATE $t SET num = 9900 WHERE code = 'c2'"),)),
)  # fmt: skip
