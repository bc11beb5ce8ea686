"""A folder of migrations: what counts as one, in which order, and what is refused by line."""

from __future__ import annotations

import os

import pytest

from drydock.errors import ExitCode
from drydock.migration import FolderMissing, MigrationError, read_file, read_folder
from drydock.words import as_word


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "my migrations"
    path.mkdir()
    return path


def write(folder, **texts):
    for name, text in texts.items():
        stem, _, ending = name.rpartition("_")
        data = text.encode() if isinstance(text, str) else text
        (folder / f"{stem}.{ending}").write_bytes(data)


def python(folder, text):
    write(folder, m_py=text)
    return read_file(folder / "m.py")


def refused(folder, function=read_folder):
    with pytest.raises(MigrationError) as caught:
        function(folder)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.what.endswith("cannot be read; nothing was changed")
    return caught.value


def test_numbers_come_first_and_in_their_order_then_names(folder):
    """``10`` comes after ``9``, and numbers are not padded by everybody."""
    for name in ("10_b.sql", "9_a.py", "zeta.sql", "alpha.py", "0010_a.sql", "2.sql"):
        (folder / name).touch()
    assert [each.name for each in read_folder(folder)] == [
        "2", "9_a", "0010_a", "10_b", "alpha", "zeta",
    ]  # fmt: skip


def test_only_regular_sql_and_python_files_directly_in_the_folder_count(folder):
    """Editors leave their own files; a package's ``__init__.py`` is no migration."""
    for name in ("__init__.py", ".hidden.sql", "_old.sql", "README.md", "a.sql~", "b.sql.bak"):
        (folder / name).touch()
    (folder / "folder.sql").mkdir()
    write(folder, **{"001 odd å;_sql": "SELECT 1;"})
    assert [each.name for each in read_folder(folder)] == ["001 odd å;"]


def test_an_ending_in_capitals_is_told(folder):
    """Passed over, it would be missed by nobody until the application asks for its column."""
    (folder / "002_B.SQL").write_text("SELECT 1;")
    with pytest.raises(MigrationError) as caught:
        read_folder(folder)
    assert caught.value.cause == ["its name ends in .SQL, and only .sql is read"]
    words = [as_word(folder / name) for name in ("002_B.SQL", "002_B.sql")]
    assert caught.value.hint == f"rename it: mv {' '.join(words)}"


def test_f21_the_checksum_does_not_see_line_ends_or_a_byte_order_mark(folder):
    """A checkout with CRLF is the same migration, and runs the same text."""
    write(folder, a_sql="SELECT 'å';\nSELECT 2;\n", b_sql="\ufeffSELECT 'å';\r\nSELECT 2;\r\n")
    a, b = read_folder(folder)
    assert a.checksum == b.checksum
    assert a.text == b.text
    assert a.checksum != read_file(write_one(folder, "SELECT 'å';\nSELECT 2;\n ")).checksum


def write_one(folder, text):
    path = folder / "one.sql"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b"SELECT 1;\nSELECT '\xe5';", 2, "byte 0xe5 is not UTF-8 (is the file in Latin-1"),
        (b"\xef\xbb\xbfSELECT 'abc\xe5';", 1, "byte 0xe5 is not UTF-8"),
        ("SELECT 1;".encode("utf-16"), 1, "is not UTF-8"),
        (b"SELECT 1;\n\nSELECT '\x00';", 3, "a NUL character; SQLite would ignore all after it"),
    ],
)
def test_f21_a_file_that_is_not_whole_utf8_text_is_refused_with_its_line(
    folder, data, line, problem
):
    """Latin-1 was stored and could not be read later."""
    write(folder, m_sql=data)
    error = refused(folder)
    assert problem in error.cause[0]
    assert error.at == f"{folder / 'm.sql'}:{line}"


def test_two_files_of_one_name_are_refused(folder):
    """The name is a migration's identity, whatever its ending."""
    write(folder, **{"001_a_sql": "", "001_a_py": ""})
    error = refused(folder)
    assert "001_a.py has the same name" in error.cause[0]
    words = [as_word(folder / name) for name in ("001_a.sql", "001_a_2.sql")]
    assert error.hint == f"rename one of them, for example: mv {' '.join(words)}"


