"""yoyo, Alembic and sqlite-utils: Python migrations of other tools, run on the candidate."""

from __future__ import annotations

import pytest

from drydock.executor import MigrationFailed
from drydock.formats.format import FilesLeftOut
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


MODULE = """\
import pickle
class Row:
    limit: int
assert Row.__annotations__ == {"limit": int}
assert isinstance(pickle.loads(pickle.dumps(Row())), Row)
"""


def test_yoyo_a_file_is_a_module_with_annotations_of_its_own(bench):
    """Pickle finds it by its name, and `from __future__` of ours changes nothing in it."""
    bench.write("0001.a.py", MODULE + "from yoyo import step\nstep('CREATE TABLE a (x)')\n")
    assert bench.apply() == ["0001.a"]


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


STEP = 'from yoyo import step\n\nstep("CREATE TABLE n (a)")\n'


@pytest.mark.parametrize(
    "text",
    [
        'def migrate(db):\n    db["m"].insert({"a": 1})\n',
        "from yoyo import step\n",
        'from yoyo import step\n\n__depends__ = {"0001.a"}\n\ndef migrate(db):\n    pass\n',
    ],
)
def test_yoyo_a_file_that_makes_no_step_is_told_before_anything_runs(bench, text):
    """It would count as applied, and have done nothing."""
    bench.write("0001.a.py", STEP)
    path = bench.write("0003.c.py", text)
    with pytest.raises(FilesLeftOut) as refused:
        bench.read()
    assert refused.value.left_out == (path,)
    assert refused.value.cause == ["0003.c.py is no migration of yoyo"]


def test_yoyo_a_file_may_be_there_for_what_it_depends_on(bench):
    """Two branches come together in one that has no step."""
    bench.write("0001.a.py", STEP)
    bench.write("0002.b.sql", "CREATE TABLE m (a);")
    bench.write("0003.c.py", '__depends__ = {"0001.a", "0002.b"}\n')
    assert bench.apply() == ["0001.a", "0002.b", "0003.c"]


def test_yoyo_a_step_that_nothing_calls_fails(bench):
    """The text makes one, and running it none."""
    bench.write("0001.a.py", STEP.replace("step(", "def migrate():\n    step("))
    with pytest.raises(MigrationFailed) as failed:
        bench.apply()
    assert "it makes no step, so that nothing in it would run" in failed.value.cause


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


def test_sqlite_utils_a_file_is_a_module_with_annotations_of_its_own(bench):
    """As yoyo's."""
    bench.write("sets.py", MODULE + SETS)
    assert len(bench.apply()) == 3


def test_sqlite_utils_takes_one_file_too(bench):
    """`migrations = "app/migrations.py"`; a computed name is refused with its line."""
    path = bench.write("sets.py", SETS)
    bench.folder = path
    assert len(bench.pending()) == 3
    path.write_text(SETS.replace('Migrations("cars & co")', "Migrations(__name__)"))
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert refused.value.at.endswith("sets.py:3")


ONE = """\
from sqlite_utils import Migrations

x = Migrations("x")


@x()
def one(db):
    db["n"].insert({"a": 1})
"""


@pytest.mark.parametrize(
    ("imported", "made"),
    [
        ("from sqlite_utils import Migrations", 'x: Migrations = Migrations("x")'),
        ("from sqlite_utils.migrations import Migrations", 'x = also = Migrations(name="x")'),
        ("import sqlite_utils", 'x = sqlite_utils.Migrations("x")'),
    ],
)
def test_sqlite_utils_a_set_may_be_made_in_several_ways(bench, imported, made):
    """Annotated, under two names, by the name of its module."""
    text = ONE.replace("from sqlite_utils import Migrations", imported)
    bench.write("sets.py", text.replace('x = Migrations("x")', made))
    assert bench.apply() == ["x.one"]


def test_sqlite_utils_another_name_of_the_class_is_read(bench):
    """Where the folder is said to be sqlite-utils'."""
    text = ONE.replace("import Migrations", "import Migrations as M").replace("Migrations(", "M(")
    bench.write("sets.py", text)
    with pytest.raises(MigrationError, match="sets cannot be read"):
        bench.read()
    bench.wanted = "sqlite-utils"
    assert bench.apply() == ["x.one"]


@pytest.mark.parametrize(
    "more",
    [
        "def two(db):\n    pass\n\n\nx()(two)\n",
        "if x:\n\n    @x()\n    def two(db):\n        pass\n",
        "@x()\nasync def two(db):\n    pass\n",
        'if x:\n    y = Migrations("y")\n',
    ],
)
def test_sqlite_utils_refuses_a_function_that_it_cannot_read(bench, more):
    """With its line, before anything runs: it would never be listed."""
    bench.write("sets.py", f"{ONE}\n\n{more}")
    with pytest.raises(MigrationError) as refused:
        bench.read()
    assert "made where it cannot be read: " in refused.value.problem
    assert int(refused.value.at.rpartition(":")[2]) > len(ONE.splitlines())


def test_sqlite_utils_a_function_that_only_running_registers_fails_the_file(bench):
    """Nothing is recorded of a set that holds more than its text shows."""
    bench.write("sets.py", f"{ONE}\n\ndef late(db):\n    pass\n\n\nadd = x\nadd()(late)\n")
    assert bench.pending() == ["x.one"]
    with pytest.raises(MigrationFailed) as failed:
        bench.apply()
    assert "its text does not show what its sets hold: x.late" in failed.value.cause
    assert bench.rows("SELECT name FROM sqlite_schema WHERE name = 'n'") == []


def test_sqlite_utils_files_that_hold_no_function_are_told(bench):
    """Of Drydock's own form, or with a set that is empty; one named with _ is a helper."""
    bench.write("001_a.py", ONE)
    bench.write("_shared.py", "X = 1\n")
    assert bench.pending() == ["x.one"]
    left_out = [
        bench.write("002_b.py", 'def migrate(db):\n    db["m"].insert({"a": 1})\n'),
        bench.write("003_c.sql", "CREATE TABLE k (a);"),
        bench.write("004_d.py", ONE.partition("\n\n\n")[0].replace('"x"', '"empty"')),
    ]
    with pytest.raises(FilesLeftOut) as refused:
        bench.read()
    assert refused.value.left_out == tuple(left_out)
    assert "3 files" in refused.value.what
    assert 'format = "drydock"' in refused.value.hint


def test_a_set_among_files_of_our_own_is_told_before_it_counts_as_applied(bench):
    """Nothing would call its functions; one that applies its set by itself is a script."""
    bench.write("001_a.sql", "CREATE TABLE k (a);")
    bench.apply()
    path = bench.write("002_b.py", ONE)
    for wanted in ("auto", "drydock"):
        bench.wanted = wanted
        with pytest.raises(MigrationError) as refused:
            bench.read()
        assert "nothing here calls its functions" in refused.value.problem
    path.write_text(
        f'{ONE}\n\nx.apply(Database("live.db"))\n'.replace("import ", "import Database, ")
    )
    assert bench.apply() == ["002_b"]
    assert bench.rows("SELECT a FROM n") == [(1,)]
    path.write_text(ONE)  # it was applied: an edit is another matter
    assert bench.edited() == ["002_b"]


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
