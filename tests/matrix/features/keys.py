"""Foreign keys in both directions, with every action, deferred, compound, self and broken."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_KEYS = ("1", "2", "NULL", "4")
_PK = "table: primary key to code"
_GOES = ("parent held", "parent goes", "parent moves")
_BY_ID = {_PK: "a child refers to id, which would no longer be unique"}
_READ = {
    "f: drop": "a child refers to it",
    "f: drop with cascade": "a child refers to it",
}
_MOVES = (
    Probe("parent goes", "DELETE FROM other WHERE id = 4"),
    Probe("parent moves", "UPDATE other SET id = 55 WHERE id = 4"),
)
_CHANGES = (
    Probe("row goes", "DELETE FROM $t WHERE code = 'c2'"),
    Probe("row moves", "UPDATE $t SET id = 55 WHERE code = 'c2'"),
    Probe("f moves", "UPDATE $t SET $f = 'moved' WHERE code = 'c2'"),
)


def _own(name: str, clause: str, f: str = "f INTEGER DEFAULT 3") -> Feature:
    return shape(name, f"{f} {clause}", _KEYS, new="1", goes=_GOES, probes=_MOVES)


def _kid(name: str, action: str, column: str = "id") -> Feature:
    """Return a feature whose second child refers to `column` with `action`."""
    parent = f"({column})" if column else ""
    then = (
        f"CREATE TABLE kid(k INTEGER PRIMARY KEY, p DEFAULT 1 REFERENCES t{parent}"
        f" {action}); INSERT INTO kid(p) SELECT {column or 'id'} FROM t WHERE code <> 'c1';"
        f"INSERT INTO kid(p) SELECT {column or 'id'} FROM t WHERE code <> 'c3';"
    )
    if column == "f":
        return shape(name, "f TEXT UNIQUE", ("'a'", "'b'", "NULL", "'d'"), then=then,
                     probes=_CHANGES, refuse=_READ)  # fmt: skip
    return shape(name, then=then, probes=_CHANGES, refuse=_BY_ID)


FEATURES: tuple[Feature, ...] = (
    *(
        _own(f"own key ON DELETE {how} ON UPDATE {how}",
             f"REFERENCES other(id) ON DELETE {how} ON UPDATE {how}")
        for how in ("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION")
    ),
    _own("own key DEFERRABLE INITIALLY DEFERRED",
         "REFERENCES other(id) DEFERRABLE INITIALLY DEFERRED"),
    _own("own key NOT DEFERRABLE", "CONSTRAINT k REFERENCES other NOT DEFERRABLE"),
    _own("own key MATCH FULL", "REFERENCES other(id) MATCH FULL ON DELETE SET NULL"),
    shape("own key of two columns, deferred", "f INTEGER", _KEYS, new="1",
          first="CREATE TABLE pair(a INTEGER, b INTEGER, UNIQUE(a, b));"
          "INSERT INTO pair VALUES (1, 10), (2, 20), (4, 70), (1, 5);",
          constraints="CONSTRAINT two FOREIGN KEY (f, num) REFERENCES pair(a, b)"
          " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
          refuse={"f: drop": "a key of two columns holds it"},
          probes=(Probe("pair", "UPDATE pair SET b = 21 WHERE a = 2"),)),
    shape("own key to a table that is missing", "f INTEGER REFERENCES nowhere(id)",
          ("NULL", "NULL", "NULL", "NULL"), new="NULL",
          first="PRAGMA foreign_keys=OFF;", lacks=("f: drop",)),
    shape("own key to TEXT, case of the names", "f TEXT REFERENCES Names(KEY)",
          ("'x'", "'y'", "NULL", "'x'"), new="'x'",
          first="CREATE TABLE names(key TEXT PRIMARY KEY) WITHOUT ROWID;"
          "INSERT INTO names VALUES ('x'), ('y');"),
    shape("two keys on one column", "f INTEGER REFERENCES other(id) REFERENCES more(id)", _KEYS,
          new="1", first="CREATE TABLE more(id INTEGER PRIMARY KEY);"
          "INSERT INTO more VALUES (1), (2), (4);", goes=_GOES),
    shape("rows that already break a key", "f INTEGER REFERENCES other(id)", _KEYS, new="1",
          goes=_GOES, then="PRAGMA foreign_keys=OFF; UPDATE t SET f = 404 WHERE id = 7;"
          "INSERT INTO child(t_code) VALUES ('nobody'); PRAGMA foreign_keys=ON;"),
    shape("a self-reference ON DELETE CASCADE", "f INTEGER REFERENCES t(id) ON DELETE CASCADE",
          ("NULL", "1", "2", "1"), new="1", refuse=_BY_ID, probes=_CHANGES,
          goes=("code unique", "child goes", "row goes", "row moves")),
    shape("a self-reference without a column", "f INTEGER REFERENCES T ON DELETE SET NULL",
          ("NULL", "1", "2", "1"), new="1", refuse=_BY_ID, probes=_CHANGES,
          goes=("code unique", "child goes", "row goes", "row moves")),
    shape("a self-reference, both ends in focus", "f TEXT UNIQUE", ("'a'", "'b'", "NULL", "'d'"),
          constraints="FOREIGN KEY (spare) REFERENCES t(f) ON UPDATE CASCADE",
          then="UPDATE t SET spare = 'a';", first="PRAGMA foreign_keys=OFF;",
          fresh={"spare": "'a'"}, refuse=_READ, probes=_CHANGES,
          declined={"bystander: drop": "a foreign key of the table names it"}),
    _kid("a child of id, CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE"),
    _kid("a child of id, SET NULL", "ON DELETE SET NULL ON UPDATE SET NULL"),
    _kid("a child of id, SET DEFAULT", "ON DELETE SET DEFAULT"),
    _kid("a child of id, RESTRICT", "ON DELETE RESTRICT ON UPDATE RESTRICT"),
    _kid("a child of id, deferred", "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"),
    _kid("a child that names no column", "ON DELETE CASCADE", ""),
    _kid("a child of f, CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE", "f"),
    _kid("a child of f, SET NULL", "ON DELETE SET NULL", "f"),
    shape("a child of two columns", "f TEXT", ("'a'", "'b'", "'c'", "'d'"),
          constraints="UNIQUE (f, num)", refuse=_READ, probes=_CHANGES,
          then="CREATE TABLE kid(k INTEGER PRIMARY KEY, a TEXT, b INTEGER,"
          " FOREIGN KEY (a, b) REFERENCES t(f, num) ON DELETE CASCADE ON UPDATE CASCADE);"
          "INSERT INTO kid(a, b) SELECT f, num FROM t;"),
    shape("children of children", probes=_CHANGES,
          then="CREATE TABLE grandchild(id INTEGER PRIMARY KEY, c INTEGER REFERENCES child"
          " ON DELETE CASCADE); INSERT INTO grandchild(c) SELECT id FROM child;"),
    shape("two tables that refer to each other", "f INTEGER REFERENCES mutual(id) ON DELETE CASCADE"
          " DEFERRABLE INITIALLY DEFERRED", _KEYS, new="1", refuse=_BY_ID, goes=_GOES,
          first="PRAGMA foreign_keys=OFF;",
          then="CREATE TABLE mutual(id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id)"
          " ON DELETE CASCADE); INSERT INTO mutual VALUES (1, 1), (2, 2), (4, 7);",
          probes=_CHANGES),
    shape("a WITHOUT ROWID child with a trigger",
          probes=(Probe("kid", "DELETE FROM $t WHERE code = 'c3'"),), refuse=_BY_ID,
          then="CREATE TABLE kid(k TEXT PRIMARY KEY, p REFERENCES t(id) ON DELETE CASCADE)"
          " WITHOUT ROWID; INSERT INTO kid SELECT code, id FROM t;"
          "CREATE TABLE log(what); CREATE TRIGGER kid_gone AFTER DELETE ON kid BEGIN"
          " INSERT INTO log VALUES (old.k); END;"),
)  # fmt: skip
