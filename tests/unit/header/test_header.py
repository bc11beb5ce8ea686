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
    """In any case of letters, in SQL and in Python."""
    text = (
        "-- drydock: allow drop-table: moved to the archive\nSELECT 1;\n"
        "  #  Drydock : ALLOW x\n".replace("ALLOW x", "allow change-type:  it: was text ")
    )
    assert directives(text) == (
        Directive("drop-table", "moved to the archive", 1),
        Directive("change-type", "it: was text", 3),
    )


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
