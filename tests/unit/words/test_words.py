"""Numbers and paths as they stand on a screen."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from drydock.connection import NotADatabase
from drydock.evidence import NotComparable
from drydock.hold import NotWritable
from drydock.record import RecordUnreadable
from drydock.words import as_word, counted


@pytest.mark.parametrize(
    ("count", "noun", "told"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (20_000, "row", "20,000 rows"),
        (1, "value of tag", "1 value of tag"),
        (2, "value of a column of it", "2 values of a column of it"),
    ],
)
def test_a_number_and_its_noun_agree(count, noun, told):
    """And the s stands where it belongs."""
    assert counted(count, noun) == told


ODD = Path("/home/å/my 'app' $x.db")


@pytest.mark.parametrize(
    "error",
    [RecordUnreadable(ODD, ""), NotComparable(ODD, ODD, ""), NotWritable(ODD, "")],
    ids=lambda error: type(error).__name__,
)
def test_a_command_in_a_hint_takes_an_odd_path_as_one_word(error):
    """It is to be copied into a shell as it stands."""
    assert str(ODD) not in error.hint
    assert as_word(ODD) in error.hint or as_word(f"{ODD}.damaged") in error.hint
    assert any(str(ODD) in word for word in shlex.split(error.hint))


def test_what_is_no_command_is_not_quoted():
    """A sentence names the path as it is."""
    assert str(ODD) in NotADatabase(ODD, "").what
