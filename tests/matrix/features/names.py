"""Odd identifiers: keywords, quotes, spaces, brackets, unicode, case, and names like SQL."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, quoted, shape


def _table(name: str) -> Feature:
    t = quoted(name)
    return shape(
        f"table {name}",
        table=name,
        then=f"CREATE INDEX {quoted('i ' + name)} ON {t}(num DESC);"
        f"CREATE VIEW v AS SELECT id, num FROM {t};"
        f"CREATE TABLE log(x); CREATE TRIGGER {quoted('tr ' + name)} AFTER DELETE ON {t} BEGIN"
        " INSERT INTO log VALUES (old.code); END;",
        probes=(Probe("view", "SELECT * FROM v ORDER BY 1"),),
    )


def _column(name: str, spelled: str = "") -> Feature:
    f = spelled or quoted(name)
    return shape(
        f"column {name}",
        f"{f} TEXT CHECK ({f} <> 'bad') ",
        column=name,
        then=f"CREATE INDEX on_f ON t({f}, num); CREATE VIEW v AS SELECT id, t.{f} AS shown FROM t;"
        f"CREATE TABLE log(x); CREATE TRIGGER tr AFTER DELETE ON t BEGIN"
        f" INSERT INTO log VALUES (old.{f}); END;",
        probes=(Probe("view", "SELECT * FROM v ORDER BY 1"),),
        refuse={"f: drop": "the index, the view and the trigger"},
        cascade=("on_f", "v", "tr"),
    )


FEATURES: tuple[Feature, ...] = (
    *map(_table, ("order", "two words", 'we"ird', "it's", "br[ack]et", "semi;colon", "ÅÄÖ", "100%",
                  "T", "--dash", "tab\tline\n", "new_t", "a.b", "sqlitedb", "_", "`tick`", "$1")),
    *map(_column, ("select", "two words", 'q"uote', "it's", "br[ack]et", "ÅÄÖ", "com,ma", "par)en",
                   "F", "check", "-- comment", "a.b", "1st", "semi;colon", "rowid", "unique")),
    _column("bracketed", "[bracketed]"),
    _column("ticked", "`ticked`"),
    _column("bare", "bare"),
    _column("MiXeD", "MiXeD"),
    shape("columns that differ in non-ASCII case", '"åäö" TEXT, "ÅÄÖ" TEXT', column="åäö",
          then="UPDATE t SET \"ÅÄÖ\" = 'big ' || id;"
          'CREATE VIEW v AS SELECT "ÅÄÖ", "åäö" AS small FROM t;',
          refuse={"f: drop": "the view reads it"}, cascade=("v",),
          probes=(Probe("view", "SELECT * FROM v ORDER BY 1"),)),
    shape("a column named like the table", "t TEXT", column="t",
          then="CREATE VIEW v AS SELECT t.t AS shown FROM t;", refuse={"f: drop": "the view"},
          cascade=("v",)),
    shape("another table with the same columns", first="CREATE TABLE u(id, f, spare, num);"
          "INSERT INTO u VALUES (1, 'uf', 'us', 5);",
          then="CREATE INDEX on_u ON u(f); CREATE VIEW v AS SELECT u.f, u.spare FROM u;",
          probes=(Probe("view", "SELECT f, spare FROM v"),)),
    shape("a column and a string of one name", "f TEXT",
          constraints="CHECK (spare <> 'f')", refuse={"bystander: drop": "the CHECK reads it"}),
    shape("tables with the names a rebuild might take",
          first='CREATE TABLE t_new(x); INSERT INTO t_new VALUES (1);'
          'CREATE TABLE _alembic_tmp_t(x); CREATE TABLE "new__t"(x); CREATE TABLE t_old(x);'
          'CREATE TABLE t_backup(x); CREATE TABLE _drydock_t(x); CREATE TABLE drydock_new_t(x);'),
)  # fmt: skip
