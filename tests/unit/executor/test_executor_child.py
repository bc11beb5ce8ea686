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
        ("(lambda: sys.exit(work()))()", False),
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


CONNECTS = """\
import atexit, sqlite3, threading, time
from concurrent.futures import ThreadPoolExecutor
def work(what="ran"):
    time.sleep(0.1)
    with sqlite3.connect("the l%ve å.db") as conn:
        conn.execute("INSERT INTO log VALUES (?)", (what,))
    conn.close()
"""


@pytest.mark.parametrize(
    "end",
    [
        "threading.Thread(target=work).start()",
        "pool = ThreadPoolExecutor()\npool.submit(work)",
        "atexit.register(work)",
        "class Late:\n    def __del__(self): work()\nlate = Late()",
        "class Late:\n    def __del__(self): work()\nlate = Late()\nlate.me = late",
        "threading.Thread(target=work).start()\nimport sys\nsys.exit()",
    ],
)
@pytest.mark.parametrize("form", ["function", "script"])
def test_what_runs_at_a_programs_end_runs_before_it_is_told(trial, form, end):
    """Threads, pools, what is registered for the end, destructors."""
    text = CONNECTS + end + "\n"
    if form == "function":
        if "sys.exit" in end:
            return
        text += "def migrate(db): db['log'].insert({'what': 'too'})\n"
    trial.apply(m1_py=text)
    assert ran(trial) == 1


@pytest.mark.parametrize("end", ["", "raise ValueError"])
def test_files_that_it_left_open_are_written(trial, end):
    """Also those of a migration that failed: they say what it came to."""
    text = script(
        "import csv, io\nkept = [open('kept.txt', 'w')]\nkept[0].write('all of it')\n"
        "rows = csv.writer(open('rows.csv', 'w'))\nrows.writerow(['a', 'b'])\n"
        "raw = open('raw', 'wb')\nraw.write(b'raw')\n"
        "import json\njson.kept = open('elsewhere', 'w')\njson.kept.write('there')"
    )
    if end:
        trial.fails(m1_py=text + end)
    else:
        trial.apply(m1_py=text)
    written = {name: (trial.root / name).read_text() for name in ("kept.txt", "raw", "elsewhere")}
    assert written == {"kept.txt": "all of it", "raw": "raw", "elsewhere": "there"}
    assert (trial.root / "rows.csv").read_text() == "a,b\n"


@pytest.mark.parametrize(
    "end",
    [
        "threading.Thread(target=work, args=(b'', 1)).start()",
        "thread = threading.Thread(target=work, args=(b'', 1))\nthread.start()\nthread.join()",
        "atexit.register(work, b'', 1)",
    ],
)
def test_an_error_in_a_thread_or_at_the_end_fails_the_migration(trial, end):
    """Python only prints it."""
    error = trial.fails(m1_py=f"{CONNECTS}work()\n{end}\n")
    assert error.cause[0].startswith("TypeError: work() takes from 0 to 1 positional arguments")


def test_a_daemon_thread_that_goes_on_is_no_error(trial):
    """Python ends it; it may find names gone that it uses."""
    trial.apply(
        m1_py=CONNECTS
        + "def turn():\n    while True: time.sleep(0.001)\n"
        + "threading.Thread(target=turn, daemon=True).start()\nwork()\n"
    )
    assert ran(trial) == 1
    assert "Traceback" not in (trial.logs / "m1.log").read_text()


def test_a_connection_left_open_in_a_circle_must_commit_too(trial):
    """It was thrown away with what it had written."""
    error = trial.fails(
        m1_py="""\
        import sqlite3
        class Store:
            def __init__(self):
                self.conn = sqlite3.connect("the l%ve å.db")
                self.me = self
        def work():
            Store().conn.execute("DELETE FROM log")
        work()
        """
    )
    assert "changes that it never committed" in error.cause[0]
