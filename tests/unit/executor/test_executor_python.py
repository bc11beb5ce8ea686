"""Every kind of Python migration works on the candidate, whatever it believes it works on."""

from __future__ import annotations

import time

import psutil
import pytest

from drydock.executor import TimeLimitReached
from tests.support.databases import ODD, quoted

TABLE = quoted(ODD)
OWN = """\
import sqlite3
DATABASE = "the l%ve å.db"

def {entry}({parameters}):
    with sqlite3.connect({path}) as conn:
        conn.execute("INSERT INTO log VALUES ('ran')")
        print("migrated", __name__)
{end}
"""


def own(entry="migrate", parameters="", path="DATABASE", end=""):
    return OWN.format(entry=entry, parameters=parameters, path=path, end=end)


def ran(trial):
    return trial.ask("SELECT count(*) FROM log WHERE what = 'ran'")[0][0]


@pytest.mark.parametrize("parameter", ["db", "anything: object", "db, /"])
def test_a_function_is_given_our_database(trial, parameter):
    """In a transaction that is committed for it."""
    name = parameter.split(":")[0].split(",")[0]
    trial.apply(
        m1_py=f"""\
        def migrate({parameter}):
            assert {name}.conn.in_transaction
            {name}["log"].insert({{"what": "ran"}})
            {name}["child"].transform(rename={{"parent": "mother"}})
        """
    )
    assert ran(trial) == 1
    assert trial.ask("SELECT count(mother) FROM child") == [(50,)]


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ("con", "Connection"),
        ("cnx", "Connection"),
        ("conn", "Connection"),
        ("connection", "Connection"),
        ("c: sqlite3.Connection", "Connection"),
        ("db: 'sqlite3.Connection'", "Connection"),
        ("cur", "Cursor"),
        ("cursor", "Cursor"),
        ("c: sqlite3.Cursor", "Cursor"),
        ("db", "Database"),
        ("c", "Database"),
        ("conn: sqlite_utils.Database", "Database"),
        ("db: 'NeverImported'", "Database"),
        ("conn: typing.Any", "Connection"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "functools.cache\n{}", "wrapped\n{}"])
def test_a_function_is_given_what_its_first_parameter_asks_for(trial, parameter, kind, form):
    """By its annotation, or else by its name; also behind a wrapper."""
    name = parameter.partition(":")[0]
    entry = f"def upgrade({parameter}):\n"
    trial.apply(
        m1_py="import functools, sqlite3, sqlite_utils, typing\n"
        "def wrapped(inner):\n"
        "    return functools.wraps(inner)(lambda *given: inner(*given))\n"
        + "@" * (form != "{}")
        + form.format(entry)
        + f"    assert '{kind}' in [each.__name__ for each in type({name}).__mro__]\n"
        f"    {name}.execute(\"INSERT INTO log VALUES ('ran')\")\n"
    )
    assert ran(trial) == 1


@pytest.mark.parametrize(
    ("parameter", "given"),
    [("path", "str"), ("db_path", "str"), ("filename", "str"), ("database_path: Path", "Path")],
)
def test_a_function_that_opens_a_path_is_given_the_live_ones(trial, parameter, given):
    """It opens its own connection, so there is no transaction of ours beside it."""
    name = parameter.partition(":")[0]
    trial.apply(
        m1_py=f"""\
        import sqlite3
        from pathlib import Path
        def migrate({parameter}):
            assert isinstance({name}, {given})
            with sqlite3.connect({name}) as conn:
                conn.execute("INSERT INTO log VALUES ('ran')")
        """
    )
    assert ran(trial) == 1


