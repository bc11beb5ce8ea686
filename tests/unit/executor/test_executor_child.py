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
