"""Text that fits: widths as a terminal counts them, nothing lost but what was cut on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drydock.terminal.text import (
    one_line,
    padded,
    safe,
    shortened,
    table,
    width_of,
    wrapped,
)

TEXT = st.text(alphabet=st.sampled_from("ab cde åé漢字\u0301 \t"), max_size=120)


@pytest.mark.parametrize(
    "evil",
    ["\x1b[2J", "\x1b]0;title\x07", "\x07", "\x9b31m", "\x1b[31;1mred\x1b[0m", "\r", "\x1bc"],
)
def test_what_data_says_cannot_drive_the_terminal(evil):
    """No escape and no control character of data's gets through (Security)."""
    cleaned = safe(f"a{evil}b")
    assert "\x1b" not in cleaned
    assert all(letter.isprintable() for letter in cleaned)


def test_a_text_of_many_lines_becomes_one():
    assert one_line(" a\n\tb \r\n c\x1b[1m ") == "a b c"


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("åäö", 3), ("漢字", 4), ("e\u0301", 1), ("", 0)]
)
def test_width_is_what_a_terminal_makes_of_it(text, columns):
    assert width_of(text) == columns


@given(TEXT, st.integers(2, 60))
@settings(deadline=None)
def test_shortened_text_fits_and_says_that_it_was_cut(text, width):
    """Never wider; the same where it fitted."""
    cut = shortened(text, width)
    assert width_of(cut) <= width
    assert cut == text or cut.endswith("…")


@given(TEXT, st.integers(12, 60))
@settings(deadline=None)
def test_wrapped_text_loses_no_word_and_fits(text, width):
    """Every word in its order; a line is too long only where one word is."""
    lines = wrapped(text, width, first="- ", rest="  ")
    said = " ".join(line[2:] for line in lines).split()
    assert said == safe(text).split()
    for line in lines:
        assert width_of(line) <= width or len(line[2:].split()) == 1


def test_a_path_keeps_its_line_whole():
    """A path that is broken cannot be copied."""
    path = "/tmp/" + "x" * 90
    assert path in wrapped(f"it is kept: {path} for you", 40)


def test_what_fits_keeps_its_own_spacing():
    assert wrapped("a   b", 20, first="  ") == ["  a   b"]


def test_a_table_is_aligned_whatever_its_letters():
    """Numbers at the right; the last cell goes on below where it does not fit."""
    rows = [("name", "rows", ""), ("漢字", "1", "one, two, three, four"), ("a", "1,000", "")]
    lines = table(rows, right=frozenset({1}), width=30)
    assert lines == [
        "name   rows",
        "漢字      1  one, two, three,",
        "             four",
        "a     1,000",
    ]
    assert max(width_of(line) for line in lines) <= 30


def test_padding_counts_columns():
    assert padded("漢", 4) == "漢  "
    assert padded("7", 3, right=True) == "  7"
