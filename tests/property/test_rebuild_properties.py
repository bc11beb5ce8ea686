"""Whatever table and rows there are: a change does what was asked, and nothing else.

Schemas come from a grammar (types, constraints, quoting, comments, generated columns, indexes,
views, triggers, child keys), rows from a pool of awkward values. The oracle knows PRAGMAs, cells
and texts only, nothing of how the change is made. Foreign keys are on, and children hang on the
table with ON DELETE CASCADE.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drydock.rebuild import Database
from drydock.rebuild.edit import spell
from drydock.rebuild.refusals import TransformRefusedError

NAMES = ["a", "b", "Total", "order", "sp ace", "Å", "it's", 'q"q', "x.y", "note"]
TYPES = ["", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "DECIMAL(5, 2)", "CHAR(9)", "DATE"]
VALUES = [
    None, 0, 1, -7, 2**53 + 1, 1.5, 3.0, -0.0, -0.25, 1e300, "",
    "007", "1.10", "12", "abc", "a\0b", "Å",
    b"", b"\x00\xff",
]  # fmt: skip
LATE = [
    "TEXT DEFAULT 'old'", "DECIMAL DEFAULT '0.00'", "TEXT DEFAULT 501",
    "TEXT DEFAULT 1.50", "DEFAULT '7'", "REAL DEFAULT 3", "NUMERIC",
]  # fmt: skip
PROFILE = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass(frozen=True)
class World:
    """One generated database: its script, and the columns of its table."""

    statements: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    late: tuple[str, ...] = field(default=())

    def habit_shows_only_in(self, name: str) -> bool:
        """Whether no other column is quoted without need, though this one is."""
        needless = {one for one in self.columns if f'"{spell(one)}"' in self.statements[0]}
        return needless == {name}

    def open(self) -> Database:
        """Return it, filled, with foreign keys on."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        for statement in self.statements:
            connection.execute(statement)
        into = ", ".join(quoted(name) for name in self.columns)
        marks = ", ".join("?" for _ in self.columns)
        for number, row in enumerate(self.rows):
            try:
                connection.execute(
                    f"INSERT OR IGNORE INTO t(id, {into}) VALUES (?, {marks})",
                    (3 * number + 2, *row),
                )
            except sqlite3.IntegrityError:
                continue
        for statement in self.late:
            connection.execute(statement)
        connection.execute("INSERT INTO child(t_id) SELECT id FROM t")
        return Database(connection)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A table t with a key, two to five other columns, and what depends on them."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    write = quoted if draw(st.booleans()) else spell
    gap = draw(st.sampled_from([" ", "\n  ", "\t", " /* , ) */ "]))
    parts = [f"id{gap}INTEGER PRIMARY KEY{draw(st.sampled_from(['', ' AUTOINCREMENT']))}"]
    parts += [draw(definitions(name, write)) for name in names]
    computed = draw(st.booleans())
    if computed:
        kind = draw(st.sampled_from(["", " VIRTUAL", " STORED"]))
        parts.append(f"made AS ({write(names[0])} || 'x'){kind}")
    if draw(st.booleans()):
        parts.append(f"CONSTRAINT pair UNIQUE ({write(names[0])}, id)")
    if draw(st.booleans()):
        parts.append(f"CHECK (t.{write(names[-1])} IS NOT 'never, )')")
    end = draw(st.sampled_from([", ", ",\n  ", ", -- about it\n  "]))
    tail = draw(st.sampled_from(["", "\n", " -- end\n"]))
    table = f"CREATE TABLE t({end.join(parts)}{tail})"
    extra = draw(st.lists(dependents(names, write), max_size=3, unique_by=lambda text: text[:18]))
    added = [f"ALTER TABLE t ADD COLUMN late {one}" for one in LATE]
    late = [draw(st.sampled_from(added))] if draw(st.booleans()) else []
    rows = draw(
        st.lists(st.tuples(*(st.sampled_from(VALUES) for _ in names)), min_size=1, max_size=6)
    )
    child = "CREATE TABLE child(id INTEGER PRIMARY KEY, t_id REFERENCES t(id) ON DELETE CASCADE)"
    return World(
        (table, child, "CREATE TABLE log(what)", *extra), tuple(names), tuple(rows), tuple(late)
    )