def test_a_symbolic_link_is_refused(folder, tmp_path):
    """It can lead anywhere."""
    (tmp_path / "real.sql").write_text("SELECT 1;")
    (folder / "link.sql").symlink_to(tmp_path / "real.sql")
    error = refused(folder)
    assert "symbolic link" in error.cause[0]
    assert f"{as_word(tmp_path / 'real.sql')} {as_word(folder / 'link.sql')}" in error.hint
    (tmp_path / "real.sql").unlink()
    assert refused(folder).hint.startswith("it leads nowhere; remove it: rm ")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """As is a file in its place, beside which no command can make the folder."""
    with pytest.raises(FolderMissing, match=r"does not exist; nothing was touched") as caught:
        read_folder(tmp_path / "nowhere")
    assert "inv new NAME" in caught.value.hint
    (tmp_path / "file").touch()
    with pytest.raises(FolderMissing, match=r"file is a file; nothing was touched") as caught:
        read_folder(tmp_path / "file")
    assert caught.value.hint == "set migrations in the settings to a folder"


def test_what_was_read_is_what_is_run(folder):
    """The file may change meanwhile; text and statements do not."""
    write(folder, m_sql="SELECT 1;")
    (migration,) = read_folder(folder)
    write(folder, m_sql="DROP TABLE a; SELECT 2;")
    assert [each.text for each in migration.statements] == ["SELECT 1;"]


GUARD = "if __name__ == '__main__':\n"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def migrate(db): pass", "function"),
        ("def upgrade(conn, /): pass", "function"),
        ("def migrate(db, dry_run=False): pass", "function"),
        ("def migrate(): pass", "script"),
        ("def migrate(path='app.db'): pass", "script"),
        ("def migrate(path): pass", "script"),
        ("def up(db_path, /): pass", "script"),
        ("def run(db, sql): pass\nrun(1, 'SELECT 1')", "script"),
        ("def run(db): pass\ndef main(): run(1)\nif __name__ == '__main__':\n    main()", "script"),
        (
            f"def migrate(db): pass\n{GUARD}    import sys\n    migrate(open(sys.argv[1]))",
            "function",
        ),
        (f"def migrate(db): pass\n{GUARD}    migrate(1)\n    migrate(2)", "script"),
        (f"def migrate(db): pass\ndef more(): pass\n{GUARD}    migrate(more())", "script"),
        (f"def migrate(c): pass\n{GUARD}    c = d()\n    migrate(c)\n    c.execute('')", "script"),
        (f"def run(db, sql): pass\n{GUARD}    run(1, '')", "script"),
        ("def migrate(db): run(db)\ndef run(db): pass", "function"),
        ("import sqlite3\nsqlite3.connect('app.db')", "script"),
        ("def work(): pass\nwork()", "script"),
        ("def work(): pass\nif __name__ == '__main__':\n    work()", "script"),
        ("", "script"),
        ("# only a note\n'and a text'", "script"),
    ],
)
def test_the_kind_of_a_python_file_is_read_from_its_entry(folder, text, kind):
    """A parameter with a default is not ours to fill: it opens its own connection."""
    assert python(folder, text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "import sqlite3\n\ndef forward(db):\n    db.execute('DELETE FROM a')",
        "\n\nasync def migrate(db): pass",
        "DATABASE = 'app.db'\n\ndef apply(): pass",
    ],
)
def test_a_python_file_in_which_nothing_would_run_is_refused(folder, text):
    """It would be applied, and written into the ledger, without doing a thing."""
    migration = python(folder, text)
    with pytest.raises(MigrationError) as caught:
        _ = migration.kind
    assert "so nothing in it would run" in caught.value.cause[0]
    assert caught.value.at.endswith("m.py:3")
    assert caught.value.hint == "name the function that migrates: def migrate(db)"


def test_python_that_does_not_compile_is_refused_with_its_line(folder):
    """Before anything has run."""
    migration = python(folder, "import sqlite3\ndef migrate(db:\n    pass")
    with pytest.raises(MigrationError) as caught:
        _ = migration.kind
    assert caught.value.at.endswith("m.py:2")
    assert caught.value.hint == "mend the file, then run: inv migrate"


def test_a_directive_that_is_none_is_refused_with_its_line(folder):
    """A typing error there would silently declare nothing."""
    write(folder, m_sql="SELECT 1;\n-- drydock: alow drop-table: old\n")
    (migration,) = read_folder(folder)
    with pytest.raises(MigrationError) as caught:
        _ = migration.directives
    assert "not a directive: 'alow drop-table: old'" in caught.value.cause[0]
    assert caught.value.at.endswith("m.sql:2")


def test_a_file_that_cannot_be_read_is_told_with_its_reason(folder):
    """A folder's permissions are not a fault of Drydock."""
    path = folder / "m.sql"
    os.mkfifo(path)
    assert read_folder(folder) == ()
    path.unlink()
    with pytest.raises(MigrationError, match="migration m cannot be read") as caught:
        read_file(path)
    assert caught.value.cause == ["No such file or directory"]
