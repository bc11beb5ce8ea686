"""Indexes in every form; a rebuild must bring each back, and a drop must not take one along."""

from __future__ import annotations

from tests.matrix.feature import Feature, Probe, shape

_HELD = {"f: drop": "an index is on it"}


def _index(
    name: str,
    sql: str,
    *,
    spare: bool = False,
    f: str = "f TEXT",
    cascade: tuple[str, ...] = ("on f",),
) -> Feature:
    refuse = {**_HELD, "bystander: drop": "an index is on it"} if spare else _HELD
    return shape(name, f, then=sql, refuse=refuse, cascade=cascade,
                 lacks=() if '"on f"' in sql else ("f: drop with cascade",))  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    _index("an index", 'CREATE INDEX "on f" ON t(f);'),
    _index("a UNIQUE index", 'CREATE UNIQUE INDEX "on f" ON t(f);'),
    _index("an index DESC", 'CREATE INDEX "on f" ON t(f DESC);'),
    _index("an index COLLATE NOCASE", 'CREATE INDEX "on f" ON t(f COLLATE NOCASE);'),
    _index("a UNIQUE index COLLATE NOCASE", 'CREATE UNIQUE INDEX "on f" ON t(f COLLATE NOCASE);'),
    _index("an index on a NOCASE column", 'CREATE INDEX "on f" ON t(f);',
           f="f TEXT COLLATE NOCASE"),
    _index("a partial index on f", 'CREATE INDEX "on f" ON t(num) WHERE f IS NOT NULL;'),
    _index("a partial UNIQUE index", 'CREATE UNIQUE INDEX "on f" ON t(f) WHERE spare > \'s1\';',
           spare=True),
    _index("an expression index", 'CREATE INDEX "on f" ON t(lower(f), num + 1);'),
    _index("a UNIQUE expression index", 'CREATE UNIQUE INDEX "on f" ON t(coalesce(f, id));'),
    _index("an expression index with quotes and a comment",
           "CREATE INDEX if not exists [on f]\n ON [t] ( -- f, by its first letter\n"
           ' substr("f", 1, 1) COLLATE NOCASE /* ) */ DESC );'),
    _index("an index of several columns", 'CREATE INDEX "on f" ON t(spare, f DESC, num);',
           spare=True),
    _index("several indexes", 'CREATE INDEX "on f" ON t(f); CREATE INDEX i2 ON t(num, f);'
           'CREATE UNIQUE INDEX i3 ON t(code, f);',
           cascade=("on f", "i2", "i3")),
    _index("an index in the other case", 'CREATE INDEX "on f" ON T(F, "Num");'),
    _index("an index with statistics", 'CREATE INDEX "on f" ON t(f); ANALYZE;'),
    _index("an index on json", 'CREATE INDEX "on f" ON t(json_valid(f));'),
    _index("an index INDEXED BY a view", 'CREATE INDEX "on f" ON t(num) WHERE f > \'\';'
           "CREATE VIEW by_index AS SELECT id FROM t INDEXED BY \"on f\" WHERE f > '' AND num > 0;",
           cascade=("on f", "by_index")),
    shape("an index with a name like a column", then='CREATE INDEX "spare" ON t(num);'),
    shape("a statistic made by hand", then="CREATE INDEX i ON t(num); ANALYZE;"
          "UPDATE sqlite_stat1 SET stat = '5000000 3' WHERE idx = 'i';"),
    shape("an index on a child", then="CREATE INDEX on_child ON child(t_code);",
          probes=(Probe("read", "SELECT count(*) FROM child INDEXED BY on_child"
                  " WHERE t_code = 'c1'"),)),
)  # fmt: skip
