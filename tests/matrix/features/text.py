"""The DDL's own text: comments, spacing, quoting and clauses in every order SQLite accepts."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_BODY = (
    "code TEXT NOT NULL UNIQUE, {f}, spare TEXT, num INTEGER NOT NULL DEFAULT 7"
    " CONSTRAINT num_ck CHECK (num <> -1), own INTEGER REFERENCES other(id), ref INTEGER"
)
_PLAIN = f"id INTEGER PRIMARY KEY, {_BODY.format(f='f TEXT')}"


def _text(name: str, sql: str, then: str = "", lacks: tuple[str, ...] = ()) -> Feature:
    return shape(name, text=sql, then=then, lacks=lacks)


FEATURES: tuple[Feature, ...] = (
    _text("comments with commas, quotes and brackets", """CREATE TABLE t( -- the table, (all) of it
  id INTEGER PRIMARY KEY, -- the key, "quoted
  code TEXT NOT NULL UNIQUE, /* a, b) ' */
  f /* between */ TEXT, -- f's own; "f" INTEGER,
  -- a line alone: spare TEXT,
  spare TEXT -- before the comma
  , num INTEGER NOT NULL /* ) */ DEFAULT 7 CONSTRAINT num_ck CHECK (num /* not */ <> -1),
  own INTEGER REFERENCES other(id), -- own, key
  ref INTEGER -- the last one
) -- after the end"""),
    _text("comments where keywords are", "CREATE/*1*/TABLE/*2*/t/*3*/(/*4*/id/*5*/INTEGER/*6*/"
          f"PRIMARY/*7*/KEY/*8*/,{_BODY.format(f='f/*9*/TEXT/*10*/')}/*11*/)/*12*/"),
    _text("one line without spaces", "CREATE TABLE t(id INTEGER PRIMARY KEY,code TEXT NOT NULL"
          " UNIQUE,f TEXT,spare TEXT,num INTEGER NOT NULL DEFAULT 7 CONSTRAINT num_ck"
          " CHECK(num<>-1)"
          ",own INTEGER REFERENCES other(id),ref INTEGER)"),
    _text("Windows line ends and tabs", "CREATE TABLE t(\r\n\t" +
          _PLAIN.replace(", ", ",\r\n\t") + "\r\n)"),
    _text("IF NOT EXISTS and the schema's name", f"CREATE TABLE IF NOT EXISTS main.t({_PLAIN})"),
    _text("everything in lower case", f"create table t({_PLAIN.lower()})"),
    _text("everything quoted", 'CREATE TABLE "t"("id" INTEGER PRIMARY KEY, "code" TEXT NOT NULL'
          ' UNIQUE, [f] TEXT, `spare` "TEXT", "num" INTEGER NOT NULL DEFAULT 7 CONSTRAINT "num_ck"'
          ' CHECK ("num" <> -1), "own" INTEGER REFERENCES "other"("id"), "ref" INTEGER)'),
    _text("column names in single quotes", "CREATE TABLE 't'('id' INTEGER PRIMARY KEY, 'code' TEXT"
          " NOT NULL UNIQUE, 'f' TEXT, 'spare' TEXT, num INTEGER NOT NULL DEFAULT 7 CONSTRAINT"
          " num_ck CHECK (num <> -1), own INTEGER REFERENCES 'other'('id'), ref INTEGER)"),
    _text("table constraints without commas", f"CREATE TABLE t({_PLAIN}, CHECK (num < 99999)"
          " CONSTRAINT u UNIQUE (code, num) FOREIGN KEY (ref) REFERENCES other(id))",
          lacks=("bystander: add foreign key",)),
    _text("constraint names without a constraint", "CREATE TABLE t(id INTEGER CONSTRAINT a"
          f" CONSTRAINT b PRIMARY KEY, {_BODY.format(f='f TEXT CONSTRAINT lonely')})"),
    _text("constraints in an odd order", "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT UNIQUE"
          " COLLATE BINARY NOT NULL, f TEXT, spare TEXT, num INTEGER CONSTRAINT num_ck CHECK"
          " (num <> -1) DEFAULT 7 NOT NULL, own INTEGER REFERENCES other(id), ref INTEGER)"),
    _text("NULL as a constraint", "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE"
          ", f TEXT NULL, spare TEXT NULL DEFAULT NULL, num INTEGER NOT NULL DEFAULT 7 CONSTRAINT"
          " num_ck CHECK (num <> -1), own INTEGER REFERENCES other(id), ref INTEGER)"),
    _text("columns added one by one", f"CREATE TABLE t({_PLAIN})",
          "ALTER TABLE t ADD COLUMN late TEXT DEFAULT 'x';"
          "ALTER TABLE t ADD COLUMN [later on] INTEGER NOT NULL DEFAULT 0;"
          "ALTER TABLE t ADD latest REFERENCES other(id) ON DELETE SET NULL;"
          "UPDATE t SET latest = 2 WHERE id = 2;"),
    _text("a column renamed before", f"CREATE TABLE t({_PLAIN.replace('spare', 'before')})"
          .replace("before", "spare"), "ALTER TABLE t RENAME COLUMN ref TO tmp;"
          'ALTER TABLE t RENAME COLUMN tmp TO "ref";'),
    _text("a table renamed before", f"CREATE TABLE t({_PLAIN})",
          "ALTER TABLE t RENAME TO t9; ALTER TABLE t9 RENAME TO t;"),
    _text("made by CREATE TABLE AS", f"CREATE TABLE t({_PLAIN})", "CREATE TABLE c AS"
          " SELECT * FROM t;"),
    shape("types with comments and CHECKs that look like SQL", "f VARCHAR /* (5) */ (20)"
          " CHECK (f NOT LIKE '%); DROP TABLE t; --%')",
          lacks=("f: retype within affinity", "f: retype across affinity")),
    shape("a default with a comment inside", "f TEXT DEFAULT /* none */ 'a -- b' /* said */",
          probes=(Probe("defaults", "INSERT INTO $t(id, code, num) VALUES (77, 'd', 1)"),)),
    shape("ON CONFLICT at every place", "f TEXT NOT NULL ON CONFLICT ABORT UNIQUE ON CONFLICT FAIL",
          ("'a'", "'b'", "'c'", "'d'"), id_="id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK"),
)  # fmt: skip
