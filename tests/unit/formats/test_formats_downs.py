"""Ways back: the newest migration is taken back by its own script, and both books say so."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from drydock import executor, formats, ledger
from drydock.formats import NoWayBack, downs
from tests.unit.formats.test_formats_python import yoyo
from tests.unit.formats.test_formats_sql import CASES, DOWN, TABLE

MARKS = {
    "dbmate": ("SELECT * FROM schema_migrations", []),
    "goose": ("SELECT version_id FROM goose_db_version", [(0,)]),
    "golang-migrate": ("SELECT * FROM schema_migrations", []),
    "sqlx": ("SELECT version FROM _sqlx_migrations", []),
    "flyway": (
        "SELECT version, type, script FROM flyway_schema_history ORDER BY installed_rank",
        [("1", "SQL", "V1__odd name.sql"), ("1", "UNDO_SQL", "U1__odd name.sql")],
    ),
    "diesel": ("SELECT version FROM __diesel_schema_migrations", []),
}


def take_back(bench, name):
    """Take one migration back, as a run called `the-way-back` does."""
    files = bench.read()
    (bench.root / "logs").mkdir(exist_ok=True)
    return executor.apply(
        (formats.chosen(bench.plan(), files, name),),
        bench.database,
        live=bench.root / "live.db",
        root=bench.root,
        run="the-way-back",
        logs=bench.root / "logs",
        known=files,
    )


def schema(bench):
    """All objects but those that keep books."""
    rows = bench.rows("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
    return [row for row in rows if "ord" in row[0].lower() or row[0] in {"t", "log", "a", "b"}]


@pytest.mark.parametrize("tool", MARKS)
def test_up_and_down_leaves_what_was_before(bench, tool):
    """Struck as the tool strikes it; the run is known, though it applied nothing."""
    CASES[tool][0](bench)
    (bench.root / "flyway.conf").write_text("# tells V1__ from refinery's\n")
    second = bench.read()[1].path
    second.unlink()
    if tool == "diesel":
        second.parent.rmdir()
    before = schema(bench), bench.rows(f"SELECT * FROM {TABLE}")
    (name,) = bench.apply()
    (done,) = take_back(bench, name)
    assert [each.sql.split()[0] for each in done.statements] == ["DROP", "DROP", "ALTER"]
    assert (schema(bench), bench.rows(f"SELECT * FROM {TABLE}")) == before
    query, rows = MARKS[tool]
    assert bench.rows(query) == rows
    assert bench.ledger() == []
    assert bench.pending() == [name]
    with closing(sqlite3.connect(bench.database)) as db:
        assert ledger.knows_run(db, "the-way-back")
        assert not ledger.knows_run(db, "another")
    assert bench.apply() == [name]


def test_golang_migrates_mark_goes_to_the_one_before(bench):
    """Not to one less: there are gaps."""
    CASES["golang-migrate"][0](bench)
    bench.write("20_b.down.sql", "DROP TABLE second;\n")
    bench.apply()
    take_back(bench, "20_b")
    assert bench.rows("SELECT * FROM schema_migrations") == [(1, 0)]


def test_yoyos_python_steps_go_back_from_the_last(bench):
    """By the same stand-in, in one transaction; yoyo's log tells both."""
    yoyo(bench)
    before = bench.rows(f"SELECT * FROM {TABLE}")
    bench.apply()
    take_back(bench, "0001.b")
    assert bench.rows("SELECT id FROM a") == [(1,)]
    take_back(bench, "0002.a")
    assert schema(bench)[1:] == []
    assert bench.rows(f"SELECT * FROM {TABLE}") == before
    assert bench.rows("SELECT operation FROM _yoyo_log ORDER BY rowid") == [
        ("apply",),
        ("apply",),
        ("rollback",),
        ("rollback",),
    ]


def test_only_the_newest_can_be_taken_back(bench):
    """The tools count on the order; the screen says which one first."""
    CASES["dbmate"][0](bench)
    first, second = (each.name for each in bench.read())
    with pytest.raises(NoWayBack) as refused:
        take_back(bench, first)
    assert refused.value.cause == ["it is not applied"]
    bench.apply()
    with pytest.raises(NoWayBack) as refused:
        take_back(bench, first)
    assert refused.value.hint == f"take that back first: inv rollback --down {second}"


def test_a_down_script_without_a_statement_is_none(bench):
    """It would take a migration back that stays as it is."""
    bench.write("1_a.sql", "-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\n-- nothing; yet\n")
    bench.apply()
    with pytest.raises(NoWayBack) as refused:
        take_back(bench, "1_a")
    assert refused.value.cause == ["it has no down script"]
    bench.write("1_a.sql", f"-- migrate:up\nCREATE TABLE a (x);\n-- migrate:down\n{DOWN}")
    assert downs.of(bench.read()[0]) is not None


def test_drydocks_own_migrations_have_none(bench):
    """Their way back is the backup."""
    bench.write("001_a.sql", "CREATE TABLE a (x);")
    bench.apply()
    with pytest.raises(NoWayBack) as refused:
        take_back(bench, "001_a")
    assert "inv rollback" in refused.value.hint