@pytest.mark.parametrize(
    "end",
    [
        "run(conn, SQL)\nrun(conn, SQL)\nconn.commit()",
        "if __name__ == '__main__':\n    run(conn, SQL)\n    run(conn, SQL)\n    conn.commit()",
        "def main():\n    run(conn, SQL)\n    run(conn, SQL)\n    conn.commit()\nmain()",
    ],
)
@pytest.mark.parametrize("parameters", ["conn, sql", "conn, sql=SQL"])
def test_a_helper_that_the_file_calls_itself_is_no_entry(trial, parameters, end):
    """Called once more by us, its work was done twice, or only in part."""
    trial.apply(
        m1_py="import sqlite3\nconn = sqlite3.connect('the l%ve å.db')\n"
        "SQL = \"INSERT INTO log VALUES ('ran')\"\n"
        f"def run({parameters}):\n    conn.execute(sql)\n{end}\n"
    )
    assert ran(trial) == 2


@pytest.mark.parametrize(
    "text",
    [
        own(),
        own(end="if __name__ == '__main__':\n    migrate()"),
        own(end="def main():\n    migrate()\n\nif __name__ == '__main__':\n    main()"),
        own(end="def note(text):\n    print(text)\n\nnote('loaded')"),
        own(end="import threading\nt = threading.Thread(target=migrate)\nt.start()\nt.join()"),
        own(parameters="path=DATABASE", path="path"),
        own(
            parameters="path=DATABASE", path="path", end="if __name__ == '__main__':\n    migrate()"
        ),
        own(path="'file:the%20l%25ve%20å.db?mode=rw', uri=True"),
        own(path="__import__('pathlib').Path.cwd() / DATABASE"),
        "import os\nos.chdir('migrations')\n" + own(path="'../' + DATABASE"),
        own("up"),
        own("work", end="work()"),
    ],
)
def test_a_script_with_its_own_connection_runs_once_on_the_candidate(trial, text):
    """Whether it calls its function itself, under a guard, through another, or not at all."""
    (applied,) = trial.apply(m1_py=text)
    assert ran(trial) == 1
    assert applied.output.splitlines()[-1] == "migrated __main__"
    assert [(each.sql, each.rows) for each in applied.statements] == [
        ("INSERT INTO log VALUES ('ran')", 1)
    ]
    assert (trial.logs / "m1.log").read_text() == applied.output


def test_f12_an_sqlalchemy_engine_on_the_live_path_lands_on_the_candidate(trial):
    """Its DDL would survive a rollback of the live database."""
    pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed (pip install sqlalchemy)")
    (applied,) = trial.apply(
        m1_py="""\
        from sqlalchemy import create_engine, text
        engine = create_engine("sqlite:///the l%ve å.db")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE made (a)"))
            connection.execute(text("INSERT INTO log VALUES (:what)"), {"what": "ran"})
        """
    )
    assert ran(trial) == 1
    assert "CREATE TABLE made (a)" in [each.sql for each in applied.statements]


def test_an_error_of_sqlalchemy_is_explained_as_sqlites_own(trial):
    """Its own message has a link and the statement again, on four lines."""
    pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed (pip install sqlalchemy)")
    error = trial.fails(
        m1_py="""\
        from sqlalchemy import create_engine, text
        with create_engine("sqlite:///the l%ve å.db").begin() as connection:
            connection.execute(text("UPDATE childs SET parent = 1"))
        """
    )
    assert error.cause[0] == 'OperationalError: no such table: childs (did you mean "child"?)'
    assert error.at == f"{trial.migrations / 'm1.py'}:3\nUPDATE childs SET parent = 1"


def test_f11_an_error_in_executescript_leaves_nothing_half_done(trial):
    """It commits what was before it away; the candidate is thrown away whole."""
    error = trial.fails(
        m1_py="""\
        import sqlite3
        conn = sqlite3.connect("the l%ve å.db")
        conn.execute("DELETE FROM child")
        conn.executescript("DELETE FROM log; SELEKT 1;")
        """
    )
    assert error.line == 4
    assert error.cause[0] == 'OperationalError: near "SELEKT": syntax error'


