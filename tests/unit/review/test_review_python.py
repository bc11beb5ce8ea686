"""Python migrations: what their code says for certain, and what it leaves open."""

from __future__ import annotations

import textwrap

import pytest

from drydock.review import foreseen, python_code


@pytest.fixture
def read(migration):
    """Read the code of a migration."""

    def run(code):
        return python_code.read(migration(textwrap.dedent(code), suffix=".py"))

    return run


@pytest.fixture
def review_py(review):
    """Review one Python migration against the populated database."""
    return lambda code: review(textwrap.dedent(code), suffix=".py")


def test_constant_sql_is_read_with_its_line(read):
    """SQL in a constant is read as the statements that it holds, each on its line."""
    code = read(
        '''
        def migrate(db):
            db.execute("UPDATE a SET b = 1")
            db.executescript("""
                CREATE TABLE c(d);
                DROP TABLE e;
            """)
        '''
    )
    assert [(each.text, each.line) for each in code.calls] == [
        ("UPDATE a SET b = 1", 3),
        ("CREATE TABLE c(d);", 5),
        ("DROP TABLE e;", 6),
    ]
    assert code.unread == ()


def test_names_and_loops_over_constants_are_followed(read):
    """A name that is set once, or a loop over constants, is as certain as the constant."""
    code = read(
        """
        import sqlite3
        from sqlalchemy import text
        SQL = "DROP TABLE a"
        STEPS = ["DROP TABLE b", "DROP TABLE c"]
        def main():
            connection = sqlite3.connect("app.db")
            connection.execute(SQL)
            for step in STEPS:
                connection.execute(step)
            connection.execute(text("DROP TABLE d"))
        if __name__ == "__main__":
            main()
        """
    )
    assert [each.text for each in code.calls] == [f"DROP TABLE {name}" for name in "abcd"]
    assert not any(each.conditional for each in code.calls)


def test_an_annotated_name_without_a_value_is_given_none(read):
    """As in every dataclass; it was a traceback of Drydock's."""
    code = read(
        """
        from dataclasses import dataclass
        sql: str
        sql = "DROP TABLE a"
        @dataclass
        class Row:
            limit: int
        def migrate(db):
            db.execute(sql)
        """
    )
    assert [each.text for each in code.calls] == ["DROP TABLE a"]


def test_what_may_not_run_says_so(read):
    """Under if, try, or in another function, a statement may not run."""
    code = read(
        """
        def helper(db):
            db.execute("DROP TABLE a")
        def migrate(db):
            if "x" not in db.table_names():
                db.execute("DROP TABLE b")
            try:
                db.execute("DROP TABLE c")
            except Exception:
                pass
            with db.conn:
                db.execute("DROP TABLE d")
        """
    )
    assert [(each.text[-1], each.conditional) for each in code.calls] == [
        ("a", True),
        ("b", True),
        ("c", True),
        ("d", False),
    ]


def test_sql_made_at_run_time_is_counted(read, review_py):
    """What cannot be read is told with its lines, and nothing is guessed."""
    code = """
        def migrate(db):
            for table in db.table_names():
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM " + input())
        """
    assert read(code).calls == ()
    assert read(code).unread == (4, 5)
    (told,) = review_py(code)
    assert (told.rule, told.severity) == ("unread-python", "note")
    assert told.evidence == ("2 statements put together at run time (line 4, 5)",)


def test_guarded_add_column_is_no_error(review_py):
    """The usual guard around ADD COLUMN keeps what is there from being an error."""
    found = review_py(
        """
        def migrate(db):
            columns = {row[1] for row in db.execute("PRAGMA table_info(towns)")}
            if "region" not in columns:
                db.execute("ALTER TABLE towns ADD COLUMN region TEXT")
        """
    )
    assert [each for each in found if each.severity != "note"] == []


def test_transform_is_judged_as_what_it_does(review_py):
    """A dropped column, a type and NOT NULL by transform() are judged like any others."""
    found = review_py(
        """
        def migrate(db):
            db["trip log"].transform(
                drop={"stars"}, types={"code": int}, not_null={"notes"}, rename={"fare": "fee"}
            )
        """
    )
    told = {(each.rule, each.column): each.severity for each in found}
    assert told == {
        ("drop-column", "stars"): "error",
        ("change-type", "code"): "warning",
        ("set-not-null", "notes"): "error",
        ("rename-column", "fare"): "note",
    }
    assert foreseen(found) == {("column", "trip log", "stars"), ("column", "trip log", "code")}


def test_sqlite_utils_calls_are_read(review_py):
    """drop(), delete_where(), create_index(unique=True) and replace=True are what they say."""
    found = review_py(
        """
        def migrate(db):
            db["numbered"].drop()
            db.table("towns").delete_where("region = 'west'")
            db["trip log"].create_index(["title"], unique=True)
            db["settings"].insert({"name": "theme"}, replace=True)
        """
    )
    assert foreseen(found) == {("table", "numbered"), ("rows", "towns")}
    assert "replace-rows" in {each.rule for each in found}
    assert "unique-index-duplicates" in {each.rule for each in found}


def test_table_that_python_fills_row_by_row_is_a_rebuild(review_py):
    """The table is back under its name; a column that is gone is asked about."""
    found = review_py(
        """
        import sqlite3
        connection = sqlite3.connect("app.db")
        connection.execute("CREATE TABLE n(id INTEGER PRIMARY KEY, name TEXT)")
        for row in connection.execute("SELECT id, name, region FROM towns").fetchall():
            connection.execute("INSERT INTO n VALUES (?, ?)", (row[0], f"{row[1]} ({row[2]})"))
        connection.execute("DROP TABLE towns")
        connection.execute("ALTER TABLE n RENAME TO towns")
        """
    )
    told = {each.rule: each.severity for each in found}
    assert told == {"drop-column": "warning"}
    assert "unless the Python code carries them over" in found[0].evidence[0]


def test_pragma_in_a_function_is_inside_the_runners_transaction(review_py):
    """`def migrate(db)` runs in a transaction, so PRAGMA foreign_keys does nothing there (F15)."""
    found = review_py(
        """
        def migrate(db):
            db.execute("PRAGMA foreign_keys=ON")
        """
    )
    assert [(each.rule, each.severity) for each in found] == [("pragma-in-transaction", "warning")]


def test_directive_in_python_is_honoured(review_py):
    """`# drydock: allow …` declares a loss as in SQL."""
    found = review_py(
        """
        # drydock: allow drop-column: never shown
        def migrate(db):
            db["towns"].transform(drop={"region"})
        """
    )
    assert [each.allowed for each in found] == ["never shown"]


def test_table_named_at_run_time_is_counted(read):
    """A call on a table whose name is not known is told as unread, not left out."""
    code = read(
        """
        def migrate(db):
            for name in db.table_names():
                db[name].transform(drop={"x"})
        """
    )
    assert code.unread == (4,)


def test_view_on_what_python_may_have_made_is_no_error(review):
    """After Python, a table that is not known here may well be there."""
    found = review(
        "import app\napp.create_everything()\n",
        "DROP VIEW titles;\nCREATE VIEW titles AS SELECT fresh FROM made_elsewhere;\n",
        suffixes=(".py", ".sql"),
    )
    assert "broken-view" not in {each.rule for each in found}
    assert [each for each in found if each.severity == "error"] == []