@st.composite
def definitions(draw: st.DrawFn, name: str, write: object) -> str:
    """One column: a type and some constraints in any order."""
    choices = [
        "COLLATE NOCASE",
        "UNIQUE ON CONFLICT REPLACE",
        "DEFAULT 'x, y'",
        "DEFAULT (1 + 1)",
        f"CHECK ({write(name)} IS NOT 'never')",
        "CONSTRAINT named NOT NULL",
    ]
    chosen = draw(st.lists(st.sampled_from(choices), max_size=3, unique_by=lambda text: text[:7]))
    return " ".join([write(name), draw(st.sampled_from(TYPES)), *chosen]).rstrip()


@st.composite
def dependents(draw: st.DrawFn, names: list[str], write: object) -> str:
    """An index, a view or a trigger on some column."""
    one = write(draw(st.sampled_from(names)))
    return draw(
        st.sampled_from(
            [
                f"CREATE INDEX plain ON t({one} DESC)",
                f"CREATE INDEX part ON t(id) WHERE {one} > 1",
                f"CREATE INDEX expr ON t(coalesce({one}, 0))",
                f"CREATE VIEW seen AS SELECT id, {one} AS x FROM t WHERE {one} IS NOT 5 /* t */",
                (
                    f"CREATE TRIGGER told AFTER UPDATE OF {one} ON t BEGIN "
                    f"INSERT INTO log VALUES (NEW.{one}); END"
                ),
                "CREATE VIEW broken AS SELECT * FROM nowhere",
            ]
        )
    )