def test_statements_are_counted_with_their_rows(trial):
    """A loop of one statement is one entry."""
    (applied,) = trial.apply(
        m1_py=f"""\
        import sqlite3
        conn = sqlite3.connect("the l%ve å.db")
        for n in range(1, 4):
            conn.execute('UPDATE {TABLE} SET x = 0 WHERE id = ?', (n,))
        cur = conn.cursor()
        cur.executemany("INSERT INTO log VALUES (?)", [("a",), ("b",)])
        cur.executescript("DELETE FROM child WHERE id < 3; SELECT 1")
        conn.commit()
        conn.close()
        """
    )
    assert [(each.rows, each.times) for each in applied.statements] == [(3, 3), (2, 1), (4, 1)]


@pytest.mark.parametrize(
    ("end", "goes"),
    [
        ("import sys\nsys.exit(0)", True),
        ("import sys\nsys.exit(work())", True),
        ("import sys\nif __name__ == '__main__':\n    sys.exit(work())", True),
        ("import sys\nsys.exit(0)\nprint('never')", False),
        ("import sys\ndef leave():\n    sys.exit(0)\n    print('never')\nleave()", False),
        ("import sys\nsys.exit(1)", False),
        ("import sys\nsys.exit('it went wrong')", False),
        ("import os\nprint('going', flush=True)\nos._exit(0)", False),
    ],
)
def test_f14_it_counts_as_run_only_when_it_ran_to_its_end(trial, end, goes):
    """`sys.exit(0)` in the middle made others exit 0 with half the work done."""
    text = own("work", end=f"work()\n{end}" if "work()" not in end else end)
    text = text.replace("        print(", "        return print(")
    if goes:
        trial.apply(m1_py=text)
        assert trial.ledger() == ["m1"]
        return
    error = trial.fails(m1_py=text)
    assert error.cause[0].startswith("it left before its end (")
    left_by = "os._exit" if "os._exit" in end else "sys.exit"
    assert error.hint == f"let it run to its end without {left_by}, then run: inv migrate"


@pytest.mark.parametrize(
    "end", ["os.closerange(3, 1000)", "os.closerange(3, 1000)\n" + "open('a', 'w')\n" * 9]
)
def test_f14_who_closes_everything_is_told_so(trial, end):
    """Nothing can be known of its end then; and no file of its own gets our report."""
    error = trial.fails(m1_py=own("work", end=f"work()\nimport os\nos.closerange(3, 1000)\n{end}"))
    assert error.cause[0] == (
        "it left before its end (it closed the pipe by which it tells how it ended)"
    )
    assert "let it close only what it has opened" in error.hint
    assert "sys.exit" not in error.hint


def test_who_closes_what_it_prints_to_has_come_to_its_end(trial):
    """It was told as having left early."""
    trial.apply(m1_py=own("work", end="work()\nimport sys\nsys.stdout.close()\nsys.stderr.close()"))
    assert ran(trial) == 1


@pytest.mark.parametrize("end", ["db.conn.close()", "db.close()", "with closing(db): pass"])
def test_who_closes_the_given_database_is_told_so(trial, end):
    """Drydock commits and closes it; what it held was thrown away."""
    text = (
        "from contextlib import closing\ndef migrate(db):\n"
        f"    db['log'].insert({{'what': 'ran'}})\n    {end}\n"
    )
    error = trial.fails(m1_py=text)
    assert error.cause[0].startswith("it closed the database that it was given, with changes")
    assert error.at.endswith("m1.py:4")
    assert error.hint.startswith("take out the close(): what migrate(db) is given is committed")
    again = trial.fails(m1_py=f"{text}    db.execute('SELECT 1')\n")
    assert again.cause == [
        "ProgrammingError: Cannot operate on a closed database.",
        "it was closed in line 4",
    ]
    assert again.line == 5
    assert again.hint == error.hint


def test_who_commits_and_closes_the_given_database_may(trial):
    """Its work is in the file."""
    trial.apply(
        m1_py="def migrate(conn):\n    conn.execute(\"INSERT INTO log VALUES ('ran')\")\n"
        "    conn.commit()\n    conn.close()\n"
    )
    assert ran(trial) == 1


