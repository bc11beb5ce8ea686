import pytest

from drydock.service.excerpt import clean, redact, shorten, tail


def test_clean_takes_out_escapes_and_keeps_the_words():
    """A log cannot recolour, retitle or overwrite the screen that it is shown on."""
    text = "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\r\nb\x08\x9b1m\u202eend\tx"
    assert clean(text) == "red link\nbend\tx"


@pytest.mark.parametrize(
    "text",
    [
        '{"access_token": "s3cret-\\"x"}',
        "--password s3cret-x",
        "--db-password=s3cret-x",
        "api_key=s3cret-x",
        "Authorization: Bearer s3cret-x",
        "https://me:s3cret-x@host/",
    ],
)
def test_redact_blots_out_what_is_named_secret(text):
    """Tokens, passwords and keys never reach a screen or a receipt."""
    assert "s3cret" not in redact(text)
    assert "***" in redact(text)


def test_redact_blots_out_given_secrets_and_leaves_the_rest():
    """What was sent as a secret is hidden wherever it is echoed; plain words are not."""
    assert redact("you sent abcd-efgh", ("abcd-efgh", "abcd")) == "you sent ***"
    assert redact("password is wrong, 3 tokens left") == "password is wrong, 3 tokens left"


def test_shorten_folds_and_cuts():
    """One line, with an ellipsis where something is missing."""
    assert shorten(" a\n\n b ", 10) == "a b"
    assert shorten("abcdef", 4) == "abc…"


def test_tail_keeps_the_last_lines_and_their_indentation():
    """A traceback stays readable, whatever bytes the log holds."""
    data = b"first\n\n  File \xff\n    \x1b[1mraise\x1b[0m\n" + b"\n"
    assert tail(data, 2) == ["  File \ufffd", "    raise"]
    assert tail(b"", 5) == []
