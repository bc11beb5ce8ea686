"""Triggers on the table, triggers elsewhere that use it, and what they write."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_READ = {"f: drop": "a trigger uses it"}
_LOG = "CREATE TABLE log(n INTEGER PRIMARY KEY, what, value);\n"
_PROBES = (
    Probe("fires", "UPDATE $t SET num = num + 1 WHERE code = 'c2'"),
    Probe("fires on f", "UPDATE $t SET $f = 'z' WHERE code = 'c2'"),
    Probe("fires on delete", "DELETE FROM $t WHERE code = 'c3'"),
    Probe("fires on spare", "UPDATE $t SET $spare = 'q' WHERE code = 'c7'"),
    Probe("other", "UPDATE other SET label = 'new' WHERE id = 2"),
)


def _trigger(
    name: str,
    sql: str,
    *,
    reads: bool = True,
    spare: str = "",
    cascade: tuple[str, ...] = ("tr",),
    more: dict[str, str] | None = None,
) -> Feature:
    refuse = {**(_READ if reads else {}), **(more or {})}
    if spare:
        refuse["bystander: drop"] = spare
    return shape(name, then=_LOG + sql, refuse=refuse, probes=_PROBES,
                 cascade=cascade if reads else ())  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    _trigger("a trigger AFTER INSERT", "CREATE TRIGGER tr AFTER INSERT ON t BEGIN"
             " INSERT INTO log(what, value) VALUES ('in', new.f); END;"),
    _trigger("a trigger BEFORE DELETE", "CREATE TRIGGER tr BEFORE DELETE ON t BEGIN"
             " INSERT INTO log(what, value) VALUES ('out', old.f); END;"),
    _trigger("a trigger BEFORE UPDATE OF f", "CREATE TRIGGER tr BEFORE UPDATE OF num, f ON t BEGIN"
             " INSERT INTO log(what, value) VALUES (old.code, new.code); END;"),
    _trigger("a trigger WHEN", "CREATE TRIGGER tr AFTER UPDATE ON t WHEN new.f IS NOT old.f BEGIN"
             " INSERT INTO log(what) VALUES ('changed'); END;"),
    _trigger("a trigger with RAISE", "CREATE TRIGGER tr BEFORE UPDATE ON t"
             " WHEN new.f = 'z' BEGIN SELECT RAISE(ABORT, 'no z'); END;"),
    _trigger("a trigger that changes its own table", "CREATE TRIGGER tr AFTER INSERT ON t BEGIN"
             " UPDATE t SET f = coalesce(new.f, 'none') || '!' WHERE id = new.id; END;"),
    _trigger("a trigger that inserts by column list", "CREATE TRIGGER tr AFTER DELETE ON t BEGIN"
             " INSERT INTO t(id, code, f) VALUES (old.id + 5000, old.code || '+', old.f); END;"),
    _trigger("a trigger elsewhere that reads f", "CREATE TRIGGER tr AFTER UPDATE ON other BEGIN"
             " INSERT INTO log(what) SELECT f FROM t WHERE own = new.id; END;"),
    _trigger("a trigger elsewhere that writes f", "CREATE TRIGGER tr AFTER UPDATE ON other BEGIN"
             " UPDATE t SET f = new.label WHERE own = new.id; END;"),
    _trigger("a trigger elsewhere that deletes rows",
             "CREATE TRIGGER tr AFTER UPDATE ON other BEGIN"
             " DELETE FROM t WHERE f = 'b' AND own = new.id; END;"),
    _trigger("a trigger with an upsert", "CREATE TRIGGER tr AFTER UPDATE ON other BEGIN"
             " INSERT INTO t(id, code, f) VALUES (2, 'c2', 'u') ON CONFLICT(code)"
             " DO UPDATE SET f = excluded.f || t.f; END;"),
    _trigger("a trigger with a subquery and aliases",
             "CREATE TRIGGER tr AFTER UPDATE ON other BEGIN"
             " INSERT INTO log(what, value) WITH x AS (SELECT a.f AS f FROM t AS a)"
             " SELECT 'n', count(x.f) FROM x; END;"),
    _trigger("several triggers, their order counts",
             "CREATE TRIGGER z1 AFTER UPDATE ON t BEGIN INSERT INTO log(what) VALUES ('z1'); END;"
             "CREATE TRIGGER a2 AFTER UPDATE ON t BEGIN INSERT INTO log(what) VALUES ('a2'); END;"
             "CREATE TRIGGER m3 BEFORE UPDATE ON t BEGIN INSERT INTO log(what) VALUES ('m3'); END;",
             reads=False),
    _trigger("a trigger with f in strings and comments",
             "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN -- f of t; END;\n"
             " INSERT INTO log(what, value) VALUES ('f of \"t\"; END;', new.code); /* t.f */ END;",
             reads=False),
    _trigger("a trigger UPDATE OF the bystander", "CREATE TRIGGER tr AFTER UPDATE OF spare ON t"
             " BEGIN INSERT INTO log(what) VALUES (new.spare); END;", reads=False,
             spare="the trigger tr reads it"),
    _trigger("a trigger that is on the child", "CREATE TRIGGER tr AFTER DELETE ON child BEGIN"
             " INSERT INTO log(what, value) SELECT old.t_code, count(f) FROM t; END;"),
    _trigger("a trigger INSERT without a column list", "CREATE TABLE copy AS SELECT * FROM t;"
             "CREATE TRIGGER other_copy AFTER UPDATE ON other BEGIN"
             " INSERT INTO copy SELECT * FROM t; END;", spare="the trigger copies by position",
             cascade=("other_copy",), more={
                 "bystander: move first": "the trigger copies by position",
                 "table: add generated column": "the trigger copies every column"}),
    shape("INSTEAD OF triggers on a view", then=_LOG +
          "CREATE VIEW v AS SELECT id, f AS shown FROM t;"
          "CREATE TRIGGER tr INSTEAD OF UPDATE OF shown ON v BEGIN"
          " UPDATE t SET f = new.shown WHERE id = old.id; END;"
          "CREATE TRIGGER tr2 INSTEAD OF DELETE ON v BEGIN"
          " INSERT INTO log(what, value) VALUES ('view', old.shown); END;",
          refuse=_READ, cascade=("v", "tr", "tr2"),
          probes=(*_PROBES, Probe("view write", "UPDATE v SET shown = 'w' WHERE id = 2"),
                  Probe("view delete", "DELETE FROM v WHERE id = 2"))),
    shape("a trigger that is broken already", then=_LOG + "CREATE TABLE gone(x);"
          "CREATE TRIGGER broken AFTER UPDATE ON other BEGIN INSERT INTO gone VALUES (1); END;"
          "DROP TABLE gone;", probes=_PROBES),
    shape("a trigger on t that is broken already", then="CREATE TABLE gone(x);"
          "CREATE TRIGGER broken AFTER DELETE ON t BEGIN INSERT INTO gone VALUES (old.id); END;"
          "DROP TABLE gone;"),
)  # fmt: skip