def test_f14_a_killed_migration_is_told_by_its_signal(trial):
    """With what it printed last."""
    error = trial.fails(m1_py="import os\nprint('one', flush=True)\nos.kill(os.getpid(), 9)\n")
    assert error.cause == ["it left before its end (killed by SIGKILL)", "it printed: one"]


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("open('the l%ve å.db', 'rb')", "it opens the live database file itself"),
        ("open('the l%ve å.db-wal', 'wb')", "it opens the live database file itself"),
        ("__import__('pathlib').Path('link').read_bytes()", "it opens the live database file"),
        ("__import__('shutil').copy('the l%ve å.db', 'copy.db')", "it opens the live database"),
        ("os.rename('the l%ve å.db', 'old.db')", "it changes the live database file itself"),
        ("os.remove('the l%ve å.db')", "it changes the live database file itself"),
        ("__import__('subprocess').run(['true'])", "it starts another program"),
        ("__import__('subprocess').Popen(['sleep', '60'])", "it starts another program"),
        ("os.system('true')", "it starts another program"),
        ("os.execv('/bin/true', ['true'])", "it replaces itself by another program"),
        ("sqlite3.connect('other.db')", "it opens another database: other.db"),
        ("sqlite3.connect('file:other.db?mode=rwc', uri=True)", "it opens another database"),
        ("__import__('_sqlite3').connect('the l%ve å.db')", "past sqlite3.connect"),
        ("conn.execute(\"ATTACH 'other.db' AS o\")", "it attaches another file: other.db"),
        ("conn.execute('ATTACH ? AS o', ('the l%ve å.db',))", "one that a variable names"),
        ("conn.execute(\"VACUUM INTO 'other.db'\")", "it attaches another file: other.db"),
    ],
)
def test_f25_what_reaches_outside_fails_also_when_the_refusal_is_swallowed(trial, action, what):
    """It is told to the parent where it happens."""
    (trial.root / "link").symlink_to(trial.live)
    guarded = f"try:\n    {action}\nexcept Exception:\n    pass"
    text = f"import os, sqlite3\nconn = sqlite3.connect('the l%ve å.db')\n{guarded}\n"
    error = trial.fails(m1_py=text)
    assert what in error.cause[0]
    assert error.line == 4
    assert "sqlite3.connect with the database's own path" in error.hint
    assert not (trial.root / "other.db").exists()
    assert not (trial.root / "copy.db").exists()


@pytest.mark.parametrize("kind", ["function", "script"])
def test_f24_a_directive_allows_another_file(trial, kind):
    """Declared with its reason, it is the author's business."""
    body = "sqlite3.connect('other.db').execute('SELECT 1')\n"
    text = "# drydock: allow foreign-file: the archive\nimport sqlite3\n"
    text += f"def migrate(db): {body}" if kind == "function" else body
    trial.apply(m1_py=text)
    assert (trial.root / "other.db").exists()


def test_f25_no_directive_allows_another_program(trial):
    """What it would do to the live database is seen by nobody."""
    error = trial.fails(
        m1_py="# drydock: allow subprocess: quick\nimport subprocess\nsubprocess.run(['true'])\n"
    )
    assert "it starts another program" in error.cause[0]


def test_f25_after_chdir_a_relative_path_means_another_file(trial):
    """It would have made a new, empty database there."""
    error = trial.fails(m1_py="import os\nos.chdir('migrations')\n" + own(end="migrate()"))
    assert error.cause[0].startswith("it opens another database: the l%ve å.db (the project's is ")


@pytest.mark.parametrize("child", ["sys.exit(0)", "raise ValueError", "pass"])
def test_f25_a_fork_has_no_say_in_how_the_migration_ended(trial, child):
    """It runs on into our own code, with the pipe that the report goes through."""
    text = own("work", end="work()\nif os.fork() == 0:\n    " + child + "\nelse:\n    os.wait()")
    trial.apply(m1_py="import os, sys\n" + text)
    assert ran(trial) == 1


