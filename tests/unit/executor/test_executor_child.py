"""A Python file runs in Drydock's child as it runs by hand: its module, its imports, its end."""

from __future__ import annotations

import pytest

SCRIPT = """\
import sqlite3
conn = sqlite3.connect("the l%ve å.db")
{body}
conn.execute("INSERT INTO log VALUES ('ran')")
conn.commit()
"""


def script(body):
    return SCRIPT.format(body=body)


def ran(trial):
    return trial.ask("SELECT count(*) FROM log WHERE what = 'ran'")[0][0]


PICKLES = """\
import pickle
class Row:
    pass
assert isinstance(pickle.loads(pickle.dumps(Row())), Row)
import {module}
assert {module}.Row is Row
"""


@pytest.mark.parametrize("form", ["function", "script"])
def test_a_migration_is_a_module_that_can_be_imported(trial, form):
    """By pickle, and by the name that it has."""
    if form == "function":
        body = PICKLES.format(module="drydock_migration")
        text = f"{body}def migrate(db):\n    db['log'].insert({{'what': 'ran'}})\n"
    else:
        text = script(PICKLES.format(module="__main__"))
    trial.apply(m1_py=text)
    assert ran(trial) == 1


@pytest.mark.parametrize(
    ("head", "annotation"),
    [("", "<class 'int'>"), ("from __future__ import annotations\n", "'int'")],
)
def test_annotations_are_the_files_own(trial, head, annotation):
    """`from __future__` in Drydock's code is no part of the migration's."""
    text = script("class Row:\n    limit: int\nassert repr(Row.__annotations__['limit']) == {!r}")
    trial.apply(m1_py=head + text.replace("{!r}", repr(annotation)))
    assert ran(trial) == 1


def test_models_of_sqlalchemy_can_stand_in_a_script(trial):
    """It looks for the names of annotations in the module that it finds by name."""
    pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed (pip install sqlalchemy)")
    trial.apply(
        m1_py="""\
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import ClassVar
        from sqlalchemy import create_engine
        from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
        @dataclass
        class Plan:
            made: ClassVar[int] = 0
        class Base(DeclarativeBase): pass
        class Made(Base):
            __tablename__ = "made"
            id: Mapped[int] = mapped_column(primary_key=True)
        engine = create_engine("sqlite:///the l%ve å.db")
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Made(id=7))
            session.commit()
        """
    )
    assert trial.ask("SELECT id FROM made") == [(7,)]


@pytest.mark.parametrize("where", ["root", "migrations"])
@pytest.mark.parametrize("form", ["function", "script"])
def test_what_drydock_needs_is_its_own_whatever_the_project_holds(trial, where, form):
    """A click.py or a zipfile.py of the project's is the application's, not sqlite-utils'."""
    for name in ("click", "zipfile", "syntaqlite", "pluggy", "ast"):
        package = getattr(trial, where) / name
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    work = (
        "db['log'].insert({'what': 'ran'})\n    db['child'].transform(rename={'parent': 'mother'})"
    )
    text = f"def migrate(db):\n    {work}\n"
    if form == "script":
        text = (
            f"import sqlite3, sys\nfrom drydock import Database\ndef work(db):\n    {work}\n"
            "    db.conn.commit()\n"
            "work(Database(sqlite3.connect('the l%ve å.db')))\nsys.exit(0)\n"
        )
    trial.apply(m1_py=text)
    assert ran(trial) == 1


def test_what_stands_beside_a_script_comes_before_the_project(trial):
    """As Python has it, where it is run by hand."""
    (trial.root / "_shared.py").write_text("WORD = 'the project'\n")
    (trial.migrations / "_shared.py").write_text("WORD = 'ran'\n")
    trial.apply(
        m1_py="from _shared import WORD\ndef migrate(db): db['log'].insert({'what': WORD})\n"
    )
    assert ran(trial) == 1


EXITS = """\
import functools, sqlite3, sys
conn = sqlite3.connect("the l%ve å.db")
def work():
    with conn:
        conn.execute("INSERT INTO log VALUES ('ran')")
    return 0
{end}
"""


@pytest.mark.parametrize(
    ("end", "goes"),
    [
        ("def main():\n    work()\n    sys.exit()\nmain()", True),
        ("def main():\n    sys.exit(work())\nif __name__ == '__main__':\n    main()", True),
        ("def main():\n    if work():\n        pass\n    else:\n        sys.exit()\nmain()", True),
        ("@functools.cache\ndef main():\n    work()\n    raise SystemExit\nmain()", True),
        ("try:\n    sys.exit(work())\nexcept ValueError:\n    print('no')", True),
        ("def migrate():\n    sys.exit(work())", True),
        ("def main():\n    work()\n    sys.exit()\n    print('never')\nmain()", False),
        ("def main():\n    sys.exit(work())\nmain()\nprint('never')", False),
        ("with conn:\n    conn.execute('DELETE FROM child')\n    sys.exit()", False),
        ("for each in range(2):\n    sys.exit(work())", False),
        ("while True:\n    sys.exit(work())", False),
        ("try:\n    sys.exit(work())\nfinally:\n    print('more')", False),
        ("try:\n    raise ValueError\nexcept ValueError:\n    sys.exit(work())", False),
        ("def migrate():\n    print('never')\nsys.exit()", False),
        ("[sys.exit(work()) for each in range(2)]", False),
    ],
)  # fmt: skip
def test_f14_an_exit_counts_as_the_end_only_where_nothing_would_follow(trial, end, goes):
    """Through every function of the file that it went through."""
    text = EXITS.format(end=end)
    if goes:
        trial.apply(m1_py=text)
        assert ran(trial) == 1
    else:
        assert trial.fails(m1_py=text).cause[0] == "it left before its end (sys.exit)"


def test_f14_an_exit_where_the_module_ends_runs_no_function(trial):
    """Of a `migrate(db)` that was never called nothing is known."""
    error = trial.fails(m1_py="import sys\ndef migrate(db):\n    db['log'].drop()\nsys.exit(0)\n")
    assert error.cause[0] == "it left before its end (sys.exit)"
