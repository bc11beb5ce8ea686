"""Declared types to the letter, and values whose storage class a copy or a cast would change."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_BIG = ("9223372036854775807", "-9223372036854775808", "9007199254740993", "0")
_MIXED = ("1", "1.0", "'1'", "x'31'")


def _declared(type_: str, *values: str, new: str = "5") -> Feature:
    return shape(f"type {type_}", f"f {type_}", values, new=new)


FEATURES: tuple[Feature, ...] = (
    _declared("DATE", "'2024-02-29'", "20240229", "NULL", "''", new="'2026-01-01'"),
    _declared("TIMESTAMP", "'2024-02-29 10:00:00'", "1709200800", "NULL", "1709200800.5"),
    _declared("DATETIME", "'2024-02-29T10:00:00Z'", "0", "NULL", "'now'"),
    _declared("BOOLEAN", "1", "0", "NULL", "TRUE"),
    _declared("DECIMAL(10,2)", "1.10", "'1.10'", "9007199254740993", "-0.01"),
    _declared("NUMERIC", "1", "1.5", "'x'", "'007'"),
    _declared("VARCHAR(20)", "'a'", "'007'", "''", "'a much longer text than twenty characters'"),
    _declared("CHAR (3)", "'a'", "'b  '", "NULL", "'d'"),
    _declared("CLOB", "'a'", "'007'", "NULL", "'1e3'"),
    _declared("TEXT", "'a'", "'b'", "NULL", "'d'", new="'e'"),
    _declared("BLOB", "x''", "x'00ff00'", "NULL", "'text'"),
    _declared("REAL", "1", "1.5", "NULL", "-0.0"),
    _declared("DOUBLE PRECISION", "0.1", "3", "NULL", "1e300"),
    _declared("FLOAT", "0.1", "3", "9e999", "-9e999"),
    _declared("INT", "1", "2", "NULL", "'abc'"),
    _declared("BIGINT", *_BIG),
    _declared("UNSIGNED BIG INT", "1", "2", "NULL", "3"),
    _declared("TINYINT(1)", "1", "0", "NULL", "1"),
    _declared("JSON", "'{\"a\": 1}'", "'[]'", "NULL", "1"),
    _declared("UUID", "'6e9b'", "x'6e9b'", "NULL", "'1e5'"),
    _declared("STRING", "'abc'", "'007'", "NULL", "1"),
    _declared("FLOATING POINT", "1.5", "2", "NULL", "'x'"),
    _declared("LONG VARCHAR (10, -2)", "'a'", "'1'", "NULL", "1"),
    _declared('"my type"', "1", "'1'", "NULL", "1.5"),
    _declared("[text affinity]", "1", "'1'", "NULL", "1.5"),
    shape("untyped column", "f", _MIXED, new="1"),
    shape("untyped column, UNIQUE", "f UNIQUE", ("1", "'1'", "x'31'", "NULL"), new="5"),
    shape("big integers in NUMERIC", "f NUMERIC", _BIG, new="5"),
    shape("big integers in an untyped column", "f", _BIG, new="5"),
    shape("big integers in TEXT", "f TEXT", tuple(f"'{v}'" for v in _BIG)),
    shape("leading zeros in TEXT", "f TEXT", ("'007'", "'1.10'", "'+5'", "' 5'")),
    shape("leading zeros in BLOB", "f BLOB", ("'007'", "'1.10'", "'1e3'", "5")),
    shape("numbers as TEXT", "f TEXT", ("'1'", "'20'", "'-3'", "NULL"), new="'4'"),
    shape("reals in an INTEGER column", "f INTEGER", ("1.5", "2", "'x'", "x'01'"), new="5"),
    shape("reals of seventeen digits", "f REAL", ("0.1", "1e-300", "1.0000000000000002", "NULL"),
          new="5"),
    shape("integers in a REAL column", "f REAL", ("9007199254740993", "1", "2.0", "NULL"),
          new="5"),
    shape("infinity and minus zero", "f", ("9e999", "-9e999", "-0.0", "0.0"), new="1"),
    shape("NUL bytes in text", "f TEXT", ("'a' || char(0) || 'b'", "char(0)", "NULL", "'d'")),
    shape("broken UTF-8", "f TEXT",
          ("CAST(x'ff61' AS TEXT)", "CAST(x'c3' AS TEXT)", "NULL", "'d'")),
    shape("empty text and NULL", "f TEXT", ("''", "NULL", "' '", "''")),
    shape("empty text in an INTEGER column", "f INTEGER", ("''", "NULL", "0", "1"), new="5"),
    shape("blobs in a TEXT column", "f TEXT", ("x'00'", "x''", "x'616263'", "'abc'")),
    shape("overflow pages", "f BLOB", ("zeroblob(100000)", "randomblob(9000)", "x''", "NULL"),
          new="x'01'"),
    shape("emoji and combining marks", "f TEXT", ("'👩\u200d🚀'", "'e\u0301'", "'ÅÄÖ'", "'åäö'")),
    shape("newlines and quotes in text", "f TEXT", ("'it''s'", "'a\n\"b\"'", "'%_\\'", "'--x'")),
    shape("an empty table", "f TEXT", ()),
    shape("one row", "f TEXT", ("'only'",)),
    shape("the largest rowid", "f TEXT", then="UPDATE t SET id = 9223372036854775806 WHERE id=7;"),
    shape("negative rowids", "f TEXT", then="UPDATE t SET id = -5 WHERE id = 7;"),
    shape("NULLs everywhere", "f INTEGER", ("NULL", "NULL", "NULL", "NULL"), new="5",
          then="UPDATE t SET own = NULL, ref = NULL;"),
    shape("NULL in the bystander", "f TEXT",
          then="UPDATE t SET spare = NULL WHERE id = 3;"),
    shape("duplicates but for case", "f TEXT UNIQUE", ("'a'", "'A'", "NULL", "'d'")),
    shape("hundreds of rows", "f TEXT",
          probes=(Probe("count", "SELECT count(*), sum(num) FROM $t"),),
          then="WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)"
          " INSERT INTO t(id, code, f, spare, num) SELECT i * 3, 'n' || i, i, i, i FROM n;"),
)  # fmt: skip