def test_f25_a_fork_that_lives_on_is_ended_with_its_group(trial):
    """It would hold the candidate, or the pipe, open, and write to what is live by then."""
    trial.apply(
        m1_py=own(
            "work",
            end="work()\nimport os, time\nfork = os.fork()\nif fork == 0:\n    time.sleep(60)\n"
            "print(fork, file=open('fork', 'w'))",
        )
    )
    assert ran(trial) == 1
    fork = int((trial.root / "fork").read_text())
    deadline = time.monotonic() + 20
    while psutil.pid_exists(fork) and psutil.Process(fork).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.01)


def test_f25_threads_work_on_the_candidate_too(trial):
    """Each with a connection of its own."""
    trial.apply(
        m1_py=own(
            "work",
            end="from concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(2) as pool:\n"
            "    for each in [pool.submit(work) for _ in range(2)]: each.result()",
        )
    )
    assert ran(trial) == 2


@pytest.mark.parametrize("text", ["while True: pass", "def migrate(db):\n    while True: pass"])
def test_f26_an_endless_loop_ends_at_the_time_limit(trial, text):
    """Nobody need press Ctrl-C."""
    begun = time.monotonic()
    with pytest.raises(TimeLimitReached, match="migration m1 failed") as caught:
        trial.apply(time_limit=0.8, m1_py=text)
    assert "longer than time_limit" in caught.value.cause[0]
    assert time.monotonic() - begun < 20


def test_what_it_never_committed_is_told(trial):
    """SQLite throws it away in silence."""
    for end in ("", "conn.close()"):
        error = trial.fails(
            m1_py="import sqlite3\nconn = sqlite3.connect('the l%ve å.db')\n"
            f"conn.execute('DELETE FROM log')\n{end}\n"
        )
        assert "changes that it never committed; SQLite threw them away" in error.cause[0]
        assert "commit()" in error.hint


@pytest.mark.parametrize("form", ["function", "script"])
def test_f13_a_swallowed_rollback_fails_it(trial, form):
    """What came before is gone, and what comes after commits by itself."""
    work = """\
    db.execute("INSERT INTO log VALUES ('before')")
    try:
        db.execute("INSERT OR ROLLBACK INTO log (rowid) VALUES (1)")
    except sqlite3.IntegrityError:
        pass
    db.execute("INSERT INTO log VALUES ('after')")
"""
    head = "import sqlite3\n"
    if form == "function":
        text = f"{head}def migrate(conn):\n    db = conn\n{work}"
    else:
        text = f"{head}with sqlite3.connect('the l%ve å.db') as db:\n{work}"
    error = trial.fails(m1_py=text)
    assert "an error took back all of its transaction" in error.cause[0]
    assert "UNIQUE constraint failed: log.rowid" in error.cause[1]
    assert "INSERT OR ROLLBACK INTO log" in error.cause[1]


def test_f15_a_function_runs_with_foreign_keys_off(trial):
    """In a transaction it could not turn them off itself."""
    trial.apply(m1_py=f"def migrate(conn): conn.execute('DELETE FROM {TABLE} WHERE id = 1')")
    assert trial.ask("SELECT count(*) FROM child") == [(50,)]


def test_an_error_names_the_line_and_the_statement(trial):
    """With what it printed, and the traceback in its log."""
    error = trial.fails(
        m1_py="""\
        import sqlite3
        print("halfway")
        def work(conn):
            conn.execute("UPDATE child SET perent = 1")
        work(sqlite3.connect("the l%ve å.db"))
        """
    )
    assert error.what == "migration m1 failed; nothing was changed"
    assert error.cause == [
        'OperationalError: no such column: perent (did you mean "parent"?)',
        "it printed: halfway",
    ]
    assert error.at == f"{trial.migrations / 'm1.py'}:4\nUPDATE child SET perent = 1"
    assert "Traceback" in (trial.logs / "m1.log").read_text()


