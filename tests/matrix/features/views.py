"""Views that read the table, and the full-text and R-tree indexes that follow it."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_READ = {"f: drop": "a view reads it"}
_STAR = dict.fromkeys(("bystander: drop", "f: drop"), "the view shows it: * is every column")
_RENAME = {"f: rename": "the join is by the name"}
_VIEW = (Probe("view", "SELECT * FROM v ORDER BY 1"),)
_ROWID = {"table: WITHOUT ROWID": "it uses the rowid"}


def _view(name: str, select: str, *, cascade: bool = True, also: str = "") -> Feature:
    return shape(name, then=f"CREATE VIEW v AS {select};{also}", refuse=_READ,
                 probes=_VIEW, cascade=("v",) if cascade else ())  # fmt: skip


_FTS = (
    "CREATE VIRTUAL TABLE search USING fts5({columns}, content='t', content_rowid='id');"
    "INSERT INTO search(search) VALUES ('rebuild');"
    "CREATE TRIGGER fts_i AFTER INSERT ON t BEGIN"
    " INSERT INTO search(rowid, {columns}) VALUES (new.id, {new}); END;"
    "CREATE TRIGGER fts_d AFTER DELETE ON t BEGIN INSERT INTO"
    " search(search, rowid, {columns}) VALUES ('delete', old.id, {old}); END;"
)
_MATCH = (
    Probe("match", "SELECT rowid FROM search WHERE search MATCH 'alpha OR delta' ORDER BY 1"),
    Probe("content", "SELECT * FROM search ORDER BY 1"),
    Probe("search follows", "DELETE FROM $t WHERE code = 'c2'; SELECT count(*) FROM search"
          " WHERE search MATCH 'beta'"),
)  # fmt: skip
_TEXTS = ("'alpha'", "'beta gamma'", "NULL", "'delta'")

FEATURES: tuple[Feature, ...] = (
    _view("a view", "SELECT id, f FROM t"),
    _view("a view with an alias", "SELECT x.f AS shown, x.num FROM t AS x WHERE x.f > ''"),
    _view("a view that filters by f", "SELECT id FROM t WHERE f IS NOT NULL"),
    _view("a view that orders by f", 'SELECT id, num FROM t ORDER BY "f" DESC LIMIT 2'),
    _view("a view with a subquery", "SELECT id, (SELECT max(f) FROM t AS u WHERE u.num <= t.num)"
          " AS top FROM t"),
    _view("a view with a CTE", "WITH x(a, b) AS (SELECT id, f FROM t) SELECT a, b FROM x"),
    _view("a recursive view", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
          " WHERE i < 3) SELECT i, f FROM n JOIN t ON t.id = n.i"),
    _view("a view with a window", "SELECT id, row_number() OVER (ORDER BY f) AS place FROM t"),
    _view("a view with GROUP BY", "SELECT f, count(*) AS n FROM t GROUP BY f HAVING n > 0"),
    _view("a view of UNION", "SELECT id, f FROM t UNION ALL SELECT id, label FROM other"),
    _view("a view with column names", "SELECT 1", cascade=False, also="DROP VIEW v;"
          "CREATE VIEW v(one, two) AS SELECT id, f FROM t;"),
    _view("a view on a view", "SELECT id, f AS shown FROM t", cascade=False,
          also="CREATE VIEW w AS SELECT shown || '!' AS louder FROM v;"),
    _view("a view with comments and odd quotes", 'SELECT [id], `f` -- the "f" of t\n'
          ", 'f' AS word FROM \"t\" /* t.f */ WHERE (1)"),
    shape("a view of star", then="CREATE VIEW v AS SELECT * FROM t;", declined=_STAR),
    shape("a view of t.star in a join", declined=_STAR,
          then="CREATE VIEW v AS SELECT t.*, other.label FROM t JOIN other ON other.id = t.own;"),
    shape("a view of star in a subquery", probes=_VIEW, declined=_STAR,
          refuse={**_READ, "f: rename": "the view finds it by its name"},
          then="CREATE VIEW v AS SELECT f FROM (SELECT * FROM t) WHERE num > 5;"),
    shape("a view JOIN USING", values=("'one'", "'two'", "NULL", "'x'"),
          refuse={**_READ, **_RENAME}, probes=_VIEW, first="CREATE TABLE tags(f TEXT, tag TEXT);"
          "INSERT INTO tags VALUES ('one', 't1'), ('two', 't2');",
          then="CREATE VIEW v AS SELECT id, tag FROM t JOIN tags USING (f);"),
    shape("a view NATURAL JOIN", values=("'one'", "'two'", "NULL", "'x'"),
          refuse={**_READ, **_RENAME}, probes=_VIEW,
          first="CREATE TABLE tags(f TEXT, tag TEXT);"
          "INSERT INTO tags VALUES ('one', 't1'), ('two', 't2');",
          then="CREATE VIEW v AS SELECT id, tag FROM t NATURAL JOIN tags;"),
    shape("a view of the bystander", then="CREATE VIEW v AS SELECT id, spare FROM t;",
          refuse={"bystander: drop": "the view reads it"}, probes=_VIEW),
    shape("a view of the rowid", id_="id INTEGER PRIMARY KEY", probes=_VIEW,
          then="CREATE VIEW v AS SELECT rowid AS r, num FROM t;", refuse=_ROWID),
    shape("a view that is broken already",
          then="CREATE TABLE gone(x); CREATE VIEW broken AS SELECT x FROM gone; DROP TABLE gone;"),
    shape("a view of t that is broken already",
          then="CREATE TABLE gone(x); CREATE VIEW broken AS SELECT x, num FROM gone, t;"
          "DROP TABLE gone;"),
    shape("a view with f only in a string", probes=_VIEW,
          then="CREATE VIEW v AS SELECT id, 'f' AS what FROM t;"),
    shape("an FTS5 index with external content", values=_TEXTS, probes=_MATCH,
          then=_FTS.format(columns="f", new="new.f", old="old.f"),
          refuse={"f: drop": "the FTS5 index reads it",
                  "f: rename": "FTS5 finds its column by the name"}),
    shape("an FTS5 index of its own", values=_TEXTS, probes=_MATCH,
          then="CREATE VIRTUAL TABLE search USING fts5(words);"
          "INSERT INTO search(rowid, words) SELECT id, f FROM t;"
          "CREATE TRIGGER fts_d AFTER DELETE ON t BEGIN"
          " DELETE FROM search WHERE rowid = old.id; END;"),
    shape("an FTS5 index of the hidden rowid", values=_TEXTS, probes=_MATCH[:2],
          id_="id INTEGER",
          then="UPDATE t SET rowid = rowid + 100;"
          "CREATE VIRTUAL TABLE search USING fts5(f, content='t');"
          "INSERT INTO search(search) VALUES ('rebuild');",
          refuse={"f: drop": "the FTS5 index reads it", "f: rename": "FTS5 reads by the name",
                  "table: WITHOUT ROWID": "no key", "table: AUTOINCREMENT": "no INTEGER key"}),
    shape("an R-tree that a trigger feeds", "f REAL", ("1.5", "2.5", "NULL", "9.0"), new="3.5",
          then="CREATE VIRTUAL TABLE box USING rtree(id, low, high);"
          "INSERT INTO box SELECT id, num, num + 1 FROM t;"
          "CREATE TRIGGER tr AFTER INSERT ON t BEGIN"
          " INSERT INTO box VALUES (new.id, new.num, new.num + 1); END;",
          probes=(Probe("box", "SELECT id, low FROM box WHERE low > 15 ORDER BY id"),)),
)  # fmt: skip
