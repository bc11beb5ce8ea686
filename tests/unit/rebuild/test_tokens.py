"""Tokens are SQLite's own, and joined they are the text."""

from __future__ import annotations

import pytest

from drydock.tokens import UntokenizableError, code, tokenize, unquote

TEXTS = [
    "",
    "SELECT 'å''\n', [b c], `d``e`, \"f\"\"g\" -- h\n FROM t /* i */ WHERE x'00' <> :p OR $q->>'r'",
    "unterminated 'string",
    "/* unterminated",
    "\ufeffSELECT 1_000, .5e3",
]


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_cover_the_text_to_the_character(text):
    tokens = tokenize(text)
    assert "".join(token.text for token in tokens) == text
    assert all(text[token.start : token.end] == token.text for token in tokens)


def test_a_name_is_read_in_any_quotes_and_compared_as_sqlite_compares():
    assert [one.name for one in code('a "b""" [c]]'.replace("]]", "]") + " `d``` 'e'''")] == [
        "a", 'b"', "c", "d`", "e'",
    ]  # fmt: skip
    assert code("ÅB")[0].folded == "Åb"
    assert unquote('"') == '"'


def test_comments_and_spaces_are_no_code():
    assert [one.text for one in code("a /* b */ -- c\n+d")] == ["a", "+", "d"]


def test_a_nul_is_refused_before_the_lexer_hangs_on_it():
    with pytest.raises(UntokenizableError) as caught:
        tokenize("SELECT 1\0; DROP TABLE t")
    assert caught.value.hint


def test_only_letters_from_a_to_z_make_a_keyword():
    """To SQLite a dotless i is no I, though Python would fold it into one."""
    (token,) = code("\u0131nto")
    assert not token.is_word("INTO")
    assert code("into")[0].is_word("INTO")
