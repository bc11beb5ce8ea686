from __future__ import annotations

import sqlite3
import sys
import textwrap
import time
from contextlib import closing

import pytest

from drydock.schema.comparison import against_models
from drydock.schema.models import ModelsUnusable, from_models

MODELS = """
from __future__ import annotations
import sqlite3
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, create_engine, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
print("noise on stdout, as applications make")
sqlite3.connect("budget.db").execute("CREATE TABLE IF NOT EXISTS touched(a)")
engine = create_engine("sqlite:///budget.db")
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE by_engine(a)"))

class Base(DeclarativeBase):
    pass

class Trip(Base):
    __tablename__ = "trips"
    __table_args__ = (CheckConstraint("name <> ''", name="named"), {"schema": "shop"})
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20, collation="NOCASE"), unique=True)
    made: Mapped[str] = mapped_column(server_default=func.now())

class Leg(Base):
    __tablename__ = "legs"
    id: Mapped[int] = mapped_column(primary_key=True)
    trip: Mapped[int | None] = mapped_column(ForeignKey("shop.trips.id", ondelete="CASCADE"))
    __table_args__ = (
        Index("idx_lower", text("lower(trip)"), sqlite_where=text("trip > 0")),
        Index("postgres_only", "trip").ddl_if(dialect="postgresql"),
        {"schema": "shop"},
    )

Base.metadata.create_all(engine.execution_options(schema_translate_map={"shop": None}))
"""


