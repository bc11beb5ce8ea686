"""What a migration's comments say is read where it stands, and a mistyped directive is told."""

from __future__ import annotations

import pytest

from drydock.header import Directive, Header, NotADirective, directives, header


@pytest.mark.parametrize("mark", ["-- ", "--", "# ", "   * ", ""])
def test_the_header_is_read_from_any_kind_of_comment(mark):
    """SQL's, Python's, or the lines of a docstring."""
    text = f"""\
{mark}Migration: 003 å "odd"
{mark}DATE: 2026-11-23
{mark}author:   Somebody <a@b>  \r
{mark}Purpose: keep: the colons
"""
    assert header(text) == Header('003 å "odd"', "2026-11-23", "Somebody <a@b>", "keep: the colons")


def test_where_the_comments_are_silent_so_is_the_header():
    """The first of two counts, and code far down is not read."""
    assert header("SELECT 1;") == Header()
    assert header("-- Author: a\n-- Author: b") == Header(author="a")
    assert header("\n" * 40 + "-- Author: late") == Header()
    assert header("-- Author:\n-- Date:   \n") == Header()


def test_directives_are_read_with_their_lines_wherever_they_stand():
    """In any case of letters, also behind a statement, in SQL and in Python."""
    allowed = (
        Directive("drop-table", "moved to the archive", 1),
        Directive("change-type", "it: was text", 3),
    )
    sql = (
        "-- drydock: allow drop-table: moved to the archive\nSELECT '\n'"
        "; --  Drydock : allow change-type:  it: was text \r\n"
    )
    python = (
        "# drydock: allow drop-table: moved to the archive\nx = '''\n"
        "'''; #  Drydock : allow change-type:  it: was text \r\n"
    )
    assert directives(sql) == allowed
    assert directives(python, python=True) == allowed


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("INSERT INTO a VALUES('\n-- drydock: allow drop-table: in a string\n');", False),
        ('CREATE TABLE "\n-- drydock: hello\n"(a);', False),
        ("/*\n-- drydock: allow drop-table: taken out\n*/", False),
        ('"""\n# drydock: hello\n-- drydock: hello\n"""', True),
        ("db.execute(f'''\n-- drydock: allow drop-table: in a string\n''')", True),
    ],
)
def test_what_only_looks_like_a_directive_is_data(text, python):
    """A line inside a string would allow a loss that nobody meant, or make a sound file fail."""
    assert directives(text, python=python) == ()


def test_a_directive_before_what_is_no_python_counts():
    """Whoever compiles the file says what is wrong with it."""
    text = "# drydock: allow empty: so\nx = '''"
    assert directives(text, python=True) == (Directive("empty", "so", 1),)


@pytest.mark.parametrize(
    "words",
    ["", "allow", "allow drop-table", "allow drop-table:", "allow : why", "alow drop-table: why"],
)
def test_a_line_that_begins_like_a_directive_and_is_none_is_refused(words):
    """The reason is required, because it goes into the ledger."""
    with pytest.raises(NotADirective) as caught:
        directives(f"SELECT 1;\n-- drydock: {words}\n")
    assert (caught.value.words, caught.value.line) == (words, 2)


def test_the_word_elsewhere_is_no_directive():
    """A comment may speak of Drydock."""
    assert directives("-- see drydock: it helps\nSELECT '-- drydock: x';\n-- drydock is fine") == ()
