"""yoyo, Alembic and sqlite-utils: Python migrations of other tools, run on the candidate."""

from __future__ import annotations

import pytest

from drydock.executor import MigrationFailed
from drydock.migration import MigrationError
from tests.unit.formats.conftest import ODD

TABLE = '"' + ODD.replace('"', '""') + '"'


def yoyo(bench):
    """Three files whose order is not that of their names."""
    bench.write(
        "0001.b.py",
        '"""Why."""\nfrom yoyo import step\n\n__depends__ = {"0002.a"}\n\n'
        "def fill(connection):\n"
        "    connection.cursor().execute(\"INSERT INTO a VALUES (2, 'by a function')\")\n\n"
        'step("CREATE TABLE b (x)", "DROP TABLE b")\n'
        'step("DROP TABLE nowhere", ignore_errors="apply")\n'
        'step(fill, "DELETE FROM a WHERE id = 2")\n',
    )
    bench.write(
        "0002.a.sql",
        "-- depends:\n-- a comment; with a semicolon\n"
        "CREATE TABLE a (id INTEGER PRIMARY KEY, x);\n"
        f"INSERT INTO a SELECT 1, note FROM {TABLE} WHERE id = 1;\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;\n",
    )
    bench.write("0002.a.rollback.sql", "DROP TABLE a;\n")


def test_yoyo_runs_in_the_order_of_what_depends_on_what(bench):
    """Steps, functions and ignored errors are yoyo's; both books have the two."""
    yoyo(bench)
    assert bench.apply() == ["0002.a", "0001.b"] == bench.ledger()
    assert bench.rows("SELECT * FROM a") == [(1, "a;b"), (2, "by a function")]
    assert bench.rows("SELECT migration_id FROM _yoyo_migration ORDER BY rowid") == [
        ("0002.a",),
        ("0001.b",),
    ]
    assert bench.rows("SELECT operation, count(*) FROM _yoyo_log") == [("apply", 2)]
    assert bench.rows("SELECT version FROM _yoyo_version") == [(2,)]
    assert bench.rows("SELECT * FROM yoyo_lock") == []
    assert bench.pending() == []


def test_yoyo_a_step_is_taken_back_whole_when_its_error_is_ignored(bench):
    """And one that wants no transaction has none: VACUUM runs."""
    bench.write(
        "0001.a.py",
        "from yoyo import step\n\n\ndef half(connection):\n"
        '    connection.execute("CREATE TABLE half (x)")\n'
        '    connection.execute("INSERT INTO nowhere VALUES (1)")\n\n\n'
        'step("CREATE TABLE whole (x)")\nstep(half, ignore_errors="all")\n',
    )
    bench.write(
        "0002.b.py",
        "from yoyo import step\n\n__transactional__ = False\n"
        'step("VACUUM")\nstep("DROP TABLE nowhere", ignore_errors="apply")\n',
    )
    bench.apply()
    made = bench.rows("SELECT name FROM sqlite_schema WHERE name IN ('half', 'whole')")
    assert made == [("whole",)]


def test_yoyo_an_error_names_the_line_of_the_file(bench):
    """The function's own line, not one of the program around it."""
    yoyo(bench)
    bench.write(
        "0003.c.py",
        "from yoyo import step\n\ndef fail(c):\n"
        '    c.execute("INSERT INTO nowhere VALUES (1)")\n\nstep(fail)\n',
    )
    with pytest.raises(MigrationFailed) as failed:
        bench.apply()
    assert failed.value.at.startswith(f"{bench.folder / '0003.c.py'}:4")
    assert "no such table: nowhere" in failed.value.cause[0]


def test_yoyo_refuses_what_it_cannot_follow(bench):
    """A lost or circular dependency, a hook: named before anything runs."""
    yoyo(bench)
    path = bench.write("0003.c.sql", "-- depends: 0009.z\nSELECT 1;\n")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "0009.z" in refused.value.problem
    path.write_text("-- depends: 0004.d\nSELECT 1;\n")
    bench.write("0004.d.sql", "-- depends: 0003.c\nSELECT 1;\n")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "itself" in refused.value.problem
    bench.write("post-apply.sql", "SELECT 1;")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "hook" in refused.value.problem


