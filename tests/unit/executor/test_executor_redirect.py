"""What `sqlite3.connect` and its neighbours are while a Python migration runs."""

from __future__ import annotations

import pytest

from tests.unit.executor.conftest import Trial


def ran(trial):
    return trial.ask("SELECT count(*) FROM log WHERE what = 'ran'")[0][0]


@pytest.mark.parametrize("folder", ["a#b", "a?b", "a%41b", "a b", "å"])
def test_f12_a_uri_leads_to_the_candidate_wherever_it_lies(tmp_path, folder):
    """Unquoted, its work went into a stray file beside it."""
    (tmp_path / folder).mkdir()
    trial = Trial(tmp_path / folder)
    trial.apply(
        m1_py="""\
        import sqlite3
        from pathlib import Path
        with sqlite3.connect(f"{Path('the l%ve å.db').absolute().as_uri()}?mode=rw", uri=True) as c:
            c.execute("INSERT INTO log VALUES ('ran')")
        """
    )
    assert ran(trial) == 1


FACTORY = """\
import sqlite3
class Rows(sqlite3.Cursor):
    pass
class Mine(sqlite3.Connection):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.seen = []
    def execute(self, sql, *values):
        self.seen.append(sql)
        return super().execute(sql, *values)
conn = sqlite3.connect("the l%ve å.db", {given})
assert isinstance(conn, {kind}) and type(conn).__name__ == "{name}"
conn.execute("INSERT INTO log VALUES ('ran')")
assert isinstance(conn.cursor(Rows), Rows)
conn.cursor(Rows).execute("INSERT INTO log VALUES ('ran')")
conn.commit()
"""


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("factory=Mine", "Mine", "Mine"),
        ("5.0, 0, 'DEFERRED', True, Mine", "Mine", "Mine"),
        ("factory=sqlite3.Connection", "sqlite3.Connection", "Connection"),
        ("timeout=5.0", "sqlite3.Connection", "Connection"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_connection_of_the_scripts_own_class_is_recorded_too(trial, given, kind, name):
    """Given by name or by position, with cursors of its own class."""
    (applied,) = trial.apply(m1_py=FACTORY.format(given=given, kind=kind, name=name))
    assert ran(trial) == 2
    assert [(each.sql, each.times) for each in applied.statements] == [
        ("INSERT INTO log VALUES ('ran')", 2)
    ]


def test_a_connection_of_the_scripts_own_class_must_commit_too(trial):
    """What it left behind was thrown away in silence."""
    text = FACTORY.format(given="factory=Mine", kind="Mine", name="Mine")
    error = trial.fails(m1_py=text.replace("conn.commit()", ""))
    assert "changes that it never committed" in error.cause[0]


def test_a_function_that_makes_connections_is_called_as_it_is(trial):
    """Whatever it gives back is the script's own affair."""
    trial.apply(
        m1_py="""\
        import sqlite3
        def made(*arguments, **options):
            return sqlite3.Connection(*arguments, **options)
        with sqlite3.connect("the l%ve å.db", factory=made) as conn:
            assert type(conn) is sqlite3.Connection
            conn.execute("INSERT INTO log VALUES ('ran')")
        """
    )
    assert ran(trial) == 1


def test_a_uri_given_by_position_is_one(trial):
    """It was taken for another file's name."""
    trial.apply(
        m1_py="""\
        import sqlite3
        given = (5.0, 0, "", True, sqlite3.Connection, 128, True)
        with sqlite3.connect("file:the%20l%25ve%20å.db", *given) as conn:
            conn.execute("INSERT INTO log VALUES ('ran')")
        """
    )
    assert ran(trial) == 1


DRIVERS = ["apsw", "pysqlite3", "sqlean", "sqlcipher3", "duckdb", "libsql"]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("form", ["function", "script"])
def test_f25_another_driver_is_not_imported(trial, driver, form):
    """It would open the live file past sqlite3, and no audit event tells of it."""
    (trial.root / f"{driver}.py").write_text("print('imported')\n")
    text = f"import sqlite3\nimport {driver}\n"
    error = trial.fails(m1_py=text + "def migrate(db): pass\n" * (form == "function"))
    assert error.cause[0].startswith(f"ImportError: {driver} opens databases past sqlite3, so that")
    assert error.cause[0].endswith("use sqlite3 in its stead")
    assert error.line == 2


def test_f25_who_can_do_without_another_driver_does(trial):
    """As sqlite-utils does, which takes pysqlite3 where it is installed."""
    (trial.root / "pysqlite3.py").write_text("print('imported')\n")
    trial.apply(
        m1_py="""\
        try:
            import pysqlite3 as sqlite3
        except ImportError:
            import sqlite3
        import sqlite_utils
        db = sqlite_utils.Database("the l%ve å.db")
        db["log"].insert({"what": "ran"})
        """,
        m2_py="def migrate(db): db['log'].insert({'what': 'ran'})",
    )
    assert ran(trial) == 2


def test_f25_a_library_of_sqlite_is_not_loaded(trial):
    """By ctypes."""
    error = trial.fails(
        m1_py="""\
        import ctypes
        try:
            ctypes.CDLL("libsqlite3.so.0")
        except Exception:
            pass
        """
    )
    assert error.cause[0] == "it loads a SQLite of its own: libsqlite3.so.0"
    assert error.line == 3


MULTIPROCESSING = """\
import multiprocessing, sqlite3
def work(what):
    with sqlite3.connect("the l%ve å.db") as conn:
        conn.execute("INSERT INTO log VALUES (?)", (what,))
if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    worker = context.Process(target=work, args=("ran",))
    worker.start()
    worker.join()
    assert worker.exitcode == 0
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_f25_another_python_is_not_started(trial, method):
    """It would have none of the guards, and open the live file."""
    error = trial.fails(m1_py=MULTIPROCESSING.format(method=method))
    assert error.cause == ["it starts another Python, which could reach the live database"]
    assert error.line == 8
    assert 'multiprocessing.get_context("fork")' in error.hint


def test_f25_a_fork_works_on_the_candidate(trial):
    """It is guarded as the migration is."""
    trial.apply(m1_py=MULTIPROCESSING.format(method="fork"))
    assert ran(trial) == 1


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("os.rename('../the project', '../moved')", "it moves or removes a folder of the live"),
        ("os.rename('..', '../../moved')", "it moves or removes a folder of the live"),
        ("os.rmdir(os.getcwd())", "it moves or removes a folder of the live"),
        ("shutil.rmtree('.')", "it moves or removes a folder of the live"),
        ("shutil.move(os.getcwd(), '../moved')", "it moves or removes a folder of the live"),
        ("shutil.move('the l%ve å.db', 'moved')", "it changes the live database file itself"),
        ("os.remove('the l%ve å.db', dir_fd=here)", "it changes the live database file itself"),
        ("os.rename('the l%ve å.db', 'm', src_dir_fd=here)", "it changes the live database file"),
        ("os.rename('x', 'the l%ve å.db', dst_dir_fd=here)", "it changes the live database file"),
        ("os.replace('x', 'the l%ve å.db-wal')", "it changes the live database file itself"),
        ("os.rmdir('the project', dir_fd=above)", "it moves or removes a folder of the live"),
        ("os.link('the l%ve å.db', 'm', src_dir_fd=here)", "it changes the live database file"),
        ("os.symlink('x', 'the l%ve å.db-journal')", "it changes the live database file itself"),
        ("os.truncate('the l%ve å.db', 0)", "it changes the live database file itself"),
    ],
)
def test_f25_neither_the_file_nor_a_folder_of_it_is_moved_or_removed(trial, action, what):
    """Also by a descriptor of the folder, from wherever the script is."""
    (trial.root / "x").write_text("of no use")
    elsewhere = "os.chdir('migrations')\n" * ("_fd=" in action)
    error = trial.fails(
        m1_py="import os, shutil\nhere = os.open('.', os.O_RDONLY)\n"
        f"above = os.open('..', os.O_RDONLY)\n{elsewhere}"
        f"try:\n    {action}\nexcept Exception:\n    pass\n"
    )
    assert what in error.cause[0]
    assert error.line == 5 + bool(elsewhere)


def test_f25_other_files_and_folders_are_the_scripts_own(trial):
    """Also beside the live database."""
    trial.apply(
        m1_py="""\
        import os, shutil, sqlite3
        sqlite3.connect("the l%ve å.db").execute("SELECT * FROM log")
        os.mkdir("made")
        open("made/a", "w").close()
        os.rename("made/a", "the l%ve å.db.txt")
        os.symlink("the l%ve å.db", "link")
        here = os.open("made", os.O_RDONLY)
        open("made/the l%ve å.db", "w").close()
        os.remove("the l%ve å.db", dir_fd=here)
        shutil.move("made", "moved")
        shutil.rmtree("moved")
        os.truncate(os.open("the l%ve å.db.txt", os.O_RDWR), 3)
        """
    )
    assert (trial.root / "the l%ve å.db.txt").stat().st_size == 3