@pytest.fixture
def project(tmp_path):
    """A function that writes a project's modules and returns its folder."""

    def write(**modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        return tmp_path

    return write


def test_models_become_the_schema_that_they_would_create(project, schema_of):
    """Conditional DDL, a named schema and expression indexes come out as create_all makes them."""
    found = from_models("models:Base", root=project(models=MODELS))
    expected = schema_of("""
        CREATE TABLE trips(id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20) COLLATE NOCASE NOT NULL
          UNIQUE, made VARCHAR NOT NULL DEFAULT CURRENT_TIMESTAMP, CHECK (name <> ''));
        CREATE TABLE legs(id INTEGER NOT NULL PRIMARY KEY,
          trip INTEGER REFERENCES trips ON DELETE CASCADE);
        CREATE INDEX idx_lower ON legs(lower(trip)) WHERE trip > 0;
        INSERT INTO trips(id, name) VALUES (1, 'x')""")
    assert against_models(found, expected) == ()
    assert against_models(expected, found) == ()


def test_no_database_file_is_opened_and_nothing_is_written(project, monkeypatch):
    """The module connects, makes an engine and tables at import: all of it happens in memory."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    root = project(models=MODELS)
    with closing(sqlite3.connect(root / "budget.db")) as live:
        live.execute("CREATE TABLE precious(a)")
        live.execute("INSERT INTO precious VALUES (1)")
        live.commit()
    before = (root / "budget.db").read_bytes()
    from_models("models:Base", root=root)
    assert (root / "budget.db").read_bytes() == before
    assert sorted(file.name for file in root.iterdir()) == ["budget.db", "models.py"]


def test_every_other_way_to_a_database_file_is_refused(project):
    root = project(models='import sqlite3\nsqlite3.Connection("stray.db")\n')
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=root)
    assert "no database file is opened while models load: stray.db" in caught.value.cause[0]
    assert not (root / "stray.db").exists()


def test_metadata_and_dotted_attributes_serve_as_well(project):
    root = project(
        shop="""
        from sqlalchemy import Column, Integer, MetaData, Table
        class db:
            metadata = MetaData()
        Table("orders", db.metadata, Column("id", Integer, primary_key=True))
    """
    )
    for attribute in ("db", "db.metadata"):
        found = from_models(f"shop:{attribute}", root=root)
        assert [table.name for table in found.tables] == ["orders"]


@pytest.mark.parametrize("name", ["wording", "file"])
def test_our_own_modules_are_not_on_the_applications_path(project, name):
    """The child is run by path; a module of ours must not answer for one that is missing."""
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models=f"import {name}\n"))
    assert caught.value.cause == [f"ModuleNotFoundError: No module named '{name}'"]


@pytest.mark.parametrize("name", ["file", "models", "objects"])
def test_the_applications_module_may_be_called_like_one_of_ours(project, name):
    root = project(**{name: "from sqlalchemy import MetaData\nBase = MetaData()\n"})
    assert from_models(f"{name}:Base", root=root).tables == ()


@pytest.mark.parametrize(
    ("text", "cause", "at"),
    [
        ("import not_installed_xyz\n", "ModuleNotFoundError: No module named 'not_installed_xyz'",
         "models.py:1\nimport not_installed_xyz"),
        ("x = 1\nBase = (\n", "SyntaxError", "models.py:2"),
        ("def go():\n    raise ValueError('no DATABASE_URL\\nset it')\ngo()\n",
         "ValueError: no DATABASE_URL", "models.py:2\nraise ValueError"),
        ("import sys\nsys.exit('bye')\n", "SystemExit: bye", "models.py:2"),
    ],
)  # fmt: skip
def test_a_module_that_cannot_be_imported_is_told_with_file_and_line(project, text, cause, at):
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models=text))
    assert cause in caught.value.cause[0]
    assert at in caught.value.at
    assert "\n" not in caught.value.cause[0]
    assert "mend the module" in caught.value.hint


def test_a_module_that_is_not_there_is_told(project):
    with pytest.raises(ModelsUnusable) as caught:
        from_models("nowhere.models:Base", root=project())
    assert caught.value.cause == ["ModuleNotFoundError: No module named 'nowhere'"]
    assert caught.value.at is None


def test_a_missing_attribute_names_those_that_are_there(project):
    text = "from sqlalchemy import MetaData\nBaze = MetaData()\n"
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models=text))
    assert caught.value.cause == ["models has no Base", "it has: Baze, MetaData"]


@pytest.mark.parametrize("target", ["models", "models:", ":Base"])
def test_a_malformed_target_is_refused_before_anything_runs(tmp_path, target):
    with pytest.raises(ModelsUnusable) as caught:
        from_models(target, root=tmp_path)
    assert "module:attribute" in caught.value.cause[0]


def test_an_attribute_without_metadata_is_refused(project):
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models="Base = 1\n"))
    assert "no declarative base and no MetaData" in caught.value.cause[0]


def test_without_sqlalchemy_the_hint_is_the_extra_to_install(project):
    """A module of that name that cannot be found stands for a machine without it."""
    text = "raise ModuleNotFoundError(\"No module named 'sqlalchemy'\", name='sqlalchemy')\n"
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models="import sqlalchemy\n", sqlalchemy=text))
    assert caught.value.hint == "pip install 'sqlite-drydock[models]'"


def test_a_module_that_never_ends_is_stopped(project):
    started = time.monotonic()
    with pytest.raises(ModelsUnusable) as caught:
        from_models(
            "models:Base", root=project(models="import time\ntime.sleep(600)\n"), deadline=0.5
        )
    assert time.monotonic() - started < 30
    assert caught.value.cause == ["importing them took more than 0.5 s"]


def test_a_module_that_ends_the_process_is_told_with_its_last_words(project):
    text = "import os, sys\nprint('fatal: no licence', file=sys.stderr, flush=True)\nos._exit(3)\n"
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models=text))
    assert caught.value.cause == [
        "importing them ended the process (status 3)",
        "fatal: no licence",
    ]


def test_threads_of_the_application_do_not_keep_us_waiting(project):
    text = """
        import threading, time
        from sqlalchemy import MetaData
        threading.Thread(target=time.sleep, args=(600,)).start()
        Base = MetaData()
    """
    assert from_models("models:Base", root=project(models=text), deadline=30).tables == ()


def test_ddl_that_sqlite_refuses_is_told(project):
    text = """
        from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table
        Base = MetaData()
        Table("t", Base, Column("id", Integer), CheckConstraint("absent > 0"))
    """
    with pytest.raises(ModelsUnusable) as caught:
        from_models("models:Base", root=project(models=text))
    assert "no such column: absent" in caught.value.cause[0]


def test_our_own_process_keeps_its_modules(project):
    """The application's modules are imported in the child alone."""
    from_models("models:Base", root=project(models=MODELS))
    assert "models" not in sys.modules