SETS = """\
from sqlite_utils import Database, Migrations

cars = Migrations("cars & co")
other = Migrations(name="other")


@cars()
def first(db):
    db["car"].insert_all([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], pk="id")


@other(name="by another name")
def any_name(db):
    db["other"].insert({"x": 1})


@cars(transactional=False)
def second(db):
    db["car"].transform(rename={"name": "title"})
"""


def test_sqlite_utils_sets_run_as_they_stand(bench):
    """Each function is a migration; the table is sqlite-utils' own, to the letter."""
    bench.write("sets.py", SETS)
    names = ["cars___co.first", "other.by_another_name", "cars___co.second"]
    assert bench.apply() == names
    assert bench.rows("SELECT id, title FROM car") == [(1, "a"), (2, "b")]
    assert bench.rows("SELECT migration_set, name FROM _sqlite_migrations ORDER BY id") == [
        ("cars & co", "first"),
        ("other", "by another name"),
        ("cars & co", "second"),
    ]
    assert bench.pending() == []
    from sqlite_utils import Database, Migrations

    fresh = Database(memory=True)
    Migrations("x").ensure_migrations_table(fresh)
    theirs = [
        row[0]
        for row in fresh.execute("SELECT sql FROM sqlite_schema WHERE sql NOT NULL").fetchall()
    ]
    fresh.close()
    ours = bench.rows("SELECT sql FROM sqlite_schema WHERE tbl_name = '_sqlite_migrations'")
    assert [sql for (sql,) in ours if sql] == theirs


def test_sqlite_utils_takes_one_file_too(bench):
    """`migrations = "app/migrations.py"`; a computed name is refused with its line."""
    path = bench.write("sets.py", SETS)
    bench.folder = path
    assert len(bench.pending()) == 3
    path.write_text(SETS.replace('Migrations("cars & co")', "Migrations(__name__)"))
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert refused.value.at.endswith("sets.py:3")


def test_sqlite_utils_an_edited_function_is_told(bench):
    """Only the function whose text changed."""
    path = bench.write("sets.py", SETS)
    bench.apply()
    path.write_text(SETS.replace('{"x": 1}', '{"x": 2}'))
    assert bench.edited() == ["other.by_another_name"]


def revision(bench, name, needs, body, *, depends="None"):
    """Write a revision file."""
    bench.write(
        f"versions/{name}.py",
        f'"""{name}"""\nfrom alembic import op\n\nrevision: str = "{name}"\n'
        f"down_revision = {needs}\ndepends_on = {depends}\n\n\n"
        f"def upgrade():\n    op.execute({body!r})\n\n\ndef downgrade():\n    pass\n",
    )


def test_alembic_branches_are_put_in_order_and_the_heads_say_what_is_applied(bench):
    """A merge comes after both branches; a head stands for everything below it."""
    bench.write("env.py", "")
    revision(bench, "d_merge", '("c_left", "a_right")', "SELECT 1")
    revision(bench, "c_left", '"z_base"', "SELECT 1")
    revision(bench, "a_right", '"z_base"', "SELECT 1")
    revision(bench, "z_base", "None", "SELECT 1")
    assert bench.pending() == ["z_base", "a_right", "c_left", "d_merge"]
    bench.sql(
        "CREATE TABLE alembic_version (version_num)",
        "INSERT INTO alembic_version VALUES ('c_left')",
    )
    assert bench.pending() == ["a_right", "d_merge"]
    assert bench.plan().out_of_order == ()  # its place follows from what it needs
    bench.sql("UPDATE alembic_version SET version_num = 'unheard_of'")
    assert bench.missing() == ["unheard_of"]


def test_alembic_refuses_a_revision_that_is_not_there(bench):
    """The file that names it is named."""
    bench.write("env.py", "")
    revision(bench, "b", '"a"', "SELECT 1")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "revision a" in refused.value.problem
