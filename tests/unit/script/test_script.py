"""The borders of statements are SQLite's own, and what it would skip in silence is refused."""

from __future__ import annotations

import pytest

from drydock.script import ScriptError, split


def texts(script):
    return [statement.text for statement in split(script)]


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", []),
        (" \n;;; -- nothing; at all\n/* ; */ ;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;SELECT 2 ;", ["SELECT 1;", "SELECT 2 ;"]),
        ("SELECT ';', \";\", [;], `;`; SELECT 2", ["SELECT ';', \";\", [;], `;`;", "SELECT 2"]),
        ("SELECT 'it''s; here'; SELECT \"a\"\";\"", ["SELECT 'it''s; here';", 'SELECT "a"";"']),
        ("SELECT 1 -- ;\n + 2; SELECT /* ; */ 3;", ["SELECT 1 -- ;\n + 2;", "SELECT /* ; */ 3;"]),
        ("SELECT '--'; SELECT '/*';", ["SELECT '--';", "SELECT '/*';"]),
        ("SELECT 1 /*/ ; */ ;SELECT 2", ["SELECT 1 /*/ ; */ ;", "SELECT 2"]),
        ("BEGIN; SELECT 1; COMMIT;", ["BEGIN;", "SELECT 1;", "COMMIT;"]),
        ("SELECT 1; -- the end", ["SELECT 1;"]),
    ],
)
def test_f20_a_semicolon_ends_a_statement_only_where_sqlite_says_so(script, statements):
    """Quotes, brackets and comments hide a semicolon; empty statements are left out."""
    assert texts(script) == statements


@pytest.mark.parametrize("words", ["CREATE TRIGGER", "create temp trigger", "CREATE\nTRIGGER"])
def test_f20_a_trigger_is_one_statement_up_to_its_end(words):
    """The semicolons of a trigger's body, and a CASE … END in it, do not end it."""
    trigger = (
        f"{words} [t;] AFTER INSERT ON a BEGIN\n"
        "  UPDATE a SET x = CASE WHEN x THEN 1 ELSE 'END;' END;\n"
        "  SELECT 1; -- END;\nEND;"
    )
    assert texts(f"SELECT 0; {trigger} SELECT 2;") == ["SELECT 0;", trigger, "SELECT 2;"]
    assert texts(trigger.removesuffix(";")) == [trigger.removesuffix(";")]


def test_a_word_like_trigger_does_not_join_statements():
    """A table named for triggers is no trigger."""
    script = "CREATE TABLE trigger_log (a); CREATE TABLE x ('trigger'); SELECT 1;"
    assert len(texts(script)) == 3


def test_only_sqlites_white_space_is_skipped_between_statements():
    """A no-break space is part of a name to SQLite, so it may not vanish between statements."""
    assert texts("SELECT 1;\u00a0SELECT 2") == ["SELECT 1;", "\u00a0SELECT 2"]
    assert texts("SELECT 1 AS a\u00a0") == ["SELECT 1 AS a\u00a0"]


def test_lines_and_offset_are_those_of_the_statement_itself():
    """An error can point at the first line of the statement, not at the comment before it."""
    script = "-- a comment\n\nSELECT 1;\n/* more\n*/ SELECT\n  2\n;\nSELECT 'a\nb'"
    found = split(script)
    assert [(each.line, each.end_line) for each in found] == [(3, 3), (5, 7), (8, 9)]
    assert all(script[each.offset :].startswith(each.text) for each in found)


@pytest.mark.parametrize(
    ("script", "line", "what"),
    [
        ("SELECT 1;\n/* never\nclosed; SELECT 2;", 2, "comment"),
        ("SELECT 1;\nSELECT 'open; SELECT 2;\n", 2, "string"),
        ('SELECT "open', 1, "name"),
        ("SELECT `open", 1, "name"),
        ("\n\nSELECT [open", 3, "name"),
    ],
)
def test_f19_what_is_opened_and_never_closed_is_refused_where_it_opens(script, line, what):
    """sqlite3 exits 0 and skips the rest of the file; we name the line before anything runs."""
    with pytest.raises(ScriptError) as caught:
        split(script)
    assert caught.value.line == line
    assert f"this {what} is opened by" in caught.value.problem
    assert "never closed" in caught.value.problem


def test_f19_a_trigger_without_its_end_is_refused():
    """It would swallow the statements behind it."""
    with pytest.raises(ScriptError, match="CREATE TRIGGER has no END") as caught:
        split("SELECT 1;\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;\nDROP TABLE b;\n")
    assert caught.value.line == 2


@pytest.mark.parametrize("command", [".shell rm -rf x", ".read other.sql", ".mode csv", ".tables"])
def test_f18_a_command_of_the_sqlite3_tool_is_refused_by_name(command):
    """A dot-command is not SQL; the tool would carry out ``.shell``."""
    with pytest.raises(ScriptError) as caught:
        split(f"SELECT 1;\n{command}\n")
    assert caught.value.line == 2
    assert caught.value.problem.startswith(f"{command.split()[0]} is a command of the sqlite3 tool")


def test_a_leading_dot_inside_a_statement_is_no_command():
    """``.5`` on a line of its own is a number."""
    assert texts("SELECT 1 +\n.5;") == ["SELECT 1 +\n.5;"]


def test_a_long_string_is_split_without_the_memory_of_each_character():
    """A dump holds values of megabytes."""
    value = "it''s " * 500_000
    assert len(split(f"INSERT INTO t VALUES ('{value}'); SELECT 1;")) == 2
