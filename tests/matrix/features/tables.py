"""Kinds of tables: STRICT, WITHOUT ROWID, AUTOINCREMENT, primary keys in every form, rowids."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_AUTO, _WITHOUT = "table: AUTOINCREMENT", "table: WITHOUT ROWID"
_NOT_ALIAS = {_AUTO: "AUTOINCREMENT needs an INTEGER PRIMARY KEY"}
_NO_ROWID = {_AUTO: "AUTOINCREMENT does not work on a WITHOUT ROWID table"}
_NO_KEY = {_WITHOUT: "WITHOUT ROWID needs a PRIMARY KEY", **_NOT_ALIAS}
_SEQUENCE = {_WITHOUT: "AUTOINCREMENT does not work on a WITHOUT ROWID table"}
_STRICT_TEXT = (
    "CREATE TABLE t(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, f {f}, spare TEXT,"
    " num INTEGER NOT NULL DEFAULT 7 CONSTRAINT num_ck CHECK (num <> -1),"
    " own INTEGER REFERENCES other(id), ref INTEGER) {options}"
)


def _strict(type_: str, *values: str, new: str, options: str = "STRICT") -> Feature:
    text = _STRICT_TEXT.format(f=type_, options=options)
    # Outside STRICT, ANY is NUMERIC: '007' would become 7.
    any_ = {"table: not STRICT": "'007' would become 7"} if type_ == "ANY" else {}
    rowid = _NO_ROWID if "ROWID" in options else {}
    return shape(f"{options} {type_}", "", values, new=new, text=text, refuse={**any_, **rowid})


_AUTO_ID = "id INTEGER PRIMARY KEY AUTOINCREMENT"

FEATURES: tuple[Feature, ...] = (
    _strict("TEXT", "'007'", "'b'", "NULL", "'d'", new="'5'"),
    _strict("INT", "1", "2", "NULL", "4", new="5"),
    _strict("ANY", "'007'", "1", "1.0", "x'00'", new="'1'"),
    _strict("BLOB", "x'00'", "x''", "NULL", "x'01'", new="x'02'"),
    _strict("REAL", "1", "1.5", "NULL", "-0.0", new="5"),
    _strict("ANY", "'007'", "1", "1.0", "x'00'", new="'1'", options="STRICT, WITHOUT ROWID"),
    _strict("TEXT", "'a'", "'b'", "NULL", "'d'", new="'5'", options="WITHOUT ROWID"),
    shape("WITHOUT ROWID, compound key DESC", "f TEXT", ("'a'", "'b'", "'c'", "'d'"),
          id_="id INTEGER", constraints="PRIMARY KEY (f DESC, id)", options="WITHOUT ROWID",
          refuse=_NO_ROWID, lacks=("f: drop NOT NULL",)),
    shape("WITHOUT ROWID, TEXT key NOCASE", "f TEXT COLLATE NOCASE PRIMARY KEY",
          ("'a'", "'b'", "'c'", "'d'"), id_="id INTEGER", options="WITHOUT ROWID",
          refuse=_NO_ROWID, lacks=("f: drop NOT NULL",)),
    shape("AUTOINCREMENT", id_=_AUTO_ID, refuse=_SEQUENCE),
    shape("AUTOINCREMENT, the sequence ahead of the rows", id_=_AUTO_ID, refuse=_SEQUENCE,
          then="INSERT INTO t(id, code) VALUES (50, 'gone'); DELETE FROM t WHERE id = 50;"),
    shape("AUTOINCREMENT, all rows deleted", id_=_AUTO_ID, refuse=_SEQUENCE,
          then="DELETE FROM t;"),
    shape("AUTOINCREMENT, never used", "f TEXT", (), id_=_AUTO_ID, refuse=_SEQUENCE),
    shape("AUTOINCREMENT with a name and a conflict clause", refuse=_SEQUENCE,
          id_='id INTEGER CONSTRAINT "p k" PRIMARY KEY ASC ON CONFLICT REPLACE AUTOINCREMENT'),
    shape("PRIMARY KEY of the table", id_="id INTEGER", constraints="PRIMARY KEY (id)"),
    shape("PRIMARY KEY ON CONFLICT REPLACE", id_="id INTEGER PRIMARY KEY ON CONFLICT REPLACE"),
    shape("PRIMARY KEY with a name", id_="id INTEGER",
          constraints='CONSTRAINT "the key" PRIMARY KEY (id) ON CONFLICT IGNORE'),
    shape("INTEGER PRIMARY KEY DESC is no rowid", id_="id INTEGER PRIMARY KEY DESC",
          refuse=_NOT_ALIAS,
          then="UPDATE t SET rowid = 40 WHERE id = 2; INSERT INTO t(code) VALUES ('nullkey');"
          "DELETE FROM t WHERE code = 'nullkey';"),
    shape("INT PRIMARY KEY is no rowid", id_="id INT PRIMARY KEY", refuse=_NOT_ALIAS,
          then="UPDATE t SET rowid = 40 WHERE id = 2;"),
    shape("a key of two columns", "f TEXT", ("'a'", "'b'", "'c'", "'d'"), id_="id INTEGER",
          constraints="PRIMARY KEY (f, id)", refuse=_NOT_ALIAS),
    shape("a TEXT key with NULLs", "f TEXT PRIMARY KEY", ("'a'", "NULL", "NULL", "'d'"),
          id_="id INTEGER", refuse={
              **_NOT_ALIAS, _WITHOUT: "NULL in the key", "f: set NOT NULL": "NULLs"}),
    shape("no primary key, rowids with gaps", id_="id INTEGER", refuse=_NO_KEY,
          then="UPDATE t SET rowid = 40 WHERE id = 2; UPDATE t SET rowid = 2 WHERE id = 7;"),
    shape("a column named rowid", "f TEXT, rowid TEXT", id_="id INTEGER", refuse=_NO_KEY,
          then="UPDATE t SET rowid = 'x' || id; UPDATE t SET _rowid_ = 40 WHERE id = 2;"),
    shape("columns named rowid and _rowid_", 'f TEXT, "RowId" TEXT, _rowid_ INTEGER',
          id_="id INTEGER", refuse=_NO_KEY,
          then="UPDATE t SET rowid = 'x', _rowid_ = 9 - id; UPDATE t SET oid = 40 WHERE id = 2;"),
    shape("all names of the rowid taken", "f TEXT, rowid TEXT, _rowid_ TEXT, oid TEXT",
          id_="id INTEGER", then="UPDATE t SET rowid = 'r', _rowid_ = 'u', oid = 'o';",
          refuse=_NO_KEY),
    shape("statistics of ANALYZE", then="CREATE INDEX on_spare ON t(spare); ANALYZE;",
          refuse={"bystander: drop": "the index on_spare"}),
    shape("forty columns", "f TEXT, " + ", ".join(f"c{i} INTEGER DEFAULT {i}" for i in range(40)),
          probes=(Probe("wide", "SELECT c0, c20, c39 FROM $t"),)),
)  # fmt: skip