def operations(columns: tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    """One or two arguments of `transform`, on columns of the table."""
    column = st.sampled_from(columns)
    return st.one_of(
        column.map(lambda name: {"not_null": {name: True}}),
        column.map(lambda name: {"not_null": {name: False}}),
        st.tuples(column, st.sampled_from(TYPES)).map(lambda two: {"types": {two[0]: two[1]}}),
        column.map(lambda name: {"drop": [name]}),
        column.map(lambda name: {"rename": {name: "fresh"}}),
        column.map(lambda name: {"defaults": {name: "new"}}),
        column.map(lambda name: {"defaults": {name: None}}),
        column.map(lambda name: {"collate": {name: "RTRIM"}}),
        column.map(lambda name: {"column_order": [name]}),
        column.map(lambda name: {"add_check": f"{quoted(name)} IS NOT 'no'"}),
        column.map(lambda name: {"types": {name: "TEXT"}, "allow_lossy": True}),
        st.just({"autoincrement": True}),
        st.just({"autoincrement": False}),
        st.just({"generated": {"extra": ("id * 2", "STORED")}}),
        st.just({"generated": {"extra": "id * 2"}}),
    )


Cells = dict[str, list[tuple[str, str]]]


def cells(db: Database) -> Cells:
    """Every value of t by column, as type and literal, in the order of the key."""
    names = [row[1] for row in db.conn.execute("PRAGMA table_xinfo(t)")]
    return {
        name: db.conn.execute(
            f"SELECT typeof({quoted(name)}), hex({quoted(name)}), quote(id) FROM t ORDER BY id"
        ).fetchall()
        for name in names
    }


def texts(db: Database) -> dict[str, str | None]:
    return dict(db.conn.execute("SELECT name, sql FROM sqlite_schema").fetchall())


def shapes(db: Database) -> dict[str, tuple[object, ...]]:
    """What PRAGMA says of each column of t, and of its collation where an index shows it."""
    return {row[1]: tuple(row[2:]) for row in db.conn.execute("PRAGMA table_xinfo(t)")}


def converted(db: Database, name: str, type_: str) -> list[tuple[str, str]]:
    """The column's cells as SQLite stores them in a new column of that type."""
    db.conn.execute("CREATE TEMP TABLE fresh(id INTEGER PRIMARY KEY)")
    db.conn.execute(f"ALTER TABLE fresh ADD COLUMN v {type_}")
    db.conn.execute(f"INSERT INTO fresh SELECT id, {quoted(name)} FROM main.t")
    found = db.conn.execute("SELECT typeof(v), hex(v), quote(id) FROM fresh ORDER BY id").fetchall()
    db.conn.execute("DROP TABLE fresh")
    return found


def check_sound(db: Database) -> None:
    assert db.conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert db.conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert db.conn.execute("PRAGMA writable_schema").fetchone() == (0,)
    assert not db.conn.in_transaction


def touched(operation: dict[str, object]) -> set[str]:
    """The columns that the operation is about."""
    found: set[str] = set()
    for key in ("types", "not_null", "defaults", "collate", "rename", "drop", "generated"):
        found |= set(operation.get(key, ()))
    return found


@given(st.data())
@PROFILE
def test_f15_f17_a_change_keeps_everything_that_it_was_not_asked_to_change(
    data: st.DataObject,
) -> None:
    """Cells, shapes, texts and children of all else are the same; a refusal changes nothing."""
    world = data.draw(worlds())
    columns = (*world.columns, "late") if world.late else world.columns
    operation = data.draw(operations(columns))
    with closing(world.open().conn) as connection:
        db = Database(connection)
        before = cells(db), texts(db), shapes(db)
        children = connection.execute("SELECT * FROM child").fetchall()
        wanted = {
            name: converted(db, name, type_) for name, type_ in operation.get("types", {}).items()
        }
        try:
            db["t"].transform(**operation)
        except TransformRefusedError:
            assert (cells(db), texts(db), shapes(db)) == before
            check_sound(db)
            return
        check_sound(db)
        assert connection.execute("SELECT * FROM child").fetchall() == children
        about = touched(operation)
        now, now_texts, now_shapes = cells(db), texts(db), shapes(db)
        for name, column in before[0].items():
            if name not in about and name != "made":
                assert now[name] == column, name
                assert now_shapes[name] == before[2][name], name
        for name, column in wanted.items():
            assert now[name] == column, name
        for name, text in before[1].items():
            if name not in ("t", "sqlite_sequence") and "rename" not in operation:
                assert now_texts[name] == text
        if "types" not in operation and "drop" not in operation:
            kept = {
                name: now[operation.get("rename", {}).get(name, name)]
                for name in about & set(before[0])
            }
            assert kept == {name: before[0][name] for name in about & set(before[0])}


@given(worlds(), st.data())
@PROFILE
def test_a_rename_there_and_back_is_the_identity_to_the_byte(
    world: World, data: st.DataObject
) -> None:
    """The text of every object is what it was, with the author's quoting, spacing and comments."""
    name = data.draw(st.sampled_from(world.columns))
    other = data.draw(st.sampled_from(["fresh", "Fresh one", "späť", "select"]))
    with closing(world.open().conn) as connection:
        db = Database(connection)
        before = texts(db), cells(db)
        try:
            db["t"].transform(rename={name: other})
        except TransformRefusedError:
            assert (texts(db), cells(db)) == before
            return
        assert other in shapes(db)
        assert name not in shapes(db)
        db["t"].transform(rename={other: name})
        if spell(other) != other and world.habit_shows_only_in(name):
            return  # nothing was left to tell whether the author quotes without need
        assert (texts(db), cells(db)) == before
        check_sound(db)


@given(worlds(), st.data())
@PROFILE
def test_what_was_planned_is_what_is_run(world: World, data: st.DataObject) -> None:
    """`transform_sql` only reads, and its statements are the ones that `transform` runs."""
    operation = data.draw(operations(world.columns))
    with closing(world.open().conn) as connection:
        db = Database(connection)
        before = texts(db), cells(db)
        try:
            statements = db["t"].transform_sql(**operation)
        except TransformRefusedError:
            return
        assert (texts(db), cells(db)) == before
        changed = db["t"].transform(**operation).last_change
        assert [f"{one};" for one in changed.plan.statements] == statements