def test_an_error_that_is_not_sqls_shows_no_statement(trial):
    """The last one that failed may have been caught on purpose."""
    error = trial.fails(
        m1_py="""\
        import sqlite3
        conn = sqlite3.connect("the l%ve å.db")
        try:
            conn.execute("SELECT * FROM nowhere")
        except sqlite3.Error:
            pass
        {}["key"]
        """
    )
    assert error.cause[0] == "KeyError: 'key'"
    assert error.at == f"{trial.migrations / 'm1.py'}:7"


@pytest.mark.parametrize("text", ["def migrate(db): {0}", "import sqlite3\ndef migrate(): {0}"])
def test_a_function_that_yields_has_run_nothing_and_is_no_migration(trial, text):
    """Else it would be in the ledger, and what it says would never be done."""
    error = trial.fails(m1_py=text.format("yield 1"))
    told = "migrate() gives back a generator, so nothing in it has run; "
    assert error.cause == [f"TypeError: {told}do the work without yield and async"]


def test_f14_an_early_end_is_told_as_such_where_it_stands(trial):
    """Not as a missing commit(), which would be the wrong thing to mend."""
    error = trial.fails(
        m1_py="""\
        import sys
        def migrate(db):
            db["log"].insert({"what": "ran"})
            sys.exit(0)
        """
    )
    assert error.cause == ["it left before its end (sys.exit)"]
    assert error.line == 4
    assert "sys.exit" in error.hint


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        ("MemoryError", "MemoryError"),
        ("Odd", "Odd: its message cannot be read: KeyError"),
        ("ValueError('\\udc80')", "ValueError: \udc80"),
    ],
)
def test_any_error_can_be_told(trial, raised, told):
    """Also one without a message, and one whose message is an error."""
    text = "class Odd(Exception):\n  def __str__(self): raise KeyError\n"
    error = trial.fails(m1_py=f"{text}def migrate(db): raise {raised}")
    assert error.cause == [told]
    assert error.line == 3


def test_of_a_flood_of_output_the_beginning_and_the_end_are_kept(trial):
    """Its log and the receipt are for reading."""
    trial.apply(
        m1_py="""\
        def migrate(db):
            db.table_names()
            print("first")
            for _ in range(3000): print("x" * 1000)
            print("last")
        """
    )
    (applied,) = trial.applied
    assert len(applied.output) < 1_100_000
    assert applied.output.startswith("first\n")
    assert applied.output.endswith("x\nlast\n")
    assert "bytes left out)" in applied.output
    assert (trial.logs / "m1.log").read_text() == applied.output


def test_a_broken_schema_is_told_as_such(trial):
    """It is no fault of the ledger, which is what SQLite stumbles over next."""
    error = trial.fails(
        m1_sql="PRAGMA writable_schema=ON;UPDATE sqlite_schema SET sql='garbage' WHERE name='log';"
    )
    assert "it left a database that SQLite cannot read: malformed" in error.cause[0]


def test_modules_of_the_project_are_found_and_none_of_them_hides_pythons_own(trial):
    """A project may have a json.py of its own; a migration may import the application."""
    (trial.root / "application.py").write_text("WORD = 'ran'\n")
    (trial.root / "weakref.py").write_text("raise RuntimeError('not this one')\n")
    (trial.migrations / "_shared.py").write_text("STATEMENT = 'INSERT INTO log VALUES (?)'\n")
    trial.apply(
        m1_py="""\
        from application import WORD
        from _shared import STATEMENT
        def migrate(conn): conn.execute(STATEMENT, (WORD,))
        """
    )
    assert ran(trial) == 1


def test_kinds_take_turns_on_one_candidate(trial):
    """Each sees what the one before it did."""
    trial.apply(
        m1_sql="CREATE TABLE made (a);",
        m2_py="def migrate(db): db['made'].insert({'a': 1})",
        m3_sql="BEGIN; INSERT INTO made SELECT a + 1 FROM made; COMMIT;",
        m4_py=own("work", end="work()"),
        m5_sql="INSERT INTO made SELECT count(*) FROM log;",
    )
    assert trial.ask("SELECT a FROM made") == [(1,), (2,), (2,)]
    assert trial.ledger() == ["m1", "m2", "m3", "m4", "m5"]
